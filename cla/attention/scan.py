"""Attention of many tokens at once, each over the window that ends in it."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import pad

from cla.attention.projected import Projected, pick, softmax_weights
from cla.attention.timeline import Timeline

CHUNK_TOKENS = 128
ELEMENTS_PER_PASS = 2**24
"""Bound on the entries of the attention maps that one pass holds."""


def scan_softmax(timeline: Timeline) -> Tensor:
    """Softmax attention of each new token over its window, (B, H, T, D)."""
    chunks = range(0, timeline.new, CHUNK_TOKENS)
    return torch.cat(
        [_band(timeline, start, min(start + CHUNK_TOKENS, timeline.new)) for start in chunks], 2
    )


def _band(timeline: Timeline, start: int, stop: int) -> Tensor:
    tokens, seen = timeline.span(start, stop)
    place = torch.arange(len(seen), device=seen.device)
    newest = place[timeline.window - 1 :, None]
    inside = (place <= newest) & (place > newest - timeline.window) & seen
    queries = tokens.queries[:, :, timeline.window - 1 :]
    weights = softmax_weights(queries, tokens.keys, ~inside)
    return pick(weights, inside, tokens.values)


def scan_windows(
    timeline: Timeline, context: Callable[[Projected], Tensor], retroactive: bool
) -> Tensor:
    """The contexts of each new token's window as such, many windows at once.

    Args:
        context: of whole windows, (..., T, D) to (..., 1 or, if retroactive, T, D).

    Shapes:
        returns: (B, H, T, D), or (B, T, H, N, D) if retroactive; zero what is unseen
    """
    window, tokens, unseen = timeline.window, timeline.tokens, timeline.unseen
    filling = min(max(unseen - 1, 0), timeline.new)
    found = []
    for index in range(filling):
        rows = context(tokens.span(unseen, window + index + 1))
        missing = window - rows.shape[-2] if retroactive else 0
        found.append(pad(rows, (0, 0, missing, 0))[:, None])
    if filling < timeline.new:
        whole = tokens.span(filling + 1)
        windows = Projected(*(part.unfold(2, window, 1).permute(0, 2, 1, 4, 3) for part in whole))
        batch, count, heads = windows.keys.shape[:3]
        most = max(1, ELEMENTS_PER_PASS // max(1, batch * heads * window**2))
        for start in range(0, count, most):
            found.append(context(Projected(*(part[:, start : start + most] for part in windows))))
    joined = torch.cat(found, 1)
    return joined if retroactive else joined[:, :, :, 0].transpose(1, 2)
