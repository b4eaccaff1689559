"""A run of tokens of continual Nyström attention, up to and with the next landmark tick."""

import numpy as np
from numba import carray

from cla.attention.fused.exponentials import exponentials
from cla.attention.fused.index import clear_run, place
from cla.attention.fused.kernel import kernel
from cla.attention.fused.pointers import pointer
from cla.attention.fused.window import block_of, block_start, build_row, logits_of, slide_head


@kernel(fastmath={"reassoc", "contract"})
def shares(beta, work, query, query_at, keys, keys_at, marks, size):
    """beta = softmax(q K~^T), for one head."""
    logits_of(beta, keys_at, keys, query_at, query, marks, size)
    largest = -np.inf
    for mark in range(marks):
        largest = max(largest, beta[mark])
    for mark in range(marks):
        beta[mark] -= largest
    exponentials(beta, marks, work)
    total = 0.0
    for mark in range(marks):
        total += beta[mark]
    for mark in range(marks):
        beta[mark] /= total


@kernel(fastmath={"reassoc", "contract"})
def product(out, out_at, left, left_at, right, right_at, rows, size):
    """out = left right, of a row (rows) and a matrix (rows, size); four rows at a time."""
    columns, target, first, source = place(size), place(out_at), place(left_at), place(right_at)
    clear_run(out, out_at, size)
    quads = place(rows // 4 * 4)
    for row in range(place(0), quads, place(4)):
        one, two = left[first + row], left[first + row + place(1)]
        three, four = left[first + row + place(2)], left[first + row + place(3)]
        at = source + row * columns
        for column in range(columns):
            out[target + column] += (
                one * right[at + column]
                + two * right[at + columns + column]
                + three * right[at + place(2) * columns + column]
                + four * right[at + place(3) * columns + column]
            )
    for row in range(quads, place(rows)):
        share = left[first + row]
        for column in range(columns):
            out[target + column] += share * right[source + row * columns + column]


@kernel()
def mix(
    out, out_at, queries, query_at, mark_keys, inverse, means, unit, marks, size, beta, weights
):
    """out = beta gamma_inv (delta V), from the left, of one token and head."""
    shares(beta, weights, queries, query_at, mark_keys, unit * marks * size, marks, size)
    product(weights, 0, beta, 0, inverse, unit * marks * marks, marks, marks)
    product(out, out_at, weights, 0, means, unit * marks * size, marks, size)


@kernel()
def mix_ticked(batch, heads, marks, size, queries, mark_keys, inverse, means, ticked, context):
    """Contexts (B, H, D) of the newest tokens of streams that have ticked."""
    beta, weights = np.empty(marks), np.empty(marks)
    for unit in range(batch * heads):
        if ticked[unit // heads]:
            mix(
                context, unit * size, queries, unit * size, mark_keys, inverse, means, unit,
                marks, size, beta, weights,
            )  # fmt: skip


@kernel()
def advance_at(
    batch, heads, window, marks, size, count, side_rows, continual, has_queries, single_output,
    first, last, batch_stride, head_stride, time_stride, tokens_total,
    new_queries_at, new_keys_at, new_values_at, active_at, slot_at, valid_at,
    queries_at, keys_at, values_at, mark_queries_at, mark_keys_at, inverse_at, table_at,
    means_at, gamma_at, ticked_at, out_at,
):  # fmt: skip
    """`advance` with addresses in place of arrays; gamma and `ticked` only if `continual`.

    Means are given back where there is an address for them.
    """
    tokens_size = batch_stride * (batch - 1) + head_stride * (heads - 1)
    tokens_size += time_stride * (tokens_total - 1) + size
    pairs = batch * heads * marks
    if means_at:
        means = carray(pointer(means_at), pairs * size, np.float64)
    else:
        means = np.empty(pairs * size)
    return advance(
        batch, heads, window, marks, size, count, side_rows, continual, has_queries,
        single_output, first, last, batch_stride, head_stride, time_stride, tokens_total,
        carray(pointer(new_queries_at), tokens_size, np.float64),
        carray(pointer(new_keys_at), tokens_size, np.float64),
        carray(pointer(new_values_at), tokens_size, np.float64),
        active_at, slot_at, valid_at, queries_at, keys_at, values_at, mark_queries_at,
        mark_keys_at, inverse_at, table_at,
        means, carray(pointer(gamma_at), pairs * marks * continual, np.float64),
        carray(pointer(ticked_at), batch * continual, np.float64),
        carray(pointer(out_at), batch * tokens_total * heads * size, np.float64),
    )  # fmt: skip


@kernel()
def advance(
    batch, heads, window, marks, size, count, side_rows, continual, has_queries, single_output,
    first, last, batch_stride, head_stride, time_stride, tokens_total,
    new_queries, new_keys, new_values, active_at, slot_at, valid_at,
    queries_at, keys_at, values_at, mark_queries_at, mark_keys_at, inverse_at, table_at,
    means, gamma, ticked, out,
):  # fmt: skip
    """Take tokens `first` to `last` of each active stream; only the last may complete a segment.

    Where it does, landmarks, gamma and the sums are renewed and `ticked` is set; the context of
    that token is left to the caller, who has to invert gamma first. Contexts are those of the new
    tokens, (B, T, H, D); they are not made unless `single_output`.

    Returns:
        How many streams have ticked.
    """
    columns, rows = size + 2, 3 + count + 2 * side_rows
    everyone = active_at == 0
    active = carray(pointer(slot_at if everyone else active_at), batch, np.uint8)
    slots = carray(pointer(slot_at), batch, np.int64)
    valid = carray(pointer(valid_at), batch, np.int64)
    ring = batch * heads * window
    queries = carray(pointer(queries_at), ring * size, np.float64)
    keys = carray(pointer(keys_at), ring * size, np.float64)
    values = carray(pointer(values_at), ring * (size + 1), np.float64)
    pairs = batch * heads * marks
    mark_queries = carray(pointer(mark_queries_at), pairs * size, np.float64)
    mark_keys = carray(pointer(mark_keys_at), pairs * size, np.float64)
    inverse = carray(pointer(inverse_at), pairs * marks, np.float64)
    table = carray(pointer(table_at), batch * rows * heads * marks * columns, np.float64)

    total, leaf, totals = np.empty(columns), np.empty(columns), np.empty(marks * columns)
    beta, weights = np.empty(marks), np.empty(marks)
    stride = heads * marks * columns
    changed = 0
    for stream in range(batch):
        if continual:
            ticked[stream] = 0.0
        if not (everyone or active[stream]):
            continue
        start_slot, seen = slots[stream], valid[stream]
        end_slot = (start_slot + last - first - 1) % window
        end_seen = min(window, seen + last - first)
        segment = block_of(end_slot, marks, window)
        ticks = (
            continual
            and end_seen == window
            and block_start(segment + 1, marks, window) == end_slot + 1
        )
        fills = ticks and seen < window
        for head in range(heads):
            unit = stream * heads + head
            key_base, value_base = unit * window * size, unit * window * (size + 1)
            marks_at, means_base = unit * marks * size, unit * marks * size
            for token in range(first, last):
                slot = (start_slot + token - first) % window
                source = stream * batch_stride + head * head_stride + token * time_stride
                for column in range(size):
                    keys[key_base + slot * size + column] = new_keys[source + column]
                    values[value_base + slot * (size + 1) + column] = new_values[source + column]
                values[value_base + slot * (size + 1) + size] = 1.0
                if has_queries:
                    for column in range(size):
                        queries[key_base + slot * size + column] = new_queries[source + column]
                slide_head(
                    table, (stream * rows * heads + head) * marks * columns, stride,
                    mark_queries, marks_at, keys, key_base, values, value_base,
                    marks, size, window, count, side_rows, slot, beta, weights, totals,
                )  # fmt: skip
                for mark in range(marks):
                    weight = 1.0 / totals[mark * columns + size + 1]
                    target = place(means_base + mark * size)
                    source_at = place(mark * columns + 1)
                    for column in range(place(size)):
                        means[target + column] = totals[source_at + column] * weight
                if single_output and not (ticks and token == last - 1):
                    mix(
                        out, ((stream * tokens_total + token) * heads + head) * size, new_queries,
                        source, mark_keys, inverse, means, unit, marks, size, beta, weights,
                    )  # fmt: skip
            if not ticks:
                continue
            for mark in range(0 if fills else segment, marks if fills else segment + 1):
                at = marks_at + mark * size
                begin, end = block_start(mark, marks, window), block_start(mark + 1, marks, window)
                for column in range(size):
                    query_sum, key_sum = 0.0, 0.0
                    for slot in range(begin, end):
                        query_sum += queries[key_base + slot * size + column]
                        key_sum += keys[key_base + slot * size + column]
                    mark_queries[at + column] = query_sum / (end - begin)
                    mark_keys[at + column] = key_sum / (end - begin)
                base = (stream * rows * heads + head) * marks * columns + mark * columns
                build_row(
                    table, base, stride, mark_queries, at, keys, key_base, values, value_base,
                    size, window, count, side_rows, (end_slot + 1) % window, total, leaf,
                )  # fmt: skip
                for column in range(size):
                    means[at + column] = total[column + 1] / total[size + 1]
            for mark in range(marks):
                shares(
                    beta, weights, mark_queries, marks_at + mark * size, mark_keys, marks_at,
                    marks, size,
                )  # fmt: skip
                for other in range(marks):
                    gamma[(unit * marks + mark) * marks + other] = beta[other]
        if ticks:
            ticked[stream] = 1.0
            changed += 1
        slots[stream] = (end_slot + 1) % window
        valid[stream] = end_seen
    return changed
