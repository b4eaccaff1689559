"""Real hands and movements of a fingertip before a webcam: the data set hand-keypoints.

Source: K. Takahashi, hand-gesture-recognition-using-mediapipe (Apache-2.0); its sign Ok by N.
Kiselov.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cla.errors import ClaError
from recipes.hands.shapes import FINGERS, Shape, upright

FOLDER = "hand-keypoints"
SIGN_OF_CLASS = ("5", "Power_Fist", "1", "Ok")
CIRCLES = (1, 2)
"""Classes of movements: clockwise and counterclockwise."""
OTHER_MOVEMENT = 3
ASPECT = 16 / 9
FRAMES = 16
_SPANS = {"trained": (0.0, 0.6), "tuned": (0.6, 0.75), "tested": (0.75, 1.0)}
"""Of the frames of a sign, and of the movements of a kind, in recording order."""
_SAME_FRAME = 1e-3
_SHOWN_LENGTH = 1.0
"""A pointing finger shorter than this, in sizes of the hand, points at the camera."""
_SPREAD_RAD = 0.3
"""Between index and little finger: open hands whose fingers lie closer may be Stop."""

Part = Literal["trained", "tuned", "tested"]
Traced = NDArray[np.float64]
"""(T, 2), where a fingertip is from frame to frame, in heights of the picture."""


@dataclass(frozen=True)
class Webcam:
    """One part of the data set.

    Args:
        hands: frames (T, 21, 2) of each sign, y down, of size 1, of either hand from either side.
        circles, others: paths of a fingertip, one point a frame.
    """

    hands: dict[str, Shape]
    circles: list[Traced]
    others: list[Traced]


def read_webcam(recordings: Path, part: Part) -> Webcam:
    """The frames and movements of one part; no movement or neighboring frame is in both.

    Raises:
        ClaError: the data set is not there.
    """
    folder = recordings / FOLDER
    kinds, hands = _rows(folder / "keypoint.csv")
    frames = hands.reshape(-1, 21, 2).astype(np.float32)
    shown = {
        sign: _told(sign, _in_part(frames[kinds == kind], part))
        for kind, sign in enumerate(SIGN_OF_CLASS)
    }
    kinds, moves = _rows(folder / "point_history.csv")
    paths = _paths(kinds, moves.reshape(-1, FRAMES, 2) * (ASPECT, 1))
    drawn = {kind: found[_span(len(found), part)] for kind, found in paths.items()}
    circles = [path for kind in CIRCLES for path in drawn[kind]]
    return Webcam(shown, circles, drawn[OTHER_MOVEMENT])


def _rows(path: Path) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    if not path.exists():
        raise ClaError("webcam_points_missing", path=path, folder=FOLDER)
    rows = np.loadtxt(path, delimiter=",", ndmin=2)
    return rows[:, 0].astype(np.int64), rows[:, 1:]


def _in_part(frames: Shape, part: Part) -> Shape:
    return frames[_span(len(frames), part)]


def _span(count: int, part: Part) -> slice:
    first, last = (round(count * share) for share in _SPANS[part])
    return slice(first, last)


def _told(sign: str, frames: Shape) -> Shape:
    """The frames of size 1 in which a camera can tell the sign."""
    frames = frames - frames.mean(1, keepdims=True)
    frames /= np.sqrt(np.square(frames).sum(-1).mean(-1))[:, np.newaxis, np.newaxis]
    told = np.ones(len(frames), bool)
    if sign == "1":
        told = np.linalg.norm(frames[:, 8] - frames[:, 5], axis=-1) > _SHOWN_LENGTH
    if sign == "5":
        told = _spread(frames) > _SPREAD_RAD
    shown: Shape = frames[told]
    return shown


def _spread(frames: Shape) -> NDArray[np.floating]:
    laid = upright(frames)
    ways = [laid[:, finger.stop - 1] - laid[:, finger.start] for finger in FINGERS]
    first, last = (np.arctan2(way[:, 0], -way[:, 1]) for way in (ways[1], ways[4]))
    spread: NDArray[np.floating] = np.abs(np.angle(np.exp(1j * (first - last))))
    return spread


def _paths(kinds: NDArray[np.int64], moves: NDArray[np.float64]) -> dict[int, list[Traced]]:
    """Movements of each kind, those of rows that go on from one another joined."""
    paths: dict[int, list[Traced]] = {kind: [] for kind in range(int(kinds.max()) + 1)}
    steps = np.diff(moves, axis=1)
    goes_on = np.abs(steps[:-1, 1:] - steps[1:, :-1]).max((1, 2)) < _SAME_FRAME
    goes_on &= kinds[:-1] == kinds[1:]
    for row in range(len(moves)):
        if row and goes_on[row - 1]:
            path = paths[int(kinds[row])]
            path[-1] = np.concatenate((path[-1], path[-1][-1:] + steps[row, -1:]))
        else:
            paths[int(kinds[row])].append(moves[row])
    return paths
