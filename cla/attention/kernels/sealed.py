"""Files that are read whole and as they were written, or not at all."""

import hashlib
import logging
import os
import time
import uuid
from contextlib import suppress
from functools import cache
from pathlib import Path

LEFT_S = 600.0
"""What has been written for longer is written by nobody."""

_LOG = logging.getLogger(__name__)
_DIGEST_BYTES = hashlib.sha256().digest_size


def write(path: Path, content: bytes) -> None:
    """Write a file at once: whoever reads it finds all of it, or what was there before.

    Raises:
        OSError: it cannot be written.
    """
    scratch = path.with_name(f"{path.name}.{uuid.uuid4().hex}.tmp")
    try:
        with scratch.open("xb") as file:
            file.write(_digest(path, content) + content)
        os.replace(scratch, path)
    except BaseException:
        with suppress(OSError):
            scratch.unlink()
        raise


def sweep(folder: Path) -> None:
    """Delete what processes have left that were killed while they wrote.

    Raises:
        OSError: it cannot be deleted.
    """
    for scratch in folder.glob("*.tmp"):
        if time.time() - scratch.stat().st_mtime > LEFT_S:
            scratch.unlink(missing_ok=True)


def read(path: Path) -> bytes | None:
    """What was written to a file; None where there is none, or something else."""
    try:
        found = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        say_once(f"{path.parents[1]} cannot be read ({error.strerror}): kernels are compiled anew.")
        return None
    content = found[_DIGEST_BYTES:]
    if found[:_DIGEST_BYTES] != _digest(path, content):
        say_once(f"A compiled kernel in {path.parent} is damaged: it is compiled anew.")
        return None
    return content


@cache
def say_once(sentence: str) -> None:
    """Say something in the log, once a process."""
    _LOG.warning(sentence)


def _digest(path: Path, content: bytes) -> bytes:
    """Of content, name and folder: a file that another version wrote is not read either."""
    return hashlib.sha256(f"{path.parent.name}/{path.name}\n".encode() + content).digest()
