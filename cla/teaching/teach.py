"""From clips of classes to a task that runs, under every kind of attention, with its scores."""

import time
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

import cla
from cla.attention import BATCH_LOW_RANK, LOW_RANK, STREAMED
from cla.errors import ClaError
from cla.evaluation.lanes import FULL
from cla.features import FrontEnd, front_end
from cla.models import EventConfig, Known, LaneSpec, StreamClassifier, TaskModel, load_task
from cla.models.landmarks import COUNTS, TOKENS_PER_LANDMARK, fit_landmarks
from cla.teaching.familiar import FEATURES, known_classes
from cla.teaching.fit import (
    Progress,
    fit_encoder,
    fit_head,
    fresh_classifier,
    with_classes,
)
from cla.teaching.material import MIN_CLASS_S, Material, TaughtClass
from cla.teaching.others import other_clips, unlike_classes
from cla.teaching.scores import LaneScore, held_out_streams, score_lanes
from cla.teaching.stretches import StreamJoiner, labeled, split
from cla.training.batches import LabeledStream

STARTS = MappingProxyType({"speech": "digits", "hands": "hands"})
"""Front ends with a trained encoder to begin with, and the task that it is taken from."""
STREAMS, STREAM_TOKENS = 12, 400
CROSSED = 0.25
"""Share of something else that is made of the classes' own features, mixed."""
MIN_TOKENS = 20
MIN_GAIN = 0.01
"""The trained encoder is kept where it names so much more of what was held out."""
LANDMARK_TOKENS = 2_000
EVENTS = EventConfig(enter=0.6, exit=0.3, hold_tokens=3, refractory_s=0.5, smoothing_tokens=3)
CHOICE_LANES = (FULL, LaneSpec(LOW_RANK, 4, "continual"))


@dataclass(frozen=True)
class Taught:
    """A taught task, and its scores on held-out clips."""

    task: TaskModel
    scores: tuple[LaneScore, ...]


def missing_s(one: TaughtClass, hop_s: float) -> float:
    """Seconds that a class still needs before it can be taught."""
    return max(0.0, MIN_CLASS_S - one.tokens * hop_s)


def teach(
    material: Material,
    name: str,
    progress: Progress = lambda _: None,
) -> Taught:
    """Fit a task to its material: a head, and its encoder too where that does better.

    Takes about ten seconds on one core. The same material gives the same task, unless the machine
    is so slow that training has to be cut short.

    Raises:
        ClaError: a class has too little, or what makes the features cannot be loaded.
    """
    began_s = time.monotonic()
    end = front_end(material.features)
    check_enough(material, end)
    others = unlike_classes(other_clips(end), material)
    trained, held = split(material, others)
    joiner = StreamJoiner(trained, np.random.default_rng(0), CROSSED)
    streams = [joiner.join(STREAM_TOKENS) for _ in range(STREAMS)]
    judged = held_out_streams(held)
    task = _task(name, material, end, _start(end, len(material.labels), streams))
    progress(0.1)
    task, fitted = _fitted(task, streams, judged, progress)
    tokens = sum(len(stretch.labels) for pool in trained for stretch in pool)
    found = fit_landmarks(
        task.classifier, [stream.features for stream in streams], tokens=LANDMARK_TOKENS
    )
    task = replace(
        task,
        landmarks={m: found[m] for m in COUNTS if m * TOKENS_PER_LANDMARK <= tokens},
    )
    progress(0.9)
    known = known_classes(labeled(material)) if end.name in FEATURES else Known()
    # What was held out must not be among the examples that it is held against.
    tested = replace(task, known=known_classes(trained, known.classes))
    scores = tuple(score_lanes(tested, judged, _scored_lanes(task)))
    task = replace(task, known=known)
    card = {
        "made_by": f"cla {cla.__version__}",
        "fitted": fitted,
        "tokens": {one.name: one.tokens for one in material.classes},
        "seconds": round(time.monotonic() - began_s, 1),
        "scores": [score.as_dict() for score in scores],
    }
    progress(1.0)
    return Taught(replace(task, card=MappingProxyType(card)), scores)


def check_enough(material: Material, end: FrontEnd) -> None:
    """Raise `ClaError` unless every class has enough that is not quiet, or without a hand."""
    for one in material.classes:
        if missing_s(one, end.hop_s):
            raise ClaError(
                "class_too_short", name=one.name, seconds=one.tokens * end.hop_s, least=MIN_CLASS_S
            )


def _start(end: FrontEnd, classes: int, streams: list[LabeledStream]) -> StreamClassifier:
    if end.name in STARTS:
        return with_classes(load_task(STARTS[end.name]).classifier, classes)
    return fresh_classifier(end, classes, streams)


def _task(name: str, material: Material, end: FrontEnd, classifier: StreamClassifier) -> TaskModel:
    return TaskModel(
        name=name,
        labels=material.labels,
        classifier=classifier,
        landmarks={},
        event_config=EVENTS,
        hop_s=end.hop_s,
        card=MappingProxyType({}),
        features=end.name,
    )


def _fitted(
    task: TaskModel,
    streams: list[LabeledStream],
    judged: list[LabeledStream],
    progress: Progress,
) -> tuple[TaskModel, str]:
    """The task with its head fitted alone, or with its encoder too where that does better."""
    fit_head(task.classifier, streams)
    progress(0.2)
    encoder = fit_encoder(task.classifier, streams, lambda share: progress(0.2 + 0.5 * share))
    fit_head(encoder, streams)
    other = replace(task, classifier=encoder)
    gain = _worth(other, judged) - _worth(task, judged)
    return (other, "head and encoder") if gain > MIN_GAIN else (task, "head")


def _worth(task: TaskModel, judged: list[LabeledStream]) -> float:
    scores = score_lanes(task, judged, CHOICE_LANES)
    return sum(score.accuracy for score in scores) / len(scores)


def _scored_lanes(task: TaskModel) -> tuple[LaneSpec, ...]:
    counts = task.landmark_counts
    return (
        FULL,
        LaneSpec(STREAMED),
        *(LaneSpec(BATCH_LOW_RANK, m) for m in counts if m == 16),
        *(LaneSpec(LOW_RANK, m) for m in counts),
        # With very many landmarks, those that follow the stream take longer than all other lanes.
        *(LaneSpec(LOW_RANK, m, "continual") for m in counts if m <= 32),
    )
