"""Pictures as MP4: JPEGs copied as they came, in fragments that are each whole by themselves."""

import io
import struct
from collections.abc import Iterator, Sequence
from fractions import Fraction

import av
import numpy as np
from numpy.typing import NDArray

from cla.capture.pictures import jpeg_size
from cla.errors import ClaError
from cla.types import EncodedFrame

TICKS_HZ = 90_000
"""The clock of the file, for players; the log has the exact times."""
_LONGEST_GAP = 3_600 * TICKS_HZ
_LAST_S = 1 / 15
"""How long the last picture of a fragment is said to be shown."""
_OPTIONS = {
    # Every fragment is written by itself, and says at which time it begins.
    "movflags": "frag_custom+empty_moov+default_base_moof+frag_discont+skip_trailer",
    "avoid_negative_ts": "disabled",
    "use_editlist": "0",
    "video_track_timescale": str(TICKS_HZ),
}
_BOX = struct.Struct(">I4s")


class FragmentWriter:
    """Makes a fragment of the pictures that came: nothing waits in it for the next ones."""

    def __init__(self) -> None:
        self._fragments = 0
        self._first_s = 0.0
        self._last = -1
        self._size = (0, 0)

    def encode(self, inputs: Sequence[EncodedFrame]) -> bytes:
        """The bytes that these pictures add to the file."""
        pictures = [frame for frame in inputs if frame.jpeg]
        if not pictures:
            return b""
        if not self._fragments:
            self._first_s, self._size = pictures[0].time_s, _size(pictures[0])
        self._fragments += 1
        content = self._fragment(pictures)
        # Only the first begins with what describes the file.
        return content if self._fragments == 1 else content[_start_of(content, b"moof") :]

    def end(self) -> bytes:
        """The bytes that end the file: none."""
        return b""

    def correction(self) -> tuple[int, bytes]:
        """Where to write over the file, and what: nothing."""
        return 0, b""

    def _fragment(self, pictures: Sequence[EncodedFrame]) -> bytes:
        out = io.BytesIO()
        options = {**_OPTIONS, "fragment_index": str(self._fragments)}
        with av.open(out, "w", format="mp4", options=options) as container:
            stream = container.add_stream("mjpeg", rate=30)
            stream.width, stream.height = self._size
            stream.pix_fmt = "yuvj420p"
            stream.time_base = Fraction(1, TICKS_HZ)
            for frame in pictures:
                packet = av.Packet(frame.jpeg)
                packet.stream = stream
                packet.time_base = stream.time_base
                packet.pts = packet.dts = self._ticks(frame.time_s)
                packet.duration = round(_LAST_S * TICKS_HZ)
                packet.is_keyframe = True
                container.mux_one(packet)
        return out.getvalue()

    def _ticks(self, time_s: float) -> int:
        """When a picture is shown: later than the one before, whatever clock the times are of."""
        wanted = round((time_s - self._first_s) * TICKS_HZ)
        self._last = min(max(wanted, self._last + 1), self._last + _LONGEST_GAP)
        return self._last


def jpegs(content: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    """The JPEG pictures of a file in order, up to its end or where it was cut off.

    Only lengths are looked at, and held against what is there: no decoder sees the file.

    Raises:
        ClaError: it is no such file.
    """
    at = 0
    while at + _BOX.size <= content.size:
        size, name = _BOX.unpack(content[at : at + _BOX.size].tobytes())
        if size < _BOX.size or not (at or name == b"ftyp"):
            raise ClaError("recorded_pictures_foreign")
        if name == b"mdat":
            yield content[at + _BOX.size : at + size]
        at += size


def _start_of(content: bytes, wanted: bytes) -> int:
    at = 0
    while True:
        size, name = _BOX.unpack_from(content, at)
        if name == wanted:
            return at
        at += size


def _size(frame: EncodedFrame) -> tuple[int, int]:
    """Width and height for the file's header; a picture that cannot be read is recorded anyway."""
    try:
        return jpeg_size(frame.jpeg)
    except ClaError:
        return 640, 480
