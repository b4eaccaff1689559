"""The low-rank product of many tokens at once, each over the window that ends in it.

A weight of delta is exp(q~ k) over Z, a sum of such exponentials. What a token pays to the others
is then a matrix of rank M, (beta gamma^+ / Z) exp(Q~ K^T), cut to the band of its window: three
dense products for a chunk of tokens, whichever landmarks serve at which of them. What all windows
of a chunk hold is summed once for all. Nothing is ever subtracted.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from math import isqrt
from typing import Any

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from cla.attention.config import AttentionConfig
from cla.attention.landmarks import make_landmarks, segment_weights
from cla.attention.low_rank import low_rank, low_rank_window, mix
from cla.attention.projected import Projected
from cla.attention.scan import scan_softmax, scan_windows
from cla.attention.serving import Serving, ServingAt
from cla.attention.timeline import Timeline

CHUNK_TOKENS = 48
ELEMENTS_PER_CHUNK = 2**22
"""Bound on the weights of a chunk: larger tensors take longer to allocate than to compute."""


KEPT_MATRICES = 32
"""About how many matrices autograd stores for each inverse."""

KEPT_ELEMENTS = 2**28
"""Numbers that autograd may store of a scan; of longer ones chunks are computed again."""


def scan_low_rank(
    timeline: Timeline, first: int, config: AttentionConfig, serving: ServingAt | None
) -> Tensor:
    """Contexts of all new tokens, equal to those of steps, also where tokens are NaN.

    Args:
        first: up to this new token the window is filling, and landmarks are segments of the tokens
            seen so far; `serving` gives those of later tokens, and may be None without any.

    Shapes:
        returns: (B, H, T, D), or (B, T, H, N, D) if retroactive
    """
    if config.retroactive:
        parts = []
        if first:
            filling = timeline.until(first)
            parts.append(scan_windows(filling, partial(_all_rows, config=config), True))
        parts += [_scan_rows(timeline, serving, first)] if serving else []
        return torch.cat(parts, 1)
    batch, heads = timeline.tokens.keys.shape[:2]
    inverses = first + (serving.inverses if serving else 0)
    elements = batch * heads * inverses * KEPT_MATRICES * config.landmarks**2
    kept = timeline.new if elements <= KEPT_ELEMENTS else timeline.new * KEPT_ELEMENTS // elements
    bad = timeline.bad()
    sound = timeline if bad is None else timeline.without(bad)
    parts = [_scan_filling(sound, first, config, kept)] if first else []
    parts += [_scan_newest(sound, serving, first, kept)] if serving else []
    context = torch.cat(parts, 2)
    if bad is None:
        return context
    return context.masked_fill(timeline.spoiled(bad)[:, None, :, None], torch.nan)


def _scan_newest(timeline: Timeline, serving: ServingAt, first: int, kept: int) -> Tensor:
    """The newest token's context of each window from new token `first` on, (B, H, T', D)."""
    heads = timeline.tokens.keys.shape[0] * timeline.tokens.keys.shape[1]
    wanted = max(CHUNK_TOKENS, isqrt(4 * timeline.window))
    most = max(1, min(wanted, isqrt(ELEMENTS_PER_CHUNK // max(1, 2 * heads))))
    chunks = _chunks(first, timeline.new, most)
    return torch.cat(_each(_newest, chunks, kept, timeline, serving), 2)


def _scan_rows(timeline: Timeline, serving: ServingAt, first: int) -> Tensor:
    """All rows of each window from new token `first` on, (B, T', H, N, D); zero what is unseen."""
    batch, heads, _, size = timeline.tokens.keys.shape
    one = batch * heads * timeline.window * (size + serving(first, first + 1).rows.shape[-1])
    chunks = _chunks(first, timeline.new, max(1, 2 * ELEMENTS_PER_CHUNK // max(1, one)))
    return torch.cat(_each(_rows, chunks, 0, timeline, serving), 1)


def _chunks(first: int, stop: int, length: int) -> Iterator[tuple[int, int]]:
    return ((start, min(start + length, stop)) for start in range(first, stop, length))


def _each(
    work: Callable[..., Tensor], chunks: Iterable[tuple[int, int]], kept: int, *given: Any
) -> list[Tensor]:
    """Call `work` for every chunk; those after `kept` tokens are computed again for gradients."""
    found = []
    for start, stop in chunks:
        if stop <= kept or not torch.is_grad_enabled():
            found.append(work(*given, start, stop))
        else:
            chunk = *given, start, stop
            found.append(checkpoint(work, *chunk, use_reentrant=False, preserve_rng_state=False))
    return found


def _newest(timeline: Timeline, serving: ServingAt, start: int, stop: int) -> Tensor:
    window, length = timeline.window, stop - start
    tokens, seen = timeline.span(start, stop)
    # To the front what some windows of the chunk hold, to the end what all of them do.
    shared = max(window - length + 1, 0)
    old = length - 1 if shared else 0
    order = torch.arange(len(seen), device=seen.device)
    edge = torch.cat([order[:old], order[old + shared :]])
    newest = order[window - 1 :, None]
    inside = ((edge <= newest) & (edge > newest - window)).to(tokens.keys.dtype)
    keys, values = (
        torch.cat([part[:, :, :old], part[:, :, old + shared :], part[:, :, old : old + shared]], 2)
        for part in (tokens.keys, tokens.values)
    )
    seen = torch.cat([seen[edge], seen[old : old + shared]])

    serves = serving(start, stop)
    # Others than those whom a landmark that is no number serves are to be left alone.
    logits = serves.queries.nan_to_num() @ keys.transpose(-1, -2)
    if start + 1 < timeline.unseen:
        logits = logits.masked_fill(~seen, torch.finfo(logits.dtype).min / 4)  # and no NaN
    weights = (logits - logits.detach().amax(-1, keepdim=True)).exp_()
    band, middle = weights[..., : len(edge)], weights[..., len(edge) :]
    rows = serves.rows[serves.spans].expand(*keys.shape[:2], -1, -1)
    sums = inside @ band.transpose(-1, -2) + middle.sum(-1)[:, :, None]
    sums = sums.gather(-1, rows)
    if length > 1 and bool((sums < _least(sums.dtype)).any()):
        half = start + length // 2  # of fewer windows the exponentials differ less
        parts = (start, half), (half, stop)
        return torch.cat([_newest(timeline, serving, *part) for part in parts], 2)
    mixing = _mixed(tokens.queries[:, :, window - 1 :], serves, rows) / sums
    mixing = mixing.new_zeros(*mixing.shape[:3], logits.shape[2]).scatter(-1, rows, mixing)
    context: Tensor = ((mixing @ band) * inside) @ values[:, :, : len(edge)]
    return context + mixing @ (middle @ values[:, :, len(edge) :])


def _mixed(queries: Tensor, serving: Serving, rows: Tensor) -> Tensor:
    """Beta gamma^+ of each token, (B, H, C, M); spans side by side, the shorter ones padded."""
    beta = (queries @ serving.keys.transpose(-1, -2)).gather(-1, rows).softmax(-1)
    lengths, longest = serving.lengths, int(serving.lengths.max())
    place = torch.arange(longest, device=lengths.device)
    ends = lengths.cumsum(0)
    padded = (ends - lengths)[:, None] + place.minimum(lengths[:, None] - 1)
    spans = beta.index_select(2, padded.flatten()).unflatten(2, padded.shape)
    mixed: Tensor = (spans @ serving.gamma_inv).flatten(2, 3)
    return mixed.index_select(2, (place < lengths[:, None]).flatten().nonzero()[:, 0])


def _least(dtype: torch.dtype) -> float:
    """Sums of exponentials below it, squared as gradients do, would vanish."""
    return float(torch.finfo(dtype).tiny ** 0.45)


def _all_rows(tokens: Projected, config: AttentionConfig) -> Tensor:
    return low_rank_window(tokens.queries, tokens, config)


def _rows(timeline: Timeline, serving: ServingAt, start: int, stop: int) -> Tensor:
    tokens, seen = timeline.span(start, stop)
    windows = Projected(*(part.unfold(2, timeline.window, 1).transpose(-1, -2) for part in tokens))
    unseen = ~seen.unfold(0, timeline.window, 1)
    landmarks = serving(start, stop).each_token()
    rows = low_rank(windows.queries, windows, landmarks, unseen[:, None])
    return rows.masked_fill(unseen[..., None], 0).transpose(1, 2)


def _scan_filling(timeline: Timeline, stop: int, config: AttentionConfig, kept: int) -> Tensor:
    """Contexts of the newest tokens of windows that are still filling, up to new token `stop`.

    Each window has landmarks of its own; one of at most M tokens has exact attention.

    Shapes:
        returns: (B, H, T', D)
    """
    batch, heads = timeline.tokens.keys.shape[:2]
    exact = min(max(config.landmarks - timeline.window + timeline.unseen, 0), stop)
    one = batch * heads * config.landmarks * timeline.window
    most = min(CHUNK_TOKENS, ELEMENTS_PER_CHUNK // max(1, one))
    chunks = _chunks(exact, stop, max(1, most))
    parts = [scan_softmax(timeline.until(exact))] if exact else []
    return torch.cat([*parts, *_each(_filling, chunks, kept, timeline, config)], 2)


def _filling(timeline: Timeline, config: AttentionConfig, start: int, stop: int) -> Tensor:
    tokens = timeline.tokens.span(timeline.unseen, timeline.window + stop)
    length, count = tokens.keys.shape[2], config.landmarks
    seen = torch.arange(length - stop + start + 1, length + 1, device=tokens.keys.device)
    unseen = torch.arange(length, device=seen.device) >= seen[:, None]
    means = segment_weights(seen, count, length, tokens.keys.dtype).flatten(0, 1)
    query_landmarks, key_landmarks = (means @ part for part in (tokens.queries, tokens.keys))
    # All windows share their tokens: the larger products are of all of their landmarks at once.
    delta = (query_landmarks @ tokens.keys.transpose(-1, -2)).unflatten(2, (-1, count))
    delta = delta.masked_fill_(unseen[:, None], -torch.inf).softmax(-1)
    mixed = (delta.flatten(2, 3) @ tokens.values).unflatten(2, (-1, count))
    queries, keys = (part.unflatten(2, (-1, count)) for part in (query_landmarks, key_landmarks))
    landmarks = make_landmarks(queries, keys, config.pseudo_inverse)
    newest = tokens.queries[:, :, -len(seen) :, None]
    return mix(newest, landmarks, mixed)[..., 0, :]
