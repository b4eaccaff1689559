"""Sums of M landmarks over a sliding window of N tokens, constant work a token.

Of some tokens the sums are those of exp(q~ k) times (v, 1), the last being the softmax denominator.
They are kept in float64 without a shift, which bears logits up to `LARGEST_LOGIT`; others count as
that.

The ring of N places is cut into K blocks of about sqrt(N). When the next token's place lies in
block k, the window consists of

    head: the new tokens of block k,
    a suffix: the old tokens of block k that are still in the window, and
    others: all other blocks.

Made ready for block k + 1 are, each by one addition a token, its suffix sums, from its last token
backward, and (`next`) its others. Nothing is ever subtracted, so nothing drifts; a token's last
trace is gone when its block has been overwritten. No step branches on where a stream is: that
chooses `Places` alone, so that the streams of a batch may be anywhere, and a step can be captured,
or exported with its places in a table.

All sums lie in one table (B, R, H, D + 1, M), landmarks side by side, which is how compiled loops
are fastest.
Source: sliding-window aggregation as in Tangwongsan et al., "Low-Latency Sliding-Window
Aggregation in Worst-Case Constant Time" (DEBS 2017), over blocks.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from cla.attention.cuts import Cuts, blocks
from cla.attention.rings import take

ROWS = SCRAP, ZERO, HEAD, NEXT, OTHERS, FIRST_BLOCK = 0, 1, 2, 3, 4, 5
"""Of the table; what is not to be written goes to the first one, and what has not begun is read
from the second: at the first place of a block, head and next are what the block before left."""

LARGEST_LOGIT = 600.0
"""Sums of its exponential times any value are far below what float64 holds."""


def table_rows(window: int) -> int:
    """R."""
    cuts = blocks(window)
    return FIRST_BLOCK + cuts.count + 2 * max(1, cuts.longest - 1)


class Places(NamedTuple):
    """Where a step finds and leaves things, by the ring place of its token.

    Shapes:
        tokens: (..., 2), ring places: of the token, and of that whose suffix sum is due
        read: (..., 4), rows: head, the suffix behind, next, and the block that comes to it
        written: (..., 5), rows: head, the suffix, next, others and the whole block
    """

    tokens: Tensor
    read: Tensor
    written: Tensor


def places(window: int, slot: Tensor) -> Places:
    """The places of a step whose token is at `slot` (...,) of the ring."""
    cuts = blocks(window)
    block, place = cuts.locate(slot)
    following = (block + 1) % cuts.count
    old = cuts.length(following) - 1 - place
    last = place == cuts.length(block) - 1
    behind = old_row(cuts, following, (old + 1).clamp(1, cuts.longest - 1))
    more = FIRST_BLOCK + (following + 1 + place) % cuts.count
    due = old_row(cuts, following, old.clamp(min=1))
    read = (
        _begun(place, HEAD),
        torch.where(place > 0, behind, ZERO),
        _begun(place, NEXT),
        torch.where(place < cuts.count - 2, more, ZERO),
    )
    written = (
        torch.full_like(slot, HEAD),
        torch.where(old >= 1, due, SCRAP),
        torch.full_like(slot, NEXT),
        torch.where(last, OTHERS if cuts.count > 1 else SCRAP, SCRAP),
        torch.where(last, FIRST_BLOCK + block, SCRAP),
    )
    tokens = (slot, cuts.start(following) + old.clamp(min=0))
    return Places(*(torch.stack(part, -1) for part in (tokens, read, written)))


def total_rows(window: int, slot: Tensor) -> Tensor:
    """The rows (..., 3) whose sum is the window's; `slot` (...,) is the next token's place."""
    cuts = blocks(window)
    block, place = cuts.locate(slot)
    rows = (_begun(place, HEAD), torch.full_like(slot, OTHERS), old_row(cuts, block, place))
    return torch.stack(rows, -1)


def _begun(place: Tensor, row: int) -> Tensor:
    """A row that begins anew in each block."""
    return torch.where(place > 0, row, ZERO)


def old_row(cuts: Cuts, block: Tensor, place: Tensor) -> Tensor:
    """Row of the sum of a block's tokens from a place on: all of them, or a suffix."""
    suffix = cuts.count + (block % 2) * max(1, cuts.longest - 1) + place - 1
    return FIRST_BLOCK + torch.where(place > 0, suffix, block)


def landmark_weights(query_landmarks: Tensor, keys: Tensor) -> Tensor:
    """exp(Q~ K^T), (..., M, T), of landmarks (..., M, D) and keys (..., T, D)."""
    logits = query_landmarks @ keys.mT
    return logits.clamp(-LARGEST_LOGIT, LARGEST_LOGIT).exp()


def slide(
    table: Tensor, query_landmarks: Tensor, rings: tuple[Tensor, Tensor], at: Places,
    active: Tensor | None,
) -> None:  # fmt: skip
    """Take the token of each active stream that the rings hold into the sums, in place.

    Args:
        rings: keys (B, H, N, D) and values (B, H, N, D + 1).
        at: of each stream's token, (B, ...).

    Shapes:
        query_landmarks: (B, H, M, D)
    """
    streams = torch.arange(len(table), device=table.device)[:, None]
    keys, values = (take(ring, at.tokens) for ring in rings)
    weights = landmark_weights(query_landmarks, keys).permute(0, 3, 1, 2)  # (B, 2, H, M)
    read = table[streams, at.read]
    sums = read[:, :2] + values.transpose(1, 2)[..., None] * weights[:, :, :, None]
    head, ahead = sums[:, :1], read[:, 2:].sum(1, keepdim=True)
    rows = at.written if active is None else at.written.masked_fill(~active[:, None], SCRAP)
    table[streams, rows] = torch.cat([sums, ahead, ahead + head, head], 1)


def build_table(query_landmarks: Tensor, keys: Tensor, values: Tensor, slot: Tensor) -> Tensor:
    """The table of a window from its rings; `slot` (B,) is the place of the next token.

    Shapes:
        query_landmarks: (B, H, M, D)
        keys: (B, H, N, D)
        values: (B, H, N, D + 1); unseen places are zero
        returns: (B, R, H, D + 1, M)
    """
    cuts, device = blocks(keys.shape[2]), slot.device
    streams, count = torch.arange(len(slot), device=device), torch.arange(cuts.count, device=device)
    (block, place), grid = cuts.locate(slot), torch.arange(cuts.longest, device=device)
    tokens = (cuts.start(count)[:, None] + grid).clamp(max=cuts.total - 1)  # (K, L)
    missing = grid >= cuts.length(count)[:, None]
    # Blocks to the front: (B, K, H, M, L) and (B, K, H, L, D + 1).
    weights = landmark_weights(query_landmarks, keys)[..., tokens]
    # Both are blank where there is no token: what is no number beside it would spread.
    weights = weights.masked_fill(missing, 0).movedim(3, 1)
    held = values[:, :, tokens].masked_fill(missing[..., None], 0).movedim(2, 1)
    whole = (weights @ held).mT
    beyond = (grid >= place[:, None])[:, None]
    head = weights[streams, block].masked_fill(beyond[:, None], 0) @ held[
        streams, block
    ].masked_fill(beyond[..., None], 0)
    others = torch.where(_wide(count != block[:, None]), whole, 0).sum(1)
    ahead = (count - block[:, None] - 2) % cuts.count
    ready = ahead < place.clamp(max=max(cuts.count - 2, 0))[:, None]
    none = torch.zeros_like(others)
    rows = [none, none, head.mT, torch.where(_wide(ready), whole, 0).sum(1), others]
    suffixes = []
    for index in (block, (block + 1) % cuts.count):
        leaves = (
            held[streams, index].transpose(1, 2)[..., None]
            * weights[streams, index].permute(0, 3, 1, 2)[:, :, :, None]
        )
        sums = leaves.flip(1).cumsum(1).flip(1)
        suffixes.append(sums[:, 1:] if cuts.longest > 1 else sums)
    even = (block % 2 == 0)[:, None, None, None, None]
    return torch.cat(
        [
            torch.stack(rows, 1),
            whole,
            torch.where(even, suffixes[0], suffixes[1]),
            torch.where(even, suffixes[1], suffixes[0]),
        ],
        1,
    )


def window_total(table: Tensor, rows: Tensor) -> Tensor:
    """Sums of the whole window, (B, H, D + 1, M), of its rows (B, 3)."""
    return table[torch.arange(len(table), device=table.device)[:, None], rows].sum(1)


def _wide(mask: Tensor) -> Tensor:
    """A mask of sums, (..., H, D + 1, M)."""
    return mask[..., None, None, None]
