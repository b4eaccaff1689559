"""Packs a session folder into a zip file, and unpacks zip files that may be hostile."""

import zipfile
import zlib
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from cla.engine.recording.layout import FILES, MANIFEST, RecordingLimits, regular_file
from cla.engine.recording.reader import Recording
from cla.errors import ClaError
from cla.files import DISK_FULL, not_written

MAX_ENTRIES = 16
_PIECE_BYTES = 2**20
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_DAMAGED = (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError, ValueError, OSError)


def pack(folder: Path, out: BinaryIO) -> None:
    """Write a session folder to a zip file, under the folder's name."""
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name in FILES:
            if path := regular_file(folder / name):
                archive.write(path, f"{folder.name}/{name}")


def unpack(content: BinaryIO, folder: Path, limits: RecordingLimits) -> Recording:
    """Write the session in a zip file to a new folder.

    Only files of a session come out, under names of our own, and no more of them than the limits
    allow, whatever the zip file says of their lengths.

    Raises:
        ClaError: it holds something else, too much, or no session; then there is no folder.
    """
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise not_written(folder, error) from error
    try:
        try:
            with zipfile.ZipFile(content) as archive:
                _extract(archive, folder, limits.max_bytes)
        except _DAMAGED as error:
            if isinstance(error, OSError) and error.errno in DISK_FULL:
                raise ClaError("zip_disk_full") from error
            raise ClaError("zip_damaged") from error
        return Recording(folder, limits)
    except BaseException:
        remove(folder)
        raise


def remove(folder: Path) -> None:
    """Delete a session's files, and its folder where nothing else lies in it."""
    for name in FILES:
        (folder / name).unlink(missing_ok=True)
    with suppress(FileNotFoundError):  # another server of the same folder was faster
        if not any(folder.iterdir()):
            folder.rmdir()


def _extract(archive: zipfile.ZipFile, folder: Path, max_bytes: int) -> None:
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    if len(entries) > MAX_ENTRIES:
        raise ClaError("zip_too_many_files", count=len(entries))
    left = max_bytes
    for entry in entries:
        # The last part alone: where it comes from and goes to is not the zip file's to say.
        name = entry.filename.replace("\\", "/").rpartition("/")[2]
        if name not in FILES:
            raise ClaError("zip_other_files")
        if entry.flag_bits & 1 or entry.compress_type not in _METHODS:
            raise ClaError("zip_not_readable")
        try:
            out = (folder / name).open("xb")
        except FileExistsError:
            raise ClaError("zip_file_twice", name=name) from None
        with out, archive.open(entry) as packed:
            while piece := packed.read(_PIECE_BYTES):
                left -= len(piece)
                if left < 0:
                    raise ClaError("zip_session_too_large", most_mb=max_bytes / 2**20)
                out.write(piece)
    if not (folder / MANIFEST).is_file():
        raise ClaError("zip_without_session")
