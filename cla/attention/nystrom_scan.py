"""Continual Nyström attention over many tokens at once, equal to stepping and differentiable.

Streams at the same place are taken together, in chunks. Continual landmarks of a window that is
still filling are cut anew at each token; all other windows are those of `nystrom_cycles`.
"""

import torch
from torch import Tensor

from cla.attention import fused
from cla.attention.config import AttentionConfig
from cla.attention.landmarks import Landmarks, window_landmarks
from cla.attention.nystrom import newest_row, window_rows
from cla.attention.nystrom_cycles import full_windows
from cla.attention.nystrom_state import NystromState, build_state, follows_stream
from cla.attention.projected import Line, Projected
from cla.attention.rings import ring_order
from cla.attention.state import clone_state, narrow_state, stack_states, stream_groups
from cla.attention.windowed import banded_context, tokens_seen

CHUNK_TOKENS = 512


def scan_streams(
    new: Projected,
    state: NystromState,
    config: AttentionConfig,
    kernels: "fused.NystromKernels | None",
) -> tuple[Tensor, NystromState]:
    """Contexts of T new tokens, and the state after them.

    Args:
        kernels: to be used where they can be.

    Shapes:
        new: (B, H, T, D)
        returns: (B, H, T, D), or (B, T, H, N, D) if retroactive
    """
    time_axis = 1 if config.retroactive else -2
    contexts, states = [], []
    for group in stream_groups(state.slot, state.valid_tokens):
        rows = slice(group.start, group.start + group.length)
        part = narrow_state(state, group)
        pieces = []
        start, slot, valid = 0, group.slot, group.valid_tokens
        while start < new.keys.shape[-2]:
            if kernels and _can_fuse(new, part, config, valid):
                part = clone_state(part)
                rest = Projected(*(tensor[rows, :, start:] for tensor in new))
                pieces.append(kernels.scan(rest, part))
                break
            length = min(_chunk(config, valid), new.keys.shape[-2] - start)
            tokens = Projected(*(tensor[rows, :, start : start + length] for tensor in new))
            context, part = _scan_chunk(tokens, part, config, slot, valid)
            pieces.append(context)
            start += length
            slot = (slot + length) % config.window
            valid = min(valid + length, config.window)
        contexts.append(torch.cat(pieces, time_axis))
        states.append(part)
    return torch.cat(contexts), stack_states(states)


def _can_fuse(new: Projected, state: NystromState, config: AttentionConfig, valid: int) -> bool:
    """Whether the compiled step can take all tokens from here on; it keeps no gradient."""
    steady = not follows_stream(config) or (
        valid == config.window and config.landmarks < config.window
    )
    return (
        steady
        and not config.retroactive
        and not (torch.is_grad_enabled() and any(part.requires_grad for part in new))
        and new.keys.dtype is state.keys.dtype is torch.float64
        and fused.can_step(state.keys)
    )


def _chunk(config: AttentionConfig, valid: int) -> int:
    """Tokens to take at once; a window cut anew at each token ends where it is full."""
    if follows_stream(config) and valid < config.window:
        return config.window - valid
    return config.window if config.retroactive else max(CHUNK_TOKENS, 2 * config.window)


def _scan_chunk(
    new: Projected, state: NystromState, config: AttentionConfig, slot: int, valid: int
) -> tuple[Tensor, NystromState]:
    window = config.window
    rings = (state.queries, state.keys, state.values[..., :-1])
    if not state.queries.shape[2]:
        rings = (torch.zeros_like(state.keys), *rings[1:])
    history = Projected(*(ring_order(ring, slot) for ring in rings))
    tokens = Projected(*(torch.cat(pair, -2) for pair in zip(history, new, strict=True)))
    line = Line(tokens, window - valid)
    seen = tokens_seen(slot, valid, window) + new.keys.shape[-2]
    if follows_stream(config) and config.landmarks == window and not config.retroactive:
        context, landmarks = banded_context(tokens, window, line.unseen), state.landmarks
    elif follows_stream(config) and config.landmarks == window:
        context, landmarks = _each_window(line, config), state.landmarks
    elif follows_stream(config) and valid < window:
        context, landmarks = _warm_up(line, config)
        if seen < window:
            landmarks = state.landmarks
    else:
        context, landmarks = full_windows(line, state.landmarks, config, slot)
    kept = tokens.span(line.length - min(seen, window))
    return context, build_state(kept, landmarks, config, seen)


def _warm_up(line: Line, config: AttentionConfig) -> tuple[Tensor, Landmarks]:
    """Each window of an incomplete cycle is cut anew."""
    landmarks = window_landmarks(line.tokens.span(line.unseen), config)
    return _each_window(line, config), landmarks


def _each_window(line: Line, config: AttentionConfig) -> Tensor:
    contexts = []
    for end in range(config.window + 1, line.length + 1):
        tokens = line.tokens.span(max(line.unseen, end - config.window), end)
        if not config.retroactive:
            contexts.append(newest_row(tokens, config))
            continue
        rows = window_rows(tokens, config)
        missing = config.window - rows.shape[-2]
        contexts.append(torch.nn.functional.pad(rows, (0, 0, missing, 0))[:, None])
    return torch.cat(contexts, 1 if config.retroactive else -2)
