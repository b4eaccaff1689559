"""A whole clip run through two lanes, and the message by which a page can play it."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cla.engine import Comparison, FrameRecord, Progress, SetEmit, kernels
from cla.features import BONES
from cla.models import LaneSpec, TaskModel
from cla.server.wire import encode
from cla.telemetry import LaneRecord
from cla.texts import Texts
from cla.view.clip_source import Clip

MOST_SHOWN = 1_024
"""Newest tokens of a window whose attention is drawn."""


@dataclass(frozen=True)
class ClipAnalysis:
    """What the lanes made of a clip, token by token."""

    clip: Clip
    lanes: tuple[tuple[LaneRecord, ...], ...]

    @property
    def agreement(self) -> float:
        """Share of tokens on which the first and the last lane name the same class."""
        first, last = self.lanes[0], self.lanes[-1]
        return float(np.mean([a.label == b.label for a, b in zip(first, last, strict=True)]))

    @property
    def operations(self) -> list[int | None]:
        """Multiply-adds that each lane spent; None where they are not counted."""
        return [records[-1].total_ops for records in self.lanes]


def analyze_clip(
    task: TaskModel, configs: Sequence[LaneSpec], clip: Clip, progress: Progress
) -> ClipAnalysis:
    """Step the lanes through a clip as fast as they go, in lockstep as in a live session.

    Raises:
        ClaError: the task cannot run one of the lanes.
    """
    comparison = Comparison(task, configs, kernels=kernels().ready)  # nobody waits for them
    comparison.apply(SetEmit(True))
    records = []
    for token in clip.tokens.tokens:
        records.append(comparison.step(token).lanes)
        if token.index % 50 == 0:
            progress(token.index / len(clip.tokens.tokens))
    return ClipAnalysis(clip, tuple(zip(*records, strict=True)))


def player_message(
    say: Texts, analysis: ClipAnalysis, task: TaskModel, titles: Sequence[str]
) -> bytes:
    """Sound or pictures, probabilities and attention, in the live page's wire format."""
    clip = analysis.clip
    rows = (one.attention for lane in analysis.lanes for one in lane)
    longest = max((row.shape[-1] for row in rows if row is not None), default=task.window)
    # No token has more before it than the clip has.
    window = min(longest, max(task.window, len(clip.tokens.tokens)), MOST_SHOWN)
    header: dict[str, Any] = {
        "type": "clip",
        "id": f"{clip.name} {say.language} {' '.join(titles)}",
        "labels": list(task.labels),
        "window": window,
        "hop_s": task.hop_s,
        "texts": say.section("page"),
        "language": say.language,
        "pictures": [_picture(record) for record in clip.tokens.pictures],
        "bones": BONES,
        "words": [[word.label, word.start_s, word.end_s] for word in clip.words or ()],
        "lanes": [
            {
                "title": title,
                "events": [[r.event.label, index] for index, r in enumerate(records) if r.event],
            }
            for title, records in zip(titles, analysis.lanes, strict=True)
        ],
    }
    arrays = {"sound": clip.tokens.samples}  # empty where there are pictures
    for index, records in enumerate(analysis.lanes):
        arrays[f"{index}/probabilities"] = np.stack([r.probabilities for r in records])
        arrays[f"{index}/attention"] = np.stack([_mean_row(record, window) for record in records])
        if any(record.stretches is not None for record in records):
            arrays[f"{index}/stretches"] = _stretches(records)
    return encode(header, arrays)


def _picture(record: FrameRecord) -> dict[str, Any]:
    return {
        "time_s": record.time_s,
        "jpeg": base64.b64encode(record.picture or b"").decode(),
        "hands": [
            {"handedness": hand.handedness, "points": np.round(hand.points, 4).ravel().tolist()}
            for hand in record.hands
        ],
    }


def _mean_row(record: LaneRecord, window: int) -> NDArray[np.float32]:
    """The attention row, mean over heads; nothing where a lane did not look."""
    row = np.zeros(window, np.float32)
    if record.attention is not None:
        mean = record.attention[0].mean(0)[-window:]
        row[window - len(mean) :] = mean
    return row


def _stretches(records: Sequence[LaneRecord]) -> NDArray[np.float32]:
    """Ages that landmarks stand for, (T, M, 2); zeros where a token has fewer than most."""
    found = [record.stretches for record in records]
    most = max(len(ages) for ages in found if ages is not None)
    filled = np.zeros((len(records), most, 2), np.float32)
    for row, ages in zip(filled, found, strict=True):
        if ages is not None:
            row[: len(ages)] = ages
    return filled
