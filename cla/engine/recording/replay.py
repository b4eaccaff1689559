"""A recorded session run again, and whether that gave the same."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch

from cla.attention import kernels as attention_kernels
from cla.engine.commands import (
    Command,
    FitLandmarks,
    RequestMap,
    Reset,
    SetEmit,
    SetSensitivity,
    UseKernels,
)
from cla.engine.inputs import sound_stream, video_stream
from cla.engine.pipeline import Pipeline
from cla.engine.recording.log import CommandDone, Filled, Flushed
from cla.engine.recording.manifest import versions, weights_digest
from cla.engine.recording.reader import Recording
from cla.engine.recording.rows import MEASURED, Row, rows_of
from cla.engine.records import FaultRecord, FrameRecord, SoundRecord
from cla.engine.stream import Arrival, Stream
from cla.errors import ClaError
from cla.models import TaskModel
from cla.models.lane_spec import LaneSpec
from cla.telemetry import TokenRecord, device_name

Replayed = TokenRecord | FrameRecord | SoundRecord | FaultRecord


@dataclass(frozen=True)
class ReplayConfig:
    """How a session is run again.

    Args:
        lanes: run these instead of what was recorded; commands for lanes are passed over.
        emit: whether records carry attention rows; as it was recorded where not given.
        preview: whether there are records of loudness, and records of pictures carry them.
    """

    lanes: tuple[LaneSpec, ...] | None = None
    emit: bool | None = None
    preview: bool = False

    def follows(self, command: Command) -> bool:
        """Whether a recorded command is done again."""
        if isinstance(command, RequestMap):
            return False  # it shows, and changes nothing
        if isinstance(command, SetEmit):
            return self.emit is None
        return self.lanes is None or isinstance(
            command, Reset | SetSensitivity | FitLandmarks | UseKernels
        )


def replay(
    recording: Recording, task: TaskModel, config: ReplayConfig | None = None
) -> Iterator[Replayed]:
    """Run a recorded session again: the same records, but for the times that are measured.

    What ran by compiled kernels runs by them, which are compiled first if need be.

    Raises:
        ClaError: the recording is of another task, is damaged, or the task cannot run its lanes.
    """
    config = config or ReplayConfig()
    manifest = recording.manifest
    stream = _stream(recording, task, preview=config.preview)
    lanes = config.lanes or manifest.lanes
    pipeline: Pipeline[Any] = Pipeline(task, lanes, stream, kernels=manifest.kernels)
    pipeline.comparison.emit = manifest.emit if config.emit is None else config.emit
    steps = 0
    for happening in recording.happenings():
        # A packet is taken, and a stream flushed, when no token is left.
        until = happening.steps if isinstance(happening, CommandDone | Filled) else None
        while pipeline.has_token and (until is None or steps < until):
            yield pipeline.step()
            steps += 1
        try:
            match happening:
                case Arrival():
                    seen = pipeline.take(happening)
                    if seen:
                        yield seen
                case CommandDone(command) if config.follows(command):
                    pipeline.do(command)
                case Filled(features, tokens):
                    pipeline.fill(torch.from_numpy(features), tokens)
                case Flushed():
                    pipeline.flush()
        except ClaError as error:
            yield FaultRecord(error)
    while pipeline.has_token:
        yield pipeline.step()


def _stream(recording: Recording, task: TaskModel, *, preview: bool) -> Stream[Any]:
    manifest = recording.manifest
    if (task.name, task.labels) != (manifest.task, manifest.labels):
        raise ClaError("session_of_another_task", recorded=manifest.task, given=task.name)
    if manifest.sample_rate_hz is not None:
        return sound_stream(task, manifest.sample_rate_hz, preview=preview)
    return video_stream(task, preview=preview, joints=True)


@dataclass(frozen=True)
class Difference:
    """The first value in which a replay is not what was recorded."""

    step: int
    time_s: float
    lane: str
    field: str
    recorded: object
    replayed: object

    def __str__(self) -> str:
        return (
            f"token {self.step} ({self.time_s:.2f} s), lane {self.lane}: {self.field} is "
            f"{self.replayed}, and was {self.recorded}"
        )


class ReplayCheck:
    """Compares a replay with what was recorded, bit for bit, token by token.

    Attributes:
        compared: tokens that were recorded and have been replayed.
        beyond: tokens of a recording that was cut off, whose records were lost with its end.
        difference: the first one.
    """

    def __init__(self, recording: Recording) -> None:
        self._rows = recording.rows()
        self._cut_off = recording.cut_off
        self._steps = 0
        self.compared = self.beyond = 0
        self.difference: Difference | None = None

    def add(self, record: TokenRecord) -> None:
        """Take the next token of the replay.

        Raises:
            ClaError: what was recorded is damaged.
        """
        there = True
        for row in rows_of(record, self._steps):
            recorded = next(self._rows, None)
            there = recorded is not None
            if recorded is not None and self.difference is None:
                self.difference = _difference(recorded, row)
        self._steps += 1
        self.compared += there
        self.beyond += not there

    def finish(self) -> None:
        """The replay has ended: no records may be left but those whose input was cut off."""
        left = next(self._rows, None)
        if left is not None and self.difference is None and not self._cut_off:
            time_s = left["time_s"]
            self.difference = Difference(left["step"], time_s, left["lane"], "token", "there", "-")

    @property
    def equal(self) -> bool:
        """Whether everything compared is the same."""
        return self.difference is None


def changes(recording: Recording, task: TaskModel) -> list[str]:
    """What is other than when it was recorded, and can make a replay differ, in words."""
    manifest = recording.manifest
    now = versions()
    found = [
        f"{name} {now.get(name) or 'missing'} (was {version})"
        for name, version in manifest.versions.items()
        if now.get(name) != version
    ]
    if manifest.device != device_name():
        found.append(f"{device_name()} (was {manifest.device})")
    if recording.by_kernels and not attention_kernels.AVAILABLE:
        found.append("no compiled kernels, which need numba")
    if manifest.weights != weights_digest(task):
        found.append("other weights")
    return found


def _difference(recorded: Row, replayed: Row) -> Difference | None:
    for name, value in replayed.items():
        if name in MEASURED:
            continue
        plain = value.tolist() if name == "probabilities" else value
        # As text, which tells every two different numbers apart, zeros of either sign too.
        if repr(plain) != repr(recorded[name]):
            return Difference(
                replayed["step"], replayed["time_s"], replayed["lane"], name, recorded[name], plain
            )
    return None
