"""Low-rank attention of many windows whose landmarks are given, or change at ticks.

A landmark serves exactly one cycle of N tokens. The window of its o-th token consists of the
last N - 1 - o of the N tokens before its time and the first o + 1 of its time: a suffix scan of the
one and a prefix scan of the other give the sums of all its N windows. Fixed landmarks are the same
with a cycle cut anywhere.
"""

import torch
from torch import Tensor

from cla.attention.config import AttentionConfig
from cla.attention.cuts import segments
from cla.attention.landmarks import Landmarks, make_landmarks
from cla.attention.nystrom_state import follows_stream
from cla.attention.partial_sums import (
    PartialSums,
    empty_logit,
    empty_sums,
    merge,
    prefix_sums,
    quotient,
    suffix_sums,
)
from cla.attention.projected import Line, with_ones

ELEMENTS_PER_PASS = 2**24
"""Bound on the partial sums held at once; more landmarks than fit are taken in turns."""


def full_windows(
    line: Line, landmarks: Landmarks, config: AttentionConfig, slot: int
) -> tuple[Tensor, Landmarks]:
    """Contexts of a line's new tokens, and the landmarks in use after them.

    Args:
        landmarks: those in use before.
        slot: ring place of the first new token.

    Shapes:
        returns: (B, H, T, D), or (B, T, H, N, D) if retroactive
    """
    window = config.window
    length = line.length - window
    device = line.tokens.keys.device
    if follows_stream(config):
        ends = torch.tensor(segments(window, config.landmarks).ends, device=device)
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
        used = Landmarks(*(part[:, :, index] for part in span_landmarks))
        found = _mix_span(line, used, delta_values[:, :, start:stop], start, config)
        contexts.append(found)
    last = Landmarks(*(part[:, :, -1] for part in span_landmarks))
    return torch.cat(contexts, 1 if config.retroactive else -2), last


def _mix_span(
    line: Line, landmarks: Landmarks, delta_values: Tensor, start: int, config: AttentionConfig
) -> Tensor:
    """Contexts of tokens that share their landmarks.

    Shapes:
        delta_values: (B, H, T, M, D)
    """
    window, length = config.window, delta_values.shape[2]
    if not config.retroactive:
        query = line.tokens.queries[..., window + start : window + start + length, :]
        beta = (query @ landmarks.keys.transpose(-1, -2)).softmax(-1)
        mixing = (beta @ landmarks.gamma_inv)[..., None, :]
        return (mixing @ delta_values).squeeze(-2)
    queries = line.tokens.queries[..., start + 1 : start + length + window, :]
    beta = (queries @ landmarks.keys.transpose(-1, -2)).softmax(-1)
    windows = beta.unfold(-2, window, 1).transpose(-1, -2)  # (B, H, T, N, M)
    context = windows @ (landmarks.gamma_inv[:, :, None] @ delta_values)
    place = torch.arange(length, device=queries.device)[:, None] + start + 1
    unseen = place + torch.arange(window, device=queries.device) < line.unseen
    return context.masked_fill(unseen[..., None], 0).transpose(1, 2)


def _instances(
    tokens: Tensor, current: Tensor, first_tick: Tensor, count: int, config: AttentionConfig
) -> Tensor:
    """Every landmark that serves during the line: the current one and those of its ticks.

    Shapes:
        returns: (B, H, M, U, D)
    """
    if not follows_stream(config):
        return current[:, :, :, None].expand(-1, -1, -1, count, -1)
    found = [current[:, :, :, None]]
    if count > 1:
        rows = []
        start = 0
        ticks = first_tick.tolist()
        for row, end in enumerate(segments(config.window, config.landmarks).ends):
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
    for row in range(0, landmarks, rows_at_once):
        rows = slice(row, row + rows_at_once)
        place = places[rows]
        logits = (keys[:, :, place] @ queries[:, :, rows, :, :, None]).squeeze(-1)
        logits = logits.masked_fill(unseen[place], empty_logit(logits.dtype))
        means = _cycle_means(PartialSums(logits[..., None], values[:, :, place]), window)
        index = (time - first_tick[rows, None] + window)[None, None, :, :, None]
        flat = means.flatten(3, 4)
        found.append(flat.gather(3, index.expand(batch, heads, -1, -1, size)))
    return torch.cat(found, 2).transpose(2, 3)


def _cycle_means(leaves: PartialSums, window: int) -> Tensor:
    """Weighted means of the N windows that end in the second half of 2 N tokens.

    Shapes:
        leaves: (..., 2 N, 1) and (..., 2 N, D + 1)
        returns: (..., N, D)
    """
    dim = leaves.sums.ndim - 2
    old = PartialSums(leaves.shift[..., 1:window, :], leaves.sums[..., 1:window, :])
    new = PartialSums(leaves.shift[..., window:, :], leaves.sums[..., window:, :])
    old = suffix_sums(old, dim)
    none = empty_sums(leaves.sums, *leaves.sums.shape[:-2], 1, leaves.sums.shape[-1])
    ended = PartialSums(
        torch.cat([old.shift, none.shift], -2), torch.cat([old.sums, none.sums], -2)
    )
    return quotient(merge(ended, prefix_sums(new, dim)))
