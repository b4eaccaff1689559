"""`window_sums`, the same table: one token into a head, or a ring into one landmark row."""

from cla.attention.fused.index import place
from cla.attention.fused.kernel import kernel
from cla.attention.fused.sums import (
    add,
    add_rows,
    clear,
    clear_rows,
    copy,
    set_leaf,
    set_leaves,
    sum_rows,
)


@kernel(inline="always", fastmath={"reassoc", "contract"})
def dot(left, at, right, start, size):
    """Scalar product of two runs."""
    total = 0.0
    first, second = place(at), place(start)
    for index in range(place(size)):
        total += left[first + index] * right[second + index]
    return total


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


@kernel(fastmath={"reassoc", "contract"})
def logits_of(logits, marks_at, landmarks, token_at, tokens, marks, size):
    """Logits of one token under all landmarks of a head, four at a time."""
    columns, right = place(size), place(token_at)
    quads = place(marks // 4 * 4)
    for mark in range(place(0), quads, place(4)):
        first, second, third, fourth = 0.0, 0.0, 0.0, 0.0
        left = place(marks_at) + mark * columns
        for column in range(columns):
            part = tokens[right + column]
            first += landmarks[left + column] * part
            second += landmarks[left + columns + column] * part
            third += landmarks[left + place(2) * columns + column] * part
            fourth += landmarks[left + place(3) * columns + column] * part
        logits[mark], logits[mark + place(1)] = first, second
        logits[mark + place(2)], logits[mark + place(3)] = third, fourth
    for mark in range(quads, place(marks)):
        logits[mark] = dot(landmarks, marks_at + mark * columns, tokens, token_at, size)


@kernel(fastmath={"reassoc", "contract"})
def slide_head(
    table, base, stride, landmarks, marks_at, keys, key_base, values, value_base,
    marks, size, window, count, side_rows, slot, logits, work, total,
):  # fmt: skip
    """Take the token at ring place `slot` into all rows of a head; `total` becomes their sums.

    The rows of one head lie side by side in the table.
    """
    columns = size + 2
    run = marks * columns
    block = block_of(slot, count, window)
    start = block_start(block, count, window)
    offset = slot - start
    length = block_start(block + 1, count, window) - start
    following = (block + 1) % count
    next_start = block_start(following, count, window)
    next_length = block_start(following + 1, count, window) - next_start
    head, cycle, others = base, base + stride, base + 2 * stride
    blocks = base + 3 * stride
    sides = blocks + count * stride

    logits_of(logits, marks_at, landmarks, key_base + slot * size, keys, marks, size)
    set_leaves(total, 0, logits, work, values, value_base + slot * (size + 1), marks, columns)
    if offset:
        add_rows(table, head, total, 0, marks, columns)
    else:
        copy(table, head, total, 0, run)

    old = next_length - 1 - offset
    if old >= 1:
        row = sides + ((following % 2) * side_rows + old - 1) * stride
        token = next_start + old
        value_at = value_base + token * (size + 1)
        if values[value_at + size] == 0.0:
            clear_rows(table, row, marks, columns)
        else:
            logits_of(logits, marks_at, landmarks, key_base + token * size, keys, marks, size)
            set_leaves(table, row, logits, work, values, value_at, marks, columns)
        if offset:
            add_rows(table, row, table, row + stride, marks, columns)

    turned = count - 2 - offset
    if block == 0 and turned >= 2:
        row = blocks + turned * stride
        add_rows(table, row, table, row + stride, marks, columns)

    if offset < length - 1:
        row = sides + ((block % 2) * side_rows + offset) * stride
        sum_rows(total, table, head, others, row, marks, columns)
        return
    copy(total, 0, table, head, run)
    add_rows(total, 0, table, others, marks, columns)
    copy(table, blocks + block * stride, table, head, run)
    if block == 0:
        clear_rows(table, cycle, marks, columns)
    else:
        add_rows(table, cycle, table, head, marks, columns)
    copy(table, others, table, cycle, run)
    if block < count - 1:
        add_rows(table, others, table, blocks, marks, columns)
    if block + 2 < count:
        add_rows(table, others, table, blocks + (block + 2) * stride, marks, columns)


@kernel(fastmath={"reassoc", "contract"})
def build_row(
    table, base, stride, landmark, landmark_at, keys, key_base, values, value_base,
    size, window, count, side_rows, slot, total, leaf,
):  # fmt: skip
    """Sum one row of a full window anew; `slot` is the place of the next token."""
    columns = size + 2
    block = block_of(slot, count, window)
    offset = slot - block_start(block, count, window)
    following = (block + 1) % count
    head, cycle, others = base, base + stride, base + 2 * stride
    blocks = base + 3 * stride
    sides = blocks + count * stride
    for entry in (head, cycle, others):
        clear(table, entry, columns)
    for index in range(count):
        entry = blocks + index * stride
        start = block_start(index, count, window)
        stop = block_start(index + 1, count, window)
        beside = index in (block, following)
        side = sides + (index % 2) * side_rows * stride
        clear(table, entry, columns)
        for token in range(stop - 1, start - 1, -1):
            logit = dot(landmark, landmark_at, keys, key_base + token * size, size)
            set_leaf(leaf, 0, logit, values, value_base + token * (size + 1), columns)
            add(table, entry, leaf, 0, columns)
            if beside and token > start:
                copy(table, side + (token - start - 1) * stride, table, entry, columns)
            if index == block and token - start < offset:
                add(table, head, leaf, 0, columns)
        if index != block:
            add(table, others, table, entry, columns)
        if 1 <= index < block:
            add(table, cycle, table, entry, columns)
    copy(total, 0, table, others, columns)
    add(total, 0, table, blocks + block * stride, columns)
    made = max(count - 1 - offset, 2) if block == 0 else block + 1
    for index in range(count - 2, made - 1, -1):
        entry = blocks + index * stride
        add(table, entry, table, entry + stride, columns)
