"""Reads session folders, which may be cut off anywhere, damaged or hostile."""

from collections.abc import Generator, Iterator
from contextlib import closing
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cla.capture.fragments import jpegs
from cla.engine.commands import Fill, UseKernels
from cla.engine.history import MAX_BYTES
from cla.engine.recording.layout import (
    FILES,
    FILLED,
    LOG,
    MANIFEST,
    MAX_LINE_BYTES,
    MAX_MANIFEST_BYTES,
    MAX_TITLE,
    PICTURES,
    RECORDS,
    SOUND,
    TASK,
    TITLE,
    RecordingLimits,
    regular_file,
)
from cla.engine.recording.log import CommandDone, Ended, Filled, Flushed, PacketTaken, parse_entry
from cla.engine.recording.manifest import Manifest, parse_manifest
from cla.engine.recording.recorded_input import FlacSound, Pieces, Samples, mapped
from cla.engine.recording.rows import Row, read_rows
from cla.engine.stream import Arrival
from cla.errors import ClaError
from cla.files import write_file
from cla.models import TaskModel, load_task, read_task_file
from cla.printable import printable
from cla.types import EncodedFrame

Happening = Arrival[Samples] | Arrival[EncodedFrame] | CommandDone | Filled | Flushed


class Recording:
    """A recorded session; its files are read in pieces.

    Args:
        isolated: whether to decode its sound in a child process, as a file from somebody else.

    Attributes:
        manifest: what it says of itself.
        size_bytes: of what was recorded, in all its files.

    Raises:
        ClaError: there is none, or it is too large.
    """

    def __init__(
        self,
        folder: str | Path,
        limits: RecordingLimits | None = None,
        *,
        isolated: bool = False,
    ) -> None:
        self.folder = Path(folder)
        self._isolated = isolated
        self._limits = limits or RecordingLimits()
        sizes = {name: path.stat().st_size for name in FILES if (path := self._file(name))}
        sizes.pop(TITLE, None)  # it may come and go
        self.size_bytes = sum(sizes.values())
        if not 0 < sizes.get(MANIFEST, 0) <= MAX_MANIFEST_BYTES or LOG not in sizes:
            raise ClaError("session_missing", folder=self.folder.name, manifest=MANIFEST, log=LOG)
        # One may exceed its limit by what was written last.
        if self.size_bytes > 1.1 * self._limits.max_bytes:
            raise ClaError(
                "session_too_large",
                size_mb=self.size_bytes / 2**20,
                most_mb=self._limits.max_bytes / 2**20,
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
    def by_kernels(self) -> bool:
        """Whether some of it ran by compiled kernels."""
        return self.manifest.kernels or any(
            isinstance(one, CommandDone) and one.command == UseKernels(True)
            for one in self._entries()
        )

    @cached_property
    def duration_s(self) -> float:
        """Media time of its input."""
        if self.manifest.sample_rate_hz is not None:
            sound = self._sound()
            return sound.count / self.manifest.sample_rate_hz if sound else 0.0
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
            raise ClaError("session_task_unfit", task=TASK, manifest=MANIFEST)
        return task

    def samples(self, most_s: float) -> Samples:
        """The first `most_s` seconds of sound at most, (S,); empty if there is no sound.

        Raises:
            ClaError: it is not as the recorder writes it.
        """
        sound = self._sound()
        if sound is None:
            return np.zeros(0, np.int16)
        left = round(most_s * sound.sample_rate_hz)
        pieces = [np.zeros(0, sound.dtype)]
        with closing(sound.pieces()) as found:
            for piece in found:
                if left <= 0:
                    break
                pieces.append(piece[:left])
                left -= len(piece)
        samples: Samples = np.concatenate(pieces)
        return samples

    def happenings(self) -> Iterator[Happening]:
        """All that decided the records, in order, up to where it was cut off.

        Raises:
            ClaError: it is damaged otherwise.
        """
        sound = self._sound() if self.manifest.sample_rate_hz is not None else None
        dtype = sound.dtype if sound else np.dtype("u1")
        commands = at = 0
        with closing(sound.pieces() if sound else self._pictures()) as found:
            pieces = Pieces(found, dtype)
            for entry in self._entries():
                commands += isinstance(entry, CommandDone)
                if commands > self._limits.max_commands + 1:
                    raise ClaError("session_commands_too_many", file=LOG)
                match entry:
                    case PacketTaken():
                        arrival = self._arrival(entry, pieces)
                        if arrival is None:
                            return
                        yield arrival
                    case CommandDone(Fill() as command, steps):
                        filled = self._filled(command, at, steps)
                        if filled is None:
                            return
                        yield filled
                        at += filled.features.nbytes
                    case CommandDone() | Flushed():
                        yield entry
                    case Ended():
                        return

    def _arrival(self, taken: PacketTaken, pieces: Pieces) -> Arrival[Any] | None:
        """The packet that an entry speaks of; None where the input was cut off before its end."""
        if taken.not_numbers:
            broken = np.full(taken.not_numbers, np.nan, np.float32)
            return Arrival(broken, 0.0, taken.skipped)
        count, part = divmod(taken.size_bytes, pieces.dtype.itemsize)
        if part:
            raise ClaError("session_sample_parted", file=LOG)
        data = pieces.take(count)
        if data is None:
            return None
        if self.manifest.sample_rate_hz is not None:
            return Arrival(data, 0.0, taken.skipped)
        return Arrival(EncodedFrame(data.tobytes(), taken.time_s or 0.0), 0.0, taken.skipped)

    def _filled(self, command: Fill, at: int, steps: int) -> Filled | None:
        """The tokens of a command, from `at` on in their file; None where that was cut off."""
        path, numbers = self._file(FILLED), command.rows * command.size
        if path is None or path.stat().st_size < at + 4 * numbers or 4 * numbers > MAX_BYTES:
            return None
        features = np.fromfile(path, "<f4", numbers, offset=at).reshape(command.rows, command.size)
        return Filled(features, command.tokens, steps)

    @property
    def title(self) -> str:
        """What its owner calls it, safe to print; empty where nobody has named it."""
        path = self._file(TITLE)
        if path is None:
            return ""
        with path.open("rb") as file:
            named = file.read(4 * MAX_TITLE).decode("utf-8", "replace")
        return printable(named)[:MAX_TITLE].strip()

    def rename(self, title: str) -> None:
        """Call the session so; an empty title is none.

        Raises:
            ClaError: it cannot be written.
        """
        write_file(self.folder / TITLE, title.strip()[:MAX_TITLE].encode())

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
                raise ClaError("session_line_too_long", file=LOG)

    def _sound(self) -> FlacSound | None:
        """The sound, if there is a file of it."""
        path = self._file(SOUND)
        sound = FlacSound(path, self._limits, isolated=self._isolated) if path else None
        # A file cut off within its head has no rate.
        if sound and sound.sample_rate_hz not in (0, self.manifest.sample_rate_hz):
            raise ClaError("session_sound_unfit", manifest=MANIFEST)
        return sound

    def _pictures(self) -> Generator[NDArray[np.uint8], None, None]:
        """The bytes of the pictures, piece by piece."""
        if path := self._file(PICTURES):
            yield from jpegs(mapped(path))

    def _file(self, name: str) -> Path | None:
        """A file by its name, and nothing else that could have that name, as a link out of here."""
        return regular_file(self.folder / name)
