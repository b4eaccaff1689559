"""Small video files of any container and timing, made by the tests that read them."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

CODECS = {
    ".mp4": "libx264",
    ".mov": "mpeg4",
    ".avi": "mpeg4",
    ".webm": "libvpx",
    ".ts": "mpeg2video",
}
TICKS_HZ = 1_000
SQUARE = Fraction(1)


def gradient(width: int = 64, height: int = 48) -> NDArray[np.uint8]:
    """A picture that is red to the right and green below."""
    image = np.zeros((height, width, 3), np.uint8)
    image[..., 0] = np.linspace(0, 255, width)
    image[..., 1] = np.linspace(0, 255, height)[:, np.newaxis]
    return image


def write_video(
    path: Path,
    images: Iterable[NDArray[np.uint8]],
    times_s: Sequence[float] | None = None,
    pixel_aspect: Fraction = SQUARE,
) -> Path:
    """Writes pictures at 10 a second, or at the times given."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(CODECS[path.suffix], rate=10 if times_s is None else TICKS_HZ)
        stream.pix_fmt = "yuv420p"
        stream.codec_context.sample_aspect_ratio = pixel_aspect
        for index, image in enumerate(images):
            if not index:
                stream.height, stream.width = image.shape[:2]
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            if times_s is not None:
                frame.pts = round(times_s[index] * TICKS_HZ)
                frame.time_base = Fraction(1, TICKS_HZ)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def turn(path: Path, matrix: Sequence[int]) -> Path:
    """Writes a rotation flag into an MP4 or MOV file, as a phone does that is held upright."""
    content = bytearray(path.read_bytes())
    # The 3 by 3 matrix lies 40 bytes behind the name of the track header.
    at = content.index(b"tkhd") + 4 + 40
    fixed = [number * (2**30 if i % 3 == 2 else 2**16) for i, number in enumerate(matrix)]
    content[at : at + 36] = b"".join(n.to_bytes(4, "big", signed=True) for n in fixed)
    path.write_bytes(content)
    return path
