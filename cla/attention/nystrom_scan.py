"""Continual Nyström attention over many tokens at once, equal to stepping and differentiable.

A landmark serves exactly one cycle of N tokens. The window of its o-th token consists of the
last N - 1 - o of the N tokens before its time and the first o + 1 of its time: a suffix scan of the
one and a prefix scan of the other give the sums of all its N windows. Fixed landmarks are the same
with a cycle cut anywhere.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from cla.attention.config import AttentionConfig
from cla.attention.full import banded_context, tokens_seen
from cla.attention.layer import Projected, chunk_lengths, ring_order
from cla.attention.nystrom_state import (
    Landmarks,
    NystromState,
    build_state,
    keeps_queries,
    make_landmarks,
    segment_ends,
    with_ones,
)
from cla.attention.nystrom_window import attend_window, window_landmarks
from cla.attention.partial_sums import (
    PartialSums,
    empty_logit,
    empty_sums,
    merge,
    prefix_sums,
    quotient,
    suffix_sums,
)
from cla.attention.state import map_state, narrow_state, stream_groups, tensors_of

CHUNK_TOKENS = 512
ELEMENTS_PER_PASS = 2**24
"""Bound on the partial sums held at once; more landmarks than fit are taken in turns."""


class Line(NamedTuple):
    """The last N tokens and the new ones, in order of time; the first `unseen` do not exist."""

    tokens: Projected
    unseen: int

    @property
    def length(self) -> int:
        return self.tokens.keys.shape[-2]


def scan_streams(
    new: Projected, state: NystromState, config: AttentionConfig
) -> tuple[Tensor, NystromState]:
    """Contexts of T new tokens, and the state after them.

    Shapes:
        new: (B, H, T, D)
        returns: (B, H, T, D)
    """
    contexts, states = [], []
    for group in stream_groups(state.slot, state.valid_tokens):
        rows = slice(group.start, group.start + group.length)
        part = narrow_state(state, group)
        pieces = []
        start, slot, valid = 0, group.slot, group.valid_tokens
        while start < new.keys.shape[-2]:
            length = min(_chunk(config, valid), new.keys.shape[-2] - start)
            tokens = Projected(*(tensor[rows, :, start : start + length] for tensor in new))
            context, part = _scan_chunk(tokens, part, config, slot, valid)
            pieces.append(context)
            start += length
            slot = (slot + length) % config.window
            valid = min(valid + length, config.window)
        contexts.append(torch.cat(pieces, -2))
        states.append(part)
    return torch.cat(contexts), _join(states)


def _join(states: list[NystromState]) -> NystromState:
    columns = [list(tensors_of(state)) for state in states]
    joined = iter([torch.cat(parts) for parts in zip(*columns, strict=True)])
    state: NystromState = map_state(states[0], lambda _: next(joined))
    return state


def _chunk(config: AttentionConfig, valid: int) -> int:
    """Tokens to take at once; a window cut anew at each token ends where it is full."""
    if keeps_queries(config) and valid < config.window:
        return config.window - valid
    return max(CHUNK_TOKENS, 2 * config.window)


def _scan_chunk(
    new: Projected, state: NystromState, config: AttentionConfig, slot: int, valid: int
) -> tuple[Tensor, NystromState]:
    window = config.window
    rings = (state.queries, state.keys, state.values[..., :-1])
    if not keeps_queries(config):
        rings = (torch.zeros_like(state.keys), *rings[1:])
    history = Projected(*(ring_order(ring, slot) for ring in rings))
    tokens = Projected(*(torch.cat(pair, -2) for pair in zip(history, new, strict=True)))
    line = Line(tokens, window - valid)
    seen = tokens_seen(slot, valid, window) + new.keys.shape[-2]
    if keeps_queries(config) and config.landmarks == window:
        context, landmarks = banded_context(tokens, window, line.unseen), state.landmarks
    elif keeps_queries(config) and valid < window:
        context, landmarks = _warm_up(line, config)
        if seen < window:
            landmarks = state.landmarks
    else:
        context, landmarks = _full_windows(line, state.landmarks, config, slot)
    kept = tokens.span(-min(seen, window))
    return context, build_state(kept, landmarks, config, seen)


def _warm_up(line: Line, config: AttentionConfig) -> tuple[Tensor, Landmarks]:
    """Each window of an incomplete cycle is cut anew."""
    contexts = [
        attend_window(line.tokens.span(line.unseen, end), config, None)
        for end in range(config.window + 1, line.length + 1)
    ]
    landmarks = window_landmarks(line.tokens.span(line.unseen), config)
    return torch.cat(contexts, -2), landmarks


def _full_windows(
    line: Line, landmarks: Landmarks, config: AttentionConfig, slot: int
) -> tuple[Tensor, Landmarks]:
    """Windows whose landmarks are given or change at ticks."""
    window = config.window
    length = line.length - window
    device = line.tokens.keys.device
    if keeps_queries(config):
        ends = torch.tensor(segment_ends(config), device=device)
        first_tick = (ends - 1 - slot) % window
    else:
        first_tick = torch.full((config.landmarks,), window, device=device)
    instances = -(-(length - int(first_tick.min())) // window) + 1
    instances = max(instances, 1)
    queries = _instances(line.tokens.queries, landmarks.queries, first_tick, instances, config)
    keys = _instances(line.tokens.keys, landmarks.keys, first_tick, instances, config)
    time = torch.arange(length, device=device)
    serving = torch.div(time - first_tick[:, None], window, rounding_mode="floor") + 1
    delta_values = _delta_values(line, queries, first_tick, config)

    ticks = [t for t in sorted(set(first_tick.tolist())) if t < window]
    changes = [t + cycle for cycle in range(0, length, window) for t in ticks if t + cycle < length]
    starts = sorted({0, *changes})
    spans = torch.tensor(starts, device=device)
    rows = torch.arange(config.landmarks, device=device)
    chosen = serving[:, spans].T
    span_landmarks = make_landmarks(
        queries[:, :, rows, chosen], keys[:, :, rows, chosen], config.pseudo_inverse
    )
    if starts[0] not in changes:
        # No landmark has changed yet: the inverse in use is the one already known.
        kept = [landmarks.gamma_inv[:, :, None], span_landmarks.gamma_inv[:, :, 1:]]
        span_landmarks = span_landmarks._replace(gamma_inv=torch.cat(kept, 2))
    contexts = []
    for index, start in enumerate(starts):
        stop = starts[index + 1] if index + 1 < len(starts) else length
        query = line.tokens.queries[..., window + start : window + stop, :]
        beta = (query @ span_landmarks.keys[:, :, index].transpose(-1, -2)).softmax(-1)
        mixing = (beta @ span_landmarks.gamma_inv[:, :, index])[..., None, :]
        contexts.append((mixing @ delta_values[:, :, start:stop]).squeeze(-2))
    last = Landmarks(*(part[:, :, -1] for part in span_landmarks))
    return torch.cat(contexts, -2), last


def _instances(
    tokens: Tensor, current: Tensor, first_tick: Tensor, count: int, config: AttentionConfig
) -> Tensor:
    """Every landmark that serves during the line: the current one and those of its ticks.

    Shapes:
        returns: (B, H, M, U, D)
    """
    if not keeps_queries(config):
        return current[:, :, :, None].expand(-1, -1, -1, count, -1)
    found = [current[:, :, :, None]]
    if count > 1:
        rows = []
        start = 0
        ticks = first_tick.tolist()
        for row, end in enumerate(segment_ends(config)):
            size = end - start
            last = config.window + ticks[row]
            means = [
                tokens[..., max(stop - size, 0) : stop, :].mean(-2)
                if stop <= tokens.shape[-2]
                else torch.zeros_like(current[:, :, row])
                for stop in (last + 1 + cycle * config.window for cycle in range(count - 1))
            ]
            rows.append(torch.stack(means, -2))
            start = end
        found.append(torch.stack(rows, 2))
    return torch.cat(found, 3)


def _delta_values(
    line: Line, queries: Tensor, first_tick: Tensor, config: AttentionConfig
) -> Tensor:
    """Softmax(Q~ K^T) V of each new token's window, under the landmarks serving at its time.

    Shapes:
        queries: (B, H, M, U, D)
        returns: (B, H, T, M, D)
    """
    window = config.window
    batch, heads, landmarks, instances, size = queries.shape
    length = line.length - window
    right = max(int(first_tick.max()) + instances * window + window - (line.length + window), 0)
    pad = (0, 0, window, right)
    keys = torch.nn.functional.pad(line.tokens.keys, pad)
    values = torch.nn.functional.pad(with_ones(line.tokens.values), pad)
    unseen = torch.arange(keys.shape[-2], device=keys.device) < window + line.unseen
    starts = first_tick[:, None] + window * torch.arange(instances, device=keys.device)
    places = starts[..., None] + torch.arange(2 * window, device=keys.device)
    time = torch.arange(length, device=keys.device)
    per_row = batch * heads * instances * 2 * window * (size + 1)
    rows_at_once = max(ELEMENTS_PER_PASS // per_row, 1)
    found = []
    row = 0
    for count in chunk_lengths(landmarks, rows_at_once):
        rows = slice(row, row + count)
        place = places[rows]
        logits = (keys[:, :, place] @ queries[:, :, rows, :, :, None]).squeeze(-1)
        logits = logits.masked_fill(unseen[place], empty_logit(logits.dtype))
        means = _cycle_means(PartialSums(logits[..., None], values[:, :, place]), window)
        index = (time - first_tick[rows, None] + window)[None, None, :, :, None]
        flat = means.flatten(3, 4)
        found.append(flat.gather(3, index.expand(batch, heads, -1, -1, size)))
        row += count
    return torch.cat(found, 2).transpose(2, 3)


def _cycle_means(leaves: PartialSums, window: int) -> Tensor:
    """Weighted means of the N windows that end in the second half of 2 N tokens.

    Shapes:
        leaves: (..., 2 N, 1) and (..., 2 N, D + 1)
        returns: (..., N, D)
    """
    dim = leaves.sums.ndim - 2
    old = PartialSums(leaves.largest[..., 1:window, :], leaves.sums[..., 1:window, :])
    new = PartialSums(leaves.largest[..., window:, :], leaves.sums[..., window:, :])
    old = suffix_sums(old, dim)
    none = empty_sums(leaves.sums, *leaves.sums.shape[:-2], 1, leaves.sums.shape[-1])
    ended = PartialSums(
        torch.cat([old.largest, none.largest], -2), torch.cat([old.sums, none.sums], -2)
    )
    return quotient(merge(ended, prefix_sums(new, dim)))
