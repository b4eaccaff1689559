"""How a tracker sees a clip: uneven frames, noise, frames in which the hand is lost."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from cla.features import Hand, Handedness, HandStream, SeenHands
from recipes.hands.clips import CLIP_HZ
from recipes.hands.shapes import Shape


@dataclass(frozen=True)
class TrackingConfig:
    """How well hands are seen.

    Args:
        frame_rates_hz: lowest and highest rate of frames.
        timing: standard deviation of the time between frames, as a share of it.
        dropped: share of frames that never arrive.
        noise: lowest and highest standard deviation of a point, in sizes of the hand.
        lost: share of frames in which the tracker loses the hand, for up to three frames.
        outliers: share of frames in which the points are far off.
        confused: share of streams in which the tracker takes one hand for the other.
    """

    frame_rates_hz: tuple[float, float] = (8.0, 31.0)
    timing: float = 0.15
    dropped: float = 0.03
    noise: tuple[float, float] = (0.004, 0.06)
    lost: float = 0.008
    outliers: float = 0.003
    confused: float = 0.1


def tracked(
    hands: Sequence[Shape], config: TrackingConfig, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """What a stream's tokens hold of hands seen by a camera, and their media times in seconds.

    Shapes:
        hands: (T, 21, 2) each, as right hands, 60 frames a second; NaN where there is none.
        returns: (N, F), (N,)
    """
    times = _frame_times(len(hands[0]) / CLIP_HZ, config, rng)
    at = np.minimum((times * CLIP_HZ).astype(np.int64), len(hands[0]) - 1)
    seen = [_seen(points[at], config, rng) for points in hands]
    sides = [_side(rng) for _ in hands]
    wrong = rng.random(len(hands)) < config.confused
    stream = HandStream()
    tokens = []
    for frame, time_s in enumerate(times):
        found = [
            _as_hand(points[frame], side, confused, int(track[frame]))
            for (points, track), side, confused in zip(seen, sides, wrong, strict=True)
            if np.isfinite(points[frame, 0, 0])
        ]
        tokens += stream.push(SeenHands(found, 1.0, float(time_s)))
    features = np.stack([token.features.numpy() for token in tokens])
    return features, np.array([token.time_s for token in tokens])


def _frame_times(
    seconds: float, config: TrackingConfig, rng: np.random.Generator
) -> NDArray[np.float64]:
    rate = rng.uniform(*config.frame_rates_hz)
    gaps = rng.normal(1, rng.uniform(0, config.timing), round(seconds * rate)).clip(0.2, 3) / rate
    times = np.cumsum(gaps) - gaps[0]
    kept = rng.random(len(times)) >= config.dropped
    chosen: NDArray[np.float64] = times[kept & (times < seconds)]
    return chosen


def _seen(
    points: Shape, config: TrackingConfig, rng: np.random.Generator
) -> tuple[Shape, NDArray[np.int64]]:
    """A hand with the errors of a tracker, and the number of its track in each frame."""
    count = len(points)
    sizes = np.sqrt(np.square(points - points.mean(1, keepdims=True)).sum(2).mean(1))
    scale = np.exp(rng.uniform(*np.log(config.noise)))
    slow = gaussian_filter1d(rng.normal(size=points.shape), 2, axis=0) * np.sqrt(4 * np.sqrt(np.pi))
    whole = gaussian_filter1d(rng.normal(size=(count, 1, 2)), 1, axis=0)
    errors = scale * (0.7 * rng.normal(size=points.shape) + 0.7 * slow + 0.7 * whole)
    off = rng.random(count) < config.outliers
    errors[off] += rng.normal(0, 0.5, (int(off.sum()), 21, 2))
    points = (points + errors * sizes[:, np.newaxis, np.newaxis]).astype(np.float32)
    for start in np.flatnonzero(rng.random(count) < config.lost):
        points[start : start + rng.integers(1, 4)] = np.nan
    there = np.isfinite(points[:, 0, 0])
    appearances = np.cumsum(there & ~np.concatenate(([False], there[:-1])))
    return points, appearances + 1_000 * rng.integers(1_000)


def _side(rng: np.random.Generator) -> Handedness:
    return "right" if rng.random() < 0.5 else "left"


def _as_hand(points: Shape, side: Handedness, confused: bool, track: int) -> Hand:
    """A hand where it is in the image, with the shape of a right or a left one."""
    if (side == "left") != confused:
        middle = points.mean(0)
        points = (points - middle) * np.array([-1, 1], np.float32) + middle
    return Hand(points, side, 1.0, track)
