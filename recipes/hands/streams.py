"""Streams of signs, motions, odd hands and no hands, and what is to be recognized in them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recipes.hands.clips import CLIP_HZ, Clip, absence, carried, frames_in, joined, played
from recipes.hands.clips import transition as transition_between
from recipes.hands.motions import motion, other_motion, traced_circle, traced_other
from recipes.hands.odd import OddHands
from recipes.hands.shapes import Shape, Views, turned, upright, varied
from recipes.hands.sources import Recordings
from recipes.hands.tracking import TrackingConfig, tracked
from recipes.hands.vocabulary import (
    MOTION_SHAPES,
    MOTIONS,
    NONE,
    SIGNS,
    TURN_LIMIT_DEG,
    TURN_LIMITS_DEG,
    label_index,
)
from recipes.hands.webcam import Webcam

WEBCAM_FRAMES = 12
"""So many of a real hand's frames are played, to and fro."""
WEBCAM_HEIGHTS = (4.0, 10.0)
"""Heights of a webcam's picture in sizes of the hand."""
WEBCAM_RATES_HZ = (15.0, 30.0)


@dataclass(frozen=True)
class StreamConfig:
    """What streams are made of.

    Args:
        seconds: length of a stream.
        shares: how often a clip is a sign, a motion, another move, an odd hand, no hand.
        turn_deg: standard deviation of how signs are turned; one in four is turned anyhow.
        variety: how much signs differ from the recorded hands, see `varied`.
        companion: share of streams with a second, odd hand for some of the time.
        views: how much hands are turned out of the picture's plane, see `Views`; 0 for not.
        webcam: share of signs that are real ones before a webcam, where there are some; of 1, no
            other signs are shown.
        traced: share of motions that are real movements of a fingertip.
        path_variety: by how much those are stretched, as a logarithm; they are turned then, too.
        mirrored: share of hands seen from the back, or taken for the other hand.
        still: one hand all the time, which does not move at all.
    """

    seconds: float = 60.0
    shares: tuple[float, float, float, float, float] = (0.34, 0.30, 0.06, 0.22, 0.08)
    turn_deg: float = 12.0
    variety: float = 1.0
    companion: float = 0.25
    views: float = 0.0
    webcam: float = 0.0
    traced: float = 0.0
    path_variety: float = 0.0
    still: bool = False
    mirrored: float = 0.0
    tracking: TrackingConfig = field(default_factory=TrackingConfig)


class HandsStream(NamedTuple):
    """Tokens of one stream and what they should be called.

    Shapes:
        features: (T, F).
        labels: (T,) int64.
        decided: (T,) bool, false where nobody can tell: amid motions, hand lost.
        shown: (T,) int64, the sign that the hand has the shape of, in motions too.
    """

    features: NDArray[np.floating]
    labels: NDArray[np.int64]
    decided: NDArray[np.bool_]
    shown: NDArray[np.int64]


def lost_hands(features: NDArray[np.floating], labels: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tokens of a sign or motion at which the tracker has lost the hand, (T,)."""
    lost: NDArray[np.bool_] = (features[:, 0] == 0) & (labels != NONE)
    return lost


class StreamMaker:
    """Makes streams of the recorded hands of one side."""

    def __init__(
        self, recordings: Recordings, config: StreamConfig, webcam: Webcam | None = None
    ) -> None:
        self._recordings = recordings
        self._config = config
        self._webcam = webcam
        self._signs = tuple(webcam.hands) if webcam and config.webcam == 1 else SIGNS
        self._odd = OddHands(recordings, webcam.hands if webcam else {})
        self._views = Views(recordings.values())

    def make(self, rng: np.random.Generator) -> HandsStream:
        """One stream."""
        clip = joined(list(self._clips(rng)))
        hands = [clip.points]
        if rng.random() < self._config.companion:
            # Which hand has the first slot depends on which one the tracker finds first.
            hands.insert(int(rng.integers(2)), self._companion(len(clip.points), rng))
        features, times_s = tracked(hands, self._config.tracking, rng)
        at = np.minimum((times_s * CLIP_HZ).astype(np.int64), len(clip.labels) - 1)
        labels = clip.labels[at]
        decided = clip.decided[at] & ~lost_hands(features, labels)
        return HandsStream(features, labels, decided, clip.shown[at])

    def _clips(self, rng: np.random.Generator) -> Iterator[Clip]:
        """Clips with transitions between hands, until the stream is long enough."""
        count, last = 0, None
        while count < self._config.seconds * CLIP_HZ:
            clip = self._clip(rng)
            first = clip.points[0]
            if last is not None and np.isfinite(last).all() and np.isfinite(first).all():
                first = first + (last.mean(0) - first.mean(0))
                between = transition_between(last, first, rng.uniform(0.15, 0.6))
                count += len(between.points)
                yield between
            last = clip.points[-1]
            count += len(clip.points)
            yield clip

    def _clip(self, rng: np.random.Generator) -> Clip:
        if self._config.still:
            sign = str(rng.choice(self._signs))
            hand = self._hand(sign, rng)
            held = hand[[rng.integers(len(hand))]]
            return Clip.of(held.repeat(frames_in(self._config.seconds), axis=0), label_index(sign))
        kind = rng.choice(5, p=self._config.shares)
        if kind == 4:
            return absence(rng.uniform(0.2, 2.0))
        if kind == 3:
            points = self._odd.frames(frames_in(rng.uniform(0.5, 4.0)), rng)
            return Clip.of(carried(self._seen(points, rng), rng), NONE)
        if kind == 0:
            sign = str(rng.choice(self._signs))
            shape = played(self._hand(sign, rng), frames_in(rng.uniform(0.6, 4.0)), rng)
            return Clip.of(carried(shape, rng), label_index(sign))
        if self._webcam and rng.random() < self._config.traced:
            return self._traced(kind == 1, self._webcam, rng)
        name = str(rng.choice(MOTIONS))
        sign = str(rng.choice(MOTION_SHAPES[name] if kind == 1 else SIGNS))
        if rng.random() < 0.2:
            odd = self._odd.frames(frames_in(3.0), rng)
            return motion(name, odd, NONE, rng) if kind == 1 else other_motion(odd, NONE, rng)
        hand, label = self._hand(sign, rng), label_index(sign)
        return motion(name, hand, label, rng) if kind == 1 else other_motion(hand, label, rng)

    def _hand(self, sign: str, rng: np.random.Generator) -> Shape:
        """A sign's recording as of another person, turned."""
        limit = TURN_LIMITS_DEG.get(sign, TURN_LIMIT_DEG)
        turn = rng.normal(0, self._config.turn_deg)
        if rng.random() < 0.25:
            turn = rng.uniform(-limit, limit)
        turn = np.deg2rad(np.clip(turn, -limit, limit))
        real = self._webcam.hands.get(sign) if self._webcam else None
        if real is not None and rng.random() < self._config.webcam:
            start = int(rng.integers(len(real) - WEBCAM_FRAMES))
            hand = varied(upright(real[start : start + WEBCAM_FRAMES]), rng)
            return turned(_mirrored(hand) if rng.random() < 0.5 else hand, turn)
        hand = varied(self._recordings[sign], rng, self._config.variety)
        return turned(self._seen(hand, rng), turn)

    def _seen(self, hand: Shape, rng: np.random.Generator) -> Shape:
        """A hand from elsewhere, maybe from the back."""
        if self._config.views:
            hand = self._views.seen(hand, rng, self._config.views)
        return _mirrored(hand) if rng.random() < self._config.mirrored else hand

    def _traced(self, circle: bool, webcam: Webcam, rng: np.random.Generator) -> Clip:
        """A real circle of a fingertip, or another real movement of one."""
        sign = str(rng.choice(("1", "1", "1", "5", "Power_Fist")))
        hand, label = self._hand(sign, rng), label_index(sign)
        paths = webcam.circles if circle else webcam.others
        path = paths[int(rng.integers(len(paths)))]
        frames = min(len(path), int(rng.integers(24, 80)))
        start = int(rng.integers(len(path) - frames + 1))
        path = path[start : start + frames] * rng.uniform(*WEBCAM_HEIGHTS)
        seconds = frames / rng.uniform(*WEBCAM_RATES_HZ)
        at = np.linspace(0, frames - 1, frames_in(seconds))
        path = np.stack([np.interp(at, np.arange(frames), axis) for axis in path.T], 1)
        if rng.random() < 0.5:
            path = path * (-1, 1)
        if variety := self._config.path_variety:
            stretched = path * np.exp(rng.uniform(-variety, variety, 2))
            angle = rng.uniform(0, 2 * np.pi)
            path = turned(stretched.astype(np.float32), angle).astype(np.float64)
        return (traced_circle if circle else traced_other)(hand, label, path, rng)

    def _companion(self, count: int, rng: np.random.Generator) -> Shape:
        """A second hand that is no sign, there for some of the time, far from the first."""
        points = carried(self._seen(self._odd.frames(count, rng), rng), rng) + np.float32(20.0)
        start = rng.integers(count)
        points[:start] = np.nan
        points[start + frames_in(rng.uniform(2, 20)) :] = np.nan
        return points


def _mirrored(hand: Shape) -> Shape:
    return hand * np.array([-1, 1], np.float32)
