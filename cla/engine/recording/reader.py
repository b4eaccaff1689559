"""A session folder that is read: cut off anywhere, from anybody."""

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cla.engine.recording.layout import (
    FILES,
    LOG,
    MANIFEST,
    MAX_LINE_BYTES,
    MAX_MANIFEST_BYTES,
    PICTURES,
    RECORDS,
    SOUND,
    TASK,
    RecordingLimits,
)
from cla.engine.recording.log import CommandDone, Ended, Flushed, PacketTaken, parse_entry
from cla.engine.recording.manifest import Manifest, parse_manifest
from cla.engine.recording.rows import Row, read_rows
from cla.engine.recording.wave import HEAD_BYTES, read_wave_head
from cla.engine.stream import Arrival
from cla.errors import ClaError
from cla.models import TaskModel, load_task, read_task_file
from cla.types import EncodedFrame

Samples = NDArray[np.int16] | NDArray[np.float32]
Happening = Arrival[Samples] | Arrival[EncodedFrame] | CommandDone | Flushed
_AGAIN = "Record the session again, or copy its whole folder."


class Recording:
    """A recorded session. Its files are mapped, or read line by line: never as a whole.

    Attributes:
        manifest: what it says of itself.
        size_bytes: of all its files.

    Raises:
        ClaError: there is none, or it is too large.
    """

    def __init__(self, folder: str | Path, limits: RecordingLimits | None = None) -> None:
        self.folder = Path(folder)
        self._limits = limits or RecordingLimits()
        sizes = {name: path.stat().st_size for name in FILES if (path := self._file(name))}
        self.size_bytes = sum(sizes.values())
        if not 0 < sizes.get(MANIFEST, 0) <= MAX_MANIFEST_BYTES or LOG not in sizes:
            raise ClaError(
                f"There is no recorded session in {self.folder.name!r}.",
                f"Name a folder that holds {MANIFEST} and {LOG}.",
            )
        # One may exceed its limit by what was written last.
        if self.size_bytes > 1.1 * self._limits.max_bytes:
            raise ClaError(
                f"The session has {self.size_bytes / 2**20:,.0f} MB.",
                f"Give one of at most {self._limits.max_bytes / 2**20:,.0f} MB.",
            )
        self.manifest: Manifest = parse_manifest((self.folder / MANIFEST).read_bytes())

    @property
    def cut_off(self) -> bool:
        """Whether it was never closed: its process was killed, or its disk is full."""
        with (self.folder / LOG).open("rb") as log:
            log.seek(max(0, log.seek(0, 2) - MAX_LINE_BYTES))
            tail = log.read()
        try:
            return not isinstance(parse_entry(tail.rstrip(b"\n").rpartition(b"\n")[2]), Ended)
        except ClaError:
            return True

    @cached_property
    def duration_s(self) -> float:
        """Media time of its input."""
        if self.manifest.sample_rate_hz is not None:
            return self.samples().size / self.manifest.sample_rate_hz
        times = [one.time_s for one in self._entries() if isinstance(one, PacketTaken)]
        taken = [time_s for time_s in times if time_s is not None]
        return max(taken, default=0.0) - min(taken, default=0.0)

    def task(self) -> TaskModel:
        """The task of the recording, with the very weights that it had.

        Raises:
            ClaError: its file is missing and nothing of its name comes with the package, or it is
                damaged, or cannot run here.
        """
        path = self._file(TASK)
        task = read_task_file(path) if path else load_task(self.manifest.task)
        if (task.name, task.labels) != (self.manifest.task, self.manifest.labels):
            raise ClaError(f"{TASK} and {MANIFEST} do not fit.", _AGAIN)
        return task

    def samples(self) -> Samples:
        """The sound, (S,), mapped; empty where there is none.

        Raises:
            ClaError: it is not as the recorder writes it.
        """
        content, dtype = self._sound()
        return content[: content.size // dtype.itemsize * dtype.itemsize].view(dtype)

    def happenings(self) -> Iterator[Happening]:
        """All that decided the records, in order, up to where it was cut off.

        Raises:
            ClaError: it is damaged otherwise.
        """
        is_sound = self.manifest.sample_rate_hz is not None
        content, dtype = self._sound() if is_sound else (self._mapped(PICTURES), np.dtype("u1"))
        at = commands = 0
        for entry in self._entries():
            match entry:
                case PacketTaken(size, skipped, time_s):
                    if at + size > content.size:
                        return
                    data = content[at : at + size].tobytes()
                    at += size
                    if is_sound and size % dtype.itemsize:
                        raise ClaError(f"{LOG} parts a sample.", _AGAIN)
                    if is_sound:
                        yield Arrival(np.frombuffer(data, dtype), 0.0, skipped)
                    else:
                        yield Arrival(EncodedFrame(data, time_s or 0.0), 0.0, skipped)
                case CommandDone():
                    commands += 1
                    if commands > self._limits.max_commands + 1:
                        raise ClaError(f"{LOG} holds too many commands.", _AGAIN)
                    yield entry
                case Flushed():
                    yield entry
                case Ended():
                    return

    def rows(self) -> Iterator[Row]:
        """The records, a row for each token and lane, up to where they were cut off.

        Raises:
            ClaError: they are damaged otherwise.
        """
        path = self._file(RECORDS)
        return read_rows(path) if path else iter(())

    def _entries(self) -> Iterator[PacketTaken | CommandDone | Flushed | Ended]:
        """The lines of the log; a last one without its end was cut off."""
        with (self.folder / LOG).open("rb") as log:
            while (line := log.readline(MAX_LINE_BYTES)).endswith(b"\n"):
                yield parse_entry(line)
            if len(line) == MAX_LINE_BYTES:
                raise ClaError(f"{LOG} holds a line that is too long.", _AGAIN)

    def _sound(self) -> tuple[NDArray[np.uint8], np.dtype[np.generic]]:
        """The bytes of the sound, and the type of its samples."""
        content = self._mapped(SOUND)
        if content.size < HEAD_BYTES:
            return content[:0], np.dtype("<i2")
        rate_hz, dtype = read_wave_head(content[:HEAD_BYTES].tobytes())
        if rate_hz != self.manifest.sample_rate_hz:
            raise ClaError(f"{SOUND} and {MANIFEST} do not fit.", _AGAIN)
        return content[HEAD_BYTES:], dtype

    def _mapped(self, name: str) -> NDArray[np.uint8]:
        path = self._file(name)
        if path is None or not path.stat().st_size:
            return np.zeros(0, np.uint8)
        return np.memmap(path, np.uint8, "r")

    def _file(self, name: str) -> Path | None:
        """A file by its name, and nothing else that could have that name."""
        path = self.folder / name
        return path if path.is_file() else None
