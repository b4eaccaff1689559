"""Weights judged under an attention: what they recognize, and what a step costs."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from cla.attention import BATCH_LOW_RANK, LOW_RANK, REFERENCE
from cla.datasets import TokenSequence, TokenSet
from cla.experiments.costs import costs_of
from cla.experiments.lanes import lane_of, system_name, without_attention
from cla.experiments.metrics import clip_score, frame_score, last_right
from cla.experiments.outputs import stream_outputs, window_outputs
from cla.experiments.runs import Run
from cla.models import LaneSpec, StreamClassifier


def stream_score(
    lane: StreamClassifier, data: TokenSet, test: Sequence[TokenSequence]
) -> dict[str, float]:
    """The data set's measures of a lane that steps, in percent."""
    outputs, labels = stream_outputs(lane, test), [one.labels for one in test]
    if data.measure == "accuracy":
        return clip_score(outputs, labels, data.hop_s)._asdict()
    return frame_score(outputs, labels, data.background, data.ignored)._asdict()


def window_score(
    lane: StreamClassifier, data: TokenSet, test: Sequence[TokenSequence]
) -> dict[str, float]:
    """The same of whole windows: those that clips end with, or those of every frame."""
    clips = data.measure == "accuracy"
    outputs = window_outputs(lane, test, last_only=clips)
    labels = [one.labels[-len(output) :] for one, output in zip(test, outputs, strict=True)]
    if clips:
        return {"clips": last_right(outputs, labels)}
    return frame_score(outputs, labels, data.background, data.ignored)._asdict()


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
        "layers": run.config.model.layers,
        "trained_with": trained_with(run),
    }
    ablations = {
        "attention zeroed": without_attention(classifier),
        "window of 1": classifier.with_attention(REFERENCE, window=1),
    }
    rows = [
        {**about, "system": name, "landmarks": 0, "stream": stream_score(lane, data, test)}
        for name, lane in ablations.items()
    ]
    longest = max(len(one.labels) for one in test)
    streamed: dict[LaneSpec, dict[str, float]] = {}
    every = [lane_of(classifier, lane, run.landmarks).eval() for lane in lanes]
    for lane, made, cost in zip(lanes, every, costs_of(every), strict=True):
        alike = _same_numbers(lane, longest, classifier.config.window)
        if alike not in streamed:
            streamed[alike] = stream_score(made, data, test)
        rows.append(
            {
                **about,
                "system": system_name(lane),
                "landmarks": lane.num_landmarks or 0,
                "stream": streamed[alike],
                "window": window_score(made, data, test),
                **asdict(cost),
            }
        )
    return [flat(row) for row in rows]


def _same_numbers(lane: LaneSpec, longest: int, window: int) -> LaneSpec:
    """The lane itself, or one that says the same of streams that are no longer than `longest`.

    Until the first window is full, continual landmarks are cut anew at every token, as those of
    batch Nyström attention always are.
    """
    if lane.kind == LOW_RANK and lane.landmark_mode == "continual" and longest <= window:
        return LaneSpec(BATCH_LOW_RANK, lane.num_landmarks)
    return lane


def trained_with(run: Run) -> str:
    """The attention a run was trained with, in words."""
    model = run.config.model
    if model.kind == "any":
        return "any"
    lane = LaneSpec(model.kind, model.landmarks, model.landmark_mode)
    return system_name(lane) + (f", M={model.landmarks}" if model.landmarks else "")


def flat(row: dict[str, Any]) -> dict[str, Any]:
    """The row with `stream: {clips: 1}` written as `stream_clips: 1`."""
    found: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, dict):
            found |= {f"{name}_{inner}": one for inner, one in value.items()}
        else:
            found[name] = value
    return found
