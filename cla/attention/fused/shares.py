"""Softmax over the landmarks, and what a token's row of it makes of delta V."""

from cla.attention.fused.exponentials import below_largest
from cla.attention.fused.index import ZERO, place
from cla.attention.fused.kernel import inlined
from cla.attention.fused.lanes import STEP, spread
from cla.attention.fused.matrix import row_times, times_column
from cla.attention.fused.runs import load, store, upto


@inlined()
def share(beta, at, queries, query_at, keys, keys_at, marks, size):
    """beta = softmax(q K~^T) of one query of a head, (M).

    Returns:
        The largest logit, and the sum of the exponentials of the logits less that.
    """
    times_column(beta, at, keys, keys_at, queries, query_at, marks, size)
    start, count = place(at), place(marks)
    shift, whole = below_largest(beta, at, marks)
    scale = spread(1.0 / whole)
    for mark in range(place(0), count, STEP):
        some = upto(count - mark)
        store(beta, start + mark, some, load(beta, start + mark, some) * scale)
    return shift, whole


@inlined()
def mix(sizes, arrays, room, unit, queries, query_at, means, out, out_at):
    """out = beta gamma_inv (delta V), from the left, of one token of a head.

    Args:
        unit: which head, of all streams.
        means: delta V, (B, H, D, M).
    """
    marks, size = sizes.marks, sizes.size
    part = unit * marks * size
    share(room.beta, ZERO, queries, query_at, arrays.mark_keys, part, marks, size)
    row_times(
        room.weights, ZERO, room.beta, ZERO, arrays.inverse, unit * marks * marks, marks, marks
    )
    times_column(out, out_at, means, part, room.weights, ZERO, size, marks)
