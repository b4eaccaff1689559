"""Files that are written as a whole or not at all."""

import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from cla.errors import ClaError

DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class NewFile:
    """A file that replaces the one at `path` once it is complete and on the disk.

    It is written beside that one, under another name, so that a full disk or a crash leaves the
    old one as it was. Pipes and devices such as `/dev/stdout` are written to directly.

    Attributes:
        file: to be written to.

    Raises:
        OSError: it cannot be made.
    """

    def __init__(self, path: Path) -> None:
        self._part: Path | None = None
        if path.exists() and not path.is_file():
            self.file: BinaryIO = path.open("wb")
            return
        self._path = Path(os.path.realpath(path))  # a link stays, and leads to the new file
        name = f"{self._path.name[:40]}.{secrets.token_hex(4)}.part"
        self._part = self._path.with_name(name)
        self.file = self._part.open("xb")

    def keep(self) -> None:
        """Put the file in its place.

        Raises:
            OSError: not all of it can be written; then nothing has changed.
        """
        try:
            self.file.flush()
            if self._part:
                os.fsync(self.file.fileno())
                if self._path.exists():
                    shutil.copymode(self._path, self._part)
            self.file.close()
            if self._part:
                self._part.replace(self._path)
        except BaseException:
            self.drop()
            raise

    def drop(self) -> None:
        """Forget the file: what was there stays."""
        with suppress(OSError):  # it would write once more what cannot be written
            self.file.close()
        if self._part:
            self._part.unlink(missing_ok=True)


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Opens a `NewFile`; if writing fails, the old file stays.

    Raises:
        ClaError: it cannot be written.
    """
    try:
        new = NewFile(path)
        try:
            yield new.file
        except BaseException:
            new.drop()
            raise
        new.keep()
    except OSError as error:
        raise not_written(path, error) from error


def write_file(path: Path, content: bytes) -> None:
    """Write a file as a whole.

    Raises:
        ClaError: it cannot be written; then nothing has changed.
    """
    with replacing(path) as file:
        file.write(content)


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, where they are not there.

    Raises:
        ClaError: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise not_written(folder, error) from error


def not_written(path: Path, error: OSError) -> ClaError:
    """Why a file cannot be written, in a sentence.

    Raises:
        BrokenPipeError: its reader has seen enough, which is no fault.
    """
    if isinstance(error, BrokenPipeError):
        raise error
    if error.errno in DISK_FULL:
        return ClaError("disk_full_at", path=path)
    return ClaError("file_not_written", path=path, reason=error.strerror or error)
