"""Makes the sample clips of hand signs and their entries in the index.

    PYTHONPATH=. python assets/clips/make_hand_clips.py DOWNLOADS

Hands recorded as points (package pose-classification-kit, MIT, fetched into DOWNLOADS) are drawn;
photographs of hands (from the Debian package opencv-doc, in tests/data/hands) are moved about.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
from drawn_hand import SIZE, draw
from numpy.typing import NDArray

from cla.features import Handedness
from recipes.hands.clips import minimum_jerk
from recipes.hands.sources import Recordings, recordings

ROOT = Path(__file__).resolve().parents[2]
RATE_HZ = 20
PLAYED_HZ = 3
"""Recorded frames a second: the recorded hands moved between frames."""
HELD_S, CHANGE_S, EMPTY_S = 1.7, 0.45, 0.8
HAND_PX = 62.0
RECORDED = (
    "MIT",
    "Hands recorded by Arthur Findelair, pose-classification-kit 1.1.5; drawn from their points.",
)
PHOTOGRAPHED = (
    "Apache-2.0",
    "Photographs from the documentation of OpenCV 4.6.0; moved about.",
)

Image = NDArray[np.uint8]


@dataclass(frozen=True)
class Recipe:
    """A clip of drawn signs."""

    name: str
    title: str
    side: Handedness
    signs: tuple[str, ...]


RECIPES = (
    Recipe("hand-count", "Counting down from five", "left", ("5", "4", "3", "2", "1")),
    Recipe("hand-signs", "Signs of a right hand", "right", ("5", "Stop", "Shaka", "Horns", "3")),
)


def drawn(recipe: Recipe, recorded: Recordings) -> Iterator[tuple[Image, str | None]]:
    """Yields pictures and the sign that each shows, None in between."""
    for _ in range(round(EMPTY_S * RATE_HZ)):
        yield draw(None), None
    flip = np.array([1.0 if recipe.side == "right" else -1.0, 1.0])
    time = 0
    last: NDArray[np.floating] | None = None
    for sign in recipe.signs:
        frames = facing(recorded[sign] * flip, frames_in(HELD_S) * PLAYED_HZ // RATE_HZ + 1)
        held = [frames[i * PLAYED_HZ // RATE_HZ] for i in range(frames_in(HELD_S))]
        change = [] if last is None else list(between(last, held[0]))
        for points, shown in [*((p, None) for p in change), *((p, sign) for p in held)]:
            yield draw(placed(points, time / RATE_HZ)), shown
            time += 1
        last = held[-1]
    for _ in range(round(EMPTY_S * RATE_HZ)):
        yield draw(None), None


def facing(frames: NDArray[np.floating], count: int) -> NDArray[np.floating]:
    """So many frames in a row whose palms are widest: a flat drawing shows no hand edge on."""
    width = np.linalg.norm(frames[:, 5] - frames[:, 17], axis=1)
    narrowest = np.lib.stride_tricks.sliding_window_view(width, count).min(1)
    start = int(narrowest.argmax())
    return frames[start : start + count]


def between(
    before: NDArray[np.floating], after: NDArray[np.floating]
) -> Iterator[NDArray[np.floating]]:
    """From one shape to the next, as a hand moves."""
    for share in minimum_jerk(frames_in(CHANGE_S) + 2)[1:-1]:
        yield before + share * (after - before)


def placed(points: NDArray[np.floating], time_s: float) -> NDArray[np.floating]:
    """The hand in the picture, not quite still."""
    sway = np.array([14 * np.sin(1.3 * time_s), 8 * np.sin(1.9 * time_s)])
    return points * HAND_PX + np.array(SIZE) / 2 + sway


def photographed(names: tuple[str, ...]) -> Iterator[tuple[Image, str | None]]:
    """Yields pictures of photographs that sway, with a bare ground before, between and after."""
    for name in names:
        picture = cv2.cvtColor(
            cv2.imread(str(ROOT / "tests/data/hands" / f"{name}.jpg")), cv2.COLOR_BGR2RGB
        )
        ground = np.full((SIZE[1], SIZE[0], 3), picture[:8].mean((0, 1)), np.uint8)
        for _ in range(round(EMPTY_S * RATE_HZ)):
            yield ground, None
        scale = 0.8 * min(SIZE[0] / picture.shape[1], SIZE[1] / picture.shape[0])
        for i in range(frames_in(2.5)):
            corner = (np.array(SIZE) - scale * np.array(picture.shape[1::-1])) / 2
            x, y = corner + 12 * np.array([np.sin(0.1 * i), np.cos(0.13 * i)])
            move = np.array([[scale, 0, x], [0, scale, y]], np.float32)
            yield cv2.warpAffine(picture, move, SIZE, borderMode=cv2.BORDER_REPLICATE), "5"
    for _ in range(round(EMPTY_S * RATE_HZ)):
        yield ground, None


def frames_in(seconds: float) -> int:
    """Frames of a clip in this time."""
    return round(seconds * RATE_HZ)


def write(
    name: str, title: str, rights: tuple[str, str], frames: Iterator[tuple[Image, str | None]]
) -> dict[str, object]:
    """Writes one clip and returns its entry in the index."""
    file = f"{name}.webm"
    words: list[dict[str, object]] = []
    shown: str | None = None
    with av.open(str(Path(__file__).parent / file), "w") as container:
        stream = container.add_stream("libvpx-vp9", rate=RATE_HZ, options={"crf": "34", "b": "0"})
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        for index, (image, sign) in enumerate(frames):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
            time_s = index / RATE_HZ
            if shown and sign != shown:
                words[-1]["end_s"] = time_s
            if sign and sign != shown:
                words.append({"label": sign, "start_s": time_s})
            shown = sign
        container.mux(stream.encode(None))
    license_name, attribution = rights
    return {
        "name": name,
        "task": "hands",
        "title": title,
        "file": file,
        "license": license_name,
        "attribution": attribution,
        "words": words,
    }


if __name__ == "__main__":
    cv2.setNumThreads(1)
    made = [
        write(
            recipe.name, recipe.title, RECORDED,
            drawn(recipe, recordings(recipe.side, Path(sys.argv[1]))),
        )
        for recipe in RECIPES
    ]  # fmt: skip
    palms = photographed(("handSrc", "handDst"))
    made.append(write("hand-photographs", "Photographs of open palms", PHOTOGRAPHED, palms))
    index = Path(__file__).parent / "index.json"
    kept = [entry for entry in json.loads(index.read_text("utf-8")) if entry["task"] != "hands"]
    index.write_text(json.dumps(kept + made, indent=2) + "\n", encoding="utf-8")
