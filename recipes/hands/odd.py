"""Hands that are no sign."""

from collections.abc import Sequence

import numpy as np

from cla.features import NUM_POINTS
from recipes.hands.clips import played
from recipes.hands.shapes import FINGERS, Shape, turned, upright, varied
from recipes.hands.sources import Recordings
from recipes.hands.vocabulary import OTHER_SIGNS, SIGNS

NEAR = 0.7
"""A hand nearer to a sign than this share of its distance from the next sign may be that sign."""
NEAR_LIMITS = (0.16, 0.36)
"""Bounds of that, as root mean square distance of hands of size 1 laid upright."""


class OddHands:
    """Draws hands that are no sign: in-between, mixed, bent at random, unnamed, distorted.

    Args:
        also: further hands that make signs, to which no odd hand may be near.
    """

    def __init__(self, recordings: Recordings, also: Recordings | None = None) -> None:
        self._signs = [recordings[sign] for sign in SIGNS]
        self._others = [recordings[sign] for sign in OTHER_SIGNS]
        known = [upright(frames[::4]).reshape(-1, 2 * NUM_POINTS) for frames in self._signs]
        self._known = np.concatenate(known)
        self._near = np.concatenate(
            [
                np.full(len(frames), _nearness(frames, known[:index] + known[index + 1 :]))
                for index, frames in enumerate(known)
            ]
        )
        for frames in (also or {}).values():
            more = upright(frames[::16]).reshape(-1, 2 * NUM_POINTS)
            self._known = np.concatenate((self._known, more))
            self._near = np.concatenate((self._near, np.full(len(more), NEAR_LIMITS[0])))

    def draw(self, rng: np.random.Generator) -> Shape:
        """One odd hand, (21, 2)."""
        kinds = (self._between, self._mixed, self._bent, self._scattered, self._sideways)
        kind = rng.choice(len(kinds), p=(0.4, 0.2, 0.2, 0.1, 0.1))
        while True:
            shape = kinds[kind](rng)
            if kind == 4 or self.is_odd(shape):
                return shape

    def frames(self, count: int, rng: np.random.Generator) -> Shape:
        """Odd hands over some time, (count, 21, 2): still, changing, flickering, or recorded."""
        kinds = (self._changing, self._flickering, self._unnamed, self._both)
        frames = kinds[rng.choice(len(kinds), p=(0.4, 0.1, 0.3, 0.2))](count, rng)
        return turned(varied(frames, rng), np.deg2rad(rng.normal(0, 40)))

    def _changing(self, count: int, rng: np.random.Generator) -> Shape:
        """One odd hand, or slowly from one to another."""
        first = self.draw(rng)
        second = self.draw(rng) if rng.random() < 0.4 else first
        share = np.linspace(0, 1, count, dtype=np.float32)[:, np.newaxis, np.newaxis]
        return first + share * (second - first)

    def _flickering(self, count: int, rng: np.random.Generator) -> Shape:
        """Another odd hand every few frames."""
        each = int(rng.integers(2, 30))
        drawn = np.stack([self.draw(rng) for _ in range(count // each + 1)])
        return drawn.repeat(each, axis=0)[:count]

    def _unnamed(self, count: int, rng: np.random.Generator) -> Shape:
        """A recorded sign that has no label here."""
        return played(self._others[int(rng.integers(len(self._others)))], count, rng)

    def _both(self, count: int, rng: np.random.Generator) -> Shape:
        """Halfway between two recorded signs, both of which go on."""
        while True:
            first, second = (self._signs[i] for i in rng.choice(len(self._signs), 2, replace=False))
            share = np.float32(rng.uniform(0.35, 0.65))
            frames = played(first, count, rng)
            frames += share * (played(second, count, rng) - frames)
            if self.is_odd(frames[0]) and self.is_odd(frames[-1]):
                return frames

    def is_odd(self, shape: Shape) -> bool:
        """Whether a hand is far enough from all recorded signs to be none."""
        return bool((_distances(upright(shape).ravel(), self._known) > self._near).all())

    def _any(self, rng: np.random.Generator, of: Sequence[Shape] | None = None) -> Shape:
        signs = of or self._signs
        chosen = signs[int(rng.integers(len(signs)))]
        frame: Shape = chosen[rng.integers(len(chosen))]
        return frame

    def _between(self, rng: np.random.Generator) -> Shape:
        """Some way from one sign to another, or to a third."""
        first, second, third = (self._any(rng) for _ in range(3))
        if rng.random() < 0.5:
            first, second = upright(first), upright(second)
        between = first + np.float32(rng.uniform(0.25, 0.75)) * (second - first)
        if rng.random() < 0.3:
            between = between + np.float32(rng.uniform(0.2, 0.5)) * (third - between)
        return between

    def _mixed(self, rng: np.random.Generator) -> Shape:
        """Each finger from another sign."""
        base = upright(self._any(rng)).copy()
        for finger in FINGERS:
            other = upright(self._any(rng, self._signs + self._others))[finger]
            base[finger] = base[finger.start] + other - other[0]
        return base

    def _bent(self, rng: np.random.Generator) -> Shape:
        """Fingers of a real hand with each joint bent at random."""
        shape = upright(self._any(rng)).copy()
        spread = rng.uniform(0.3, 1.2)
        for finger in FINGERS:
            chain = shape[finger]
            bones = np.diff(chain, axis=0)
            lengths = np.linalg.norm(bones, axis=1, keepdims=True) * rng.uniform(0.7, 1.4)
            start = np.arctan2(*(chain[0] - shape[0])[::-1])
            angles = start + np.cumsum(rng.normal(0, spread, 3))
            ways = np.stack((np.cos(angles), np.sin(angles)), 1)
            shape[finger] = np.concatenate((chain[:1], chain[0] + np.cumsum(lengths * ways, 0)))
        return shape

    def _scattered(self, rng: np.random.Generator) -> Shape:
        """Points at random, some near to where a hand would have them."""
        scattered = rng.normal(0, 0.7, (21, 2)).astype(np.float32)
        share = np.float32(rng.uniform(0, 0.6))
        return scattered + share * (upright(self._any(rng)) - scattered)

    def _sideways(self, rng: np.random.Generator) -> Shape:
        """A thumb that points neither up nor down."""
        sign = SIGNS.index("Super" if rng.random() < 0.5 else "Dislike")
        angle = rng.choice((-1, 1)) * np.deg2rad(rng.uniform(85, 100))
        return turned(self._any(rng, [self._signs[sign]]), angle)


def _distances(shape: Shape, shapes: Shape) -> Shape:
    """Root mean square distances of the points of one hand and of others, flat."""
    distances: Shape = np.sqrt(np.square(shapes - shape).sum(-1) / NUM_POINTS)
    return distances


def _nearness(sign: Shape, others: Sequence[Shape]) -> float:
    """How near to a sign a hand is still taken for it."""
    between = [np.median([_distances(frame, other).min() for frame in sign]) for other in others]
    return float(np.clip(NEAR * min(between), *NEAR_LIMITS))
