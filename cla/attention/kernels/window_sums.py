"""`cla.attention.window_sums`, the same table: one token into the sums of a window."""

import numpy as np

from cla.attention.kernels.compiled import inlined, kernel
from cla.attention.kernels.vectors import START, add, exponentials, sum_rows
from cla.attention.window_sums import ROWS

# Of a type: for a number as it stands, a kernel that it is given would be compiled once more.
_, ZERO, HEAD, NEXT, OTHERS, FIRST_BLOCK = (np.int64(row) for row in ROWS)


@kernel()
def num_blocks(window):
    """K, as `cuts.blocks`."""
    return max(1, (int(np.sqrt(window + 1)) + 1) // 2 * 2) if window > 1 else 1


@kernel()
def start_of(part, count, window):
    """First place of a part, of `Cuts(window, count)`."""
    return part * (window // count) + min(part, window % count)


@kernel()
def part_of(place, count, window):
    """The part that holds a place, of `Cuts(window, count)`."""
    shorter, longer_count = window // count, window % count
    split = longer_count * (shorter + 1)
    if place < split:
        return place // (shorter + 1)
    return longer_count + (place - split) // shorter


@kernel()
def old_row(block, place, count, window):
    """Row of the sum of a block's tokens from a place on, as `window_sums.old_row`."""
    suffix = count + block % 2 * max(1, -(-window // count) - 1) + place - 1
    return FIRST_BLOCK + (suffix if place > 0 else block)


@inlined()
def slide(sums, query_landmarks, keys, values, slot, weights):
    """Take the token that the rings hold at `slot` into the sums, as `window_sums.slide`.

    Args:
        weights: scratch, of the new token and of the one whose suffix sum is due.

    Shapes:
        sums: (R, H, D + 1, M)
        query_landmarks: (H, D, M)
        keys: (H, N, D)
        values: (H, N, D + 1)
        weights: (H, 2, M)
    """
    heads, window, _ = keys.shape
    count = num_blocks(window)
    block = part_of(slot, count, window)
    following, place = (block + 1) % count, slot - start_of(block, count, window)
    last = start_of(block + 1, count, window) - 1 == slot
    start = start_of(following, count, window)
    old = max(start_of(following + 1, count, window) - start - 1 - place, 0)
    leaving, due = start + old, old_row(following, max(old, 1), count, window)
    # Head and next begin anew in each block.
    head_before, behind, next_before = (HEAD, due + 1, NEXT) if place else (ZERO, ZERO, ZERO)
    more = FIRST_BLOCK + (following + 1 + place) % count if place < count - 2 else ZERO
    for head in range(heads):  # far memory is asked for at once, not head by head
        weights[head, 1, 0] = keys[head, leaving, 0] + values[head, leaving, 0]
    for head in range(heads):
        sum_rows(weights[head, 0], keys[head, slot], query_landmarks[head], START)
        sum_rows(weights[head, 1], keys[head, leaving], query_landmarks[head], START)
    exponentials(weights.reshape(-1))
    for head in range(heads):
        _add_token(sums[HEAD, head], sums[head_before, head], weights[head, 0], values[head, slot])
        if old:
            _add_token(sums[due, head], sums[behind, head], weights[head, 1], values[head, leaving])
        add(sums[NEXT, head], sums[next_before, head], sums[more, head])
        if last:
            add(sums[FIRST_BLOCK + block, head], sums[HEAD, head], sums[ZERO, head])
            if count > 1:
                add(sums[OTHERS, head], sums[NEXT, head], sums[HEAD, head])


@kernel()
def window_total(total, sums, head, slot, window):
    """Sums (D + 1, M) of a head's whole window, to be written; `slot` is the next token's."""
    count = num_blocks(window)
    block = part_of(slot, count, window)
    place = slot - start_of(block, count, window)
    begun, old = HEAD if place else ZERO, old_row(block, place, count, window)
    for column in range(total.shape[0]):
        for mark in range(total.shape[1]):
            total[column, mark] = (
                sums[begun, head, column, mark]
                + sums[OTHERS, head, column, mark]
                + sums[old, head, column, mark]
            )


@kernel()
def _add_token(into, before, weights, value):
    """Sums (D + 1, M) = those before and one token more."""
    for column in range(len(value)):
        number = value[column]
        for mark in range(len(weights)):
            into[column, mark] = before[column, mark] + weights[mark] * number
