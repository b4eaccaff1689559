"""The numbers a token holds of a speaker's hands, by the body's own measure."""

from collections import deque

import numpy as np
import torch
from numpy.typing import NDArray

from cla.types import Token, VideoFrame

NUM_JOINTS = 6
BODY_DIM = 32
LEFT_HAND, RIGHT_HAND, HEAD, SPINE, LEFT_WRIST, RIGHT_WRIST = range(NUM_JOINTS)
ARMS = [LEFT_HAND, RIGHT_HAND, LEFT_WRIST, RIGHT_WRIST]
LEFT_ARM, RIGHT_ARM = [LEFT_HAND, LEFT_WRIST], [RIGHT_HAND, RIGHT_WRIST]
MIRRORED = [RIGHT_HAND, LEFT_HAND, HEAD, SPINE, RIGHT_WRIST, LEFT_WRIST]
"""What each joint is in a mirror."""
BODY_HOP_S = 1 / 30
LAG = 3
"""Frames over which velocities are taken: the newest token depends on so many before it."""
DEPTH_UNIT = 5.5
"""Of x and y in a meter, by which z is told: a torso is 2.6 of the one and half of the other."""
PLACE_UNIT = np.array([0.3, 0.3, 0.2])
"""Torso lengths by which places vary while someone tells a story."""
SPEED_UNIT = 0.5
"""Torso lengths a second by which velocities do."""
MAX_GAP_S = 1.0
"""Across longer gaps nothing is known of how a hand moved: it begins at rest."""
LAP = np.array([[-0.18, 0.0, -0.5], [0.18, 0.0, -0.5]] * 2)
"""Where left and right hands and wrists lie at rest, from the spine, in torso lengths."""
APART = 0.5

Points = NDArray[np.floating]


def body_features(points: Points, times_s: NDArray[np.floating]) -> NDArray[np.float32]:
    """Features of each frame, from it and the `LAG` before: no later frame matters.

    They are how far hands and wrists are from the lap, measured by the torso from spine to head;
    how the hands differ in that, and how far apart they are; and velocities and speeds, by the time
    between the frames, with tails drawn in (asinh). So they depend neither on where someone sits
    nor on how tall they are. Units are such that each varies by about 1 around 0.

    Shapes:
        points: (T, 6, 3)
        times_s: (T,)
        returns: (T, 32)
    """
    placed = (points[:, ARMS] - points[:, [SPINE]]) * [1, 1, DEPTH_UNIT] / _torso(points)
    before = _before(times_s)
    elapsed_s = (times_s - times_s[before]).clip(BODY_HOP_S / 2)
    velocities = (placed - placed[before]) / elapsed_s[:, None, None] / SPEED_UNIT
    moved = (placed - LAP) / PLACE_UNIT
    apart = np.linalg.norm(placed[:, 0] - placed[:, 1], axis=1, keepdims=True)
    parts = [
        moved.reshape(len(placed), -1),
        moved[:, 0] - moved[:, 1],
        (apart - APART) / PLACE_UNIT[0],
        np.arcsinh(velocities).reshape(len(placed), -1),
        np.arcsinh(np.linalg.norm(velocities, axis=2)) - 1,
    ]
    return np.concatenate(parts, 1).astype(np.float32)


def _torso(points: Points) -> Points:
    """The length from spine to head in each frame, (T, 1, 1)."""
    length = np.linalg.norm((points[:, HEAD] - points[:, SPINE]) * [1, 1, DEPTH_UNIT], axis=1)
    clear: Points = length.clip(1e-6)[:, None, None]
    return clear


def _before(times_s: NDArray[np.floating]) -> NDArray[np.int64]:
    """The frame a lag before each, or the first after the last gap."""
    places = np.arange(len(times_s))
    begins = np.concatenate([[True], np.diff(times_s) > MAX_GAP_S])
    first: NDArray[np.int64] = np.maximum.accumulate(np.where(begins, places, 0))
    return np.maximum(places - LAG, first)


class BodyTokenizer:
    """Pictures that carry joints in, a token for each out: the newest row of `body_features`."""

    hands = ()

    def __init__(self) -> None:
        self.reset()

    def push(self, frame: VideoFrame) -> list[Token]:
        """The token of a frame; none of one without joints, or no newer than the last."""
        times = self._times_s
        if frame.joints is None or (times and frame.time_s <= times[-1]):
            return []
        times.append(frame.time_s)
        self._joints.append(frame.joints)
        rows = body_features(np.stack(self._joints), np.array(times))
        self._count += 1
        return [Token(self._count - 1, frame.time_s, torch.from_numpy(rows[-1].copy()))]

    def flush(self) -> list[Token]:
        """Returns nothing: every frame has been given."""
        return []

    def reset(self) -> None:
        """Begins a new stream."""
        self._count = 0
        self._times_s: deque[float] = deque(maxlen=LAG + 1)
        self._joints: deque[NDArray[np.float64]] = deque(maxlen=LAG + 1)
