"""The file name endings of sound and video files.

They are used to list files in dialogs and folders. What a file is, its content says, except for the
formats in `BARE`.
"""

from cla.types import InputKind

SOUND = (
    "wav", "flac", "ogg", "oga", "opus", "mp3", "m4a", "m4b", "aac", "mka", "weba",
    "aif", "aifc", "aiff", "ac3", "amr", "ape", "au", "caf", "g722", "gsm", "mp2", "snd", "spx",
    "tta", "w64", "wma", "wv",
)  # fmt: skip
VIDEO = (
    "mp4", "webm", "mov", "avi", "mkv", "m4v", "ts", "gif",
    "3g2", "3gp", "apng", "asf", "flv", "m2ts", "mjpeg", "mjpg", "mpeg", "mpg", "mts", "ogv",
    "vob", "wmv",
)  # fmt: skip
BARE = ("g722", "gsm")
"""Codecs without a container, of which a file tells little: for these its name counts."""
_SILENT = frozenset(("gif", "apng", "mjpeg", "mjpg"))


def endings(kind: InputKind) -> tuple[str, ...]:
    """Endings, without the dot, of files that may hold sound or pictures; a film holds both."""
    if kind == "video":
        return VIDEO
    return SOUND + tuple(ending for ending in VIDEO if ending not in _SILENT)


def suffixes(kind: InputKind) -> frozenset[str]:
    """Endings, with the dot and in small letters, of files that are nothing but sound, or video."""
    return frozenset(f".{ending}" for ending in (SOUND if kind == "sound" else VIDEO))
