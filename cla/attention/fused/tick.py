"""A landmark tick in one head: landmarks, sums, gamma's inverse and betas follow the stream."""

import numpy as np

from cla.attention.fused.build import build_landmark
from cla.attention.fused.exponentials import exponential
from cla.attention.fused.index import ZERO, place
from cla.attention.fused.inverse import invert
from cla.attention.fused.kernel import inlined, kernel
from cla.attention.fused.lanes import COUNT, STEP, larger, largest, only, spread, total
from cla.attention.fused.matrix import times_column
from cla.attention.fused.runs import load, store, upto
from cla.attention.fused.shares import share
from cla.attention.fused.sums import NEAR
from cla.attention.fused.window import block_start


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
        for column in range(0, size, COUNT):
            some = upto(size - column)
            query_sum, key_sum = spread(0.0), spread(0.0)
            for token in range(unit * window + begin, unit * window + end):
                query_sum += load(arrays.queries, token * size + column, some)
                key_sum += load(arrays.keys, token * size + column, some)
            length = spread(end - begin)
            store(arrays.mark_queries, at + column, some, query_sum / length)
            store(arrays.mark_keys, at + column, some, key_sum / length)
        build_landmark(sizes, arrays, room, stream, head, mark, slot)
        for column in range(size):
            mean = room.total[column + 1] / room.total[size + 1]
            means[(unit * size + column) * marks + mark] = mean


@kernel()
def renew_inverse(sizes, arrays, room, unit, exact):
    """Gamma's inverse in a head."""
    marks, size, at = sizes.marks, sizes.size, unit * sizes.marks * sizes.size
    queries, keys = arrays.mark_queries, arrays.mark_keys
    for mark in range(marks):
        share(room.beta, mark * marks, queries, at + mark * size, keys, at, marks, size)
    invert(arrays.inverse, unit * marks * marks, room.beta, marks, exact, room.matrices)


@inlined()
def write_beta(sizes, arrays, room, unit, slot, queries, query_at):
    """The column of one query in the ring of beta of a head."""
    marks, stride = sizes.marks, place(sizes.stride)
    keys_at = unit * marks * sizes.size
    shift, whole = share(
        room.beta, ZERO, queries, query_at, arrays.mark_keys, keys_at, marks, sizes.size
    )
    at = place(unit * (marks + 1)) * stride + place(slot)
    for mark in range(place(marks)):
        arrays.betas[at] = room.beta[mark]
        at += stride
    arrays.betas[at] = np.exp(-shift) / whole if abs(shift) < NEAR else 0.0


@kernel()
def write_betas(sizes, arrays, room, unit, rows):
    """The ring of beta of a head under new key landmarks, from rows[0] to before rows[1].

    Lanes are tokens. What one landmark changes in a column follows from its own weight and the sum
    of the others: nothing is subtracted.
    """
    marks, size, window = place(sizes.marks), place(sizes.size), place(sizes.window)
    betas, logits, stride = arrays.betas, room.logits, place(sizes.stride)
    first, mark = unit * (marks + place(1)) * stride, place(rows[0])
    scales, renewed = first + marks * stride, first + mark * stride
    alone = rows[1] - rows[0] == 1
    if alone:
        times_column(
            logits, ZERO, arrays.queries, unit * window * size, arrays.mark_keys,
            (unit * marks + mark) * size, sizes.window, sizes.size,
        )  # fmt: skip
    for token in range(place(0), window, STEP):
        some = upto(window - token)
        logit, scale = load(logits, token, some), load(betas, scales + token, some)
        # What is no number, or none any more, is not known either: less itself it is not 0.
        known = largest(only(spread(0.0) - scale, some, -1.0)) < 0.0
        known = known and total(only(scale - scale, some, 0.0)) == 0.0
        if not (alone and known and largest(logit * logit) < NEAR * NEAR):
            _write_columns(sizes, arrays, room, unit, token)
            continue
        weight = exponential(logit) * scale
        whole = weight
        for at in range(first + token, scales, stride):
            if at != renewed + token:
                whole += load(betas, at, some)
        share_of_each = spread(1.0) / whole
        for at in range(first + token, scales, stride):
            store(betas, at, some, load(betas, at, some) * share_of_each)
        store(betas, renewed + token, some, weight * share_of_each)
        store(betas, scales + token, some, scale * share_of_each)


@kernel()
def _write_columns(sizes, arrays, room, unit, token):
    """Eight columns of the ring of beta of a head, from its ring of queries."""
    marks, size, window = place(sizes.marks), place(sizes.size), place(sizes.window)
    betas, keys, turned, some = arrays.betas, arrays.mark_keys, room.turned, upto(window - token)
    stride, queries_at = place(sizes.stride), unit * window * size
    first, key = unit * (marks + place(1)) * stride, unit * marks * size
    scales = first + marks * stride
    for row in range(min(STEP, window - token)):
        for column in range(size):
            found = arrays.queries[queries_at + (token + row) * size + column]
            turned[column * STEP + row] = found
    shift, weight = spread(-np.inf), spread(0.0)
    for at in range(first + token, scales, stride):
        logit = spread(0.0)
        for column in range(size):
            logit += spread(keys[key + column]) * load(turned, column * STEP, some)
        store(betas, at, some, logit)
        shift, key = larger(shift, logit), key + size
    for at in range(first + token, scales, stride):
        found = exponential(load(betas, at, some) - shift)
        store(betas, at, some, found)
        weight += found
    scale = spread(1.0) / weight
    for at in range(first + token, scales, stride):
        store(betas, at, some, load(betas, at, some) * scale)
    near = largest(only(shift * shift, some, 0.0)) < NEAR * NEAR
    scale = exponential(spread(0.0) - shift) * scale if near else spread(0.0)
    store(betas, scales + token, some, scale)
