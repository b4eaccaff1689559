"""Continual Nyström attention over many tokens at once, equal to stepping and differentiable."""

from functools import partial

import torch
from torch import Tensor

from cla.attention import kernels
from cla.attention.config import AttentionConfig
from cla.attention.landmarks import Landmarks, context_of_window
from cla.attention.low_rank_scan import scan_low_rank
from cla.attention.nystrom_state import NystromState, build_state, follows_stream
from cla.attention.nystrom_step import landmarks_are_tokens
from cla.attention.projected import Projected
from cla.attention.rings import ring_order
from cla.attention.scan import scan_softmax, scan_windows
from cla.attention.serving import FixedLandmarks, StreamLandmarks
from cla.attention.state import StreamGroup, clone_state, narrow_state, stack_states, stream_groups
from cla.attention.timeline import Timeline
from cla.attention.windowed import tokens_seen


def scan_streams(
    new: Projected,
    state: NystromState,
    config: AttentionConfig,
    taken: "kernels.Steps | None",
) -> tuple[Tensor, NystromState]:
    """Contexts of T new tokens, and the state after them.

    Args:
        taken: kernels to be used where they can be.

    Shapes:
        new: (B, H, T, D)
        returns: (B, H, T, D), or (B, T, H, N, D) if retroactive
    """
    contexts, states = [], []
    for group in stream_groups(state.slot, state.valid_tokens):
        rows = slice(group.start, group.start + group.length)
        tokens = Projected(*(part[rows] for part in new))
        part = narrow_state(state, group)
        if taken and _can_compile(tokens, part, config):
            context, after = _scan_compiled(tokens, part, config, taken, group)
        else:
            context, after = _scan_group(tokens, part, config, group)
        contexts.append(context)
        states.append(after)
    return torch.cat(contexts), stack_states(states)


def _can_compile(new: Projected, state: NystromState, config: AttentionConfig) -> bool:
    """Whether compiled steps can take tokens once the windows are full; they keep no gradient."""
    return (
        not config.retroactive
        and not landmarks_are_tokens(config)
        and not (torch.is_grad_enabled() and any(part.requires_grad for part in new))
        and new.keys.dtype is torch.float64
        and kernels.can_step(state.keys, torch.float64)
    )


def _scan_compiled(
    new: Projected,
    state: NystromState,
    config: AttentionConfig,
    taken: "kernels.Steps",
    group: StreamGroup,
) -> tuple[Tensor, NystromState]:
    """Continual landmarks of windows that fill are for PyTorch, all else is for the kernels."""
    early = config.window - group.valid_tokens if follows_stream(config) else 0
    if not early:
        state = clone_state(state)
        return taken.scan(new, state), state
    first, after = _scan_group(new.span(0, early), state, config, group)
    if early >= new.keys.shape[2]:
        return first, after
    return torch.cat([first, taken.scan(new.span(early), after)], 2), after


def _scan_group(
    new: Projected, state: NystromState, config: AttentionConfig, group: StreamGroup
) -> tuple[Tensor, NystromState]:
    slot, valid = group.slot, group.valid_tokens
    window = config.window
    rings = (state.queries, state.keys, state.values[..., :-1])
    if state.queries.shape[2] != window:
        rings = (torch.zeros_like(state.keys), *rings[1:])
    history = Projected(*(ring_order(ring, slot) for ring in rings))
    tokens = Projected(*(torch.cat(pair, -2) for pair in zip(history, new, strict=True)))
    timeline = Timeline(tokens, window - valid, window)
    seen = tokens_seen(slot, valid, window) + timeline.new
    kept = tokens.span(tokens.keys.shape[2] - min(seen, window))
    if not follows_stream(config):
        landmarks = state.landmarks
        context = scan_low_rank(timeline, 0, config, FixedLandmarks(landmarks))
    elif landmarks_are_tokens(config):
        rows = partial(context_of_window, config=config, newest=False)
        context = (
            scan_windows(timeline, rows, True) if config.retroactive else scan_softmax(timeline)
        )
        landmarks = state.landmarks
    else:
        context, landmarks = _scan_following(timeline, state, config, slot)
    return context, build_state(kept, landmarks, config, seen)


def _scan_following(
    timeline: Timeline, state: NystromState, config: AttentionConfig, slot: int
) -> tuple[Tensor, Landmarks]:
    """Landmarks are cut anew at each token until the window is full; from then on they tick."""
    first = max(timeline.unseen - 1, 0)
    if first >= timeline.new:
        return scan_low_rank(timeline, timeline.new, config, None), state.landmarks
    initial = None if timeline.unseen else state.landmarks[:2]
    stream = StreamLandmarks(timeline, initial, slot, first, config)
    return scan_low_rank(timeline, first, config, stream), stream.newest()
