"""A run of tokens of continual Nyström attention, up to and with the next landmark tick."""

import numpy as np
from numba import carray, njit

from cla.attention.fused.exponentials import exponentials
from cla.attention.fused.index import place
from cla.attention.fused.pointers import pointer
from cla.attention.fused.window import block_of, block_start, build_row, dot, logits_of, slide_head


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
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


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def mix(
    beta, weights, query, query_at, keys, keys_at, inverse, inverse_at, means, means_at,
    marks, size, out, out_at,
):  # fmt: skip
    """out = softmax(q K~^T) gamma_inv means, for one head."""
    shares(beta, weights, query, query_at, keys, keys_at, marks, size)
    for mark in range(marks):
        weights[mark] = 0.0
    for mark in range(marks):
        share = beta[mark]
        at = place(inverse_at + mark * marks)
        for other in range(place(marks)):
            weights[other] += share * inverse[at + other]
    target = place(out_at)
    for column in range(place(size)):
        out[target + column] = 0.0
    for mark in range(marks):
        share = weights[mark]
        at = place(means_at + mark * size)
        for column in range(place(size)):
            out[target + column] += share * means[at + column]


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def advance(
    batch, heads, window, marks, size, count, side_rows, continual, has_queries, mixing,
    first, last, batch_stride, head_stride, time_stride, tokens_total,
    new_queries_at, new_keys_at, new_values_at, active_at, slot_at, valid_at,
    queries_at, keys_at, values_at, mark_queries_at, mark_keys_at, inverse_at, table_at,
    means_at, gamma_at, ticked_at, out_at,
):  # fmt: skip
    """Take tokens `first` to `last` of each active stream; only the last may complete a segment.

    Where it does, landmarks, gamma and the sums are renewed and `ticked` is set; the context of
    that token is left to the caller, who has to invert gamma first.
    """
    columns, rows = size + 2, 3 + count + 2 * side_rows
    tokens_size = batch_stride * (batch - 1) + head_stride * (heads - 1)
    tokens_size += time_stride * (tokens_total - 1) + size
    new_queries = carray(pointer(new_queries_at), tokens_size, np.float64)
    new_keys = carray(pointer(new_keys_at), tokens_size, np.float64)
    new_values = carray(pointer(new_values_at), tokens_size, np.float64)
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
    means = carray(pointer(means_at), pairs * size, np.float64)
    gamma = carray(pointer(gamma_at), pairs * marks, np.float64)
    ticked = carray(pointer(ticked_at), batch, np.uint8)
    out = carray(pointer(out_at), batch * tokens_total * heads * size, np.float64)

    total, leaf, totals = np.empty(columns), np.empty(columns), np.empty(marks * columns)
    beta, weights = np.empty(marks), np.empty(marks)
    stride = heads * marks * columns
    for stream in range(batch):
        ticked[stream] = 0
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
                    mark_queries, unit * marks * size, keys, key_base, values, value_base,
                    marks, size, window, count, side_rows, slot, beta, weights, totals,
                )  # fmt: skip
                for mark in range(marks):
                    weight = 1.0 / totals[mark * columns + size + 1]
                    target = place((unit * marks + mark) * size)
                    source_at = place(mark * columns + 1)
                    for column in range(place(size)):
                        means[target + column] = totals[source_at + column] * weight
                if mixing and not (ticks and token == last - 1):
                    mix(
                        beta, weights, new_queries, source, mark_keys, unit * marks * size,
                        inverse, unit * marks * marks, means, unit * marks * size, marks, size,
                        out, ((stream * tokens_total + token) * heads + head) * size,
                    )  # fmt: skip
            if not ticks:
                continue
            for mark in range(0 if fills else segment, marks if fills else segment + 1):
                at = (unit * marks + mark) * size
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
                at = (unit * marks + mark) * marks
                largest = -np.inf
                for other in range(marks):
                    logit = dot(
                        mark_queries, (unit * marks + mark) * size,
                        mark_keys, (unit * marks + other) * size, size,
                    )  # fmt: skip
                    gamma[at + other] = logit
                    largest = max(largest, logit)
                weight = 0.0
                for other in range(marks):
                    gamma[at + other] = np.exp(gamma[at + other] - largest)
                    weight += gamma[at + other]
                for other in range(marks):
                    gamma[at + other] /= weight
        if ticks:
            ticked[stream] = 1
        slots[stream] = (end_slot + 1) % window
        valid[stream] = end_seen


@njit(cache=True, nogil=True)
def write_betas(
    batch, heads, window, marks, size, batch_stride, head_stride, new_queries_at, active_at,
    slot_at, mark_keys_at, betas_at,
):  # fmt: skip
    """The newest token's row of beta into its ring; `slot` is the place of the next token."""
    everyone = active_at == 0
    active = carray(pointer(slot_at if everyone else active_at), batch, np.uint8)
    slots = carray(pointer(slot_at), batch, np.int64)
    tokens_size = batch_stride * (batch - 1) + head_stride * (heads - 1) + size
    queries = carray(pointer(new_queries_at), tokens_size, np.float64)
    mark_keys = carray(pointer(mark_keys_at), batch * heads * marks * size, np.float64)
    betas = carray(pointer(betas_at), batch * heads * window * marks, np.float64)
    beta, work = np.empty(marks), np.empty(marks)
    for stream in range(batch):
        if not (everyone or active[stream]):
            continue
        slot = (slots[stream] + window - 1) % window
        for head in range(heads):
            unit = stream * heads + head
            query_at = stream * batch_stride + head * head_stride
            shares(beta, work, queries, query_at, mark_keys, unit * marks * size, marks, size)
            for mark in range(marks):
                betas[(unit * window + slot) * marks + mark] = beta[mark]


@njit(cache=True, nogil=True)
def join_in_order(batch, heads, window, size, slot_at, rows_at, out_at):
    """Contexts in ring order (B, H, N, D) float64 to (B, N, H, D) float32, oldest first."""
    slots = carray(pointer(slot_at), batch, np.int64)
    rows = carray(pointer(rows_at), batch * heads * window * size, np.float64)
    out = carray(pointer(out_at), batch * heads * window * size, np.float32)
    for stream in range(batch):
        for token in range(window):
            at = (stream * window + (token + window - slots[stream]) % window) * heads
            for head in range(heads):
                left = place((at + head) * size)
                right = place(((stream * heads + head) * window + token) * size)
                for column in range(place(size)):
                    out[left + column] = rows[right + column]
