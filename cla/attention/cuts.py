"""A cycle of places cut into nearly equal parts: landmark segments, and blocks of partial sums."""

from dataclasses import dataclass
from functools import lru_cache
from math import isqrt

import torch
from torch import Tensor


@dataclass(frozen=True)
class Cuts:
    """`total` places cut into `count` parts, 1 <= count <= total, the longer ones first."""

    total: int
    count: int

    @property
    def shorter(self) -> int:
        """Length of a shorter part."""
        return self.total // self.count

    @property
    def longer_count(self) -> int:
        """How many parts are longer by one."""
        return self.total % self.count

    @property
    def longest(self) -> int:
        """Length of the longest part."""
        return -(-self.total // self.count)

    @property
    def lengths(self) -> list[int]:
        """Length of each part."""
        shorter = self.count - self.longer_count
        return [self.shorter + 1] * self.longer_count + [self.shorter] * shorter

    @property
    def starts(self) -> list[int]:
        """First place of each part."""
        return [index * self.shorter + min(index, self.longer_count) for index in range(self.count)]

    @property
    def ends(self) -> list[int]:
        """Place after each part."""
        return [start + length for start, length in zip(self.starts, self.lengths, strict=True)]

    def start(self, part: Tensor) -> Tensor:
        """First place of parts."""
        return part * self.shorter + part.clamp(max=self.longer_count)

    def length(self, part: Tensor) -> Tensor:
        """Length of parts."""
        return self.shorter + (part < self.longer_count).long()

    def locate(self, place: Tensor) -> tuple[Tensor, Tensor]:
        """The part that holds each place, and the place within it."""
        split = self.longer_count * (self.shorter + 1)
        part = torch.where(
            place < split,
            place // (self.shorter + 1),
            self.longer_count + (place - split) // self.shorter,
        )
        return part, place - self.start(part)

    def is_end(self, place: int) -> bool:
        """Whether a part ends before `place`."""
        split = self.longer_count * (self.shorter + 1)
        if place <= split:
            return place % (self.shorter + 1) == 0
        return (place - split) % self.shorter == 0


def segments(window: int, num_landmarks: int) -> Cuts:
    """Landmark segments; with fewer tokens than landmarks each token is its own segment."""
    return Cuts(window, min(window, num_landmarks))


def stretches(seen: int, window: int, num_landmarks: int) -> list[tuple[int, int]]:
    """Which tokens each continual landmark is the mean of, oldest first: [start, end)."""
    cycle = min(window, seen)
    if not cycle:
        return []
    cuts = segments(cycle, num_landmarks)
    found = []
    for start, end in zip(cuts.starts, cuts.ends, strict=True):
        offset = (seen - end) // cycle * cycle
        found.append((offset + start, offset + end))
    return sorted(found)


def window_stretches(seen: int, window: int, num_landmarks: int) -> list[tuple[int, int]]:
    """The same of landmarks that are cut anew from the window at every token."""
    cycle = min(window, seen)
    return [
        (seen - cycle + start, seen - cycle + end)
        for start, end in stretches(cycle, window, num_landmarks)
    ]


@lru_cache(maxsize=64)
def blocks(window: int) -> Cuts:
    """Cut a window into an even number of blocks of about sqrt(N) tokens.

    Their number exceeds the tokens of the shortest block by two at most, so that the work for the
    next block can be spread over the tokens of the current one (see `window_sums`).
    """
    return Cuts(window, max(1, (isqrt(window + 1) + 1) // 2 * 2) if window > 1 else 1)
