"""`window_sums` for one landmark row of one head: the same table, one token or a whole ring."""

from numba import njit

from cla.attention.fused.sums import add, clear, copy, set_leaf


@njit(cache=True, nogil=True, inline="always")
def dot(left, at, right, start, size):
    """Scalar product of two runs."""
    total = 0.0
    for index in range(size):
        total += left[at + index] * right[start + index]
    return total


@njit(cache=True, nogil=True, inline="always")
def block_start(block, count, window):
    """First place of a block, of `Cuts(window, count)`."""
    return block * (window // count) + min(block, window % count)


@njit(cache=True, nogil=True, inline="always")
def block_of(place, count, window):
    """The block that holds a place."""
    shorter, longer_count = window // count, window % count
    split = longer_count * (shorter + 1)
    if place < split:
        return place // (shorter + 1)
    return longer_count + (place - split) // shorter


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def slide_row(
    table, base, stride, landmark, landmark_at, keys, key_base, values, value_base,
    size, window, count, side_rows, slot, total,
):  # fmt: skip
    """Take the token at ring place `slot` into one row; leaves the window's sum in `total`."""
    columns = size + 2
    block = block_of(slot, count, window)
    start = block_start(block, count, window)
    place = slot - start
    length = block_start(block + 1, count, window) - start
    following = (block + 1) % count
    next_start = block_start(following, count, window)
    next_length = block_start(following + 1, count, window) - next_start
    head, ahead, others = base, base + stride, base + 2 * stride
    blocks = base + 3 * stride
    sides = blocks + count * stride

    logit = dot(landmark, landmark_at, keys, key_base + slot * size, size)
    set_leaf(total, 0, logit, values, value_base + slot * (size + 1), columns)
    if place:
        add(table, head, total, 0, columns)
    else:
        copy(table, head, total, 0, columns)

    old = next_length - 1 - place
    if old >= 1:
        row = sides + ((following % 2) * side_rows + old - 1) * stride
        token = next_start + old
        if values[value_base + token * (size + 1) + size] == 0.0:
            clear(table, row, columns)
        else:
            logit = dot(landmark, landmark_at, keys, key_base + token * size, size)
            set_leaf(table, row, logit, values, value_base + token * (size + 1), columns)
        if place:
            add(table, row, table, row + stride, columns)

    if place == 0:
        clear(table, ahead, columns)
    if place < count - 2:
        visited = (block + 2 + place) % count
        add(table, ahead, table, blocks + visited * stride, columns)

    copy(total, 0, table, head, columns)
    add(total, 0, table, others, columns)
    if place < length - 1:
        row = sides + ((block % 2) * side_rows + place) * stride
        add(total, 0, table, row, columns)
    else:
        copy(table, blocks + block * stride, table, head, columns)
        copy(table, others, table, ahead, columns)
        if count > 1:
            add(table, others, table, head, columns)


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def build_row(
    table, base, stride, landmark, landmark_at, keys, key_base, values, value_base,
    size, window, count, side_rows, slot, total, leaf,
):  # fmt: skip
    """Sum one row of a full window anew; `slot` is the place of the next token."""
    columns = size + 2
    block = block_of(slot, count, window)
    place = slot - block_start(block, count, window)
    following = (block + 1) % count
    head, ahead, others = base, base + stride, base + 2 * stride
    blocks = base + 3 * stride
    sides = blocks + count * stride
    for entry in (head, ahead, others):
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
            if index == block and token - start < place:
                add(table, head, leaf, 0, columns)
        if index != block:
            add(table, others, table, entry, columns)
    for index in range(min(place, max(count - 2, 0))):
        add(table, ahead, table, blocks + ((block + 2 + index) % count) * stride, columns)
    copy(total, 0, table, others, columns)
    add(total, 0, table, blocks + block * stride, columns)
