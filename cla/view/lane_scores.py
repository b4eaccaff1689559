"""Lanes against full attention over some clips: agreement, error, and digits found."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cla.attention import REFERENCE
from cla.engine import LaneScan
from cla.models import LaneSpec, match_events
from cla.view.clip_source import Clip

Scan = Callable[[LaneSpec, Clip], LaneScan]
FULL = LaneSpec(REFERENCE)


@dataclass(frozen=True)
class LaneScore:
    """A lane over some clips.

    Args:
        agreement: share of tokens with the label of full attention.
        error: mean distance of the probabilities from those of full attention (see `distances`).
        found, words: digits recognized and said, over the clips in which they are known.
        false_events: events that belong to no digit said, over the same clips.
    """

    agreement: float
    error: float
    found: int
    words: int
    false_events: int


@dataclass(frozen=True)
class Difference:
    """A token at which a lane and full attention differ.

    Args:
        distance: of their probabilities (see `distances`).
        full, lane: what each says.
        full_probability, lane_probability: how sure each is of it.
    """

    clip: Clip
    token: int
    distance: float
    full: int
    full_probability: float
    lane: int
    lane_probability: float

    @property
    def name(self) -> str:
        """Unique among the tokens of all clips."""
        return f"{self.clip.name}:{self.token}"

    @property
    def time_s(self) -> float:
        """Media time of the token."""
        return self.clip.tokens.tokens[self.token].time_s


def distances(first: LaneScan, second: LaneScan) -> NDArray[np.float32]:
    """Total variation distance of the probabilities of each token: 0 is the same, 1 is disjoint."""
    gap: NDArray[np.float32] = np.abs(first.probabilities - second.probabilities).sum(-1) / 2
    return gap


def score_lane(scan: Scan, config: LaneSpec, clips: Sequence[Clip]) -> LaneScore:
    """A lane over all clips, every token counting the same."""
    pairs = [(scan(FULL, clip), scan(config, clip)) for clip in clips]
    same = np.concatenate([full.leaders == lane.leaders for full, lane in pairs])
    gaps = np.concatenate([distances(full, lane) for full, lane in pairs])
    matches = [
        match_events(lane.events, clip.words)
        for clip, (_, lane) in zip(clips, pairs, strict=True)
        if clip.words is not None
    ]
    found = sum(len(match.found) for match in matches)
    return LaneScore(
        agreement=float(same.mean()),
        error=float(gaps.mean()),
        found=found,
        words=found + sum(len(match.missed) for match in matches),
        false_events=sum(len(match.false_events) for match in matches),
    )


def differences(scan: Scan, config: LaneSpec, clips: Sequence[Clip], most: int) -> list[Difference]:
    """The tokens that differ most, those of another label first."""
    found = []
    for clip in clips:
        full, lane = scan(FULL, clip), scan(config, clip)
        gaps = distances(full, lane)
        for token in np.argsort(-gaps)[: 10 * most]:
            found.append(_difference(clip, int(token), full, lane, float(gaps[token])))
    found.sort(key=lambda one: (one.full == one.lane, -one.distance))
    return found[:most]


def _difference(
    clip: Clip, token: int, full: LaneScan, lane: LaneScan, distance: float
) -> Difference:
    said, other = int(full.leaders[token]), int(lane.leaders[token])
    return Difference(
        clip,
        token,
        distance,
        said,
        float(full.probabilities[token, said]),
        other,
        float(lane.probabilities[token, other]),
    )
