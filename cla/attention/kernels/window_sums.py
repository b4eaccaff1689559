"""`cla.attention.window_sums`, the same table: one token into the sums of a window.

Sums whose shifts are all 0, as those of logits near 0 are, merge by plain addition.
"""

from typing import Any, NamedTuple

import numpy as np

from cla.attention.kernels.compiled import inlined, kernel
from cla.attention.kernels.vectors import START, all_near, exponentials, sum_rows
from cla.attention.partial_sums import NEAR
from cla.attention.window_sums import ROWS

# Of a type: for a number as it stands, a kernel that it is given would be compiled once more.
HEAD, CYCLE, OTHERS, TOTAL, FIRST_BLOCK = (np.int64(row) for row in ROWS)

EMPTY = float(np.finfo(np.float32).min) / 4
"""Shift of the sums of nothing, as `empty_logit`."""
NOTHING = 800.0
"""exp(-800) is 0."""


class Turn(NamedTuple):
    """Where a token falls in the cycle.

    Args:
        slot: its place in the ring.
        count: how many blocks there are.
        block: its own.
        offset, length: its place in its block, and how many tokens that takes.
        old: place in the following block of the token whose suffix sum is due; none if below 1.
        leaving: ring place of that token.
        due: row of that sum; behind it lies the sum it is made from.
        rest: row of the sum of the old tokens left in the token's own block.
    """

    slot: Any
    count: Any
    block: Any
    offset: Any
    length: Any
    old: Any
    leaving: Any
    due: Any
    rest: Any


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
def suffix_row(window, count, block, place):
    """Row of the sum of the tokens of a block from `place` on."""
    rows = max(1, -(-window // count) - 1)
    return FIRST_BLOCK + count + block % 2 * rows + place - 1


@kernel()
def turn_of(slot, window):
    """The turn of the token that takes a place of the ring."""
    count = num_blocks(window)
    block = part_of(slot, count, window)
    start = start_of(block, count, window)
    offset, length = slot - start, start_of(block + 1, count, window) - start
    following = (block + 1) % count
    next_start = start_of(following, count, window)
    old = start_of(following + 1, count, window) - next_start - 1 - offset
    due = suffix_row(window, count, following, max(old, 1))
    rest = suffix_row(window, count, block, min(offset + 1, length - 1))
    return Turn(slot, count, block, offset, length, old, next_start + max(old, 0), due, rest)


@inlined()
def slide(sums, query_landmarks, keys, values, turn, weights, shifts, bits):
    """Take the token that the rings hold at `turn.slot` into the sums of a window.

    Args:
        weights, shifts: scratch of the new token, and of the one whose suffix sum is due.
        bits: scratch of `exponentials`.

    Shapes:
        sums: (R, H, D + 2, M)
        query_landmarks: (H, D, M)
        keys: (H, N, D)
        values: (H, N, D + 1)
        weights, shifts: (H, 2, M)
    """
    rows, heads, columns, marks = sums.shape
    flat = sums.reshape((rows, heads, columns * marks))
    for head in range(heads):  # far memory is asked for at once, not head by head
        weights[head, 1, 0] = keys[head, turn.leaving, 0] + values[head, turn.leaving, 0]
    for head in range(heads):
        sum_rows(weights[head, 0], keys[head, turn.slot], query_landmarks[head], START)
        sum_rows(weights[head, 1], keys[head, turn.leaving], query_landmarks[head], START)
    near = weigh(weights.reshape(-1), shifts.reshape(-1), bits)
    inner = near and turn.old >= 1 and 0 < turn.offset < turn.length - 1
    turned = turn.count - 2 - turn.offset if turn.block == 0 else 0
    for head in range(heads):
        if turned >= 2:
            merge(flat[FIRST_BLOCK + turned, head], flat[FIRST_BLOCK + turned + 1, head], marks)
        if inner and _all_plain(flat, head, turn, marks):
            new, old = values[head, turn.slot], values[head, turn.leaving]
            _add_token(sums[HEAD, head], sums[HEAD, head], weights[head, 0], new)
            _add_token(sums[turn.due, head], sums[turn.due + 1, head], weights[head, 1], old)
            for index in range(columns * marks):
                flat[TOTAL, head, index] = (
                    flat[HEAD, head, index]
                    + flat[OTHERS, head, index]
                    + flat[turn.rest, head, index]
                )
        else:
            _slide(sums, flat, head, values, turn, weights[head], shifts[head])


@inlined()
def _slide(sums, flat, head, values, turn, weights, shifts):
    """`slide` in one head, whatever its shifts are and wherever the token is in its block."""
    marks = sums.shape[3]
    first, total, others = flat[HEAD, head], flat[TOTAL, head], flat[OTHERS, head]
    # A token's sums are put where those of the whole window will be.
    _set_token(sums[TOTAL, head], weights[0], shifts[0], values[head, turn.slot])
    if turn.offset:
        merge(first, total, marks)
    else:
        copy(first, total)
    if turn.old >= 1:
        leaving, due = values[head, turn.leaving], flat[turn.due, head]
        if turn.offset:
            copy(due, flat[turn.due + 1, head])
        else:
            clear(due, marks)
        if leaving[-1] != 0.0:  # else no token was seen there
            _set_token(sums[TOTAL, head], weights[1], shifts[1], leaving)
            merge(due, total, marks)
    copy(total, first)
    merge(total, others, marks)
    if turn.offset < turn.length - 1:
        merge(total, flat[turn.rest, head], marks)
        return
    cycle = flat[CYCLE, head]
    copy(flat[FIRST_BLOCK + turn.block, head], first)
    if turn.block == 0:
        clear(cycle, marks)
    else:
        merge(cycle, first, marks)
    copy(others, cycle)
    if turn.block < turn.count - 1:
        merge(others, flat[FIRST_BLOCK, head], marks)
    if turn.block + 2 < turn.count:
        merge(others, flat[FIRST_BLOCK + turn.block + 2, head], marks)


@kernel()
def weigh(logits, shifts, bits):
    """Turn logits into weights, exp(logit - shift), and shifts; whether all of these are 0."""
    near = all_near(logits)
    for index in range(len(logits)):
        shifts[index] = 0.0
        if not near and not abs(logits[index]) < NEAR:
            shifts[index] = logits[index]
            logits[index] -= shifts[index]
    exponentials(logits, bits)
    return near


@inlined()
def _all_plain(flat, head, turn, marks):
    """Whether all shifts of the sums that a token is added to are 0."""
    far = 0.0
    for mark in range(marks):
        far += abs(flat[HEAD, head, mark]) + abs(flat[OTHERS, head, mark])
        far += abs(flat[turn.rest, head, mark]) + abs(flat[turn.due + 1, head, mark])
    return far == 0.0


@kernel()
def _add_token(into, before, weights, value):
    """Sums (D + 2, M) = those before and one token more; all shifts are 0."""
    for mark in range(len(weights)):
        into[0, mark] = 0.0
    for column in range(len(value)):
        number = value[column]
        for mark in range(len(weights)):
            into[column + 1, mark] = before[column + 1, mark] + weights[mark] * number


@kernel()
def _set_token(into, weights, shifts, value):
    """The sums (D + 2, M) of one token."""
    for mark in range(len(weights)):
        into[0, mark] = shifts[mark]
    for column in range(len(value)):
        number = value[column]
        for mark in range(len(weights)):
            into[column + 1, mark] = weights[mark] * number


@kernel()
def clear(sums, marks):
    """Make sums of M landmarks, shifts first, the sums of nothing."""
    for index in range(len(sums)):
        sums[index] = EMPTY if index < marks else 0.0


@kernel()
def copy(into, sums):
    """Overwrite sums by others."""
    for index in range(len(into)):
        into[index] = sums[index]


@kernel()
def merge(into, sums, marks):
    """Merge sums of M landmarks, shifts first, into others."""
    far = 0.0
    for mark in range(marks):
        far += abs(into[mark]) + abs(sums[mark])
    if far == 0.0:
        for index in range(len(into)):
            into[index] += sums[index]
        return
    for mark in range(marks):
        into[mark], ours, theirs = rescale(into[mark], sums[mark])
        for index in range(mark + marks, len(into), marks):
            into[index] = ours * into[index] + theirs * sums[index]


@kernel()
def rescale(ours, theirs):
    """The shift of a merged sum, and what both sums are to be multiplied with."""
    if ours == theirs:
        return ours, 1.0, 1.0
    if ours < theirs - NOTHING:
        return theirs, 0.0, 1.0
    if theirs < ours - NOTHING:
        return ours, 1.0, 0.0
    shift = max(ours, theirs)
    return shift, np.exp(ours - shift), np.exp(theirs - shift)
