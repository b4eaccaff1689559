"""The recorded sessions of one owner, in one folder."""

import re
import secrets
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from cla.engine import Recorder, Recording, RecordingLimits, remove, unpack
from cla.engine.recording.layout import LOG, MANIFEST
from cla.errors import ClaError

VARIABLE = "CLA_RECORDINGS"
"""The environment's word for the folder of recordings; `off` is none."""
_NAME = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True)
class ShelfLimits:
    """What one shelf may hold.

    Args:
        recording: how long each recording may become.
        max_age_s: recordings older than this are deleted, by the monotonic clock; None: never.
    """

    max_recordings: int
    recording: RecordingLimits
    max_age_s: float | None = None


def _same_session(one: Path, other: Path) -> bool:
    """Whether settings and log are the same, which decide all records."""
    return all(
        (other / name).is_file() and (one / name).read_bytes() == (other / name).read_bytes()
        for name in (MANIFEST, LOG)
    )


class Shelf:
    """The recordings of one owner, by names that are made here."""

    def __init__(self, folder: Path, limits: ShelfLimits) -> None:
        self.folder = folder
        self.limits = limits
        self._made_s: dict[str, float] = {}

    def recorder(self, source: str) -> Recorder:
        """A new recording.

        Raises:
            ClaError: the shelf or the disk is full, or cannot be written to.
        """
        return Recorder(self._new(), source=source, limits=self.limits.recording)

    def add(self, content: BinaryIO) -> str:
        """Put a session on the shelf that comes as a zip file; returns its name.

        One that is here already stays as it is, and its name is returned.

        Raises:
            ClaError: it is not a session, too large, or the shelf is full.
        """
        folder = self._new()
        unpack(content, folder, self.limits.recording)
        for name in self._names():
            if name != folder.name and _same_session(folder, self.folder / name):
                self.delete(folder.name)
                return name
        return folder.name

    def recordings(self) -> list[Recording]:
        """All that can be opened, the newest first."""
        self.forget_old()
        found = []
        for name in self._names():
            try:
                found.append(self.open(name))
            except (ClaError, OSError):
                continue  # it is being deleted, or was damaged by others
        return sorted(found, key=lambda recording: recording.manifest.started, reverse=True)

    def open(self, name: str) -> Recording:
        """The recording of this name.

        Raises:
            ClaError: there is none.
        """
        if not _NAME.fullmatch(name) or (self.folder / name).is_symlink():
            raise ClaError("recording_unknown")
        return Recording(self.folder / name, self.limits.recording, isolated=True)

    def delete(self, name: str) -> None:
        """Delete a recording; nothing happens where there is none."""
        if _NAME.fullmatch(name) and not (self.folder / name).is_symlink():
            remove(self.folder / name)
            self._made_s.pop(name, None)

    def delete_all(self) -> None:
        """Delete everything, and the shelf."""
        for name in self._names():
            self.delete(name)
        if self.folder.is_dir() and not any(self.folder.iterdir()):
            self.folder.rmdir()

    def forget_old(self) -> None:
        """Delete what has been here for longer than the shelf keeps it."""
        if self.limits.max_age_s is not None:
            oldest_s = time.monotonic() - self.limits.max_age_s
            for name in [name for name, made_s in self._made_s.items() if made_s < oldest_s]:
                self.delete(name)

    def _new(self) -> Path:
        """A folder that is still to be made."""
        self.forget_old()
        if len(self._names()) >= self.limits.max_recordings:
            raise ClaError("recordings_full", count=self.limits.max_recordings)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            free_bytes = shutil.disk_usage(self.folder).free
        except OSError as error:
            raise ClaError(
                "recordings_not_kept_here", reason=error.strerror, variable=VARIABLE
            ) from error
        if free_bytes < self.limits.recording.min_free_bytes:
            raise ClaError("recordings_disk_nearly_full")
        name = secrets.token_hex(8)
        self._made_s[name] = time.monotonic()
        return self.folder / name

    def _names(self) -> list[str]:
        if not self.folder.is_dir():
            return []
        # A link leads to what is not this owner's.
        return [
            path.name
            for path in self.folder.iterdir()
            if _NAME.fullmatch(path.name) and not path.is_symlink()
        ]
