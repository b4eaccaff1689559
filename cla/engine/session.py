"""A live session: sound in, records out, one worker thread that alone touches the lanes."""

import itertools
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cla.engine.commands import Command, Pause, RequestMap, Reset, Resume, StepOnce
from cla.engine.comparison import Comparison
from cla.engine.lane import LaneConfig
from cla.errors import ClaError
from cla.features import SpeechTokenizer
from cla.models import TaskModel
from cla.telemetry import TokenRecord
from cla.types import Token

MAX_BEHIND_S = 2.0
MAX_RECORDS = 2048
MAX_COMMANDS = 256
CLOSE_TIMEOUT_S = 5.0
INT16_SCALE = 32768.0

_numbers = itertools.count(1)


@dataclass(frozen=True)
class MapRecord:
    """One lane's whole attention map ("attention") or its factors, by name."""

    lane: str
    factors: dict[str, NDArray[np.float32]]


@dataclass(frozen=True)
class FaultRecord:
    """Something asked or sent that could not be done; the session goes on unless `fatal`."""

    message: str
    remedy: str
    fatal: bool = False


Record = TokenRecord | MapRecord | FaultRecord


class Session:
    """One stream's lanes on a worker thread.

    `push` and `send` return at once and may be called from any thread; `drain` hands out what has
    been recorded. When sound arrives faster than it can be worked on, it waits up to
    `MAX_BEHIND_S`; a live stream then jumps to now and the next record says how much was left out.

    Args:
        live: sound comes from a device and cannot wait: it is dropped while paused or behind.
            Else `push` refuses what does not fit, and the feeder offers it again.
        on_record: called from the worker whenever records or room for sound are there.
    """

    def __init__(
        self,
        task: TaskModel,
        lane_configs: Sequence[LaneConfig],
        *,
        sample_rate_hz: int,
        live: bool = True,
        on_record: Callable[[], None] | None = None,
    ) -> None:
        self.sample_rate_hz = sample_rate_hz
        self._live = live
        self._on_record = on_record or (lambda: None)
        self._tokenizer = SpeechTokenizer(sample_rate_hz)
        self._comparison = Comparison(task, lane_configs)
        self._condition = threading.Condition()
        self._sound: deque[tuple[NDArray[np.float32], float]] = deque()
        self._waiting_samples = 0
        self._dropped_samples = 0
        self._commands: deque[Command] = deque()
        self._records: deque[Record] = deque(maxlen=MAX_RECORDS)
        self._tokens: deque[tuple[Token, float]] = deque()
        self._paused = False
        self._steps_due = 0
        self._ended = False
        self._closed = False
        self._time_offset_s = 0.0
        self._next_token = 0
        self._finished = threading.Event()
        self._thread = threading.Thread(
            target=self._run, name=f"cla-session-{next(_numbers)}", daemon=True
        )
        self._thread.start()

    @property
    def paused(self) -> bool:
        """Whether the session takes no sound; a step that is due takes some all the same."""
        return self._paused and not self._steps_due

    @property
    def closed(self) -> bool:
        """Whether the session takes nothing any more."""
        return self._closed

    def report(self, fault: FaultRecord) -> None:
        """Add a fault that a source met."""
        self._record(fault)

    def push(self, samples: NDArray[np.int16] | NDArray[np.float32]) -> bool:
        """Offer mono samples, int16 or float32 in [-1, 1]; False when they were not taken."""
        packet = _as_float(samples)
        with self._condition:
            if self._closed or self._ended:
                return False
            full = self._waiting_samples + len(packet) > MAX_BEHIND_S * self.sample_rate_hz
            if self.paused or (full and not self._live):
                return False
            if full:
                self._jump_to_now()
            self._sound.append((packet, time.perf_counter()))
            self._waiting_samples += len(packet)
            self._condition.notify_all()
        return True

    def send(self, command: Command) -> None:
        """Have a command done before the next token.

        Raises:
            ClaError: so many are waiting already that the sender must be at fault.
        """
        with self._condition:
            if len(self._commands) >= MAX_COMMANDS:
                raise ClaError("Too many commands at once.", "Send fewer of them.")
            self._commands.append(command)
            if isinstance(command, Reset):
                # Here, not in the worker: sound that comes after the command is new.
                self._sound.clear()
                self._waiting_samples = self._dropped_samples = 0
            self._condition.notify_all()

    def drain(self) -> list[Record]:
        """Everything recorded since the last call, oldest first."""
        with self._condition:
            records = list(self._records)
            self._records.clear()
        return records

    def finish(self) -> None:
        """No more sound will come; what is there is still worked on."""
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

    def _run(self) -> None:
        try:
            while self._wait_for_work():
                self._do_commands()
                if not self.paused:
                    self._take_sound()
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
                self._sound.clear()
            self._finished.set()
            self._on_record()

    def _wait_for_work(self) -> bool:
        """Sleep until there is something to do; False when the session is over."""
        with self._condition:
            while not self._closed:
                runnable = not self.paused and (self._tokens or self._sound)
                if self._commands or runnable:
                    return True
                if self._ended and not self.paused and not self._finished.is_set():
                    return True
                self._condition.wait()
        return False

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

    def _do(self, command: Command) -> None:
        match command:
            case Pause():
                self._paused = True
            case Resume():
                self._paused = False
                self._steps_due = 0
            case StepOnce():
                self._steps_due += self._paused
            case Reset():
                self._reset()
            case RequestMap(lane):
                self._record(MapRecord(lane, self._comparison.lane(lane).explain()))
            case _:
                self._comparison.apply(command)

    def _reset(self) -> None:
        self._tokens.clear()
        self._tokenizer.reset()
        self._comparison.reset()
        self._next_token = 0
        self._time_offset_s = 0.0

    def _jump_to_now(self) -> None:
        """Leave out the sound that waits; called with the lock held."""
        self._dropped_samples += self._waiting_samples
        self._sound.clear()
        self._waiting_samples = 0

    def _take_sound(self) -> None:
        """Turn waiting packets into tokens until there is one to work on."""
        while not self._tokens:
            with self._condition:
                if not self._sound:
                    break
                packet, arrived = self._sound.popleft()
                self._waiting_samples -= len(packet)
            try:
                self._tokens.extend((token, arrived) for token in self._tokenizer.push(packet))
            except ClaError as error:
                self._record(FaultRecord(error.message, error.remedy))
        if self._ended and not self._sound and not self._tokens and not self._finished.is_set():
            now = time.perf_counter()
            self._tokens.extend((token, now) for token in self._tokenizer.flush())
            if not self._tokens:
                self._finished.set()
                self._on_record()

    def _take_token(self) -> None:
        if not self._tokens:
            return
        token, arrived = self._tokens.popleft()
        self._steps_due = max(self._steps_due - 1, 0)
        with self._condition:
            dropped, self._dropped_samples = self._dropped_samples, 0
            behind_s = self._waiting_samples / self.sample_rate_hz
        gap_s = dropped / self.sample_rate_hz
        self._time_offset_s += gap_s
        token = Token(self._next_token, token.time_s + self._time_offset_s, token.features)
        self._next_token += 1
        queue_ms = (time.perf_counter() - arrived) * 1e3
        record = self._comparison.step(token)
        self._record(replace(record, queue_ms=queue_ms, behind_s=behind_s, gap_s=gap_s))

    def _record(self, record: Record) -> None:
        with self._condition:
            self._records.append(record)
        self._on_record()


def _as_float(samples: NDArray[np.int16] | NDArray[np.float32]) -> NDArray[np.float32]:
    if samples.dtype == np.int16:
        return samples.astype(np.float32) / np.float32(INT16_SCALE)
    return samples.astype(np.float32, copy=False)
