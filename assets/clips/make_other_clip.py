"""Makes `others.webm`: photographs of all sorts, which are none of the classes that one teaches.

Run: python assets/clips/make_other_clip.py WORK_FOLDER, on Debian or Ubuntu.
"""

import sys
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from cla.datasets import Package, fetch

PACKAGE = Package(
    "debian",
    "opencv-doc",
    "4.6.0+dfsg-12",
    "opencv-doc_4.6.0+dfsg-12_all.deb",
    "4b12681df35878207ac7097dc66184b2ae552e4bf4ddd2af04a0f03ed0b8682a",
    "Apache-2.0",
)
PICTURES = """
aero1.jpg aloeL.jpg apple.jpg baboon.jpg basketball1.png blox.jpg board.jpg box.png building.jpg
butterfly.jpg cards.png chessboard.png chicky_512.png ellipses.jpg fruits.jpg gradient.png graf1.png
HappyFish.jpg home.jpg imageTextN.png left01.jpg leuvenA.jpg messi5.jpg notes.png orange.jpg
rubberwhale1.png smarties.png squirrel_cls.jpg starry_night.jpg stuff.jpg sudoku.png
""".split()
SIDE = 224
RATE_HZ = 2


def picture(path: Path) -> NDArray[np.uint8]:
    """The middle square of a photograph, RGB."""
    image = cv2.imread(str(path))
    height, width = image.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = image[top : top + side, left : left + side]
    small = cv2.resize(square, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(small[:, :, ::-1])


def main() -> None:
    """Fetch, cut, encode."""
    data = fetch(PACKAGE, Path(sys.argv[1])) / "usr/share/doc/opencv-doc/examples/data"
    grey = [np.full((SIDE, SIDE, 3), level, np.uint8) for level in (10, 128, 245)]
    images = [picture(data / name) for name in PICTURES] + grey
    path = Path(__file__).parent / "others.webm"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libvpx-vp9", rate=RATE_HZ)
        stream.width = stream.height = SIDE
        stream.pix_fmt = "yuv420p"
        stream.time_base = Fraction(1, RATE_HZ)
        stream.options = {"crf": "34", "b": "0"}
        for number, image in enumerate(images):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    print(f"{path}: {len(images)} pictures, {path.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
