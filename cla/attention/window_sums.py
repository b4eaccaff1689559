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
trace is gone when its block has been overwritten. No step branches on where a stream is, so the
streams of a batch may be anywhere, and a step can be captured or exported.

All sums lie in one table (B, R, H, D + 1, M), landmarks side by side, which is how compiled loops
are fastest.
Source: sliding-window aggregation as in Tangwongsan et al., "Low-Latency Sliding-Window
Aggregation in Worst-Case Constant Time" (DEBS 2017), over blocks.
"""

import torch
from torch import Tensor

from cla.attention.cuts import Cuts, blocks
from cla.attention.rings import read_token

ROWS = SCRAP, HEAD, NEXT, OTHERS, FIRST_BLOCK = 0, 1, 2, 3, 4
"""Of the table; what is not to be written goes to the first one."""

LARGEST_LOGIT = 600.0
"""Sums of its exponential times any value are far below what float64 holds."""


def table_rows(window: int) -> int:
    """R."""
    cuts = blocks(window)
    return FIRST_BLOCK + cuts.count + 2 * max(1, cuts.longest - 1)


def old_row(cuts: Cuts, block: Tensor, place: Tensor) -> Tensor:
    """Row of the sum of a block's tokens from a place on: all of them, or a suffix."""
    suffix = cuts.count + (block % 2) * max(1, cuts.longest - 1) + place - 1
    return FIRST_BLOCK + torch.where(place > 0, suffix, block)


def landmark_weights(query_landmarks: Tensor, keys: Tensor) -> Tensor:
    """exp(Q~ K^T), (..., M, T), of landmarks (..., M, D) and keys (..., T, D)."""
    logits = query_landmarks @ keys.mT
    return logits.clamp(-LARGEST_LOGIT, LARGEST_LOGIT).exp()


def slide(
    table: Tensor, query_landmarks: Tensor, rings: tuple[Tensor, Tensor], slot: Tensor,
    active: Tensor | None,
) -> None:  # fmt: skip
    """Take the token at ring place `slot` (B,) of each active stream into the sums, in place.

    Args:
        rings: keys (B, H, N, D) and values (B, H, N, D + 1), in which it is.

    Shapes:
        query_landmarks: (B, H, M, D)
    """
    cuts, streams = blocks(rings[0].shape[2]), torch.arange(len(slot), device=slot.device)[:, None]
    block, place = cuts.locate(slot)
    following = (block + 1) % cuts.count
    old = cuts.length(following) - 1 - place
    first, last = place == 0, place == cuts.length(block) - 1

    def leaf(at: Tensor) -> Tensor:
        key, value = (read_token(ring, at) for ring in rings)
        return value[..., None] * landmark_weights(query_landmarks, key[:, :, None]).mT

    every = torch.zeros_like(slot)
    behind = old_row(cuts, following, (old + 1).clamp(1, cuts.longest - 1))
    more = FIRST_BLOCK + (following + 1 + place) % cuts.count
    read = table[streams, torch.stack([every + HEAD, every + NEXT, behind, more], 1)]
    head, suffix = read[:, 0] + leaf(slot), leaf(cuts.start(following) + old.clamp(min=0))
    suffix = suffix + read[:, 2].masked_fill(_wide(first), 0)
    ahead = read[:, 1] + read[:, 3].masked_fill(_wide(place >= cuts.count - 2), 0)
    others = ahead + head if cuts.count > 1 else torch.zeros_like(head)
    kept = [each.masked_fill(_wide(last), 0) for each in (head, ahead)]
    due = old_row(cuts, following, old.clamp(min=1))
    written = ((last, OTHERS), (last, FIRST_BLOCK + block), (old >= 1, due))
    places = [torch.where(mask, row, SCRAP) for mask, row in written]
    rows = torch.stack([every + HEAD, every + NEXT, *places], 1)
    if active is not None:
        rows = rows.masked_fill(~active[:, None], SCRAP)
    table[streams, rows] = torch.stack([*kept, others, head, suffix], 1)


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
    places = (cuts.start(count)[:, None] + grid).clamp(max=cuts.total - 1)  # (K, L)
    missing = grid >= cuts.length(count)[:, None]
    # Blocks to the front: (B, K, H, M, L) and (B, K, H, L, D + 1).
    weights = landmark_weights(query_landmarks, keys)[..., places]
    # Both are blank where there is no token: what is no number beside it would spread.
    weights = weights.masked_fill(missing, 0).movedim(3, 1)
    held = values[:, :, places].masked_fill(missing[..., None], 0).movedim(2, 1)
    whole = (weights @ held).mT
    beyond = (grid >= place[:, None])[:, None]
    head = weights[streams, block].masked_fill(beyond[:, None], 0) @ held[
        streams, block
    ].masked_fill(beyond[..., None], 0)
    others = torch.where(_wide(count != block[:, None]), whole, 0).sum(1)
    ahead = (count - block[:, None] - 2) % cuts.count
    ready = ahead < place.clamp(max=max(cuts.count - 2, 0))[:, None]
    rows = [torch.zeros_like(others), head.mT, torch.where(_wide(ready), whole, 0).sum(1), others]
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


def window_total(table: Tensor, slot: Tensor, window: int) -> Tensor:
    """Sums of the whole window, (B, H, D + 1, M); `slot` (B,) is the place of the next token."""
    cuts, streams = blocks(window), torch.arange(len(slot), device=slot.device)
    old = table[streams, old_row(cuts, *cuts.locate(slot))]
    return table[:, HEAD] + table[:, OTHERS] + old


def _wide(mask: Tensor) -> Tensor:
    """A mask of sums, (..., H, D + 1, M)."""
    return mask[..., None, None, None]
