"""The files of a session folder, and the limits of their sizes."""

from dataclasses import dataclass
from pathlib import Path

FORMAT = 5
FORMATS = (2, 3, 4, FORMAT)
"""Those that are read: the second does not say which lanes stepped by compiled kernels, as all did
then where numba was installed; lanes have other names up to the third; lanes
that are thinned, windows of all lanes at once and filled ones came with the fifth."""
MANIFEST = "session.json"
TASK = "task.safetensors"
LOG = "log.jsonl"
SOUND = "sound.flac"
PICTURES = "pictures.mp4"
RECORDS = "records.arrows"
FILLED = "filled.f32"
"""Tokens that were put before the stream, float32 rows one after the other, if there were any."""
TITLE = "title.txt"
"""What its owner calls the session, if they have named it."""
FILES = (MANIFEST, TASK, LOG, SOUND, PICTURES, RECORDS, FILLED, TITLE)
"""Everything that a session folder may hold; whatever else lies in it is not looked at."""

MAX_LINE_BYTES = 8 * 1024
MAX_TITLE = 60
MAX_MANIFEST_BYTES = 64 * 1024
MAX_PACKET_BYTES = 64 * 2**20


def regular_file(path: Path) -> Path | None:
    """The path where a file lies there, and no link to one."""
    return path if path.is_file() and not path.is_symlink() else None


@dataclass(frozen=True)
class RecordingLimits:
    """Limits of a recording; it ends when it reaches one, and stays.

    Args:
        max_s: of sound or pictures.
        max_commands: a command may rebuild every lane, and a replay does them all again.
        min_free_bytes: what is left on the disk for others.
    """

    max_bytes: int = 4 * 2**30
    max_s: float = 4 * 3600.0
    max_commands: int = 10_000
    min_free_bytes: int = 0
