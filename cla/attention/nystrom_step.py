"""One step of continual Nyström attention: the token enters, landmarks tick, contexts are mixed."""

import torch
from torch import Tensor

from cla.attention.config import AttentionConfig
from cla.attention.cuts import segments
from cla.attention.full import ordered_rows, ring_context
from cla.attention.landmarks import make_landmarks
from cla.attention.nystrom import cut_landmarks, low_rank_rows
from cla.attention.nystrom_state import (
    NystromState,
    follows_stream,
    ring_of_betas,
    window_logits,
)
from cla.attention.partial_sums import quotient
from cla.attention.projected import Projected, pick, with_ones
from cla.attention.rings import (
    advance_counters,
    roll_streams,
    selected,
    take,
    time_order,
    window_order,
    write_token,
)
from cla.attention.window_sums import build_table, slide, window_total


def attends_directly(
    state: NystromState, config: AttentionConfig, *, taken: bool = False
) -> Tensor:
    """Streams whose landmarks are cut anew from the tokens seen, instead of kept as sums, (B,).

    Args:
        taken: the state already holds the token in question.
    """
    if not follows_stream(config):
        return torch.zeros_like(state.slot, dtype=torch.bool)
    if landmarks_are_tokens(config):
        return torch.ones_like(state.slot, dtype=torch.bool)
    return state.valid_tokens + (0 if taken else 1) < config.window


def landmarks_are_tokens(config: AttentionConfig) -> bool:
    """Whether each token of the window is a landmark of its own: that is exact attention."""
    return follows_stream(config) and config.landmarks == config.window


def advance(
    tokens: Projected, state: NystromState, config: AttentionConfig, active: Tensor | None
) -> Tensor:
    """Take one token into the active streams of a state; returns contexts (B, H, 1 or N, D)."""
    window = config.window
    slot, before = state.slot.clone(), state.valid_tokens.clone()
    direct = attends_directly(state, config)
    key, value = tokens.keys[:, :, 0], with_ones(tokens.values)[:, :, 0]
    write_token(state.keys, slot, key, active)
    write_token(state.values, slot, value, active)
    write_token(state.queries, slot, tokens.queries[:, :, 0], active)
    advance_counters(state.slot, state.valid_tokens, window, active)
    if landmarks_are_tokens(config):
        return _exact_context(tokens.queries, state, config)
    continual = follows_stream(config)
    rings = (state.keys, state.values)
    slide(state.sums, state.landmarks.queries, (key, value), rings, slot, active)
    if config.retroactive:
        beta = (tokens.queries @ state.landmarks.keys.transpose(-1, -2)).softmax(-1)
        write_token(state.betas.mT, slot, beta[:, :, 0], active)
    if continual:
        taken = torch.ones_like(direct) if active is None else active
        _renew_landmarks(state, config, before, taken & ~direct)
    context = mix(tokens.queries, state, config)
    if continual and selected(direct) is not None:
        context = torch.where(direct[:, None, None, None], _direct_context(state, config), context)
    return context


def mix(queries: Tensor, state: NystromState, config: AttentionConfig) -> Tensor:
    """Beta gamma^+ (delta V), of the newest token or of the whole window in its order."""
    delta_values = quotient(window_total(state.sums))
    if not config.retroactive:
        beta = (queries @ state.landmarks.keys.transpose(-1, -2)).softmax(-1)
        return beta @ state.landmarks.gamma_inv @ delta_values
    mixed = state.landmarks.gamma_inv @ delta_values
    rows = state.betas[..., : config.window].transpose(-1, -2) @ mixed
    return take(rows, window_order(state.slot, state.valid_tokens, config.window))


def _exact_context(queries: Tensor, state: NystromState, config: AttentionConfig) -> Tensor:
    """Softmax attention of the newest token or, if retroactive, of the window in its order."""
    values, seen = state.values[..., :-1], state.valid_tokens
    if not config.retroactive:
        return ring_context(queries, state.keys, values, seen)
    rows = ring_context(state.queries, state.keys, values, seen)
    return ordered_rows(rows, window_order(state.slot, seen, config.window))


def _direct_context(state: NystromState, config: AttentionConfig) -> Tensor:
    """Context of streams whose window is not full: a shorter window, cut into landmarks."""
    order = time_order(state.slot, state.valid_tokens, config.window)
    rings = (state.queries, state.keys, state.values[..., :-1])
    ordered = Projected(*(take(ring, order) for ring in rings))
    seen = state.valid_tokens.clamp(min=1)
    landmarks = cut_landmarks(ordered, seen, config.landmarks, config.pseudo_inverse)
    rows = low_rank_rows(ordered, landmarks, seen)
    if config.retroactive:
        return roll_streams(rows, config.window - seen, 2)
    streams = torch.arange(len(seen), device=seen.device)
    return rows[streams, :, seen - 1][:, :, None]


def _renew_landmarks(
    state: NystromState, config: AttentionConfig, before: Tensor, steady: Tensor
) -> None:
    """Let a landmark enter where a segment has been completed; all where a window became full."""
    cuts = segments(config.window, config.landmarks)
    _, place = cuts.locate(state.slot)
    ticking = steady & (place == 0)
    filled = ticking & (before < config.window)
    every = torch.arange(config.landmarks, device=place.device)
    newest, _ = cuts.locate((state.slot - 1) % config.window)
    for mask, rows in (
        (ticking & ~filled, newest[:, None]),
        (filled, every.expand(len(place), -1)),
    ):
        streams = selected(mask)
        if streams is not None:
            _enter(state, config, mask[streams], (streams, rows[streams]))


def _enter(
    state: NystromState, config: AttentionConfig, mask: Tensor, place: tuple[Tensor, Tensor]
) -> None:
    """Replace some landmarks by the means of their segments, and what depends on them.

    Args:
        mask: (S,) which of the streams do; the others keep what they have.
        place: streams (S,) and landmarks (S, R).
    """
    streams, rows = place
    where = (streams[:, None], slice(None), rows)
    queries, keys, values = (ring[streams] for ring in state[2:5])
    held = _segment_rows(config, rows)[:, None]
    weights = held.to(keys.dtype) / held.sum(-1, keepdim=True)
    wide = mask[:, None, None, None]
    for landmarks, ring in ((state.landmarks.queries, queries), (state.landmarks.keys, keys)):
        # Advanced indices around a slice put the picked axes first: (S, R, H, D).
        means = pick(weights, held, ring).transpose(1, 2)
        landmarks[where] = torch.where(wide, means, landmarks[where])
    new_queries, new_keys = (part[streams] for part in state.landmarks[:2])
    gamma_inv = make_landmarks(new_queries, new_keys, config.pseudo_inverse).gamma_inv
    state.landmarks.gamma_inv[streams] = torch.where(
        wide, gamma_inv, state.landmarks.gamma_inv[streams]
    )
    picked = rows[:, None, :, None].expand(-1, new_queries.shape[1], -1, new_queries.shape[3])
    logits = window_logits(new_queries.gather(2, picked), keys, values)
    slot = state.slot[streams]
    table = build_table(logits, values, slot)
    inside = (streams[:, None], slice(None), slice(None), slice(None), rows)
    kept = state.sums[inside]
    state.sums[inside] = torch.where(wide[..., None], table.movedim(-1, 1), kept)
    if config.retroactive:
        betas = ring_of_betas(new_keys, queries)
        state.betas[streams] = torch.where(wide, betas, state.betas[streams])


def _segment_rows(config: AttentionConfig, rows: Tensor) -> Tensor:
    """Which places the segments of some landmarks hold: (S, R) to (S, R, N)."""
    cuts = segments(config.window, config.landmarks)
    part, _ = cuts.locate(torch.arange(config.window, device=rows.device))
    return part == rows[..., None]
