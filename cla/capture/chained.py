"""Files that were put one behind the other in one file, which demuxers read the first of."""

import struct
from collections.abc import Callable, Iterator
from itertools import islice, pairwise
from types import MappingProxyType
from typing import Protocol

MOST_PARTS = 256
HEAD_BYTES = 2**16
_MOST_BOXES = 2**21
"""So many pages, chunks or boxes are looked at; 4 GiB of Ogg have fewer."""
_OGG_PAGE = struct.Struct("<4sBB20sB")
_OGG_FIRST, _OGG_LAST = 2, 4
_LONGEST_PAGE = 2**16
_FLAC_HEAD = b"fLaC\0\0\0\x22"
_BLOCK = 2**20
_RIFF = struct.Struct("<4sI4s")
_BOX = struct.Struct(">I4sQ")
_MP4_MEDIA = (b"moof", b"mdat")
_TS_SYNC = MappingProxyType({188: 0, 192: 4, 204: 0})
"""Sizes of a transport stream's packets, and where in them the byte is that all of them share."""
_TS_PACKETS = 4
"""So many of them in a row are none by chance."""


class Seekable(Protocol):
    """A file that can be read from any place."""

    def seek(self, at: int, /) -> int: ...

    def read(self, size: int, /) -> bytes: ...


class FilePart:
    """A part of a file as a file; knows how much of it was read.

    Args:
        start, end: where it lies in the file.
    """

    def __init__(self, file: Seekable, start: int, end: int) -> None:
        self.size = end - start
        self._file, self._start = file, start
        self._at = 0
        self._page = max(4_096, self.size // 2**16)
        self._pages = bytearray(self.size // self._page + 1)

    @property
    def unread_bytes(self) -> int:
        """How much was never read, give or take a page."""
        return self._pages.count(0) * self._page

    @property
    def head(self) -> bytes:
        """The first bytes; the file's position does not change."""
        self._file.seek(self._start)
        return self._file.read(min(HEAD_BYTES, self.size))

    def seek(self, at: int, whence: int = 0) -> int:
        self._at = max((0, self._at, self.size)[whence] + at, 0)
        return self._at

    def tell(self) -> int:
        return self._at

    def read(self, size: int = -1) -> bytes:
        left = self.size - self._at
        if left <= 0:
            return b""  # what a header says may be beyond all that can be sought
        self._file.seek(self._start + self._at)
        content = self._file.read(left if size < 0 else min(size, left))
        first, self._at = self._at // self._page, self._at + len(content)
        touched = self._at // self._page + 1 - first
        self._pages[first : first + touched] = b"\1" * touched
        return content


def parts(file: Seekable, size: int) -> list[FilePart]:
    """The files in a file: nearly always one.

    Chained Ogg, and FLAC, WAV, AVI or MP4 files one behind the other; of most other formats the
    demuxers read on by themselves.
    """
    whole = FilePart(file, 0, size)
    head = whole.read(12)
    walk = next((walk for magic, walk in _WALKS.items() if head.find(magic) in (0, 4)), None)
    starts = [] if walk is None else list(islice(walk(whole), MOST_PARTS - 1))
    return [FilePart(file, *both) for both in pairwise([0, *starts, size])]


def lacks_its_end(part: FilePart) -> bool:
    """Whether a file stops where one of its format cannot end.

    An Ogg file ends with the page that is marked as the last one, an MP4 file behind a box, a
    transport stream behind a packet.
    """
    part.seek(0)
    head = part.read(_TS_PACKETS * max(_TS_SYNC) + 4)
    if head[4:8] == b"ftyp":
        return any(at + size > part.size for at, name, size in _boxes(part) if name in _MP4_MEDIA)
    if head[:4] != b"OggS":
        return any(
            part.size % size > 0
            for size, at in _TS_SYNC.items()
            if head[at : at + _TS_PACKETS * size : size] == b"G" * _TS_PACKETS
        )
    part.seek(max(part.size - _LONGEST_PAGE, 0))
    tail = part.read(_LONGEST_PAGE)
    flags = tail[tail.rfind(b"OggS") + 5 :][:1]
    return not (flags and flags[0] & _OGG_LAST)


def _ogg(file: FilePart) -> Iterator[int]:
    """A first page behind others that are not: where a link of the chain begins."""
    at, heads = 0, True
    for _ in range(_MOST_BOXES):
        file.seek(at)
        page = file.read(_OGG_PAGE.size)
        if len(page) < _OGG_PAGE.size:
            return
        magic, _, kind, _, segments = _OGG_PAGE.unpack(page)
        if magic != b"OggS":
            return
        first = bool(kind & _OGG_FIRST)
        if first and not heads:
            yield at
        heads = first
        at += _OGG_PAGE.size + segments + sum(file.read(segments))


def _flac(file: FilePart) -> Iterator[int]:
    """The head of another file; eight bytes that are never in the middle of one but by chance."""
    at = len(_FLAC_HEAD)
    while True:
        file.seek(at)
        block = file.read(_BLOCK)
        found = block.find(_FLAC_HEAD)
        if found >= 0:
            yield at + found
            at += found + len(_FLAC_HEAD)
        elif len(block) < _BLOCK:
            return
        else:
            at += len(block) - len(_FLAC_HEAD) + 1


def _riff(file: FilePart) -> Iterator[int]:
    at, form = 0, b""
    for _ in range(_MOST_BOXES):
        file.seek(at)
        head = file.read(_RIFF.size)
        if len(head) < _RIFF.size:
            return
        name, length, kind = _RIFF.unpack(head)
        if name != b"RIFF" or (at and kind not in (form, b"AVIX")):
            return
        if at and kind == form:  # else a long AVI goes on here
            yield at
        form = form or kind
        at += 8 + length + length % 2


def _mp4(file: FilePart) -> Iterator[int]:
    described = False
    for at, name, _ in _boxes(file):
        if name == b"ftyp" and described:
            yield at
            described = False
        described |= name == b"moov"


def _boxes(file: FilePart) -> Iterator[tuple[int, bytes, int]]:
    """Where each box of an MP4 file begins, its name, and its length; 0 is up to the end."""
    at = 0
    for _ in range(_MOST_BOXES):
        file.seek(at)
        head = file.read(_BOX.size)
        if len(head) < _BOX.size:
            return
        length, name, long_length = _BOX.unpack(head)
        length = long_length if length == 1 else length
        yield at, name, length
        if length < 8:
            return
        at += length


_WALKS: MappingProxyType[bytes, Callable[[FilePart], Iterator[int]]] = MappingProxyType(
    {b"OggS": _ogg, b"fLaC": _flac, b"RIFF": _riff, b"ftyp": _mp4}
)
