"""Operation counts of the attention product, from what the code does and as published."""

from dataclasses import dataclass

from cla.attention.config import AttentionConfig
from cla.attention.pseudo_inverse import ITERATIONS
from cla.attention.window_sums import block_count, block_length

SOFTMAX = 3
"""Operations per softmax entry: exponential, sum, quotient."""

SVD_FACTOR = 26
"""Multiply-adds of a pseudo-inverse by SVD in units of M^3: an estimate, the only part that is not
counted product by product."""


@dataclass(frozen=True)
class OperationCount:
    """Multiply-adds of one layer's attention product, all heads, in the steady state.

    Args:
        step: every step.
        block: added when a block of the sums is entered, once in `block_every` tokens.
        tick: added when a landmark enters, once in `tick_every` tokens.
        average: per token, over a cycle.
        published: the paper's closed form for the same, per token.
        step_products: the share of `step` that is matrix products.
    """

    step: int
    block: int
    block_every: float
    tick: int
    tick_every: float
    average: float
    published: float
    step_products: int


def operation_count(config: AttentionConfig) -> OperationCount:
    """Counts for a full window.

    Source: published forms from arXiv 2412.03214, tables 1 and 2.
    """
    heads, window, size = config.num_heads, config.window, config.head_dim
    if config.kind == "full":
        step = heads * _full(window, size)
        published = heads * (2 * window**2 * size + 2 * window * size)
        products = heads * 2 * window**2 * size
        return OperationCount(step, 0, 0, 0, 0, step, published, products)
    marks, continual = config.landmarks, config.landmark_mode == "continual"
    if continual and marks == window:
        step = heads * _exact_row(window, size)
        products = heads * 2 * window * size
        return OperationCount(step, 0, 0, 0, 0, step, _published(config), products)
    products = heads * (3 * marks * size + marks**2)
    step = products + heads * (SOFTMAX * marks + 2 * _merge(marks, size) + marks * size)
    block = heads * _block_entry(window, marks, size)
    tick = heads * _tick(config) if continual else 0
    block_every = window / block_count(window)
    tick_every = window / marks if continual else 0.0
    average = step + block / block_every + (tick / tick_every if tick_every else 0)
    return OperationCount(
        step, block, block_every, tick, tick_every, average, _published(config), products
    )


def step_operations(config: AttentionConfig, slot: int, valid_tokens: int) -> int:
    """Multiply-adds that the step from this state spends, warm-up and ticks included.

    Args:
        slot: ring place of the token about to be taken.
        valid_tokens: tokens the window held before it.
    """
    heads, window, size = config.num_heads, config.window, config.head_dim
    seen = min(valid_tokens + 1, window)
    if config.kind == "full":
        return heads * _full(seen, size)
    marks, continual = config.landmarks, config.landmark_mode == "continual"
    if continual and (seen <= marks or marks == window):
        return heads * _exact_row(seen, size)
    if continual and valid_tokens < window:
        return heads * _whole_window(config, seen)
    count = operation_count(config)
    total = count.step
    if slot % block_length(window) == 0:
        total += count.block
    if continual and _is_tick(slot + 1, window, marks):
        total += count.tick
    return total


def _full(tokens: int, size: int) -> int:
    return 2 * tokens**2 * size + SOFTMAX * tokens**2


def _exact_row(tokens: int, size: int) -> int:
    return 2 * tokens * size + SOFTMAX * tokens


def _merge(marks: int, size: int) -> int:
    """Two weights, and two products and a sum per column (counted as two multiply-adds)."""
    return marks * (2 * (size + 1) + 2)


def _block_entry(window: int, marks: int, size: int) -> int:
    length, count = block_length(window), block_count(window)
    rounds = (length - 1).bit_length()
    logits = length * marks * size
    return logits + length * (rounds + 1) * _merge(marks, size) + count * marks * (size + 2)


def _inverse(config: AttentionConfig) -> int:
    marks = config.landmarks
    if config.pseudo_inverse == "exact":
        return SVD_FACTOR * marks**3
    return ITERATIONS * (4 * marks**3 + 4 * marks**2) + 3 * marks**2


def _gamma(config: AttentionConfig) -> int:
    marks = config.landmarks
    return marks**2 * config.head_dim + SOFTMAX * marks**2 + _inverse(config)


def _tick(config: AttentionConfig) -> int:
    window, marks, size = config.window, config.landmarks, config.head_dim
    means = 2 * size * -(-window // marks)
    row = window * size + 2 * window * (size + 2)
    return means + _gamma(config) + row + _block_entry(window, 1, size)


def _whole_window(config: AttentionConfig, seen: int) -> int:
    """Landmarks cut anew from the tokens seen so far."""
    marks, size = config.landmarks, config.head_dim
    row = SOFTMAX * marks + 2 * marks * size + marks**2
    return 2 * seen * size + _gamma(config) + marks * seen * (2 * size + 2) + row + marks * size


def _is_tick(end: int, window: int, marks: int) -> bool:
    shorter, longer_count = divmod(window, marks)
    split = longer_count * (shorter + 1)
    return end % (shorter + 1) == 0 if end <= split else (end - split) % shorter == 0


def _published(config: AttentionConfig) -> float:
    heads, window, size = config.num_heads, config.window, config.head_dim
    marks = config.landmarks
    fixed = 8 * marks * size + marks**2 + 6 * marks
    if config.landmark_mode == "fixed":
        return heads * fixed
    tick = window * marks * size + 3 * window * size + window + 14 * marks * size
    tick += 24 * marks**3 + 23 * marks**2 + 20 * marks
    share = marks / window
    return heads * (share * tick + (1 - share) * fixed)
