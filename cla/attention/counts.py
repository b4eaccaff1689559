"""Operation counts of the attention product, from what the code does and as published."""

from collections.abc import Iterable
from dataclasses import dataclass

from cla.attention.config import AttentionConfig
from cla.attention.cuts import blocks, segments
from cla.attention.pseudo_inverse import ITERATIONS
from cla.attention.registry import KINDS, SHIPPED, Part
from cla.attention.rings import column_stride
from cla.attention.window_sums import table_rows
from cla.errors import ClaError

SOFTMAX = 3
"""Operations per softmax entry: exponential, sum, quotient."""

SVD_FACTOR = 26
"""Multiply-adds of a pseudo-inverse by singular values in units of M^3: an estimate, the only part
that is not counted product by product."""

MERGES = 5
"""Merges of partial sums in one step of a sliding window."""


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


def operation_count(config: AttentionConfig) -> OperationCount:
    """Counts for a full window.

    Source: published forms from arXiv 2412.03214, tables 1 and 2.
    """
    heads, window, marks = config.num_heads, config.window, config.landmarks
    step = _step(config, window)
    ticks = _has_ticks(config)
    tick = _tick(config) if ticks else Part(0, 0)
    tick_every = window / marks if ticks else 0.0
    average = heads * (step.total + (tick.total / tick_every if ticks else 0))
    return OperationCount(
        heads * step.total,
        heads * tick.total,
        tick_every,
        average,
        _published(config),
        heads * step.products,
        heads * tick.products,
    )


def refresh_count(config: AttentionConfig) -> OperationCount:
    """Counts of a layer that is given a whole window of refreshed tokens, see `refresh`."""
    part, heads = _refresh(config, config.window), config.num_heads
    return OperationCount(
        step=heads * part.total,
        tick=0,
        tick_every=0.0,
        average=heads * part.total,
        published=_published(config),
        step_products=heads * part.products,
        tick_products=0,
    )


def refresh_operations(config: AttentionConfig, valid_tokens: int) -> int:
    """Multiply-adds of `refresh` of a window that holds so many tokens."""
    return config.num_heads * _refresh(config, min(valid_tokens, config.window)).total


def step_operations(config: AttentionConfig, slot: int, valid_tokens: int) -> int:
    """Multiply-adds that the step from this state spends, warm-up and ticks included.

    Args:
        slot: ring place of the token about to be taken.
        valid_tokens: tokens the window held before it.
    """
    window = config.window
    seen = min(valid_tokens + 1, window)
    ticks = _has_ticks(config) and seen == window
    total = _step(config, seen).total
    if ticks and segments(window, config.landmarks).is_end(slot + 1):
        total += _tick(config).total
    return config.num_heads * total


def memory_bytes(config: AttentionConfig, batch_size: int = 1, element_bytes: int = 4) -> int:
    """Bytes of a state, in closed form.

    Args:
        element_bytes: size of the tokens' type; sums are kept in one twice as wide, up to 8.
    """
    _require_forms(config)
    heads, window, size = config.num_heads, config.window, config.head_dim
    marks, retro = config.landmarks, config.retroactive
    counters, wide = 2 * 8, min(2 * element_bytes, 8)
    ring = heads * window * size
    if config.kind == "full":
        return batch_size * (counters + 3 * ring * element_bytes)
    if config.kind == "nystrom":
        return batch_size * (counters + 3 * ring * wide)
    if config.kind == "continual":
        columns = heads * column_stride(window)
        newest = heads * size * element_bytes
        rows = columns * (size * element_bytes + (size + 3) * 8) if retro else newest
        return batch_size * (counters + 2 * columns * size * element_bytes + rows)
    continual = config.landmark_mode == "continual"
    elements = ring + (ring if continual or retro else heads * size)
    elements += heads * window * (size + 1)
    elements += heads * (2 * marks * size + marks**2)
    elements += table_rows(window) * heads * marks * (size + 2)
    elements += heads * column_stride(window) * marks if retro else 0
    return batch_size * (counters + wide * elements)


def summed(parts: Iterable[float | None]) -> float | None:
    """Their sum; None where one of them does not exist."""
    known = list(parts)
    return None if None in known else sum(part for part in known if part is not None)


def _require_forms(config: AttentionConfig) -> None:
    if config.kind not in SHIPPED:
        raise ClaError(
            f"The state of kind={config.kind!r} has no closed form.",
            "Ask state_bytes of a state that its layer makes.",
        )


def _has_ticks(config: AttentionConfig) -> bool:
    return (
        config.kind == "continual_nystrom"
        and config.landmark_mode == "continual"
        and config.landmarks < config.window
    )


def _step(config: AttentionConfig, seen: int) -> Part:
    """A step whose window then holds `seen` tokens; without what a tick adds."""
    own = KINDS[config.kind].layer
    if not isinstance(own, str):
        return own.operations(config, seen, anew=False)
    size, marks, retro = config.head_dim, config.landmarks, config.retroactive
    rows = seen if retro else 1
    if config.kind == "full":
        return Part(2 * seen**2 * size, SOFTMAX * seen**2)
    if config.kind == "continual":
        return _continual(seen, size) if retro else _softmax_rows(1, seen, size)
    if config.kind == "nystrom":
        return _softmax_rows(seen, seen, size) if seen <= marks else _cut(config, seen, seen)
    if config.landmark_mode == "continual" and (seen <= marks or marks == config.window):
        return _softmax_rows(rows, seen, size)
    if config.landmark_mode == "continual" and seen < config.window:
        return _cut(config, seen, rows)
    sliding = MERGES * marks * (2 * (size + 1) + 2) + marks * size
    if retro:
        products = 3 * marks * size + marks**2 * size + config.window * marks * size
    else:
        products = 4 * marks * size + marks**2
    return Part(products, sliding + SOFTMAX * marks)


def _refresh(config: AttentionConfig, seen: int) -> Part:
    """A whole window of `seen` tokens anew."""
    own = KINDS[config.kind].layer
    if not isinstance(own, str):
        return own.operations(config, seen, anew=True)
    size, marks = config.head_dim, config.landmarks
    rows = seen if config.retroactive else 1
    if config.kind in ("full", "nystrom"):
        return _step(config, seen)
    if config.kind == "continual":
        return _softmax_rows(rows, seen, size)
    if config.landmark_mode == "fixed":
        mixing = marks**2 * (size if config.retroactive else 1)  # one row is mixed from the left
        products = 2 * marks * seen * size + mixing + 2 * rows * marks * size
        return Part(products, SOFTMAX * (marks * seen + rows * marks))
    if seen <= marks:
        return _softmax_rows(rows, seen, size)
    cut = _cut(config, seen, rows)
    if config.retroactive:
        return cut
    # The newest row alone is mixed from the left.
    return Part(cut.products - marks**2 * size + marks**2, cut.other)


def _softmax_rows(rows: int, tokens: int, size: int) -> Part:
    return Part(2 * rows * tokens * size, SOFTMAX * rows * tokens)


def _continual(tokens: int, size: int) -> Part:
    """The newest row anew; a token in and one out of all others."""
    update = tokens * (3 * (size + 1) + 3)
    return Part(4 * tokens * size + tokens, update + tokens)


def _cut(config: AttentionConfig, tokens: int, rows: int) -> Part:
    """Landmarks cut anew from the tokens seen, and `rows` rows of the product."""
    marks, size = config.landmarks, config.head_dim
    inverse = _inverse(config)
    products = 2 * rows * marks * size + 2 * marks * tokens * size + 2 * marks**2 * size
    other = 2 * tokens * size + SOFTMAX * (rows * marks + marks * tokens + marks**2)
    return Part(products + inverse.products, other + inverse.other)


def _tick(config: AttentionConfig) -> Part:
    """One landmark enters: means, gamma and its inverse, one row of the sums over the window."""
    window, marks, size = config.window, config.landmarks, config.head_dim
    cuts = blocks(window)
    inverse = _inverse(config)
    padded = cuts.count * cuts.longest
    products = 3 * window * size + marks**2 * size + (padded + cuts.longest) * (size + 1)
    rounds = max(1, (cuts.longest - 1).bit_length())
    suffixes = 2 * cuts.longest * rounds * (2 * (size + 1) + 2)
    other = SOFTMAX * marks**2 + window + suffixes + 2 * cuts.count * (size + 2)
    if config.retroactive:
        products += window * marks * size
        other += SOFTMAX * window * marks
    return Part(products + inverse.products, other + inverse.other)


def _inverse(config: AttentionConfig) -> Part:
    marks = config.landmarks
    if config.pseudo_inverse == "exact":
        return Part(0, SVD_FACTOR * marks**3)
    if config.pseudo_inverse == "ridge":
        # Cholesky's factor and two triangular solutions of M right sides; roughness and penalty.
        return Part(marks**3 + 2 * marks**2, marks**3 // 6 + marks**3 + 8 * marks**2)
    return Part(4 * ITERATIONS * marks**3, 4 * ITERATIONS * marks**2 + 3 * marks**2)


def _published(config: AttentionConfig) -> float | None:
    if config.kind not in SHIPPED:
        return None
    return config.num_heads * _published_head(config)


def _published_head(config: AttentionConfig) -> float:
    window, size, marks = config.window, config.head_dim, config.landmarks
    retro = config.retroactive
    if config.kind == "full":
        return 2 * window**2 * size + 2 * window * size
    if config.kind == "continual":
        return 7 * window * size + 2 * window - 3 * size if retro else 2 * window * size + 2 * size
    if config.kind == "nystrom":
        product = 4 * window * marks * size + 2 * window * size + window * marks**2
        return product + 2 * window * marks + size * marks**2 + 24 * marks**3 + 23 * marks**2
    if retro:
        fixed = window * marks * size + 8 * marks * size + marks**2 + 8 * marks
        tick = window * marks * size + 6 * window * size + 9 * window + window * marks**2
        tick += window * marks + 13 * marks * size + 24 * marks**3 + 22 * marks**2 + 17 * marks
    else:
        fixed = 8 * marks * size + marks**2 + 6 * marks
        tick = window * marks * size + 3 * window * size + window + 14 * marks * size
        tick += 24 * marks**3 + 23 * marks**2 + 20 * marks
    if config.landmark_mode == "fixed":
        return fixed
    share = marks / window
    return share * tick + (1 - share) * fixed
