"""A task taught by corrections: its last steps are fitted anew, all else stays as it was."""

import copy
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from types import MappingProxyType

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from cla.attention import LOW_RANK
from cla.capture import open_audio, sample_clips
from cla.errors import ClaError
from cla.evaluation.lanes import FULL
from cla.features import SoundFrontEnd, front_end
from cla.models import LaneSpec, StreamClassifier, TaskModel
from cla.models.encoder_layer import EncoderLayer
from cla.teaching.corrections import UNSURE, joined
from cla.teaching.fit import Progress
from cla.teaching.material import read_taught_clip
from cla.types import Correction

STEPS, BATCH = 300, 384
CORRECTED = 0.25
"""Share of a batch that is corrected; the rest is what was understood."""
LEARNING_RATE = 3e-3
DECAY = 3e-4
"""How much it costs to move a weight, squared."""
NOISE = 0.3
"""Standard deviation of noise in fitting, in standard deviations of each dimension."""
LANDMARKS = 16


def corrected(
    task: TaskModel, corrections: Sequence[Correction], progress: Progress = lambda _: None
) -> TaskModel:
    """The task with what was corrected, under every kind of attention.

    Feed-forward network of the last layer and head are fitted: to the corrections, and to what the
    task itself says of all else that was heard with them and of the samples of the package.
    What attention gives stays as it is, and is computed once. Takes some seconds on one core.

    Raises:
        ClaError: there are no corrections, or they are not of this task.
    """
    size = task.classifier.config.input_dim
    if not corrections or any(
        not 0 <= one.label < len(task.labels) or one.features.shape[1] != size
        for one in corrections
    ):
        raise ClaError("corrections_unfit", task=task.name)
    lanes = [FULL, *(LaneSpec(LOW_RANK, m) for m in task.landmark_counts if m == LANDMARKS)]
    marked = joined(corrections)
    streams = [each.features for each in marked] + list(_samples(task.features, task.name))
    said = np.concatenate(
        [each.labels for each in marked]
        + [np.full(len(each), UNSURE - 1) for each in streams[len(marked) :]]
    )
    given = torch.cat([_attended(task.lane(lane), streams) for lane in lanes])
    labels = torch.from_numpy(said).repeat(len(lanes))
    classifier = _fitted(task.classifier, given, labels, progress)
    card = {**task.card, "corrections": len(corrections)}
    return replace(task, classifier=classifier, card=MappingProxyType(card))


@cache
def _samples(features: str, task: str) -> tuple[NDArray[np.float32], ...]:
    """Tokens of the samples of a task of sound; pictures take too long to be read again."""
    end = front_end(features)
    clips = sample_clips(task) if isinstance(end, SoundFrontEnd) else ()
    return tuple(read_taught_clip(end, open_audio(clip.path)).features for clip in clips)


@torch.no_grad()
def _attended(lane: StreamClassifier, streams: Sequence[NDArray[np.float32]]) -> Tensor:
    """What the last layer's feed-forward network is given, (tokens of all streams, E)."""
    found: list[Tensor] = []
    hook = _last(lane).feed_forward.register_forward_pre_hook(lambda _, x: found.append(x[0][0]))
    try:
        for stream in streams:
            lane.scan(torch.from_numpy(stream)[None], lane.init_state(1))
    finally:
        hook.remove()
    return torch.cat(found)


def _last(classifier: StreamClassifier) -> EncoderLayer:
    *_, layer = classifier.encoder
    assert isinstance(layer, EncoderLayer)
    return layer


def _fitted(
    base: StreamClassifier, given: Tensor, labels: Tensor, progress: Progress
) -> StreamClassifier:
    classifier = copy.deepcopy(base).eval()
    layer, head = _last(classifier), classifier.head

    def logits(tokens: Tensor) -> Tensor:
        changed: Tensor = head(layer.feed_forward_norm(tokens + layer.feed_forward(tokens)))
        return changed

    with torch.no_grad():
        wanted = logits(given).softmax(-1)
        examples, kept = (labels >= 0).nonzero()[:, 0], (labels < UNSURE).nonzero()[:, 0]
        wanted[examples] = nn.functional.one_hot(labels[examples], wanted.shape[1]).float()
    fitted = [layer.feed_forward, layer.feed_forward_norm, head]
    weights = [each.requires_grad_(True) for part in fitted for each in part.parameters()]
    before = [each.detach().clone() for each in weights]
    optimizer = torch.optim.Adam(weights, LEARNING_RATE)
    fade = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 1 / STEPS, STEPS)
    draws = torch.Generator().manual_seed(0)
    spread = NOISE * given.std(0)
    few = round(CORRECTED * BATCH)
    # Nothing else may have been heard.
    places = [(one, n) for one, n in ((examples, few), (kept, BATCH - few)) if len(one)]
    for step in range(STEPS):
        rows = torch.cat([one[torch.randint(len(one), (n,), generator=draws)] for one, n in places])
        tokens = given[rows]
        tokens = tokens + spread * torch.randn(tokens.shape, generator=draws)
        loss = nn.functional.cross_entropy(logits(tokens), wanted[rows])
        moved = [(now - was).square().sum() for now, was in zip(weights, before, strict=True)]
        optimizer.zero_grad()
        (loss + DECAY * torch.stack(moved).sum()).backward()
        optimizer.step()
        fade.step()
        progress((step + 1) / STEPS)
    return classifier.requires_grad_(False)
