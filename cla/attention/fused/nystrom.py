"""A run of tokens of continual Nyström attention, up to and with the next landmark tick."""

import numpy as np
from numba import carray

from cla.attention.fused.index import place
from cla.attention.fused.kernel import entry, kernel
from cla.attention.fused.lanes import STEP, spread
from cla.attention.fused.nystrom_arrays import (
    Sizes,
    active_of,
    arrays_of,
    check_counters,
    filling,
    room_for,
)
from cla.attention.fused.pointers import pointer
from cla.attention.fused.runs import load, store, upto
from cla.attention.fused.shares import mix
from cla.attention.fused.tick import renew_inverse, renew_landmarks, write_beta, write_betas
from cla.attention.fused.window import block_of, block_start, fetch_token, slide_head, turn_of

CACHED_WINDOW = 512
"""Windows up to which what a step needs is in the cache from the cycle before."""


@entry()
def advance_at(shape, modes, span, strides, new_at, active_at, state_at, means_at, out_at):
    """`advance` with addresses in place of arrays; means are given back where they have one.

    Returns:
        False, and nothing is done, where landmarks are continual and some stream has yet to fill
        its window.
    """
    sizes = Sizes(*shape)
    batch, heads, size = sizes.batch, sizes.heads, sizes.size
    batch_stride, head_stride, time_stride, length = strides
    count = batch_stride * (batch - 1) + head_stride * (heads - 1)
    count += time_stride * (length - 1) + size
    arrays, active = arrays_of(sizes, state_at), active_of(active_at, batch)
    check_counters(batch, sizes.window, arrays.slots, arrays.valid)
    if modes[0] and filling(sizes, active, arrays):
        return False
    if means_at:
        means = carray(pointer(means_at), batch * heads * sizes.marks * size, np.float64)
    else:
        means = np.empty(batch * heads * sizes.marks * size)
    advance(
        sizes, modes, span, strides, carray(pointer(new_at[0]), count, np.float64),
        carray(pointer(new_at[1]), count, np.float64),
        carray(pointer(new_at[2]), count, np.float64), active, arrays,
        room_for(sizes, modes[0]), means,
        carray(pointer(out_at), batch * length * heads * size, np.float64),
    )  # fmt: skip
    return True


@kernel()
def advance(
    sizes, modes, span, strides, queries, keys, values, active, arrays, room, means, out
):  # fmt: skip
    """Take tokens span[0] to before span[1] of each active stream; the last may complete a segment.

    Where it does, landmarks, sums, gamma's inverse and betas are renewed.

    Args:
        modes: whether landmarks are continual, outputs retroactive, and inverses exact.
        strides: of the new tokens' axes B, H and T, and T; of heads, there are D numbers.
        means: delta V of each stream's last token, (B, H, D, M).
        out: contexts (B, T, H, D) of the new tokens; not made if retroactive.
    """
    continual, retroactive, exact = modes
    first, last = span
    batch_stride, head_stride, time_stride, length = strides
    heads, window, marks, size = sizes.heads, sizes.window, sizes.marks, sizes.size
    for stream in range(sizes.batch):
        if len(active) and not active[stream]:
            continue
        start_slot, seen = arrays.slots[stream], arrays.valid[stream]
        end_slot = (start_slot + last - first - 1) % window
        end_seen = min(window, seen + last - first)
        segment = block_of(end_slot, marks, window)
        ticks = continual and end_seen == window
        ticks = ticks and block_start(segment + 1, marks, window) == end_slot + 1
        # Where the window has just become full, all landmarks are new.
        rows = (0, marks) if seen < window else (segment, segment + 1)
        now, after = turn_of(sizes, start_slot), (end_slot + 1) % window
        later = turn_of(sizes, after)
        for head in range(heads):
            unit = stream * heads + head
            source = stream * batch_stride + head * head_stride + first * time_stride
            slot = start_slot
            for token in range(first, last):
                _write(sizes, arrays, unit, slot, queries, keys, values, source, modes)
                turn = now if token == first else turn_of(sizes, slot)
                slide_head(sizes, arrays, room, stream, head, slot, turn)
                _quotient(sizes, room, means, unit * marks * size)
                if retroactive:
                    write_beta(sizes, arrays, room, unit, slot, queries, source)
                if ticks and token == last - 1:
                    renew_landmarks(sizes, arrays, room, stream, head, rows, after, means)
                    renew_inverse(sizes, arrays, room, unit, exact)
                    if retroactive:
                        write_betas(sizes, arrays, room, place(unit), rows)
                if not retroactive:
                    target = ((stream * length + token) * heads + head) * size
                    mix(sizes, arrays, room, unit, queries, source, means, out, target)
                source += time_stride
                slot = slot + 1 if slot + 1 < window else 0
            if window > CACHED_WINDOW:
                fetch_token(sizes, arrays, stream, head, after, later)
        arrays.slots[stream] = after
        arrays.valid[stream] = end_seen


@kernel(inline="always")
def _write(sizes, arrays, unit, slot, queries, keys, values, source, modes):
    """One token of a head into its rings."""
    at = place(unit * sizes.window + slot)
    size = place(sizes.size)
    value_at = at * (size + place(1))
    for column in range(size):
        arrays.keys[at * size + column] = keys[place(source) + column]
        arrays.values[value_at + column] = values[place(source) + column]
    arrays.values[value_at + size] = 1.0
    if modes[0] or modes[1]:
        for column in range(size):
            arrays.queries[at * size + column] = queries[place(source) + column]


@kernel(inline="always")
def _quotient(sizes, room, means, at):
    """Delta V of a head, (D, M), from the sums of its window."""
    stride, target = place(sizes.marks), place(at)
    for mark in range(place(0), stride, STEP):
        some = upto(stride - mark)
        denominators = load(room.totals, place(sizes.size + 1) * stride + mark, some)
        share = spread(1.0) / denominators
        for column in range(place(sizes.size)):
            sums = load(room.totals, (column + place(1)) * stride + mark, some)
            store(means, target + column * stride + mark, some, sums * share)
