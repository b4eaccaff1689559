"""From which window on an attention needs fewer operations than exact continual attention."""

from bisect import bisect_left
from dataclasses import replace
from functools import lru_cache

from cla.attention.config import AttentionConfig
from cla.attention.counts import operation_count, summed
from cla.attention.kinds.defaults import STREAMED

LONGEST = 65_536
CURVE = (16, 32, 64, 120, 240, 480, 960, 1920, 4096)
"""Windows at which `curve` counts."""


def exact_operations(config: AttentionConfig) -> float:
    """Multiply-adds a token of exact continual attention in its place, all heads."""
    exact = replace(config, kind=STREAMED, num_landmarks=None, landmark_mode="continual")
    count = operation_count(exact)
    assert count is not None
    return count.average


@lru_cache(500)
def curve(configs: tuple[AttentionConfig, ...]) -> tuple[tuple[int, float], ...]:
    """Multiply-adds a token of all layers over windows that can be: (window, average).

    Returns:
        Nothing where a kind does not count them.
    """
    points = []
    for window in CURVE:
        if any((config.num_landmarks or 0) >= window for config in configs):
            continue
        counts = [operation_count(replace(config, window=window)) for config in configs]
        average = summed(count.average if count else None for count in counts)
        if average is not None:
            points.append((window, average))
    return tuple(points)


def crossing(config: AttentionConfig) -> int | None:
    """The window from which on fewer operations a token are needed than by the exact kind.

    Returns:
        Tokens; None where it needs more in a window of 65,536 tokens still, or does not count them.
    """

    def fewer(window: int) -> bool:
        longer = replace(config, window=window)
        count = operation_count(longer)
        return count is not None and count.average < exact_operations(longer)

    if not fewer(LONGEST):
        return None
    windows = range((config.num_landmarks or 0) + 1, LONGEST)
    return windows[bisect_left(windows, True, key=fewer)]
