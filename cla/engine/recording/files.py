"""The files of a recording in progress; what is written survives the end of the process."""

import os
import shutil
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from cla.capture.flac import FlacWriter, Whole
from cla.capture.fragments import FragmentWriter
from cla.engine.recording.layout import (
    FILLED,
    LOG,
    MANIFEST,
    MAX_LINE_BYTES,
    PICTURES,
    RECORDS,
    SOUND,
    TASK,
)
from cla.engine.recording.log import Ended, Entry, encode_entry, parse_entry
from cla.engine.recording.manifest import Manifest
from cla.engine.recording.rows import Row, RowEncoder
from cla.types import EncodedFrame


@dataclass
class Batch:
    """What is to be written next.

    Args:
        inputs: the next sound or pictures.
        filled: tokens that were put before the stream.
        size_bytes: about how much all of that is.
    """

    inputs: list[Whole | EncodedFrame] = field(default_factory=list)
    log: list[Entry] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    filled: list[bytes] = field(default_factory=list)
    size_bytes: int = 0


class RecordingFiles:
    """Appends to the files of one folder.

    What `append` has written survives the process; of sound, less than a block
    waits in its encoder.

    Args:
        folder: exists, and holds nothing of a recording.
        task: the file of the task that is recorded, as `write_task_file` makes it.

    Attributes:
        size_bytes: of all files together.

    Raises:
        OSError: the folder cannot be written to.
    """

    def __init__(self, folder: Path, manifest: Manifest, task: bytes) -> None:
        self._folder = folder
        rate_hz = manifest.sample_rate_hz
        self._input = PICTURES if rate_hz is None else SOUND
        self._encoder: Any = FragmentWriter() if rate_hz is None else FlacWriter(rate_hz)
        self._rows = RowEncoder()
        self._open: dict[str, BinaryIO] = {}
        self.size_bytes = 0
        about = manifest.encode()
        try:
            for name in (MANIFEST, TASK, self._input, LOG, RECORDS):
                self._open[name] = (folder / name).open("x+b", buffering=0)
            self._write(MANIFEST, about)
            self._write(TASK, task)
        except BaseException:
            self.remove()
            raise

    @property
    def empty(self) -> bool:
        """Whether nothing was recorded.

        Raises:
            OSError: the folder is gone.
        """
        with (self._folder / LOG).open("rb") as log:
            first = log.readline(MAX_LINE_BYTES)
        return not first.endswith(b"\n") or isinstance(parse_entry(first), Ended)

    @property
    def free_bytes(self) -> int:
        """What is left on the disk.

        Raises:
            OSError: the folder is gone.
        """
        return shutil.disk_usage(self._folder).free

    def append(self, batch: Batch) -> None:
        """Write a batch: first the input, so that the log never speaks of what is not there.

        Raises:
            OSError: the disk is full, or gone.
        """
        if batch.filled and FILLED not in self._open:
            self._open[FILLED] = (self._folder / FILLED).open("xb", buffering=0)
        for tokens in batch.filled:
            self._write(FILLED, tokens)
        self._write(self._input, self._encoder.encode(batch.inputs))
        self._correct()
        self._write(LOG, b"".join(map(encode_entry, batch.log)))
        self._write(RECORDS, self._rows.encode(batch.rows))

    def sync(self) -> None:
        """Have the system bring everything to the disk itself.

        Raises:
            OSError: it cannot.
        """
        for file in self._open.values():
            os.fsync(file.fileno())

    def close(self) -> None:
        """Finish the files.

        Raises:
            OSError: they cannot be finished; what was written stays.
        """
        try:
            self._write(RECORDS, self._rows.end())
            self._write(self._input, self._encoder.end())
            self._correct()
            self.sync()
        finally:
            self._close_all()

    def remove(self) -> None:
        """Delete the files, and the folder where nothing else lies in it."""
        self._close_all()
        for name in self._open:
            (self._folder / name).unlink(missing_ok=True)
        with suppress(OSError):  # others have put something into it
            self._folder.rmdir()

    def _correct(self) -> None:
        """Have the head of the input say how much of it there is."""
        at, content = self._encoder.correction()
        if content:
            file = self._open[self._input]
            file.seek(at)
            file.write(content)
            file.seek(0, os.SEEK_END)

    def _write(self, name: str, content: bytes) -> None:
        left = memoryview(content)
        while left:
            written = self._open[name].write(left)
            self.size_bytes += written
            left = left[written:]

    def _close_all(self) -> None:
        for file in self._open.values():
            file.close()
