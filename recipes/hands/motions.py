"""Motions of a hand, along paths as people move: synthetic, of recorded shapes."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from recipes.hands.clips import Clip, carried, eased, frames_in, minimum_jerk, played
from recipes.hands.shapes import Shape, turned
from recipes.hands.vocabulary import MOTIONS, NONE, label_index

HOLD_S = 0.6
"""A motion's label holds so long after its end, or until the hand shows something else."""
_SMALL_CIRCLES = 0.5
"""Share of circles that are smaller and faster than those of an arm."""
INDEX_TIP, WRIST = 8, 0
UNSURE_S = 0.2
"""So long before and after the end of its hold, a motion may or may not be named."""

Path = tuple[Shape, float]
"""The moved hand (T, 21, 2), and the share of the path after which the motion can be told."""


def motion(name: str, recording: Shape, sign: int, rng: np.random.Generator) -> Clip:
    """A hand at rest, that motion, and the hand at rest again; in the image, not mirrored."""
    return _rested(name, _PATHS[name](recording, rng), recording, sign, rng)


def traced_circle(
    recording: Shape, sign: int, path: NDArray[np.floating], rng: np.random.Generator
) -> Clip:
    """A motion whose fingertip goes along a recorded path.

    Shapes:
        path: (T, 2), 60 frames a second, in sizes of the hand.
    """
    steps = np.diff(path, axis=0) @ (1, 1j)
    bends = steps[1:] * steps[:-1].conj()
    turns = abs(np.angle(bends[bends != 0]).sum()) / (2 * np.pi)
    moved = _pointed(recording, path - path[0], rng)
    return _rested("circle", (moved, _known_circle(turns)), recording, sign, rng)


def traced_other(
    recording: Shape, sign: int, path: NDArray[np.floating], rng: np.random.Generator
) -> Clip:
    """A recorded move that is none of the motions, though parts of it may look like one."""
    clip = Clip.of(_pointed(recording, path - path[0], rng), sign)
    clip.decided[:] = False
    return clip


def _rested(name: str, path: Path, recording: Shape, sign: int, rng: np.random.Generator) -> Clip:
    """A motion between two rests, and its labels."""
    moved, known_after = path
    rest_before = carried(played(recording, frames_in(rng.uniform(0.05, 0.8)), rng), rng)
    rest_after = carried(played(recording, frames_in(rng.uniform(0.2, 1.5)), rng), rng)
    rest_before = _continued(moved[0], rest_before[::-1])[::-1]
    rest_after = _continued(moved[-1], rest_after)
    points = np.concatenate((rest_before, moved, rest_after))
    start, end = len(rest_before), len(rest_before) + len(moved)
    clip = Clip.of(points, sign)
    known = start + round(known_after * len(moved))
    clip.decided[start:known] = False
    over = end + frames_in(HOLD_S)
    clip.labels[known:over] = label_index(name)
    clip.decided[over - frames_in(UNSURE_S) : over + frames_in(UNSURE_S)] = False
    return clip


def other_motion(recording: Shape, sign: int, rng: np.random.Generator) -> Clip:
    """A move that is none of the motions: up, down, slantwise, or slow; the sign goes on."""
    slow = rng.random() < 0.5
    away = rng.uniform(0, 2 * np.pi) if slow else rng.choice((-1, 1)) * rng.uniform(0.9, 2.2)
    seconds = rng.uniform(1.2, 2.5) if slow else rng.uniform(0.3, 0.8)
    reach = rng.uniform(1, 5) * np.array([np.cos(away), np.sin(away)])
    moved = _along(recording, minimum_jerk(frames_in(seconds))[:, np.newaxis] * reach, rng)
    rest = _continued(moved[-1], carried(played(recording, frames_in(0.5), rng), rng))
    clip = Clip.of(np.concatenate((moved, rest)), sign)
    clip.decided[: len(moved)] = slow or sign == NONE
    return clip


def _continued(last: Shape, points: Shape) -> Shape:
    """Points that begin exactly as `last`, and take up their own shape within 0.15 s."""
    middle = points[0].mean(0)
    points = (points - middle) * (_size(last) / _size(points[0])) + last.mean(0)
    fade = 1 - minimum_jerk(frames_in(0.15))[:, np.newaxis, np.newaxis].astype(np.float32)
    fade = fade[: len(points)]
    points[: len(fade)] += fade * (last - points[0])
    return points


def _size(points: Shape) -> np.float32:
    return np.float32(np.sqrt(np.square(points - points.mean(0)).sum(1).mean()))


def _along(recording: Shape, path: NDArray[np.floating], rng: np.random.Generator) -> Shape:
    along: Shape = played(recording, len(path), rng) + path[:, np.newaxis].astype(np.float32)
    return along


def _wave(recording: Shape, rng: np.random.Generator) -> Path:
    cycles, rate_hz = rng.uniform(1.5, 5.0), rng.uniform(1.2, 3.0)
    count = frames_in(cycles / rate_hz)
    phase = np.linspace(0, cycles, count) + rng.choice((0.0, 0.5))
    phase += rng.normal(0, 0.05) * np.sin(np.linspace(0, np.pi, count))
    swell = np.minimum(1, 4 * minimum_jerk(count) * minimum_jerk(count)[::-1] + 0.5)
    swing = np.sin(2 * np.pi * phase) * swell
    elbow = np.array([0.0, rng.uniform(1.5, 4.0)], np.float32)  # below the hand
    amplitude = np.deg2rad(rng.uniform(10, 28)) * min(1.0, 2.0 / rate_hz)
    hand = turned(played(recording, count, rng) - elbow, amplitude * swing) + elbow
    shift = rng.uniform(0.2, 0.9) * swing[:, np.newaxis] * np.array([1, rng.normal(0, 0.15)])
    known = min(0.9, 1.1 / cycles)
    return (hand + shift[:, np.newaxis]).astype(np.float32), known


def _swipe(recording: Shape, across: float, rng: np.random.Generator) -> Path:
    far = rng.uniform(3.2, 11.0)
    count = frames_in(max(far / 25, rng.uniform(0.22, 0.7)))
    share = eased(count, rng)[:, np.newaxis]
    reach = far * np.array([across, rng.normal(0, 0.2)])
    arc = np.array([0.0, rng.normal(0, 0.5)]) * np.sin(np.pi * share)
    lean = rng.normal(0, 0.25) * across * share[:, 0]
    return turned(_along(recording, np.zeros((count, 2)), rng), lean) + (
        (share * reach + arc)[:, np.newaxis].astype(np.float32)
    ), 0.8


def _circle(recording: Shape, rng: np.random.Generator) -> Path:
    turns, seconds = rng.uniform(1.0, 2.2), rng.uniform(0.7, 1.6)
    radius = rng.uniform(1.0, 2.8)
    if rng.random() < _SMALL_CIRCLES:  # of a finger, over and over
        turns, seconds = rng.uniform(1.0, 4.0), rng.uniform(0.45, 1.3)
        radius = np.exp(rng.uniform(*np.log((0.3, 1.2))))
    count = frames_in(turns * seconds)
    angle = rng.choice((-1, 1)) * 2 * np.pi * turns * eased(count, rng)
    angle += rng.uniform(0, 2 * np.pi)
    radii = radius * np.array([1.0, rng.uniform(0.75, 1.3)])
    circle = np.stack((np.cos(angle), np.sin(angle)), 1) * radii
    drift = np.linspace(0, 1, count)[:, np.newaxis] * rng.normal(0, 0.5, 2) * min(1.0, radius)
    return _pointed(recording, circle + drift, rng), _known_circle(turns)


def _known_circle(turns: float) -> float:
    """The share of a circling after which it can be told."""
    return min(0.95, 0.85 / max(turns, 1e-6))


def _pointed(recording: Shape, path: NDArray[np.floating], rng: np.random.Generator) -> Shape:
    """A hand whose fingertip follows a path (T, 2), the wrist as much of it or less."""
    hand = played(recording, len(path), rng)
    pointing = hand[0, INDEX_TIP] - hand[0, WRIST]
    along = (hand[0] - hand[0, WRIST]) @ pointing / max(float(pointing @ pointing), 1e-6)
    least = rng.uniform(0.3, 1.0)
    share = least + (1 - least) * np.clip(along, 0, 1)[:, np.newaxis]
    moved: Shape = (hand + path[:, np.newaxis] * share).astype(np.float32)
    return moved


def _push(recording: Shape, rng: np.random.Generator) -> Path:
    count = frames_in(rng.uniform(0.25, 0.8))
    share = eased(count, rng)
    growth = np.exp(rng.uniform(np.log(1.45), np.log(2.4)) * share)
    drift = share[:, np.newaxis] * rng.normal(0, 0.5, 2)
    hand = played(recording, count, rng) * growth[:, np.newaxis, np.newaxis]
    return (hand + drift[:, np.newaxis]).astype(np.float32), 0.7


_PATHS: Mapping[str, Callable[[Shape, np.random.Generator], Path]] = {
    "wave": _wave,
    # In an image that is not mirrored, the person's left is on the right.
    "swipe left": lambda recording, rng: _swipe(recording, 1.0, rng),
    "swipe right": lambda recording, rng: _swipe(recording, -1.0, rng),
    "circle": _circle,
    "push": _push,
}
assert tuple(_PATHS) == MOTIONS
