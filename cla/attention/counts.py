"""Operation counts of the attention product, from what the code does and as published."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from cla.attention.config import AttentionConfig
from cla.attention.cuts import segments
from cla.attention.kinds.registry import kind_class
from cla.attention.operations import Part

Number = TypeVar("Number", int, float)


@dataclass(frozen=True)
class OperationCount:
    """Multiply-adds of one layer's attention product, all heads, in the steady state.

    Args:
        step: every step.
        tick: added when a landmark enters, once in `tick_every` tokens.
        average: per token, over a cycle.
        published: the paper's closed form for the same, per token; None where it has none.
        step_products, tick_products: the share that is matrix products.
    """

    step: int
    tick: int
    tick_every: float
    average: float
    published: float | None
    step_products: int
    tick_products: int


def operation_count(config: AttentionConfig) -> OperationCount | None:
    """Counts for a full window; None of a kind that does not count its operations."""
    kind = kind_class(config)
    step, tick = kind.operations(config, config.window, anew=False), kind.tick_operations(config)
    return _count(config, step, tick)


def refresh_count(config: AttentionConfig) -> OperationCount | None:
    """Counts of a layer that is given a whole window of refreshed tokens, see `refresh`."""
    return _count(config, kind_class(config).operations(config, config.window, anew=True), None)


def refresh_operations(config: AttentionConfig, valid_tokens: int) -> int | None:
    """Multiply-adds of `refresh` of a window that holds so many tokens; None if not counted."""
    seen = min(valid_tokens, config.window)
    part = kind_class(config).operations(config, seen, anew=True)
    return None if part is None else config.num_heads * part.total


def step_operations(config: AttentionConfig, slot: int, valid_tokens: int) -> int | None:
    """Multiply-adds that the step from this state spends, warm-up and ticks included.

    Args:
        slot: ring place of the token about to be taken.
        valid_tokens: tokens the window held before it.

    Returns:
        None of a kind that does not count its operations.
    """
    kind, window = kind_class(config), config.window
    seen = min(valid_tokens + 1, window)
    step, total = kind.operations(config, seen, anew=False), 0
    if step is None:
        return None
    if seen == window and config.landmarks and segments(window, config.landmarks).is_end(slot + 1):
        tick = kind.tick_operations(config)
        total = tick.total if tick else 0
    return config.num_heads * (step.total + total)


def summed(parts: Iterable[Number | None]) -> Number | None:
    """Their sum; None where one of them does not exist."""
    known = list(parts)
    found = [part for part in known if part is not None]
    return sum(found[1:], found[0]) if found and len(found) == len(known) else None


def _count(config: AttentionConfig, step: Part | None, tick: Part | None) -> OperationCount | None:
    if step is None:
        return None
    heads, published = config.num_heads, kind_class(config).published(config)
    every = config.window / config.landmarks if tick else 0.0
    more = tick or Part(0, 0)
    return OperationCount(
        step=heads * step.total,
        tick=heads * more.total,
        tick_every=every,
        average=heads * (step.total + (more.total / every if every else 0)),
        published=None if published is None else heads * published,
        step_products=heads * step.products,
        tick_products=heads * more.products,
    )
