"""A ring into the sums of one landmark: its part of the table of `window`, anew."""

from cla.attention.fused.index import ONE, ZERO, place
from cla.attention.fused.kernel import inlined, kernel
from cla.attention.fused.lanes import STEP, spread
from cla.attention.fused.matrix import times_column
from cla.attention.fused.runs import load, store, upto
from cla.attention.fused.sums import clear, rescale, weigh
from cla.attention.fused.window import block_of, block_start, table_of


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


@inlined()
def _sum_run(room, values, value_at, run, columns, table, row, side, marks):
    """Sums of a run of tokens under one landmark into a row of the table, from the last token on.

    Args:
        run: first token, and the one after the last.
        row: where the sums go.
        side: where those without the first token go, and how far from it those without the next
            are; nowhere if that is 0. All shifts must be 0.
    """
    first, last = place(run[0]), place(run[1])
    side_at, stride = place(side[0]), place(side[1])
    count, step, weights, eight = place(columns - 1), place(marks), room.logits, room.turned
    table[place(row)] = 0.0
    if stride:
        for token in range(last - first - place(1)):
            table[side_at + token * stride] = 0.0
    for column in range(place(0), count, STEP):
        some, sums, here = upto(count - column), spread(0.0), min(STEP, count - column)
        target = (column + place(1)) * step
        for token in range(last - place(1), first, -1):
            at = place(value_at) + token * count + column
            sums += spread(weights[token]) * load(values, at, some)
            if stride:
                store(eight, ZERO, upto(STEP), sums)
                for index in range(here):
                    to = side_at + (token - first - place(1)) * stride + target
                    table[to + index * step] = eight[index]
        at = place(value_at) + first * count + column
        sums += spread(weights[first]) * load(values, at, some)
        store(eight, ZERO, upto(STEP), sums)
        for index in range(here):
            table[place(row) + target + index * step] = eight[index]


@inlined(fastmath={"contract"})
def _merge(entry, table, at, marks, columns):
    """Merge a landmark's sums in the table into others."""
    entry[place(0)], kept, share = rescale(entry[place(0)], table[place(at)])
    for column in range(place(1), place(columns)):
        theirs = table[place(at) + column * place(marks)]
        entry[column] = kept * entry[column] + share * theirs


@kernel()
def _sum_far_run(room, values, value_at, run, columns, table, row, side, marks):
    """`_sum_run` of tokens whose shifts are any."""
    first, last = run
    side_at, stride = side
    entry = room.entry
    clear(entry, ZERO, ONE, columns)
    for token in range(last - 1, first - 1, -1):
        at = value_at + token * (columns - 1)
        _take(entry, room.shifts[token], room.logits[token], values, at, columns)
        if stride and token > first:
            _put(table, side_at + (token - first - 1) * stride, marks, entry, columns)
    _put(table, row, marks, entry, columns)


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
    near = weigh(logits, shifts, window)
    for index in range(count):
        run = block_start(index, count, window), block_start(index + 1, count, window)
        beside = index in (block, (block + 1) % count)
        side = sides + (index % 2) * sizes.side_rows * stride, stride if beside else 0
        row = blocks + index * stride
        if near:
            _sum_run(room, values, value_base, run, columns, table, row, side, marks)
        else:
            _sum_far_run(room, values, value_base, run, columns, table, row, side, marks)
    clear(entry, ZERO, ONE, columns)
    _put(table, head_row, marks, entry, columns)
    if slot > start:
        run, side = (start, slot), (ZERO, ZERO)
        if near:
            _sum_run(room, values, value_base, run, columns, table, head_row, side, marks)
        else:
            _sum_far_run(room, values, value_base, run, columns, table, head_row, side, marks)
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
