"""Pieces of a stream of hands: shapes held still, carried about, or moved in a motion."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from recipes.hands.shapes import Shape
from recipes.hands.vocabulary import NONE

CLIP_HZ = 60
STILL_SIGN = 0.12
"""So far along the way from one sign to another, a hand still looks like the one it left."""


class Clip(NamedTuple):
    """A hand over some time, 60 frames a second, in units of its size.

    Shapes:
        points: (T, 21, 2); NaN where there is no hand.
        labels: (T,) int64, what the stream should be called at that time.
        decided: (T,) bool, false where nobody can tell: amid and after motions, and
            next to a sign.
        shown: (T,) int64, the sign that the hand has the shape of.
    """

    points: Shape
    labels: NDArray[np.int64]
    decided: NDArray[np.bool_]
    shown: NDArray[np.int64]

    @classmethod
    def of(cls, points: Shape, sign: int) -> "Clip":
        """A hand that shows one sign, or none, all the time."""
        labels = np.full(len(points), sign, np.int64)
        return cls(points, labels, np.ones(len(points), bool), labels.copy())


def frames_in(seconds: float) -> int:
    """Frames of a clip that lasts so long."""
    return max(2, round(seconds * CLIP_HZ))


def played(recording: Shape, count: int, rng: np.random.Generator) -> Shape:
    """A recorded sign in recording order, to and fro; mostly slowly, it moved between frames."""
    rate_hz = rng.uniform(5, 30) if rng.random() < 0.25 else rng.uniform(0.3, 5)
    at = rng.uniform(0, len(recording)) + np.arange(count) / CLIP_HZ * rate_hz
    last = len(recording) - 1
    at = last - np.abs(at % (2 * last) - last)
    before = at.astype(np.int64)
    share = (at - before)[:, np.newaxis, np.newaxis].astype(np.float32)
    after = np.minimum(before + 1, last)
    frames: Shape = recording[before] * (1 - share) + recording[after] * share
    return frames


def wandering(count: int, dims: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Smooth random curves that vary by about 1 a second, (count, dims), from zero."""
    blur = 0.4 * CLIP_HZ
    speeds = gaussian_filter1d(rng.normal(size=(count, dims)), blur, axis=0)
    speeds *= np.sqrt(2 * np.sqrt(np.pi) * blur)  # to variance 1
    curves = np.cumsum(speeds, 0) / CLIP_HZ
    begun: NDArray[np.float32] = (curves - curves[0]).astype(np.float32)
    return begun


def carried(points: Shape, rng: np.random.Generator) -> Shape:
    """The hand of someone who holds it up: it drifts, sways, and comes nearer and goes."""
    drift = wandering(len(points), 2, rng) * np.float32(rng.choice((0.2, 0.6, 1.5)))
    growth = np.tanh(wandering(len(points), 1, rng) * np.float32(0.3)) * np.float32(0.3)
    grown: Shape = points * np.exp(growth)[:, :, np.newaxis] + drift[:, np.newaxis]
    return grown


def transition(before: Shape, after: Shape, seconds: float) -> Clip:
    """From one hand to the next along a minimum-jerk path; neither sign nor motion.

    Shapes:
        before, after: (21, 2).
    """
    share = minimum_jerk(frames_in(seconds))[1:-1]
    points = before + share[:, np.newaxis, np.newaxis] * (after - before)
    clip = Clip.of(points.astype(np.float32), NONE)
    clip.decided[np.abs(share - 0.5) > 0.5 - STILL_SIGN] = False
    return clip


def absence(seconds: float) -> Clip:
    """No hand."""
    return Clip.of(np.full((frames_in(seconds), 21, 2), np.nan, np.float32), NONE)


def eased(count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """From 0 to 1 as some arms move: between minimum-jerk and at an even pace."""
    even = rng.uniform(0, 0.7)
    return even * np.linspace(0, 1, count) + (1 - even) * minimum_jerk(count)


def minimum_jerk(count: int) -> NDArray[np.float64]:
    """From 0 to 1 as an arm moves.

    Source: Flash and Hogan, The coordination of arm movements, 1985.
    """
    time = np.linspace(0, 1, count)
    share: NDArray[np.float64] = time**3 * (10 - 15 * time + 6 * time**2)
    return share


def joined(clips: list[Clip]) -> Clip:
    """Clips one after another, each begun where the one before ended."""
    placed: list[Clip] = []
    place = np.zeros(2, np.float32)
    for clip in clips:
        there = np.isfinite(clip.points[:, 0, 0])
        if there.any():
            clip = clip._replace(points=clip.points + (place - clip.points[there][0].mean(0)))
            place = clip.points[there][-1].mean(0)
        placed.append(clip)
    return Clip(*(np.concatenate(parts) for parts in zip(*placed, strict=True)))
