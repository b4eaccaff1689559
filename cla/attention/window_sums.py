"""Softmax partial sums of M landmarks over a sliding window of N tokens, constant work a token.

The ring of N places is cut into K blocks of about sqrt(N). While block k is being overwritten, the
window consists of

    head: the new tokens of block k,
    a suffix: the old tokens of block k that are still in the window, and
    others: all other blocks.

Made ready for block k + 1 are its suffix sums, from its last token backward, one merge a token; and
when block k is complete, its others: the blocks of this cycle, 0 and (`cycle`) 1 to k, and the old
blocks from k + 2 on. Sums of old blocks from each on are made while block 0 is overwritten, again
one merge a token, in the places of the sums of these blocks alone.
Nothing is ever subtracted, so nothing drifts; a token's last
trace is gone when its block has been overwritten. No step branches on where a stream is, so the
streams of a batch may be anywhere, and a step can be captured or exported.

All sums, those of the whole window too, lie in one table (B, R, H, D + 2, M), landmarks side by
side, which is how compiled loops are fastest; of the D + 2 rows the first is the shift of
`PartialSums`.
Source: sliding-window aggregation as in Tangwongsan et al., "Low-Latency Sliding-Window
Aggregation in Worst-Case Constant Time" (DEBS 2017), over blocks.
"""

import torch
from torch import Tensor

from cla.attention.cuts import Cuts, blocks
from cla.attention.partial_sums import (
    PartialSums,
    blank,
    empty_logit,
    merge,
    merge_all,
    plain,
    suffix_sums,
    sum_tokens,
)
from cla.attention.rings import read_token

ROWS = HEAD, CYCLE, OTHERS, TOTAL, FIRST_BLOCK = 0, 1, 2, 3, 4


def suffix_rows(cuts: Cuts) -> int:
    """Number of suffix sums of one block; that from its first token on is never needed."""
    return max(1, cuts.longest - 1)


def suffix_row(cuts: Cuts, block: Tensor, place: Tensor) -> Tensor:
    """Row of the sum of the tokens of `block` from `place` >= 1 on."""
    rows = suffix_rows(cuts)
    index = (place - 1).clamp(0, rows - 1)
    return FIRST_BLOCK + cuts.count + (block % 2) * rows + index


def slide(
    table: Tensor,
    query_landmarks: Tensor,
    token: tuple[Tensor, Tensor],
    rings: tuple[Tensor, Tensor],
    slot: Tensor,
    active: Tensor | None,
) -> None:
    """Take one token into the sums of each active stream, in place.

    Args:
        token: key (B, H, D) and value (B, H, D + 1) of the new token.
        rings: keys and values, before or after the token was written.
        slot: (B,) ring place of the token.
    """
    keys, values = rings
    cuts = blocks(keys.shape[2])
    block, place = cuts.locate(slot)
    following = (block + 1) % cuts.count
    first, last = place == 0, place == cuts.length(block) - 1

    head = merge(blank(_read(table, HEAD), first), _leaf(query_landmarks, *token))
    old = cuts.length(following) - 1 - place
    old_place = cuts.start(following) + old.clamp(min=0)
    old_leaf = _leaf(query_landmarks, read_token(keys, old_place), read_token(values, old_place))
    suffix_before = _read(table, suffix_row(cuts, following, old + 1))
    suffix = merge(blank(suffix_before, first), old_leaf)
    rest = blank(_read(table, suffix_row(cuts, block, place + 1)), last)
    total = merge(merge(head, rest), _read(table, OTHERS))

    turned = (cuts.count - 2 - place).clamp(min=0)
    from_here = merge(
        _read(table, FIRST_BLOCK + turned),
        _read(table, FIRST_BLOCK + (turned + 1).clamp(max=cuts.count - 1)),
    )
    opening, closing = block == 0, block == cuts.count - 1
    cycle = blank(merge(_read(table, CYCLE), head), opening)
    first_block = merge(blank(head, ~opening), blank(_read(table, FIRST_BLOCK), opening))
    later = _read(table, FIRST_BLOCK + (block + 2).clamp(max=cuts.count - 1))
    others = merge(cycle, blank(first_block, closing))
    others = merge(others, blank(later, block + 2 >= cuts.count))

    always = torch.ones_like(last) if active is None else active
    _write(table, HEAD, head, always)
    _write(table, TOTAL, total, always)
    _write(table, suffix_row(cuts, following, old), suffix, always & (old >= 1))
    _write(table, FIRST_BLOCK + turned, from_here, always & opening & (turned >= 2))
    _write(table, FIRST_BLOCK + block, head, always & last)
    _write(table, CYCLE, cycle, always & last)
    _write(table, OTHERS, others, always & last)


def build_table(logits: Tensor, values: Tensor, slot: Tensor) -> Tensor:
    """The table of a window from its ring; `slot` (B,) is the place of the next token.

    Shapes:
        logits: (B, H, M, N); unseen places hold `empty_logit`
        values: (B, H, N, D + 1); unseen places are zero
        returns: (B, R, H, D + 2, M)
    """
    cuts = blocks(logits.shape[-1])
    streams = torch.arange(len(slot), device=slot.device)
    block, place = cuts.locate(slot)
    following = (block + 1) % cuts.count
    grid, missing = _grid(cuts, slot.device)
    logit_grid = logits[..., grid].masked_fill(missing, empty_logit(logits.dtype))
    value_grid = values[:, :, grid].masked_fill(missing[..., None], 0)
    # Blocks to the front: (B, K, H, M, L) and (B, K, H, L, D + 1).
    logit_grid = logit_grid.permute(0, 3, 1, 2, 4)
    value_grid = value_grid.permute(0, 2, 1, 3, 4)
    sums = sum_tokens(logit_grid, value_grid)
    column = torch.arange(cuts.count, device=slot.device)
    others = merge_all(blank(sums, column == block[:, None]), 1)
    cycle = merge_all(blank(sums, (column == 0) | (column >= block[:, None])), 1)
    from_each = suffix_sums(sums, 1)
    # While block 0 is overwritten, so many have been made as it has new tokens.
    made = torch.where(block == 0, (cuts.count - 1 - place).clamp(min=2), block + 1)
    turned = (column >= made[:, None])[:, :, None, None, None]
    rows = [torch.where(turned, *pair) for pair in zip(from_each, sums, strict=True)]
    old = (torch.arange(cuts.longest, device=slot.device) >= place[:, None])[:, None]
    head = sum_tokens(
        logit_grid[streams, block].masked_fill(old[:, None], empty_logit(logits.dtype)),
        value_grid[streams, block].masked_fill(old[..., None], 0),
    )
    suffixes = [
        _suffixes(logit_grid[streams, index], value_grid[streams, index], suffix_rows(cuts))
        for index in (block, following)
    ]
    even = (block % 2 == 0)[:, None, None, None, None]
    sides = (
        torch.where(even, suffixes[0], suffixes[1]),
        torch.where(even, suffixes[1], suffixes[0]),
    )
    whole = merge_all(sums, 1)
    first = [torch.cat(part, -1)[:, None] for part in (head, cycle, others, whole)]
    table = torch.cat([*first, torch.cat(rows, -1), *sides], 1)
    parts = plain(PartialSums(table[..., :1], table[..., 1:]))
    return torch.cat(parts, -1).transpose(-1, -2).contiguous()


def window_total(table: Tensor) -> PartialSums:
    """The sums of the whole window, (B, H, M, ...)."""
    return _read(table, TOTAL)


def _grid(cuts: Cuts, device: torch.device) -> tuple[Tensor, Tensor]:
    """Ring places (K, L) of the tokens of each block, and which of them do not exist."""
    # Made on the device: a copy from the host could not be captured.
    block = torch.arange(cuts.count, device=device)[:, None]
    place = torch.arange(cuts.longest, device=device)
    return (cuts.start(block) + place).clamp(max=cuts.total - 1), place >= cuts.length(block)


def _suffixes(logits: Tensor, values: Tensor, rows: int) -> Tensor:
    """Sums from each token of a block on, without the first token's, (B, rows, H, M, D + 2)."""
    leaves = PartialSums(
        logits.transpose(2, 3)[..., None],
        values[..., None, :].expand(-1, -1, -1, logits.shape[2], -1),
    )
    found = torch.cat(suffix_sums(leaves, 2), -1)[:, :, 1:].transpose(1, 2)
    missing = rows - found.shape[1]
    return torch.nn.functional.pad(found, (0, 0, 0, 0, 0, 0, 0, missing))


def _leaf(query_landmarks: Tensor, key: Tensor, value: Tensor) -> PartialSums:
    """Partial sums of a single token; an unseen one, whose last value is 0, counts as none."""
    logits = query_landmarks @ key[..., None]
    sums = value[:, :, None].expand(-1, -1, logits.shape[2], -1)
    return PartialSums(logits.masked_fill(sums[..., -1:] == 0, empty_logit(logits.dtype)), sums)


def _read(table: Tensor, row: Tensor | int) -> PartialSums:
    if isinstance(row, Tensor):
        part = table[torch.arange(table.shape[0], device=table.device), row]
    else:
        part = table[:, row]
    part = part.transpose(-1, -2)
    return PartialSums(part[..., :1], part[..., 1:])


def _write(table: Tensor, row: Tensor | int, parts: PartialSums, mask: Tensor) -> None:
    streams = torch.arange(table.shape[0], device=table.device)
    place = row if isinstance(row, Tensor) else torch.full_like(streams, row)
    kept = table[streams, place]
    new = torch.cat(parts, -1).transpose(-1, -2)
    table[streams, place] = torch.where(mask[:, None, None, None], new, kept)
