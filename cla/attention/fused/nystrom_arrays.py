"""What kernels of continual Nyström attention work on: the state's tensors, flat, and room."""

from typing import Any, NamedTuple

import numpy as np
from numba import carray

from cla.attention.fused.kernel import entry
from cla.attention.fused.lanes import COUNT
from cla.attention.fused.pointers import pointer


class Sizes(NamedTuple):
    """B, H, N, M and D; of `window_sums` the blocks, and the suffix sums kept of one block.

    And the distance of the columns of all rows, see `column_stride`.
    """

    batch: int
    heads: int
    window: int
    marks: int
    size: int
    blocks: int
    side_rows: int
    stride: int


class Arrays(NamedTuple):
    """The tensors of a `NystromState`, in its order."""

    valid: Any
    slots: Any
    queries: Any
    keys: Any
    values: Any
    mark_queries: Any
    mark_keys: Any
    inverse: Any
    table: Any
    betas: Any


class Room(NamedTuple):
    """Room for what is known of one head only, and only for now.

    Args:
        logits, shifts: 2 M numbers, or N if that is more and landmarks tick.
        entry, total: sums of one landmark.
        totals: sums of all landmarks.
        beta, weights: M numbers; M^2 of beta.
        matrices: 3 M^2 numbers.
        turned: queries of eight tokens, column by column.
    """

    logits: Any
    shifts: Any
    entry: Any
    total: Any
    totals: Any
    beta: Any
    weights: Any
    matrices: Any
    turned: Any


@entry(inline="always")
def arrays_of(sizes, at):
    """Arrays from the addresses of a state's tensors; those that a state lacks must not be read."""
    heads = sizes.batch * sizes.heads
    marks, ring = heads * sizes.marks, heads * sizes.window
    rows = 3 + sizes.blocks + 2 * sizes.side_rows
    return Arrays(
        carray(pointer(at[0]), sizes.batch, np.int64),
        carray(pointer(at[1]), sizes.batch, np.int64),
        carray(pointer(at[2]), ring * sizes.size, np.float64),
        carray(pointer(at[3]), ring * sizes.size, np.float64),
        carray(pointer(at[4]), ring * (sizes.size + 1), np.float64),
        carray(pointer(at[5]), marks * sizes.size, np.float64),
        carray(pointer(at[6]), marks * sizes.size, np.float64),
        carray(pointer(at[7]), marks * sizes.marks, np.float64),
        carray(pointer(at[8]), rows * marks * (sizes.size + 2), np.float64),
        carray(pointer(at[9]), (marks + heads) * sizes.stride, np.float64),
    )


@entry(inline="always")
def active_of(at, batch):
    """The mask of active streams from its address; empty if all are."""
    return carray(pointer(at), batch if at else 0, np.uint8)


@entry(inline="always")
def check_counters(batch, window, slots, valid):
    """Raise, before anything is written, where a state names places that its rings do not have."""
    for stream in range(batch):
        if not (0 <= slots[stream] < window and 0 <= valid[stream] <= window):
            raise IndexError("a state's counters do not fit its window")


@entry(inline="always")
def filling(sizes, active, arrays):
    """Whether some active stream has yet to fill its window after the next token."""
    for stream in range(sizes.batch):
        if (not len(active) or active[stream]) and arrays.valid[stream] + 1 < sizes.window:
            return True
    return False


@entry(inline="always")
def room_for(sizes, continual):
    """Room for the work of one head."""
    marks, columns = sizes.marks, sizes.size + 2
    many = max(2 * marks, sizes.window) if continual else 2 * marks
    square = marks * marks if continual else marks
    return Room(
        np.empty(many), np.empty(many), np.empty(columns),
        np.empty(columns), np.empty(marks * columns), np.empty(square), np.empty(marks),
        np.empty(3 * square), np.empty(COUNT * sizes.size),
    )  # fmt: skip
