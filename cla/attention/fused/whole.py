"""Whole steps of single-output layers in one call: project, attend, project."""

import numpy as np
from numba import carray, njit

from cla.attention.fused.continual import advance_newest
from cla.attention.fused.nystrom import advance
from cla.attention.fused.pointers import pointer
from cla.attention.fused.project import finish, project


@njit(cache=True, nogil=True)
def continual_layer(
    batch, heads, window, size, x_at, query_at, query_bias_at, key_at, key_bias_at, value_at,
    value_bias_at, output_at, output_bias_at, scale, active_at, slot_at, valid_at,
    keys_at, values_at, projected_at, context_at, out_at,
):  # fmt: skip
    """A float32 token of each active stream through continual attention."""
    embed = heads * size
    project(
        batch, embed, True, x_at, query_at, query_bias_at, key_at, key_bias_at, value_at,
        value_bias_at, scale, projected_at,
    )  # fmt: skip
    part = batch * embed * 4
    advance_newest(
        batch, heads, window, size, True, projected_at, projected_at + part,
        projected_at + 2 * part, active_at, slot_at, valid_at, keys_at, values_at, context_at,
    )  # fmt: skip
    finish(batch, embed, context_at, output_at, output_bias_at, out_at)


@njit(cache=True, nogil=True)
def nystrom_layer(
    batch, heads, window, marks, size, count, side_rows, continual, has_queries,
    x_at, query_at, query_bias_at, key_at, key_bias_at, value_at, value_bias_at, output_at,
    output_bias_at, scale, active_at, slot_at, valid_at, queries_at, keys_at, values_at,
    mark_queries_at, mark_keys_at, inverse_at, table_at, means_at, gamma_at, ticked_at,
    projected_at, context_at, out_at,
):  # fmt: skip
    """A float32 token of each active stream through continual Nyström attention.

    Returns:
        The number of streams whose landmarks changed: outputs are then still to be made. -1, and
        nothing is done, where some stream has yet to fill its window.
    """
    if continual:
        valid = carray(pointer(valid_at), batch, np.int64)
        active = carray(pointer(valid_at if active_at == 0 else active_at), batch, np.uint8)
        for stream in range(batch):
            if (active_at == 0 or active[stream]) and valid[stream] + 1 < window:
                return -1
    embed = heads * size
    project(
        batch, embed, False, x_at, query_at, query_bias_at, key_at, key_bias_at, value_at,
        value_bias_at, scale, projected_at,
    )  # fmt: skip
    part = batch * embed * 8
    advance(
        batch, heads, window, marks, size, count, side_rows, continual, has_queries, True,
        0, 1, embed, size, size, 1, projected_at, projected_at + part, projected_at + 2 * part,
        active_at, slot_at, valid_at, queries_at, keys_at, values_at, mark_queries_at,
        mark_keys_at, inverse_at, table_at, means_at, gamma_at, ticked_at, context_at,
    )  # fmt: skip
    ticked = carray(pointer(ticked_at), batch, np.uint8)
    changed = 0
    for stream in range(batch):
        changed += ticked[stream]
    if not changed:
        finish(batch, embed, context_at, output_at, output_bias_at, out_at)
    return changed
