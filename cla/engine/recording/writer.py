"""The thread that writes a recording: no session ever waits for a disk, unless it can."""

import contextlib
import itertools
import threading
from collections.abc import Callable
from pathlib import Path

from cla.capture.flac import Whole
from cla.engine.recording.files import Batch, RecordingFiles
from cla.engine.recording.layout import RecordingLimits
from cla.engine.recording.log import Ended, Entry
from cla.engine.recording.rows import Row
from cla.errors import ClaError
from cla.files import DISK_FULL
from cla.texts.sentence import Sentence
from cla.types import EncodedFrame

FLUSH_S = 0.25
"""What came is handed to the system this often: it survives the process."""
SYNC_S = 2.0
"""It is brought to the disk itself this often: it survives the machine."""
MAX_WAITING_BYTES = 32 * 2**20
"""What may wait for a slow disk."""
CLOSE_TIMEOUT_S = 10.0
"""How long a live session waits for a slow disk at its end; the thread goes on."""

_numbers = itertools.count(1)


class RecordingWriter:
    """Writes what is added to it; ends by itself at the limit, or when it cannot go on.

    Args:
        patient: `add` waits while too much waits; else the recording ends then.
        on_end: called from the thread once everything is written, with the reason if it ended by
            itself.
    """

    def __init__(
        self,
        files: RecordingFiles,
        limits: RecordingLimits,
        *,
        patient: bool,
        on_end: Callable[[ClaError | None], None],
    ) -> None:
        self._files = files
        self._limits = limits
        self._patient = patient
        self._on_end = on_end
        self._condition = threading.Condition()
        self._batch = Batch()
        self._ending = False
        self._reason: ClaError | None = None
        self._written = threading.Event()
        name = f"cla-recorder-{next(_numbers)}"
        self._syncer = threading.Thread(target=self._sync_often, name=f"{name}-sync", daemon=True)
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._syncer.start()
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether what is added is still written."""
        return not self._ending

    def add(self, size_bytes: int, entry: Entry, data: Whole | EncodedFrame | None = None) -> None:
        """Take an entry of the log, with the input that it speaks of."""
        with self._condition:
            if self._makes_room():
                self._batch.size_bytes += size_bytes
                self._batch.inputs += [data] if data is not None else []
                self._batch.log.append(entry)

    def add_filled(self, tokens: bytes, entry: Entry) -> None:
        """Take an entry of the log, with the tokens that it speaks of."""
        with self._condition:
            if self._makes_room():
                self._batch.size_bytes += len(tokens)
                self._batch.filled.append(tokens)
                self._batch.log.append(entry)

    def add_rows(self, rows: list[Row]) -> None:
        """Take a token's rows."""
        with self._condition:
            if self._makes_room():
                self._batch.size_bytes += 500 * len(rows)
                self._batch.rows += rows

    def end(self, reason: ClaError | None = None) -> None:
        """Take no more; may be called again, and the first reason counts."""
        with self._condition:
            if not self._ending:
                self._ending, self._reason = True, reason
            self._condition.notify_all()

    def close(self) -> None:
        """End, and wait until everything is written."""
        self.end()
        if self._thread is not threading.current_thread():
            self._thread.join(None if self._patient else CLOSE_TIMEOUT_S)

    def _makes_room(self) -> bool:
        """Wait for space in the batch, or end; False if the recording has ended. Needs the lock."""
        if self._batch.size_bytes > MAX_WAITING_BYTES and not self._ending:
            if self._patient:
                self._condition.notify_all()
                self._condition.wait_for(lambda: self._ending or not self._batch.size_bytes)
            else:
                self._ending = True
                self._reason = ClaError("recording_disk_too_slow")
        return not self._ending

    def _run(self) -> None:
        try:
            self._write_all()
            self._files.append(Batch(log=[Ended(str(self._reason or ""))]))
            self._stop_syncing()
            self._files.close()
        except Exception as error:
            # A recording that stops in silence would be missed when it is too late.
            with self._condition:
                self._ending, self._reason = True, _why_failed(error)
                self._condition.notify_all()
            self._stop_syncing()
            with contextlib.suppress(OSError):
                self._files.close()
        finally:
            self._forget_if_empty()
            self._on_end(self._reason)

    def _forget_if_empty(self) -> None:
        """Leave nothing, and claim nothing, where it was stopped before anything was recorded."""
        with contextlib.suppress(OSError):  # the folder is gone, which the reason says
            if self._reason and self._files.empty:
                self._files.remove()
                self._reason = _of_nothing(self._reason)

    def _sync_often(self) -> None:
        """On a thread of its own: a busy disk takes seconds, and what comes must not wait."""
        try:
            while not self._written.wait(SYNC_S):
                self._files.sync()
        except OSError as error:
            self.end(why_not_written(error))

    def _stop_syncing(self) -> None:
        """Before the files are closed."""
        self._written.set()
        self._syncer.join()

    def _due(self) -> bool:
        """Whether to write before it is time to."""
        return self._ending or self._batch.size_bytes > MAX_WAITING_BYTES // 2

    def _write_all(self) -> None:
        ending = False
        while not ending:
            with self._condition:
                self._condition.wait_for(self._due, FLUSH_S)
                batch, self._batch = self._batch, Batch()
                ending = self._ending
                self._condition.notify_all()
            self._files.append(batch)
            if self._files.size_bytes > self._limits.max_bytes:
                self.end(
                    at_limit(Sentence("words.megabytes", count=self._limits.max_bytes / 2**20))
                )
            if self._limits.min_free_bytes > self._files.free_bytes:
                self.end(ClaError("recording_disk_nearly_full"))


def at_limit(limit: Sentence) -> ClaError:
    """Why a recording ends at a limit."""
    return ClaError("recording_at_limit", limit=limit)


def _why_failed(error: Exception) -> ClaError:
    if isinstance(error, ClaError):
        return error
    if isinstance(error, OSError):
        return why_not_written(error)
    return ClaError("recording_failed", reason=repr(error))


def _of_nothing(reason: ClaError) -> ClaError:
    """The reason, in words that fit a recording that is still empty."""
    if reason.key == "recording_disk_full":
        return ClaError("nothing_recorded_disk_full")
    if reason.key == "recording_disk_nearly_full":
        return ClaError("nothing_recorded_disk_nearly_full")
    return reason


def why_not_written(error: OSError, folder: Path | None = None) -> ClaError:
    """Why a recording cannot go on; with a folder, why none can begin there."""
    if error.errno in DISK_FULL:
        full = ClaError("recording_disk_full")
        return _of_nothing(full) if folder else full
    place = folder or Sentence("words.recording")
    return ClaError("recording_not_written", place=place, reason=error.strerror or error)
