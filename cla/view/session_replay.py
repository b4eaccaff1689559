"""A recorded session, run again on this server to be played and compared."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from cla.engine import (
    ClipTokens,
    FrameRecord,
    Progress,
    Recording,
    ReplayCheck,
    ReplayConfig,
    as_float,
    kernels,
    replay,
)
from cla.errors import ClaError
from cla.features import SAMPLE_RATE_HZ, resampled
from cla.models import LaneSpec, Span, TaskModel
from cla.telemetry import LaneRecord, TokenRecord
from cla.types import Token
from cla.view.clip_analysis import ClipAnalysis
from cla.view.clip_source import Clip
from cla.view.session_records import same_lane

MAX_SHOWN_S = 300.0
"""Media time that is run again on a page; the command line has no such limit."""
MAX_WORK_S = 120.0
MAX_LANES = 8
MOST_PICTURES = 500


@dataclass(frozen=True)
class SessionReplay:
    """What came of running a session again.

    Args:
        lanes: names of the analysis's lanes.
        check: how it compares with what was recorded; None where other lanes ran.
        whole: whether all of it was run.
    """

    analysis: ClipAnalysis
    lanes: tuple[str, ...]
    check: ReplayCheck | None
    whole: bool

    @property
    def agreement(self) -> float | None:
        """Share of tokens on which the first two lanes name the same class, where both ran."""
        both = zip(*self.analysis.lanes[:2], strict=True) if len(self.lanes) > 1 else ()
        same = [
            one.label == other.label
            for one, other in both
            if one.lane and other.lane and one.answered and other.answered
        ]
        return float(np.mean(same)) if same else None


def replay_session(
    recording: Recording,
    task: TaskModel,
    lanes: Sequence[LaneSpec],
    marks: tuple[Span, ...],
    progress: Progress,
) -> SessionReplay:
    """Run a session again, with its own lanes where none are given, up to what a page can show.

    Raises:
        ClaError: the session is damaged, too short, or the task cannot run these lanes.
    """
    check = None if lanes else ReplayCheck(recording)
    if recording.by_kernels:
        kernels().wait()  # else this process compiled them, beside its live sessions
    config = ReplayConfig(tuple(lanes) or None, emit=True, preview=True)
    begun = tuple(lanes) or recording.manifest.lanes
    steps: list[dict[str, LaneRecord]] = []
    pictures: list[FrameRecord] = []
    most = round(MAX_SHOWN_S / task.hop_s)
    expected = max(min(recording.duration_s / task.hop_s, most), 1.0)
    until_s = time.monotonic() + MAX_WORK_S
    whole, next_picture = True, 0
    for record in replay(recording, task, config):
        if isinstance(record, TokenRecord):
            if len(steps) == most or time.monotonic() > until_s:
                whole = False
                break
            steps.append({})
            for lane in record.lanes:  # each where the token is that it answers
                steps[-1 - lane.age][same_lane(lane.lane, begun)] = lane
            if check:
                check.add(record)
            if len(steps) % 50 == 0:
                progress(min(len(steps) / expected, 1.0))
        elif isinstance(record, FrameRecord) and record.picture and len(steps) >= next_picture:
            # At its place in the recording: a reset begins the stream's own time anew.
            pictures.append(replace(record, time_s=len(steps) * task.hop_s))
            next_picture = len(steps) + max(2, round(expected / MOST_PICTURES))
    if not steps:
        raise ClaError("session_shorter_than_token")
    if check and whole:
        check.finish()
    names = tuple(dict.fromkeys(name for step in steps for name in step))[:MAX_LANES]
    silent = _silent(task)
    records = tuple(tuple(step.get(name, silent) for step in steps) for name in names)
    tokens = _tokens(recording, task, len(steps), pictures)
    clip = Clip(recording.folder.name, recording.manifest.source, tokens, marks)
    return SessionReplay(ClipAnalysis(clip, records), names, check, whole)


def _tokens(
    recording: Recording, task: TaskModel, count: int, pictures: Sequence[FrameRecord]
) -> ClipTokens:
    """The sound or the pictures, and tokens at their place in the recording."""
    times_s = [(index + 1) * task.hop_s for index in range(count)]
    tokens = tuple(Token(i, time_s, torch.empty(0)) for i, time_s in enumerate(times_s))
    return ClipTokens(_sound(recording, times_s[-1]), tokens, tuple(pictures))


def _sound(recording: Recording, duration_s: float) -> NDArray[np.float32]:
    rate_hz = recording.manifest.sample_rate_hz
    if rate_hz is None:
        return np.zeros(0, np.float32)
    samples = as_float(recording.samples(duration_s))
    finite = np.where(np.isfinite(samples), np.clip(samples, -1, 1), 0).astype(np.float32)
    return resampled(finite, rate_hz, SAMPLE_RATE_HZ)


def _silent(task: TaskModel) -> LaneRecord:
    """What stands for a lane while it does not run."""
    return LaneRecord("", task.labels[0], 0.0, np.zeros(len(task.labels), np.float32), 0, 0.0, 0, 0)
