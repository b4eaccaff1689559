"""Lanes over a whole clip: scanned for their predictions, and looked into at any token."""

import time
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from cla.attention import attention_row
from cla.engine.clip_tokens import ClipTokens
from cla.models import EventDetector, TaskModel
from cla.models.lane_spec import LaneSpec
from cla.types import Event


@dataclass(frozen=True)
class LaneScan:
    """What a lane made of a clip.

    Args:
        compute_s: time of the scan.

    Shapes:
        probabilities: (T, C) float32
    """

    probabilities: NDArray[np.float32]
    events: tuple[Event, ...]
    compute_s: float

    @property
    def leaders(self) -> NDArray[np.int64]:
        """The most likely class of each token, (T,)."""
        leaders: NDArray[np.int64] = self.probabilities.argmax(-1)
        return leaders


@dataclass(frozen=True)
class LaneMoment:
    """A lane at one token.

    Shapes:
        attention: (H, N) float32, the token's row over the window
        factors: each (H, ..., ...), by name; the whole map of a lane that is not low-rank
    """

    attention: NDArray[np.float32]
    factors: dict[str, NDArray[np.float32]]


@torch.inference_mode()
def scan_lane(
    task: TaskModel, config: LaneSpec, clip: ClipTokens, *, kernels: bool = True
) -> LaneScan:
    """Run a lane over a clip, all tokens at once; the numbers are those of its steps.

    Args:
        kernels: whether it may take compiled kernels, which are compiled first if need be.

    Raises:
        ClaError: the task cannot run this attention.
    """
    classifier = task.lane(config)
    classifier.use_kernels(kernels)
    start = time.perf_counter()
    logits, _ = classifier.scan(clip.features[None], classifier.init_state(1))
    probabilities = logits[0].softmax(-1).float().numpy()
    compute_s = time.perf_counter() - start
    probabilities = task.known.held_along(probabilities, clip.features.float().numpy())
    detector = EventDetector(task.labels, task.event_config)
    found = (
        detector.detect(token.time_s, row)
        for token, row in zip(clip.tokens, probabilities, strict=True)
    )
    return LaneScan(probabilities, tuple(event for event in found if event), compute_s)


@torch.inference_mode()
def lane_at(task: TaskModel, config: LaneSpec, clip: ClipTokens, index: int) -> LaneMoment:
    """The output and attention of a lane right after the clip's token `index`.

    Raises:
        ClaError: the task cannot run this attention.
    """
    classifier = task.lane(config)
    first = max(0, index + 1 - classifier.receptive_field)
    window = clip.features[None, first : index + 1]
    state = classifier.state_from_window(window, tokens_seen=index + 1)
    emits = classifier.explain(window, state)[0]
    factors = {name: part[0].float().numpy() for name, part in emits._asdict().items()}
    return LaneMoment(attention_row(emits)[0].float().numpy(), factors)
