"""A landmark tick in one head: landmarks, sums, gamma's inverse and betas follow the stream."""

from cla.attention.fused.index import place
from cla.attention.fused.inverse import invert
from cla.attention.fused.kernel import kernel
from cla.attention.fused.shares import shares
from cla.attention.fused.window import block_start, build_landmark


@kernel()
def renew_landmarks(sizes, arrays, room, stream, head, rows, slot, means):
    """Landmarks of the segments from rows[0] to before rows[1], and their part of delta V.

    Args:
        slot: the place of the next token.
        means: delta V, (B, H, D, M).
    """
    marks, size, window = sizes.marks, sizes.size, sizes.window
    unit = stream * sizes.heads + head
    for mark in range(rows[0], rows[1]):
        at = (unit * marks + mark) * size
        begin, end = block_start(mark, marks, window), block_start(mark + 1, marks, window)
        for column in range(size):
            query_sum, key_sum = 0.0, 0.0
            for token in range(unit * window + begin, unit * window + end):
                query_sum += arrays.queries[token * size + column]
                key_sum += arrays.keys[token * size + column]
            arrays.mark_queries[at + column] = query_sum / (end - begin)
            arrays.mark_keys[at + column] = key_sum / (end - begin)
        build_landmark(sizes, arrays, room, stream, head, mark, slot)
        for column in range(size):
            mean = room.total[column + 1] / room.total[size + 1]
            means[(unit * size + column) * marks + mark] = mean


@kernel(inline="always")
def renew_inverse(sizes, arrays, room, unit, exact):
    """Gamma's inverse in a head."""
    marks, size, at = sizes.marks, sizes.size, unit * sizes.marks * sizes.size
    queries, keys = arrays.mark_queries, arrays.mark_keys
    shares(room.beta, room.work, queries, at, keys, at, marks, marks, size)
    invert(arrays.inverse, unit * marks * marks, room.beta, marks, exact, room.matrices)


@kernel()
def write_betas(sizes, arrays, room, unit, first, last, queries, query_at):
    """Neighboring queries into the ring of beta of a head, at the places from `first` on."""
    marks, window = sizes.marks, sizes.window
    for start in range(first, last, marks):
        count = min(marks, last - start)
        shares(
            room.beta, room.work, queries, query_at + (start - first) * sizes.size,
            arrays.mark_keys, unit * marks * sizes.size, count, marks, sizes.size,
        )  # fmt: skip
        for mark in range(place(marks)):
            row = (place(unit * marks) + mark) * place(window) + place(start)
            for token in range(place(count)):
                arrays.betas[row + token] = room.beta[token * place(marks) + mark]
