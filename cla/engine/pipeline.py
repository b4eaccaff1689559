"""The way of a chunk of sound or a picture, from its source to the page.

    source      a file, a device (`cla.capture`) or the page (`cla.server.sources`) gives chunks;
                `feeder.py` cuts them into packets and keeps their time
    queue       packets wait for the worker; what a live source cannot wait for is dropped, and
                counted (`inbox.py`, `stream.py`)
    recorder    what the lanes are about to hear or see is recorded first (`recording/`)
    resample    to 16 kHz, any rate (`cla.features.resample`); pictures are decoded instead
    rechunk     into hops of one size (`cla.features.resample`)
    features    of a hop, or of a picture's hands: a token (`SoundTokenizer` and `HandTokenizer`
                compose the three, as stages of `cla.stages`)
    lanes       each steps on the same token (`comparison.py`, `lane.py`)
    recorder    what they said is recorded (`recording/rows.py`)
    outbox      records wait for whoever looks on (`outbox.py`)
    wire        as bytes (`cla.server.wire`), sent by `cla.server.visit`
    canvas      `client.js` reads them, `board.js` draws them (`cla/view/static`)

`Pipeline` is all of it between queue and outbox. It has no threads: `Session` runs it as chunks
come, `replay` as they were recorded.
"""

import itertools
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Generic, TypeVar

import torch

from cla.engine.commands import (
    Command,
    Correct,
    Fill,
    Pause,
    RequestMap,
    Reset,
    Resume,
    SetSensitivity,
    StepOnce,
)
from cla.engine.comparison import Comparison
from cla.engine.recording.manifest import describe
from cla.engine.recording.recorder import Recorder
from cla.engine.records import (
    FillRecord,
    FrameRecord,
    LanesRecord,
    MapRecord,
    RecordingRecord,
    SoundRecord,
)
from cla.engine.stream import Arrival, Stream
from cla.errors import ClaError
from cla.models import TaskModel, write_task_file
from cla.models.lane_spec import LaneSpec
from cla.telemetry import TokenRecord
from cla.types import Correction, Token

Packet = TypeVar("Packet")
CORRECTION_TOKENS = 1_200
"""A correction holds so many tokens at most: its own, their window, and what was understood."""
LATEST_CORRECTION = 600
"""Tokens after which nothing of a stream is corrected any more."""

_streams = itertools.count(1)


class Pipeline(Generic[Packet]):
    """Packets and commands in, records out: a stream's tokens through the lanes, one at a time.

    What it records rests on nothing but the packets, the commands and their order; only times that
    are measured differ from one run to the next. A session drives it from its worker, a replay from
    what was recorded.

    Args:
        stream: only `take`, `flush` and `reset` of it are called from here.
        kernels: as of `Comparison`.

    Raises:
        ClaError: no lanes, or one that the task cannot run.
    """

    def __init__(
        self,
        task: TaskModel,
        lane_configs: Sequence[LaneSpec],
        stream: Stream[Packet],
        *,
        kernels: bool = True,
    ) -> None:
        self.comparison = Comparison(task, lane_configs, kernels=kernels)
        self._recorder: Recorder | None = None
        self._steps = 0  # of the recording
        self._stream = stream
        self._task = task
        self._tokens: deque[tuple[Token, float]] = deque()
        self._forget()

    def _forget(self) -> None:
        self._tokens.clear()
        self._number = next(_streams)
        self._next_token = self._dropped_frames = 0
        self._last_time_s = 0.0

    @property
    def has_token(self) -> bool:
        """Whether there is something to `step` on."""
        return bool(self._tokens)

    def take(self, arrival: Arrival[Packet]) -> FrameRecord | SoundRecord | None:
        """Turn a packet into the tokens that it completes; returns a record to show, if any.

        Raises:
            ClaError: it cannot be used; the stream goes on without it.
        """
        if self._recorder:
            arrival = self._recorder.packet(arrival)
        taken = self._stream.take(arrival)
        self._tokens.extend((token, arrival.arrived_s) for token in taken.tokens)
        self._dropped_frames += taken.dropped_frames
        return taken.seen

    def flush(self) -> None:
        """End the stream: the tokens that its last packets complete are there."""
        if self._recorder:
            self._recorder.flushed()
        now_s = time.perf_counter()
        self._tokens.extend((token, now_s) for token in self._stream.flush())

    def step(self, behind_s: float = 0.0) -> TokenRecord:
        """Let every lane take the oldest token that is there.

        Args:
            behind_s: media time that waits, for the record.
        """
        token, arrived_s = self._tokens.popleft()
        token = replace(token, index=self._next_token)
        self._next_token += 1
        record = replace(
            self.comparison.step(token),
            queue_ms=(time.perf_counter() - arrived_s) * 1e3,
            behind_s=behind_s,
            gap_s=self._gap_before(token),
            dropped_frames=self._dropped_frames,
        )
        self._dropped_frames = 0
        return record

    def keep(self, record: TokenRecord) -> None:
        """Let the recorder, where there is one, take what a step has recorded.

        Apart from the step, for a session that can wait waits here for the disk.
        """
        if self._recorder:
            self._recorder.record(record, self._steps)
            self._steps += 1

    def do(self, command: Command) -> MapRecord | LanesRecord | Correction | None:
        """Do a command before the next token; when to step is not decided here.

        Raises:
            ClaError: it cannot be done; then nothing has changed.
        """
        if self._recorder:
            self._recorder.command(command, self._steps)
        match command:
            case Pause() | Resume() | StepOnce() | Fill():
                pass  # tokens of the last come with `fill`
            case Reset():
                fitted = self.comparison.published.heard
                self._forget()
                self._stream.reset()
                self.comparison.reset()
                return self.comparison.published if fitted else None
            case RequestMap(lane, layer):
                return MapRecord(lane, self.comparison.lane(lane).explain(layer))
            case Correct():
                return self._correction(command)
            case _:
                return self.comparison.apply(command)
        return None

    def _correction(self, command: Correct) -> Correction:
        """What was heard with the tokens of a correction, up to the newest."""
        newest = self._next_token - 1
        late = newest - command.token
        in_reach = 0 <= late < LATEST_CORRECTION and command.tokens + late <= CORRECTION_TOKENS
        if not in_reach or command.label >= len(self._task.labels):
            raise ClaError("correction_out_of_reach", token=command.token)
        features = self.comparison.history.newest(CORRECTION_TOKENS).numpy()
        label, token, tokens = command.label, command.token, command.tokens
        return Correction(self._task.name, self._number, label, token, tokens, newest, features)

    def fill(self, features: torch.Tensor, count: int) -> FillRecord:
        """Put `count` tokens before the stream: rows of `features` (R, F), repeated.

        Raises:
            ClaError: they are not of the task's size, or not finite; nothing has changed.
        """
        size = self._task.classifier.config.input_dim
        fits = features.ndim == 2 and len(features) and features.shape[1] == size
        if not fits or not features.isfinite().all():
            raise ClaError("filling_unfit", size=size)
        if self._recorder:
            self._recorder.fill(features.numpy(), count, self._steps)
        return FillRecord(1.0, self.comparison.fill(features, count))

    def start_recording(
        self,
        recorder: Recorder,
        *,
        live: bool,
        on_change: Callable[[RecordingRecord | LanesRecord], None],
    ) -> None:
        """Begin anew, as with `Reset`, and let the recorder take everything from here on.

        A recording begins where the stream does: what it holds is all that its records rest on.

        Args:
            live, on_change: as of `describe` and `Recorder.begin`.
        """
        self.close_recording()
        changed = self.do(Reset())
        if isinstance(changed, LanesRecord):
            on_change(changed)
        self._recorder, self._steps = recorder, 0
        lanes = self.comparison
        about = describe(
            self._task, self._stream, tuple(lane.config for lane in lanes.lanes), emit=lanes.emit,
            live=live, kernels=lanes.kernels,
        )  # fmt: skip
        recorder.begin(about, write_task_file(self._task), on_change)
        if lanes.enter is not None:
            recorder.command(SetSensitivity(lanes.enter), 0)

    def end_recording(self) -> None:
        """End the recording; what waits to be written is written in the background."""
        if self._recorder:
            self._recorder.end()

    def close_recording(self) -> None:
        """Record no more; all of it is in its folder when this returns."""
        recorder, self._recorder = self._recorder, None
        if recorder:
            recorder.close()

    def _gap_before(self, token: Token) -> float:
        """Media time without tokens just before this one."""
        gap_s = token.time_s - self._last_time_s - self._task.hop_s
        self._last_time_s = token.time_s
        return gap_s if gap_s > self._task.hop_s / 2 else 0.0
