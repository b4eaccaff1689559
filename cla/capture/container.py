"""Containers of untrusted bytes, and whether WAV and AVI files are as long as they say."""

import struct
from typing import NamedTuple, NoReturn

import av
from av.container import InputContainer

from cla.capture.chained import FilePart

_CHUNK = struct.Struct("<4sI")
_FORMS = (b"RIFF", b"RF64", b"BW64")
_OPEN_ENDED = 0x7FFF_0000
"""Programs that do not know yet how long the sound will be write 0, or so much and more."""
_MOST_CHUNKS = 1_000
_FILLING_BYTES = 1_024
"""So little behind the sound is a filling, or a tag of another kind."""


_PROBED_PIXELS = 4 * 4_096 * 2_304
"""Pictures are decoded already to find out what they are; those that are a little beyond the limit
are then refused by their size."""


class RiffSize(NamedTuple):
    """What the header says of a file's size.

    Args:
        bytes: how large it says the file is, 0 where it does not say.
        understated: whether there is more sound than it says.
    """

    bytes: int = 0
    understated: bool = False


def riff_size(file: FilePart) -> RiffSize:
    """What a header says of the size of this file; nothing, if it is neither WAV nor AVI."""
    file.seek(0)
    form, size = _chunk(file)
    kind = file.read(4)
    if form not in _FORMS or kind not in (b"WAVE", b"AVI "):
        return RiffSize()
    told = RiffSize(0 if size >= _OPEN_ENDED else 8 + size)
    return told if kind == b"AVI " else _wave_size(file, form, told)


def _wave_size(file: FilePart, form: bytes, told: RiffSize) -> RiffSize:
    at, long_bytes = 12, 0
    for _ in range(_MOST_CHUNKS):
        file.seek(at)
        name, length = _chunk(file)
        at += _CHUNK.size
        if name == b"ds64" and length >= 16:
            long_bytes = int.from_bytes(file.read(16)[8:], "little")
        if name == b"data":
            if form != b"RIFF" and length == 2**32 - 1:
                length = long_bytes
            elif not 0 < length < _OPEN_ENDED:
                return RiffSize()
            end = at + length
            # Not everyone pads sound of an odd length.
            whole = any(_ends_with_chunks(file, start) for start in (end, end + end % 2))
            return RiffSize(end, not whole)
        if not name:
            break
        at += length + length % 2
    return told


def _ends_with_chunks(file: FilePart, at: int) -> bool:
    """Whether nothing but whole chunks is there from here on."""
    if file.size - at <= _FILLING_BYTES:
        return True
    for _ in range(_MOST_CHUNKS):
        if at + _CHUNK.size > file.size:
            return True
        file.seek(at)
        name, length = _chunk(file)
        at += _CHUNK.size + length + length % 2
        if not (name.isascii() and name.decode("ascii").isprintable()) or at > file.size + 1:
            break
    return False


def _chunk(file: FilePart) -> tuple[bytes, int]:
    """Name and length of the chunk that begins here; no name at the end of the file."""
    head = file.read(_CHUNK.size)
    return _CHUNK.unpack(head) if len(head) == _CHUNK.size else (b"", 0)


class _OtherFileError(Exception):
    """A file refers to another one."""


def open_container(
    part: FilePart, *, ignore_length: bool = False, bare: str | None = None
) -> InputContainer | None:
    """Opens a container; returns None if the bytes are not one.

    Args:
        ignore_length: whether to read on where a WAV header says that it ends.
        bare: the codec that the bytes are in without any container.
    """
    # A playlist inside the file must not make the decoder read other files or the network.
    options = {"protocol_whitelist": "none"}
    if ignore_length:
        options["ignore_length"] = "1"
    part.seek(0)
    try:
        return av.open(
            part,
            mode="r",
            format=bare,
            container_options=options,
            options={"max_pixels": str(_PROBED_PIXELS)},
            metadata_errors="replace",
            io_open=_open_nothing_else,
        )
    except (av.FFmpegError, _OtherFileError):
        return None


def _open_nothing_else(url: str, *_: object) -> NoReturn:
    raise _OtherFileError(url)
