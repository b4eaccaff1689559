"""A session: packets in, records out, and a worker thread that alone touches the lanes."""

import itertools
import threading
from collections.abc import Callable, Sequence
from functools import cache
from typing import Generic, TypeVar

import torch

from cla.engine.commands import Command, Reset, UseKernels
from cla.engine.inbox import FillWith, Inbox, RecordWith
from cla.engine.kernels import Kernels
from cla.engine.outbox import Outbox
from cla.engine.pipeline import Pipeline
from cla.engine.recording.recorder import Recorder
from cla.engine.records import FaultRecord, FillRecord, LanesRecord, NoticeRecord, Record
from cla.engine.stream import Stream
from cla.errors import ClaError
from cla.models import TaskModel
from cla.models.lane_spec import LaneSpec

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


class Session(Generic[Packet]):
    """Runs the lanes of one stream on a worker thread.

    `push` and `send` may be called from any thread; `drain` returns the records. Packets that come
    faster than lanes step wait in the stream's queue. When that of a live session is full, packets
    are dropped, and the next record says how much was dropped.

    Args:
        stream: the medium's queue and features.
        live: whether packets come from a device, which cannot wait: they are dropped while the
            session is paused or behind. Otherwise nothing is dropped: `push` returns False when the
            queue is full, and the worker waits while nobody drains its records.
        on_record: called from the worker whenever there are records.
        kernels: compiled in the background; lanes step by PyTorch until they are ready. Without
            this argument lanes step by kernels at once, and the first token waits for the compiler.

    Attributes:
        in_time: True while tokens come at the pace of their medium: slow lanes then answer only
            some of them. False: tokens come as fast as they are processed, and slow lanes answer
            all, outside of the turn of this session. None, of a session that is alone in its
            process and not live: all lanes answer within the step.
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
        self.in_time: bool | None = live or None
        self._on_record = on_record or (lambda: None)
        self._kernels = kernels
        by_kernels = kernels is None or kernels.ready
        self._pipeline = Pipeline(task, lane_configs, stream, kernels=by_kernels)
        self._condition = threading.Condition()
        self._inbox = Inbox(stream, self._condition, live=live)
        self._outbox = Outbox()
        self._finished = threading.Event()
        self._thread = threading.Thread(
            target=self._run, name=f"cla-session-{next(_numbers)}", daemon=True
        )
        self._thread.start()

    @property
    def paused(self) -> bool:
        """Whether the session is paused; single steps that are asked for are done all the same."""
        return self._inbox.paused

    @property
    def lanes(self) -> LanesRecord:
        """The lanes as they are now; a command that changes them also adds a `LanesRecord`."""
        return self._pipeline.comparison.published

    @property
    def closed(self) -> bool:
        """Whether the session has ended for good."""
        return self._inbox.closed

    def report(self, met: FaultRecord | NoticeRecord | FillRecord) -> None:
        """Add a record of a fault in the source, or of something to note about it."""
        self._record(met)

    def push(self, packet: Packet, *, timeout_s: float = 0.0) -> bool:
        """Queue a packet; returns False if it was refused.

        Args:
            timeout_s: how long to wait for space in the queue; live sessions never wait.
        """
        return self._inbox.push(packet, timeout_s=timeout_s)

    def lose(self, amount: int) -> None:
        """Count input that was lost before it came here, in samples or pictures."""
        self._inbox.lose(amount)

    def send(self, command: Command) -> None:
        """Queue a command; it is done before the next token.

        Raises:
            ClaError: too many commands are waiting.
        """
        self._inbox.ask(command, begins_anew=isinstance(command, Reset))

    def start_recording(self, recorder: Recorder) -> None:
        """Begin a new stream, as with `Reset`, and record all of it until the session ends.

        Raises:
            ClaError: the session has ended, or as of `send`; the recorder is closed.
        """
        try:
            with self._condition:
                if self.closed or self._finished.is_set():
                    raise ClaError("recording_after_end")
                self._inbox.ask(RecordWith(recorder), begins_anew=True)
        except ClaError:
            recorder.close()
            raise

    def stop_recording(self) -> None:
        """End the recording, if there is one."""
        self._inbox.ask(RecordWith(None))

    def fill(self, features: torch.Tensor, count: int) -> None:
        """Put `count` tokens before the stream: rows of `features` (R, F), repeated.

        Raises:
            ClaError: as of `send`.
        """
        self._inbox.ask(FillWith(features, count))

    def drain(self, *, timeout_s: float = 0.0) -> list[Record]:
        """The records since the last call, oldest first.

        Args:
            timeout_s: how long to wait for the first record, at most.
        """
        with self._condition:
            self._condition.wait_for(lambda: self._outbox or self._finished.is_set(), timeout_s)
            records = self._outbox.take()
            self._condition.notify_all()
        return records

    def finish(self) -> None:
        """Say that the input has ended; packets that are queued are still worked on."""
        self._inbox.finish()

    def wait_finished(self, timeout: float | None = None) -> bool:
        """Wait until everything before `finish` has been recorded."""
        return self._finished.wait(timeout)

    def close(self) -> None:
        """End the session; may be called again. The worker is gone when this returns."""
        self._inbox.close()
        if self._thread is not threading.current_thread():
            self._thread.join(CLOSE_TIMEOUT_S)

    def _run(self) -> None:
        try:
            self._pipeline.comparison.warm_up()
            while self._wait_for_work():
                self._do_what_is_asked()
                for fault in self._pipeline.comparison.take_faults():
                    self._record(fault)
                if not self.paused:
                    self._take_packets()
                    self._take_token()
        except ClaError as error:
            self._record(FaultRecord(error, fatal=True))
        except Exception as error:
            # A worker that dies in silence would leave the page waiting for ever.
            self._record(FaultRecord(ClaError("session_failed", reason=repr(error)), fatal=True))
        finally:
            self._inbox.abandon()
            self._finish()

    def _wait_for_work(self) -> bool:
        """Sleep until there is something to do; False when the session is over."""
        with self._condition:
            while not self.closed:
                has_input = self._pipeline.has_token or self._inbox.has_packets
                ends = self._inbox.ended and not self._finished.is_set()
                if self._inbox.has_asked or (self._may_step() and (has_input or ends)):
                    return True
                self._condition.wait()
        return False

    def _may_step(self) -> bool:
        """Not while paused; nor, unless live, while too many records wait to be read."""
        return not self.paused and (self.live or not self._outbox.full)

    def _do_what_is_asked(self) -> None:
        while (asked := self._inbox.next_asked()) is not None:
            try:
                if isinstance(asked, RecordWith):
                    self._record_with(asked.recorder)
                elif isinstance(asked, FillWith):
                    self._record(self._pipeline.fill(asked.features, asked.count))
                elif answer := self._pipeline.do(asked):
                    self._record(answer)
            except ClaError as error:
                self._record(FaultRecord(error))

    def _record_with(self, recorder: Recorder | None) -> None:
        if recorder:
            self._pipeline.start_recording(recorder, live=self.live, on_change=self._record)
        else:
            self._pipeline.end_recording()

    def _take_packets(self) -> None:
        """Turn waiting packets into tokens until there is one to work on."""
        while not self._pipeline.has_token:
            arrival = self._inbox.next_packet()
            if arrival is None:
                break
            try:
                seen = self._pipeline.take(arrival)
            except ClaError as error:
                self._record(FaultRecord(error))
                continue
            if seen:
                # If a token follows at once, its record wakes the reader for both.
                self._record(seen, tell=not self._pipeline.has_token)
        done = self._inbox.ended and not (self._pipeline.has_token or self._inbox.has_packets)
        if done and not self._finished.is_set():
            self._pipeline.flush()
            if not self._pipeline.has_token:
                self._finish()

    def _take_token(self) -> None:
        if not self._pipeline.has_token:
            return
        self._inbox.stepped()
        if self._kernels and self._kernels.ready and not self._pipeline.comparison.kernels:
            self._pipeline.do(UseKernels(True))
        if self.in_time is not None:
            for thin in self._pipeline.comparison.thinning(in_time=self.in_time):
                self._pipeline.do(thin)
        behind_s = self._inbox.behind_s
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
