"""Ring buffers that hold a sliding window of tokens.

Each stream of a batch writes at a slot of its own: the index at which its next token goes.
"""

import torch
from torch import Tensor

from cla.attention.projected import on_host

PADDING = 8
LONG = 256
"""Windows of so many tokens and more get padded columns."""


def column_stride(window: int) -> int:
    """Distance between the starts of two columns of N numbers: N, padded if N is large.

    Windows are often powers of two long, and a processor's cache maps addresses that are a large
    power of two apart to the same few lines, which then evict each other.
    """
    return window + PADDING if window >= LONG else window


def stride_window(stride: int) -> int:
    """The window N that has this `column_stride`."""
    return stride - PADDING if stride >= LONG else stride


def write_token(ring: Tensor, slot: Tensor, token: Tensor, active: Tensor | None) -> None:
    """Write one token of each active stream into its ring, in place.

    Shapes:
        ring: (B, H, N, D); or (B, H, 1, D), which holds the newest token alone
        slot: (B,) int64
        token: (B, H, D)
        active: (B,) bool
    """
    slot = slot if ring.shape[2] > 1 else torch.zeros_like(slot)
    if active is not None:
        token = torch.where(active[:, None, None], token, read_token(ring, slot))
    ring.scatter_(2, _index(ring, slot), token[:, :, None].to(ring.dtype))


def read_token(ring: Tensor, slot: Tensor) -> Tensor:
    """The token of each stream, (B, H, D), at its slot (B,)."""
    return ring.gather(2, _index(ring, slot))[:, :, 0]


def _index(ring: Tensor, slot: Tensor) -> Tensor:
    return slot[:, None, None, None].expand(*ring.shape[:2], 1, ring.shape[3])


def time_order(slot: Tensor, valid_tokens: Tensor, window: int) -> Tensor:
    """Slots from the oldest token to the newest; slots that hold no token yet come last.

    Shapes:
        slot, valid_tokens: (B,), of the state after its newest token
        returns: (B, N)
    """
    start = torch.where(valid_tokens == window, slot, torch.zeros_like(slot))
    return (start[:, None] + torch.arange(window, device=slot.device)) % window


def window_order(slot: Tensor, valid_tokens: Tensor, window: int) -> Tensor:
    """Slots in window order, (B, N): those that hold no token yet, then the oldest token first."""
    return time_order(slot, valid_tokens, window).gather(
        1, (torch.arange(window, device=slot.device) + valid_tokens[:, None]) % window
    )


def take(tensor: Tensor, order: Tensor) -> Tensor:
    """Tokens (B, H, N, D), reordered by indices (B, N)."""
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
    """Mask, (B, 1, 1, N), of positions in order of time that hold no token yet."""
    return (torch.arange(window, device=seen.device) >= seen[:, None])[:, None, None]


def in_window_order(rows: Tensor, seen: Tensor) -> Tensor:
    """Reorder rows from order of time to window order; rows of missing tokens become zero.

    A single row, that of the newest token, is returned as it is.

    Shapes:
        rows: (B, H, 1 or N, ...)
        seen: (B,), how many of the rows, from the first on, belong to tokens
    """
    window = rows.shape[2]
    if window == 1:
        return rows
    rows = rows.masked_fill(unseen_places(seen, window).mT, 0)
    return roll_streams(rows, window - seen, 2)


def ring_order(ring: Tensor, slot: int) -> Tensor:
    """Tokens of a full ring from the oldest to the newest, where all streams have the same slot."""
    return torch.roll(ring, -slot, dims=-2)


def to_ring(tokens: Tensor, window: int, slot: int) -> Tensor:
    """A ring that holds these tokens; slots without a token are zero.

    Shapes:
        tokens: (B, H, T, D), T <= N
        returns: (B, H, N, D)
    """
    missing = window - tokens.shape[-2]
    if missing:
        return torch.nn.functional.pad(tokens, (0, 0, 0, missing))
    return torch.roll(tokens, slot, dims=-2)


def advance_counters(
    slot: Tensor, valid_tokens: Tensor, window: int, active: Tensor | None
) -> None:
    """Move the counters of each active stream on by one token, in place."""
    step = torch.ones_like(slot) if active is None else active.long()
    slot.copy_((slot + step) % window)
    valid_tokens.copy_((valid_tokens + step).clamp(max=window))


def is_alone(slot: Tensor) -> bool:
    """Whether there is one stream alone and its slot is on the CPU, where Python can read it."""
    return len(slot) == 1 and on_host(slot)


def selected(mask: Tensor) -> Tensor | None:
    """Indices of the streams that a mask selects; None if it selects none.

    Reading a mask would wait for a GPU, and cannot be exported: there all indices are returned, and
    callers apply the mask when they write.
    """
    if not on_host(mask):
        return torch.arange(mask.shape[0], device=mask.device)
    found = mask.nonzero()[:, 0]
    return found if len(found) else None
