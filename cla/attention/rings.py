"""Ring buffers of a window, each stream of a batch at a place of its own."""

import torch
from torch import Tensor

from cla.attention.projected import on_host

PADDING = 8
LONG = 256
"""Tokens from which a power of two is too large to be the distance of columns."""


def column_stride(window: int) -> int:
    """Numbers from a column of a window to the next: N, and some more if that is large.

    Caches put what lies a large power of two apart, as windows often are long, into the same few
    places.
    """
    return window + PADDING if window >= LONG else window


def stride_window(stride: int) -> int:
    """N of a `column_stride`."""
    return stride - PADDING if stride >= LONG else stride


def write_token(ring: Tensor, slot: Tensor, token: Tensor, active: Tensor | None) -> None:
    """Put one token of each active stream into its ring, or where the newest is kept, in place.

    Shapes:
        ring: (B, H, N, D), or (B, H, 1, D)
        slot: (B,) int64
        token: (B, H, D)
        active: (B,) bool
    """
    streams = torch.arange(ring.shape[0], device=ring.device)
    slot = slot if ring.shape[2] > 1 else torch.zeros_like(slot)
    if active is not None:
        token = torch.where(active[:, None, None], token, ring[streams, :, slot])
    ring[streams, :, slot] = token


def read_token(ring: Tensor, place: Tensor) -> Tensor:
    """One token of each stream, (B, H, D), from ring places (B,)."""
    return ring[torch.arange(ring.shape[0], device=ring.device), :, place]


def time_order(slot: Tensor, valid_tokens: Tensor, window: int) -> Tensor:
    """Ring places oldest token first; those of unseen tokens come last.

    Shapes:
        slot, valid_tokens: (B,), of the state after its newest token
        returns: (B, N)
    """
    start = torch.where(valid_tokens == window, slot, torch.zeros_like(slot))
    return (start[:, None] + torch.arange(window, device=slot.device)) % window


def window_order(slot: Tensor, valid_tokens: Tensor, window: int) -> Tensor:
    """Ring places in window order: oldest token first, those of unseen tokens before it, (B, N)."""
    return time_order(slot, valid_tokens, window).gather(
        1, (torch.arange(window, device=slot.device) + valid_tokens[:, None]) % window
    )


def take(tensor: Tensor, order: Tensor) -> Tensor:
    """Tokens (B, H, N, D) in the order given (B, N)."""
    index = order[:, None, :, None].expand(-1, tensor.shape[1], -1, tensor.shape[3])
    return tensor.gather(2, index)


def roll_streams(tensor: Tensor, shift: Tensor, dim: int) -> Tensor:
    """Roll each stream along `dim` by a shift (B,) of its own."""
    dim = dim % tensor.ndim
    length = tensor.shape[dim]
    index = (torch.arange(length, device=tensor.device) - shift[:, None]) % length
    shape = [1] * tensor.ndim
    shape[0], shape[dim] = tensor.shape[0], length
    return tensor.gather(dim, index.reshape(shape).expand_as(tensor))


def unseen_places(seen: Tensor, window: int) -> Tensor:
    """Which of N places, in order of time, hold no token yet, (B, 1, 1, N)."""
    return (torch.arange(window, device=seen.device) >= seen[:, None])[:, None, None]


def in_window_order(rows: Tensor, seen: Tensor) -> Tensor:
    """Rows of N tokens in order of time to window order, zero what is unseen; one row as it is.

    Shapes:
        rows: (B, H, 1 or N, ...)
        seen: (B,), the first so many exist
    """
    window = rows.shape[2]
    if window == 1:
        return rows
    rows = rows.masked_fill(unseen_places(seen, window).mT, 0)
    return roll_streams(rows, window - seen, 2)


def ring_order(ring: Tensor, slot: int) -> Tensor:
    """A full ring's tokens oldest first, all streams at the same place."""
    return torch.roll(ring, -slot, dims=-2)


def to_ring(tokens: Tensor, window: int, slot: int) -> Tensor:
    """Put the newest tokens in their ring places; unseen places are zero.

    Shapes:
        tokens: (B, H, T, D), T <= N
        returns: (B, H, N, D)
    """
    missing = window - tokens.shape[-2]
    if missing:
        return torch.nn.functional.pad(tokens, (0, 0, 0, missing))
    return torch.roll(tokens, slot, dims=-2)


def newest_query(queries: Tensor) -> Tensor:
    """The last of some queries, (B, H, 1, D); zeros where there are none."""
    newest = queries[:, :, -1:].clone()
    return newest if newest.shape[2] else newest.new_zeros(*newest.shape[:2], 1, newest.shape[3])


def advance_counters(
    slot: Tensor, valid_tokens: Tensor, window: int, active: Tensor | None
) -> None:
    """Count one token of each active stream, in place."""
    step = torch.ones_like(slot) if active is None else active.long()
    slot.copy_((slot + step) % window)
    valid_tokens.copy_((valid_tokens + step).clamp(max=window))


def is_alone(slot: Tensor) -> bool:
    """Whether a state is of one stream, to whose place Python may look."""
    return len(slot) == 1 and on_host(slot)


def selected(mask: Tensor) -> Tensor | None:
    """Streams that need some rare work: their indices, or None where there are none.

    A device or an exported graph is not waited for: there every stream is taken, and whoever
    asks writes under the mask.
    """
    if not on_host(mask):
        return torch.arange(mask.shape[0], device=mask.device)
    found = mask.nonzero()[:, 0]
    return found if len(found) else None
