"""Softmax partial sums of M landmarks over a sliding window of N tokens, at constant cost a token.

The cycle of N ring places is cut into blocks of about sqrt(N). While a block is being overwritten
the window consists of

    head: the new tokens of the block, merged one by one, and
    rest: the old tokens of the block still in the window, with all other blocks.

`rest` is tabulated for every place of the block when the block is entered, from the kept sums of
whole blocks and one suffix scan over the block's old tokens. Nothing is ever subtracted, so nothing
drifts; a token's last trace is gone when its block has been overwritten.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from cla.attention.partial_sums import (
    PartialSums,
    empty_logit,
    empty_sums,
    merge,
    merge_all,
    suffix_sums,
    sum_tokens,
)


class WindowSums(NamedTuple):
    """Partial sums of the window; L tokens a block, K blocks.

    Shapes:
        head: (B, H, M, ...), new tokens of the block being overwritten
        rest: (B, H, L, M, ...), at place l all of the window that head does not hold
        blocks: (B, H, K, M, ...), whole blocks; the one being overwritten is empty
    """

    head: PartialSums
    rest: PartialSums
    blocks: PartialSums


def block_length(window: int) -> int:
    """L, tokens a block; the last block of the cycle may be shorter."""
    return math.isqrt(window - 1) + 1


def block_count(window: int) -> int:
    """K, blocks a cycle."""
    return -(-window // block_length(window))


def empty_window(
    reference: Tensor, batch: int, heads: int, landmarks: int, window: int
) -> WindowSums:
    """Sums of a window without tokens, for values (B, H, N, D + 1) such as `reference`."""
    columns = reference.shape[-1]
    return WindowSums(
        empty_sums(reference, batch, heads, landmarks, columns),
        empty_sums(reference, batch, heads, block_length(window), landmarks, columns),
        empty_sums(reference, batch, heads, block_count(window), landmarks, columns),
    )


def build_window(logits: Tensor, values: Tensor, slot: int) -> WindowSums:
    """Sums of a window from its ring; `slot` is the place of the next token.

    Shapes:
        logits: (B, H, M, N); unseen places hold `empty_logit`
        values: (B, H, N, D + 1); unseen places are zero
    """
    batch, heads, landmarks, window = logits.shape
    length, count = block_length(window), block_count(window)
    missing = length * count - window
    padded_logits = functional.pad(logits, (0, missing), value=empty_logit(logits.dtype))
    padded_values = functional.pad(values, (0, 0, 0, missing))
    blocks = sum_tokens(
        padded_logits.reshape(batch, heads, landmarks, count, length).transpose(2, 3),
        padded_values.reshape(batch, heads, count, length, -1),
    )
    sums = empty_window(values, batch, heads, landmarks, window)._replace(blocks=blocks)
    block, place = divmod(slot, length)
    if place:
        start = block * length
        filled = slice(start, slot)
        head = sum_tokens(logits[..., filled], values[..., filled, :])
        old = slice(start, min(start + length, window))
        sums = enter_block(sums._replace(head=head), logits[..., old], values[..., old, :], block)
    return sums


def enter_block(sums: WindowSums, old_logits: Tensor, old_values: Tensor, block: int) -> WindowSums:
    """Tabulate `rest` for a block that is about to be overwritten.

    Shapes:
        old_logits: (B, H, M, L), of the block's old tokens
        old_values: (B, H, L, D + 1)
    """
    mask = old_logits.new_zeros(sums.blocks.largest.shape[2], 1, 1).bool()
    mask[block] = True
    blocks = PartialSums(
        sums.blocks.largest.masked_fill(mask, empty_logit(old_logits.dtype)),
        sums.blocks.sums.masked_fill(mask, 0),
    )
    others = merge_all(blocks, 2)
    length = old_logits.shape[-1]
    leaves = PartialSums(
        old_logits[..., 1:].transpose(-1, -2)[..., None],
        old_values[..., 1:, None, :].expand(-1, -1, -1, old_logits.shape[2], -1),
    )
    suffixes = suffix_sums(leaves, 2)
    later = merge(suffixes, PartialSums(others.largest[:, :, None], others.sums[:, :, None]))
    rest = PartialSums(
        _stack_rest(later.largest, others.largest, sums.rest.largest, length),
        _stack_rest(later.sums, others.sums, sums.rest.sums, length),
    )
    return WindowSums(sums.head, rest, blocks)


def _stack_rest(later: Tensor, last: Tensor, table: Tensor, length: int) -> Tensor:
    return torch.cat([later, last[:, :, None], table[:, :, length:]], 2)


def add_token(
    sums: WindowSums, logits: Tensor, value: Tensor, slot: int, window: int
) -> PartialSums:
    """Slide the window by one token, in place; its block must have been entered.

    Shapes:
        logits: (B, H, M, 1), of the new token
        value: (B, H, 1, D + 1)
        returns: largest (B, H, M, 1), sums (B, H, M, D + 1), of the whole window
    """
    length = block_length(window)
    block, place = divmod(slot, length)
    leaf = PartialSums(logits, value.expand(-1, -1, logits.shape[2], -1))
    head = merge(sums.head, leaf) if place else leaf
    total = merge(head, PartialSums(sums.rest.largest[:, :, place], sums.rest.sums[:, :, place]))
    assign(sums.head, head)
    if place == length - 1 or slot == window - 1:
        sums.blocks.largest[:, :, block] = head.largest
        sums.blocks.sums[:, :, block] = head.sums
    return total


def assign(target: PartialSums, source: PartialSums) -> None:
    """Overwrite partial sums in place."""
    target.largest.copy_(source.largest)
    target.sums.copy_(source.sums)
