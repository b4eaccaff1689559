"""A whole clip run through two lanes, and the message by which a page can play it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cla.engine import Comparison, LaneConfig, Progress, SetEmit
from cla.models import TaskModel
from cla.telemetry import LaneRecord
from cla.view.clip_source import Clip
from cla.view.wire import encode


@dataclass(frozen=True)
class ClipAnalysis:
    """What the lanes made of a clip, token by token.

    Args:
        lanes: the records of each lane, in the order of the lanes.
    """

    clip: Clip
    lanes: tuple[tuple[LaneRecord, ...], ...]

    @property
    def agreement(self) -> float:
        """Share of tokens on which the first and the last lane name the same class."""
        first, last = self.lanes[0], self.lanes[-1]
        return float(np.mean([a.label == b.label for a, b in zip(first, last, strict=True)]))

    @property
    def operations(self) -> list[int]:
        """Multiply-adds that each lane spent."""
        return [records[-1].total_ops for records in self.lanes]


def analyze_clip(
    task: TaskModel, configs: Sequence[LaneConfig], clip: Clip, progress: Progress
) -> ClipAnalysis:
    """Step the lanes through a clip as fast as they go, in lockstep as in a live session.

    Raises:
        ClaError: the task cannot run one of the lanes.
    """
    comparison = Comparison(task, configs)
    comparison.apply(SetEmit(True))
    records = []
    for token in clip.tokens.tokens:
        records.append(comparison.step(token).lanes)
        if token.index % 50 == 0:
            progress(token.index / len(clip.tokens.tokens))
    return ClipAnalysis(clip, tuple(zip(*records, strict=True)))


def player_message(
    analysis: ClipAnalysis, task: TaskModel, titles: Sequence[str], texts: Mapping[str, str]
) -> bytes:
    """Sound, probabilities and attention of all tokens, in the live page's wire format.

    Args:
        titles: of the lanes.
    """
    clip = analysis.clip
    header: dict[str, Any] = {
        "type": "clip",
        "id": f"{clip.name} {' '.join(titles)}",
        "labels": list(task.labels),
        "window": task.window,
        "hop_s": task.hop_s,
        "texts": dict(texts),
        "words": [[word.label, word.start_s, word.end_s] for word in clip.words or ()],
        "lanes": [
            {
                "title": title,
                "events": [[r.event.label, index] for index, r in enumerate(records) if r.event],
            }
            for title, records in zip(titles, analysis.lanes, strict=True)
        ],
    }
    arrays = {"sound": clip.tokens.samples}
    for index, records in enumerate(analysis.lanes):
        arrays[f"{index}/probabilities"] = np.stack([r.probabilities for r in records])
        arrays[f"{index}/attention"] = np.stack([_mean_row(record, task) for record in records])
    return encode(header, arrays)


def _mean_row(record: LaneRecord, task: TaskModel) -> np.typing.NDArray[np.float32]:
    """The attention row, mean over heads; nothing for a token that was left out."""
    if record.attention is None:
        return np.zeros(task.window, np.float32)
    row: np.typing.NDArray[np.float32] = record.attention[0].mean(0)
    return row
