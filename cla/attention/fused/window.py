"""`window_sums`, the same table: one token into a head, or a ring into the sums of one landmark."""

from typing import Any, NamedTuple

from cla.attention.fused.index import ZERO, place
from cla.attention.fused.kernel import inlined, kernel
from cla.attention.fused.matrix import times_column
from cla.attention.fused.pointers import fetch
from cla.attention.fused.sums import (
    add,
    add_token,
    add_two,
    all_plain,
    clear,
    copy,
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


@kernel()
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
def fetch_token(sizes, arrays, stream, head, slot, turn):
    """Ask for what a head needs of memory for the token that will be at `slot`."""
    size = sizes.size
    _, stride, _, sides = table_of(sizes, stream, head)
    due, left = suffix_places(sizes, turn, sides, stride)
    for index in range(place(0), place(sizes.marks * (size + 2)), LINE):
        fetch(arrays.table, place(due) + index)
        fetch(arrays.table, place(left) + index)
    unit = (stream * sizes.heads + head) * sizes.window
    for token in (slot, turn.leaving):
        at = place(unit + token)
        for index in range(place(0), place(size + 1), LINE):
            fetch(arrays.keys, at * place(size) + index)
            fetch(arrays.values, at * place(size + 1) + index)


@inlined()
def slide_head(sizes, arrays, room, stream, head, slot, turn):
    """Take the token at ring place `slot` into the table of a head; `room.totals` are the sums.

    Args:
        turn: of `slot`.
    """
    marks, size, window, count = sizes.marks, sizes.size, sizes.window, sizes.blocks
    table, keys, values = arrays.table, arrays.keys, arrays.values
    logits, shifts, total = room.logits, room.shifts, room.totals
    columns = size + 2
    run = marks * columns
    block, _, offset, length, old, leaving = turn
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
    near = weigh(logits, shifts, 2 * marks)
    entering_at, leaving_at = value_at + slot * (size + 1), value_at + leaving * (size + 1)
    seen = values[leaving_at + size] != 0.0

    turned = count - 2 - offset
    if block == 0 and turned >= 2:
        row = blocks + turned * stride
        add(table, row, table, row + stride, marks, columns)

    before = due + stride
    if (
        near and old >= 1 and 0 < offset < length - 1
        and all_plain(table, head_row, left, others, before, marks)
    ):  # fmt: skip
        add_two(
            total, table, (head_row, left, others, due, before), logits, values,
            (entering_at, leaving_at), marks, columns,
        )  # fmt: skip
        return

    if offset:
        add_token(table, head_row, logits, shifts, ZERO, total, values, entering_at, marks, columns)
    else:
        set_token(table, head_row, logits, shifts, ZERO, values, entering_at, marks, columns)

    if old >= 1:
        if offset:
            copy(table, due, table, before, run)
            if seen:
                add_token(
                    table, due, logits, shifts, marks, total, values, leaving_at, marks, columns
                )
        elif seen:
            set_token(table, due, logits, shifts, marks, values, leaving_at, marks, columns)
        else:
            clear(table, due, marks, columns)

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
