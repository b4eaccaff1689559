"""Weights judged under an attention: what they recognize, and what a step costs."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from torch import Tensor

from cla.datasets import TokenSequence, TokenSet
from cla.evaluation.lanes import ablations
from cla.experiments.costs import costs_of
from cla.experiments.lanes import ablation_name, lane_of, system_name
from cla.experiments.metrics import (
    clip_score,
    frame_score,
    last_right,
    stream_outputs,
    window_outputs,
)
from cla.experiments.runs import Run
from cla.models import LaneSpec, StreamClassifier

SIZE = ("window", "layers", "stack", "trained_with")
"""What rows of runs have in common that take the same time a step."""


def stream_score(
    lane: StreamClassifier, data: TokenSet, test: Sequence[TokenSequence]
) -> dict[str, float]:
    """The data set's measures of a lane that steps, in percent."""
    return score_of(data, stream_outputs(lane, test), test)


def score_of(
    data: TokenSet, outputs: Sequence[Tensor], test: Sequence[TokenSequence]
) -> dict[str, float]:
    """The data set's measures of class probabilities (T, C) of sequences, in percent."""
    labels = [one.labels for one in test]
    if data.measure == "accuracy":
        return clip_score(outputs, labels, data.hop_s)._asdict()
    return frame_score(outputs, labels, data.background, data.ignored)._asdict()


def window_score(
    lane: StreamClassifier, data: TokenSet, test: Sequence[TokenSequence]
) -> dict[str, float]:
    """The same of the whole windows that clips end with; streams have no such windows.

    What a frame's window gives as a whole is what steps give there, but for continual landmarks,
    and with theirs cut anew at each frame it is what `nystrom` gives.
    """
    if data.measure != "accuracy":
        return {}
    outputs = window_outputs(lane, test)
    return {"clips": last_right(outputs, [one.labels for one in test])}


def evaluate(
    run: Run, data: TokenSet, test: Sequence[TokenSequence], lanes: Sequence[LaneSpec]
) -> list[dict[str, Any]]:
    """A row for each lane: settings of the run, scores by steps and by windows, costs.

    The first rows are the ablations: full attention whose output is set to zero, and a window of
    one token.
    """
    classifier = run.classifier
    about = {
        "dataset": data.name,
        "fold": run.config.fold,
        "data_seed": run.config.data_seed,
        "seed": run.config.seed,
        **dict(zip(SIZE, size_of(run), strict=True)),
    }
    rows = [
        {
            **about,
            "system": ablation_name(variant),
            "landmarks": 0,
            **prefixed("stream", stream_score(lane, data, test)),
        }
        for variant, lane in ablations(classifier).items()
    ]
    every = [lane_of(classifier, lane, run.landmarks).eval() for lane in lanes]
    return rows + [
        {
            **about,
            "system": system_name(lane),
            "landmarks": lane.num_landmarks or 0,
            **prefixed("stream", stream_score(made, data, test)),
            **prefixed("window", window_score(made, data, test)),
            **asdict(cost),
        }
        for lane, made, cost in zip(lanes, every, costs_of(every), strict=True)
    ]


def size_of(run: Run) -> tuple[int, int, str, str]:
    """What a run has of `SIZE`."""
    config = run.classifier.config
    stack = config.stack_mode if config.num_layers > 1 else ""
    return config.window, config.num_layers, stack, trained_with(run)


def trained_with(run: Run) -> str:
    """The attention a run was trained with, in words."""
    model = run.config.model
    if model.kind == "any":
        return "any"
    lane = LaneSpec(model.kind, model.landmarks, model.landmark_mode)
    return system_name(lane) + (f", M={model.landmarks}" if model.landmarks else "")


def prefixed(prefix: str, values: dict[str, float]) -> dict[str, float]:
    """Values by names with a prefix: `stream_clips` of `clips`."""
    return {f"{prefix}_{name}": value for name, value in values.items()}
