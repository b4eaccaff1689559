"""`window_sums`, the same table: one token into a head, or a ring into the sums of one landmark."""

from typing import Any, NamedTuple

from cla.attention.fused.index import ONE, ZERO, place
from cla.attention.fused.kernel import kernel
from cla.attention.fused.matrix import times_column
from cla.attention.fused.pointers import fetch
from cla.attention.fused.sums import (
    add,
    add_token,
    clear,
    copy,
    rescale,
    set_token,
    sum_three,
    weigh,
)

LINE = place(8)
"""Numbers of a cache line."""


@kernel(inline="always")
def block_start(block, count, window):
    """First place of a block, of `Cuts(window, count)`."""
    return block * (window // count) + min(block, window % count)


@kernel(inline="always")
def block_of(slot, count, window):
    """The block that holds a place."""
    shorter, longer_count = window // count, window % count
    split = longer_count * (shorter + 1)
    if slot < split:
        return slot // (shorter + 1)
    return longer_count + (slot - split) // shorter


@kernel(inline="always")
def table_of(sizes, stream, head):
    """Where the table of a head begins, the distance of its rows, its blocks and its suffixes."""
    run = sizes.marks * (sizes.size + 2)
    stride = sizes.heads * run
    rows = 3 + sizes.blocks + 2 * sizes.side_rows
    base = stream * rows * stride + head * run
    return base, stride, base + 3 * stride, base + (3 + sizes.blocks) * stride


class Turn(NamedTuple):
    """Where a token falls in the cycle.

    Args:
        block, following: its block and the one after.
        offset, length: its place in its block, and how many tokens that takes.
        old: place in the following block of the token whose suffix sum is due; none if below 1.
        leaving: ring place of that token.
    """

    block: Any
    following: Any
    offset: Any
    length: Any
    old: Any
    leaving: Any


@kernel(inline="always")
def turn_of(sizes, slot):
    """The turn of the token that takes a place of the ring."""
    window, count = sizes.window, sizes.blocks
    block = block_of(slot, count, window)
    start = block_start(block, count, window)
    offset, length = slot - start, block_start(block + 1, count, window) - start
    following = (block + 1) % count
    next_start = block_start(following, count, window)
    old = block_start(following + 1, count, window) - next_start - 1 - offset
    return Turn(block, following, offset, length, old, next_start + max(old, 0))


@kernel(inline="always")
def suffix_places(sizes, turn, sides, stride):
    """Where the suffix sum that is due lies, and that of what is left of the token's own block."""
    due = ((turn.following % 2) * sizes.side_rows + turn.old - 1) * stride
    return sides + due, sides + ((turn.block % 2) * sizes.side_rows + turn.offset) * stride


@kernel()
def fetch_next(sizes, arrays, stream, head, slot):
    """Ask for what a head needs of memory for the token after that at `slot`."""
    size = sizes.size
    after = slot + 1 if slot + 1 < sizes.window else 0
    turn = turn_of(sizes, after)
    _, stride, _, sides = table_of(sizes, stream, head)
    due, left = suffix_places(sizes, turn, sides, stride)
    for index in range(place(0), place(sizes.marks * (size + 2)), LINE):
        fetch(arrays.table, place(due) + index)
        fetch(arrays.table, place(left) + index)
    unit = (stream * sizes.heads + head) * sizes.window
    for token in (after, turn.leaving):
        at = place(unit + token)
        for index in range(place(0), place(size + 1), LINE):
            fetch(arrays.keys, at * place(size) + index)
            fetch(arrays.values, at * place(size + 1) + index)


@kernel()
def slide_head(sizes, arrays, room, stream, head, slot):
    """Take the token at ring place `slot` into the table of a head; `room.totals` are the sums."""
    marks, size, window, count = sizes.marks, sizes.size, sizes.window, sizes.blocks
    table, keys, values = arrays.table, arrays.keys, arrays.values
    logits, shifts, total = room.logits, room.shifts, room.totals
    columns = size + 2
    run = marks * columns
    block, _, offset, length, old, leaving = turn = turn_of(sizes, slot)
    base, stride, blocks, sides = table_of(sizes, stream, head)
    due, left = suffix_places(sizes, turn, sides, stride)
    head_row, cycle, others = base, base + stride, base + 2 * stride

    unit = stream * sizes.heads + head
    key_at, value_at, marks_at = (
        unit * window * size,
        unit * window * (size + 1),
        unit * marks * size,
    )
    for first, token in ((ZERO, slot), (marks, leaving)):
        times_column(
            logits, first, arrays.mark_queries, marks_at, keys, key_at + token * size, marks, size
        )
    weigh(logits, shifts, room.work, 2 * marks)
    entering_at, leaving_at = value_at + slot * (size + 1), value_at + leaving * (size + 1)
    if offset:
        add_token(table, head_row, logits, shifts, ZERO, total, values, entering_at, marks, columns)
    else:
        set_token(table, head_row, logits, shifts, ZERO, values, entering_at, marks, columns)

    if old >= 1:
        seen = values[leaving_at + size] != 0.0
        if offset:
            copy(table, due, table, due + stride, run)
            if seen:
                add_token(
                    table, due, logits, shifts, marks, total, values, leaving_at, marks, columns
                )
        elif seen:
            set_token(table, due, logits, shifts, marks, values, leaving_at, marks, columns)
        else:
            clear(table, due, marks, columns)

    turned = count - 2 - offset
    if block == 0 and turned >= 2:
        row = blocks + turned * stride
        add(table, row, table, row + stride, marks, columns)

    if offset < length - 1:
        sum_three(total, table, head_row, others, left, marks, columns)
        return
    copy(total, ZERO, table, head_row, run)
    add(total, ZERO, table, others, marks, columns)
    copy(table, blocks + block * stride, table, head_row, run)
    if block == 0:
        clear(table, cycle, marks, columns)
    else:
        add(table, cycle, table, head_row, marks, columns)
    copy(table, others, table, cycle, run)
    if block < count - 1:
        add(table, others, table, blocks, marks, columns)
    if block + 2 < count:
        add(table, others, table, blocks + (block + 2) * stride, marks, columns)


@kernel(inline="always")
def _put(table, at, marks, entry, columns):
    """The sums of one landmark into their place in an entry."""
    for column in range(place(columns)):
        table[place(at) + column * place(marks)] = entry[column]


@kernel(fastmath={"contract"})
def _take(entry, shift, weight, values, value_at, columns):
    """Merge one token into the sums of one landmark."""
    kept = 1.0
    if entry[place(0)] != shift:
        entry[place(0)], kept, share = rescale(entry[place(0)], shift)
        weight *= share
    for column in range(place(columns - 1)):
        sums = entry[column + place(1)]
        entry[column + place(1)] = kept * sums + weight * values[place(value_at) + column]


@kernel(fastmath={"contract"})
def _merge(entry, table, at, marks, columns):
    """Merge a landmark's sums in the table into others."""
    entry[place(0)], kept, share = rescale(entry[place(0)], table[place(at)])
    for column in range(place(1), place(columns)):
        theirs = table[place(at) + column * place(marks)]
        entry[column] = kept * entry[column] + share * theirs


@kernel()
def build_landmark(sizes, arrays, room, stream, head, mark, slot):
    """Sum one landmark's part of a full window anew, `room.total` too.

    Args:
        slot: the place of the next token.
    """
    marks, size, window, count = sizes.marks, sizes.size, sizes.window, sizes.blocks
    table, values, entry, total = arrays.table, arrays.values, room.entry, room.total
    logits, shifts = room.logits, room.shifts
    columns = size + 2
    block = block_of(slot, count, window)
    start = block_start(block, count, window)
    base, stride, blocks, sides = table_of(sizes, stream, head)
    head_row, cycle, others = base + mark, base + stride + mark, base + 2 * stride + mark
    blocks, sides = blocks + mark, sides + mark
    unit = stream * sizes.heads + head
    value_base, landmark_at = unit * window * (size + 1), (unit * marks + mark) * size
    times_column(
        logits, ZERO, arrays.keys, unit * window * size, arrays.mark_queries, landmark_at, window,
        size,
    )  # fmt: skip
    weigh(logits, shifts, room.work, window)
    for index in range(count):
        first = block_start(index, count, window)
        beside = index in (block, (block + 1) % count)
        side = sides + (index % 2) * sizes.side_rows * stride
        clear(entry, ZERO, ONE, columns)
        for token in range(block_start(index + 1, count, window) - 1, first - 1, -1):
            value_at = value_base + token * (size + 1)
            _take(entry, shifts[token], logits[token], values, value_at, columns)
            if beside and token > first:
                _put(table, side + (token - first - 1) * stride, marks, entry, columns)
        _put(table, blocks + index * stride, marks, entry, columns)
    clear(entry, ZERO, ONE, columns)
    for token in range(start, slot):
        value_at = value_base + token * (size + 1)
        _take(entry, shifts[token], logits[token], values, value_at, columns)
    _put(table, head_row, marks, entry, columns)
    clear(entry, ZERO, ONE, columns)
    for index in range(1, block):
        _merge(entry, table, blocks + index * stride, marks, columns)
    _put(table, cycle, marks, entry, columns)
    clear(total, ZERO, ONE, columns)
    for index in range(count):
        if index != block:
            _merge(total, table, blocks + index * stride, marks, columns)
    _put(table, others, marks, total, columns)
    _merge(total, table, blocks + block * stride, marks, columns)
    made = block + 1 if block else max(count - 1 - (slot - start), 2)
    clear(entry, ZERO, ONE, columns)
    for index in range(count - 1, made - 1, -1):
        _merge(entry, table, blocks + index * stride, marks, columns)
        _put(table, blocks + index * stride, marks, entry, columns)
