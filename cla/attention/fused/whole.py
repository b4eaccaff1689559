"""Whole steps in one call: project, attend and, if single-output, project."""

import numpy as np
from numba import carray

from cla.attention.fused.continual import newest
from cla.attention.fused.continual_rows import all_rows
from cla.attention.fused.index import ONE, ZERO
from cla.attention.fused.kernel import entry
from cla.attention.fused.nystrom import advance
from cla.attention.fused.nystrom_arrays import (
    Sizes,
    active_of,
    arrays_of,
    check_counters,
    filling,
    room_for,
)
from cla.attention.fused.pointers import pointer
from cla.attention.fused.project import finish_from, project_into
from cla.attention.fused.rows import mix_rows


@entry()
def continual_layer(
    batch, heads, window, size, retroactive, x_at, weights, active_at, slot_at, valid_at,
    queries_at, keys_at, values_at, rows_at, stride, out_at,
):  # fmt: skip
    """A float32 token of each active stream through continual attention.

    To outputs (B, E) or, if retroactive, to contexts (B, H, D, stride), N of them.

    Returns:
        How many windows are not full.
    """
    embed, ring = heads * size, batch * heads * window * size
    keys = carray(pointer(keys_at), ring, np.float32)
    values = carray(pointer(values_at), ring, np.float32)
    projected = np.empty((3, batch * embed))
    project_into(batch, heads, size, x_at, weights, projected.reshape(-1))
    if retroactive:
        return all_rows(
            batch, heads, window, size, active_at, slot_at, valid_at, projected[0], projected[1],
            projected[2], carray(pointer(queries_at), batch * embed * stride, np.float32), keys,
            values,
            carray(pointer(rows_at), batch * heads * stride * (size + 3), np.float64),
            stride, carray(pointer(out_at), batch * embed * stride, np.float32),
        )  # fmt: skip
    # Of idle streams nothing is written: zeros, because garbage may take long to multiply.
    context = np.zeros(batch * embed)
    newest(
        batch, heads, window, size, active_at, slot_at, valid_at, projected[0], projected[1],
        projected[2], keys, values, context,
    )  # fmt: skip
    finish_from(batch, embed, context, weights, out_at)
    return 0


@entry()
def nystrom_layer(shape, modes, x_at, weights, active_at, state_at, out_at):
    """A float32 token of each active stream through continual Nyström attention.

    To outputs (B, E) or, if retroactive, to contexts (B, H, D, stride), N of them.

    Args:
        shape, modes: see `nystrom_arrays.Sizes` and `nystrom.advance`.

    Returns:
        How many windows are not full, if retroactive. -1, and nothing is done, where landmarks are
        continual and some stream has yet to fill its window.
    """
    sizes = Sizes(*shape)
    batch, heads, size = sizes.batch, sizes.heads, sizes.size
    continual, retroactive, _ = modes
    arrays = arrays_of(sizes, state_at)
    active = active_of(active_at, batch)
    check_counters(batch, sizes.window, arrays.slots, arrays.valid)
    if continual and filling(sizes, active, arrays):
        return -1
    embed = heads * size
    projected, means = np.empty((3, batch * embed)), np.empty(batch * embed * sizes.marks)
    # Of idle streams nothing is written: zeros, because garbage may take long to multiply.
    context = np.zeros(batch * embed)
    project_into(batch, heads, size, x_at, weights, projected.reshape(-1))
    advance(
        sizes, modes, (ZERO, ONE), (embed, size, size, ONE), projected[0], projected[1],
        projected[2], active, arrays, room_for(sizes, continual), means, context,
    )  # fmt: skip
    if retroactive:
        out = carray(pointer(out_at), batch * embed * sizes.stride, np.float32)
        return mix_rows(sizes, arrays, means, out)
    finish_from(batch, embed, context, weights, out_at)
    return 0
