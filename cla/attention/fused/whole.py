"""Whole steps in one call: project, attend and, if single-output, project."""

import numpy as np
from numba import carray

from cla.attention.fused.continual import all_rows, newest
from cla.attention.fused.kernel import kernel
from cla.attention.fused.nystrom import advance, mix_ticked
from cla.attention.fused.pointers import pointer
from cla.attention.fused.project import finish_from, project_into
from cla.attention.fused.rows import mix, write_betas


@kernel()
def continual_layer(
    batch, heads, window, size, retroactive, x_at, query_at, query_bias_at, key_at, key_bias_at,
    value_at, value_bias_at, output_at, output_bias_at, scale, active_at, slot_at, valid_at,
    queries_at, keys_at, values_at, rows_at, out_at,
):  # fmt: skip
    """A float32 token of each active stream through continual attention.

    To outputs (B, E) or, if retroactive, to contexts (B, H, D, N).

    Returns:
        How many windows are not full.
    """
    embed, ring = heads * size, batch * heads * window * size
    keys = carray(pointer(keys_at), ring, np.float32)
    values = carray(pointer(values_at), ring, np.float32)
    projected = np.empty((3, batch * embed), np.float32)
    project_into(
        batch, embed, x_at, query_at, query_bias_at, key_at, key_bias_at, value_at,
        value_bias_at, scale, projected.reshape(-1),
    )  # fmt: skip
    if retroactive:
        return all_rows(
            batch, heads, window, size, active_at, slot_at, valid_at, projected[0], projected[1],
            projected[2], carray(pointer(queries_at), ring, np.float32), keys, values,
            carray(pointer(rows_at), batch * heads * window * (size + 3), np.float64),
            carray(pointer(out_at), ring, np.float32),
        )  # fmt: skip
    # Of idle streams nothing is written: zeros, because garbage may take long to multiply.
    context = np.zeros(batch * embed)
    newest(
        batch, heads, window, size, active_at, slot_at, valid_at, projected[0], projected[1],
        projected[2], keys, values, context,
    )  # fmt: skip
    finish_from(batch, embed, context, output_at, output_bias_at, out_at)
    return 0


@kernel()
def nystrom_layer(
    batch, heads, window, marks, size, count, side_rows, continual, retroactive,
    x_at, query_at, query_bias_at, key_at, key_bias_at, value_at, value_bias_at, output_at,
    output_bias_at, scale, active_at, slot_at, valid_at, queries_at, keys_at, values_at,
    mark_queries_at, mark_keys_at, inverse_at, table_at, betas_at, scratch_at, out_at,
):  # fmt: skip
    """A float32 token of each active stream through continual Nyström attention.

    To outputs (B, E) or, if retroactive, to contexts (B, H, D, N).

    Args:
        scratch_at: address of float64 for what `nystrom_calls.Scratch` lists.

    Returns:
        How many streams have ticked: what follows is then still to be made. -1, and nothing is
        done, where some stream has yet to fill its window. And how many windows are not full.
    """
    if continual:
        valid = carray(pointer(valid_at), batch, np.int64)
        active = carray(pointer(valid_at if active_at == 0 else active_at), batch, np.uint8)
        for stream in range(batch):
            if (active_at == 0 or active[stream]) and valid[stream] + 1 < window:
                return -1, 0
    embed = heads * size
    part, pairs = batch * embed, batch * heads * marks
    scratch = carray(pointer(scratch_at), 4 * part + pairs * (size + marks) + batch, np.float64)
    context, means_at = scratch[3 * part : 4 * part], 4 * part
    gamma_at = means_at + pairs * size
    ticked_at = gamma_at + pairs * marks
    # Of idle streams nothing is written: zeros, because garbage may take long to multiply.
    context[:] = 0.0
    project_into(
        batch, embed, x_at, query_at, query_bias_at, key_at, key_bias_at, value_at,
        value_bias_at, scale, scratch,
    )  # fmt: skip
    keeps_queries, single_output = continual or retroactive, not retroactive
    changed = advance(
        batch, heads, window, marks, size, count, side_rows, continual, keeps_queries,
        single_output, 0, 1, embed, size, size, 1, scratch[:part], scratch[part : 2 * part],
        scratch[2 * part : 3 * part], active_at, slot_at, valid_at, queries_at, keys_at,
        values_at, mark_queries_at, mark_keys_at, inverse_at, table_at,
        scratch[means_at:gamma_at], scratch[gamma_at:ticked_at], scratch[ticked_at:], context,
    )  # fmt: skip
    if retroactive:
        write_betas(
            batch, heads, window, marks, size, scratch[:part], active_at, slot_at, mark_keys_at,
            betas_at,
        )  # fmt: skip
        if not changed:
            short = mix(
                batch, heads, window, marks, size, slot_at, valid_at, betas_at, inverse_at,
                scratch[means_at:gamma_at], carray(pointer(out_at), part * window, np.float32),
            )  # fmt: skip
            return 0, short
    elif not changed:
        finish_from(batch, embed, context, output_at, output_bias_at, out_at)
    return changed, 0


@kernel()
def finish_nystrom(
    batch, heads, marks, size, mark_keys_at, inverse_at, scratch_at, output_at, output_bias_at,
    out_at,
):  # fmt: skip
    """What `nystrom_layer` leaves of single outputs where landmarks have changed."""
    part, pairs = batch * heads * size, batch * heads * marks
    scratch = carray(pointer(scratch_at), 4 * part + pairs * (size + marks) + batch, np.float64)
    ticked_at = 4 * part + pairs * (size + marks)
    context = scratch[3 * part : 4 * part]
    mix_ticked(
        batch, heads, marks, size, scratch[:part],
        carray(pointer(mark_keys_at), pairs * size, np.float64),
        carray(pointer(inverse_at), pairs * marks, np.float64),
        scratch[4 * part : 4 * part + pairs * size], scratch[ticked_at:], context,
    )  # fmt: skip
    finish_from(batch, heads * size, context, output_at, output_bias_at, out_at)
