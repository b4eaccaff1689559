"""A live session: packets in, records out, one worker thread that alone touches the lanes."""

import itertools
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Generic, TypeVar

from cla.engine.commands import Command, Pause, Reset, Resume, SetSensitivity, StepOnce, UseKernels
from cla.engine.kernels import Kernels
from cla.engine.outbox import Outbox
from cla.engine.pipeline import Pipeline
from cla.engine.recording.manifest import describe
from cla.engine.recording.recorder import Recorder
from cla.engine.records import FaultRecord, LanesRecord, NoticeRecord, Record
from cla.engine.stream import Stream
from cla.errors import ClaError
from cla.models import TaskModel, write_task_file
from cla.models.lane_spec import LaneSpec

MAX_COMMANDS = 256
CLOSE_TIMEOUT_S = 5.0

_numbers = itertools.count(1)


@cache
def _turn() -> threading.Lock:
    """Sessions of one process step in turn.

    A step is many short calls, each of which lets go of the interpreter and asks for it again: 16
    at once take 1.7 times as much processor time as one after the other. Features are made by
    single long calls, which run beside a step.
    """
    return threading.Lock()


Packet = TypeVar("Packet")


@dataclass(frozen=True)
class _Record:
    """Record with this, or no more; in its turn among the commands."""

    recorder: Recorder | None


class Session(Generic[Packet]):
    """One stream's lanes on a worker thread.

    `push` and `send` may be called from any thread; `drain` hands out what has been recorded. What
    arrives faster than it can be worked on waits; the stream says how much of it, and what is
    dropped of a live one. The next record says how much that was.

    Args:
        stream: the medium's queue and features.
        live: packets come from a device and cannot wait: they are dropped while paused or behind.
            Else nothing is lost: `push` refuses what does not fit, and the session waits for
            whoever drains it.
        on_record: called from the worker whenever there are records.
        kernels: lanes step by PyTorch until these are ready. Where not given they step by kernels
            from the beginning, which then are compiled at their first token if need be.
    """

    def __init__(
        self,
        task: TaskModel,
        lane_configs: Sequence[LaneSpec],
        stream: Stream[Packet],
        *,
        live: bool = True,
        on_record: Callable[[], None] | None = None,
        kernels: Kernels | None = None,
    ) -> None:
        self.live = live
        self._on_record = on_record or (lambda: None)
        self._task = task
        self._stream = stream
        self._kernels = kernels
        by_kernels = kernels is None or kernels.ready
        self._pipeline = Pipeline(task, lane_configs, stream, kernels=by_kernels)
        self._condition = threading.Condition()
        self._commands: deque[Command | _Record] = deque()
        self._outbox = Outbox()
        self._paused = False
        self._steps_due = 0
        self._ended = False
        self._closed = False
        self._finished = threading.Event()
        self._thread = threading.Thread(
            target=self._run, name=f"cla-session-{next(_numbers)}", daemon=True
        )
        self._thread.start()

    @property
    def paused(self) -> bool:
        """Whether the session takes nothing; a step that is due takes something all the same."""
        return self._paused and not self._steps_due

    @property
    def lanes(self) -> LanesRecord:
        """The lanes; when commands change them, a record of it comes in its place among others."""
        return self._pipeline.comparison.published

    @property
    def closed(self) -> bool:
        """Whether the session has ended for good."""
        return self._closed

    def report(self, met: FaultRecord | NoticeRecord) -> None:
        """Add what a source met."""
        self._record(met)

    def push(self, packet: Packet, *, timeout_s: float = 0.0) -> bool:
        """Offer a packet; False when it was not taken.

        Args:
            timeout_s: how long to wait for room in a session that is not live.
        """
        deadline_s = time.monotonic() + timeout_s
        with self._condition:
            while not self._takes(packet):
                left_s = deadline_s - time.monotonic()
                if self.live or self._closed or self._ended or left_s <= 0:
                    return False
                self._condition.wait(left_s)
            self._condition.notify_all()
        return True

    def lose(self, amount: int) -> None:
        """So much of the medium, in the stream's own unit, was lost on its way here."""
        with self._condition:
            self._stream.lose(amount)

    def send(self, command: Command) -> None:
        """Have a command done before the next token.

        Raises:
            ClaError: so many are waiting already that the sender must be at fault.
        """
        self._queue(command, begins_anew=isinstance(command, Reset))

    def start_recording(self, recorder: Recorder) -> None:
        """Begin a new stream, as with `Reset`, and record all of it until the session ends.

        Raises:
            ClaError: the session has ended, or as of `send`; the recorder is closed.
        """
        try:
            with self._condition:
                if self._closed or self._finished.is_set():
                    raise ClaError("The session has ended.", "Start it again, then record.")
                self._queue(_Record(recorder), begins_anew=True)
        except ClaError:
            recorder.close()
            raise

    def stop_recording(self) -> None:
        """End the recording, if there is one."""
        self._queue(_Record(None))

    def _queue(self, command: Command | _Record, *, begins_anew: bool = False) -> None:
        with self._condition:
            if len(self._commands) >= MAX_COMMANDS:
                raise ClaError("Too many commands at once.", "Send fewer of them.")
            self._commands.append(command)
            if begins_anew:
                # Here, not in the worker: what comes after the command is new.
                self._stream.clear()
            self._condition.notify_all()

    def drain(self, *, timeout_s: float = 0.0) -> list[Record]:
        """Everything recorded since the last call, oldest first.

        Args:
            timeout_s: how long to wait for the first record, at most.
        """
        with self._condition:
            self._condition.wait_for(lambda: self._outbox or self._finished.is_set(), timeout_s)
            records = self._outbox.take()
            self._condition.notify_all()
        return records

    def finish(self) -> None:
        """Nothing more will come; what is there is still worked on."""
        with self._condition:
            self._ended = True
            self._condition.notify_all()

    def wait_finished(self, timeout: float | None = None) -> bool:
        """Wait until everything before `finish` has been recorded."""
        return self._finished.wait(timeout)

    def close(self) -> None:
        """End the session; may be called again. The worker is gone when this returns."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()
        if self._thread is not threading.current_thread():
            self._thread.join(CLOSE_TIMEOUT_S)

    def _takes(self, packet: Packet) -> bool:
        """Called with the lock held."""
        if self._closed or self._ended or self.paused:
            return False
        return self._stream.offer(packet, live=self.live)

    def _run(self) -> None:
        try:
            self._pipeline.comparison.warm_up()
            while self._wait_for_work():
                self._do_commands()
                for fault in self._pipeline.comparison.take_faults():
                    self._record(fault)
                if not self.paused:
                    self._take_packets()
                    self._take_token()
        except ClaError as error:
            self._record(FaultRecord(error.message, error.remedy, fatal=True))
        except Exception as error:
            # A worker that dies in silence would leave the page waiting for ever.
            self._record(
                FaultRecord(f"The session failed: {error!r}.", "Start it again.", fatal=True)
            )
        finally:
            with self._condition:
                self._closed = True
                self._stream.clear()
                waiting = [one.recorder for one in self._commands if isinstance(one, _Record)]
            for recorder in filter(None, waiting):
                recorder.close()
            self._finish()

    def _wait_for_work(self) -> bool:
        """Sleep until there is something to do; False when the session is over."""
        with self._condition:
            while not self._closed:
                has_input = self._pipeline.has_token or len(self._stream)
                ends = self._ended and not self._finished.is_set()
                if self._commands or (self._may_step() and (has_input or ends)):
                    return True
                self._condition.wait()
        return False

    def _may_step(self) -> bool:
        """Not while paused; and records that cannot be made again wait for their reader."""
        return not self.paused and (self.live or not self._outbox.full)

    def _do_commands(self) -> None:
        while True:
            with self._condition:
                if not self._commands:
                    return
                command = self._commands.popleft()
            try:
                self._do(command)
            except ClaError as error:
                self._record(FaultRecord(error.message, error.remedy))

    def _do(self, command: Command | _Record) -> None:
        match command:
            case _Record(recorder):
                self._record_with(recorder)
                return
            case Pause():
                self._paused = True
            case Resume():
                self._paused = False
                self._steps_due = 0
            case StepOnce():
                self._steps_due += self._paused
            case _:
                pass
        answer = self._pipeline.do(command)
        if answer:
            self._record(answer)
        with self._condition:
            self._condition.notify_all()

    def _record_with(self, recorder: Recorder | None) -> None:
        if recorder is None:
            self._pipeline.end_recording()
            return
        self._pipeline.start_recording(recorder)
        comparison = self._pipeline.comparison
        lanes = tuple(lane.config for lane in comparison.lanes)
        about = describe(
            self._task, self._stream, lanes, emit=comparison.emit, live=self.live,
            kernels=comparison.kernels,
        )  # fmt: skip
        recorder.begin(about, write_task_file(self._task), self._record)
        if comparison.enter is not None:
            recorder.command(SetSensitivity(comparison.enter), 0)

    def _take_packets(self) -> None:
        """Turn waiting packets into tokens until there is one to work on."""
        while not self._pipeline.has_token:
            with self._condition:
                arrival = self._stream.pop()
                self._condition.notify_all()
            if arrival is None:
                break
            try:
                seen = self._pipeline.take(arrival)
            except ClaError as error:
                self._record(FaultRecord(error.message, error.remedy))
                continue
            if seen:
                # A token that follows at once is told of together with it.
                self._record(seen, tell=not self._pipeline.has_token)
        done = self._ended and not self._pipeline.has_token and not len(self._stream)
        if done and not self._finished.is_set():
            self._pipeline.flush()
            if not self._pipeline.has_token:
                self._finish()

    def _take_token(self) -> None:
        if not self._pipeline.has_token:
            return
        self._steps_due = max(self._steps_due - 1, 0)
        if self._kernels and self._kernels.ready and not self._pipeline.comparison.kernels:
            self._pipeline.do(UseKernels(True))
        with self._condition:
            behind_s = self._stream.behind_s
        with _turn():
            record = self._pipeline.step(behind_s)
        self._pipeline.keep(record)
        self._record(record)

    def _finish(self) -> None:
        try:
            self._pipeline.close_recording()
        finally:
            self._finished.set()
            with self._condition:
                self._condition.notify_all()
            self._on_record()

    def _record(self, record: Record, *, tell: bool = True) -> None:
        with self._condition:
            self._outbox.put(record)
            if tell:
                self._condition.notify_all()
        if tell:
            self._on_record()
