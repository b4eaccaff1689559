"""A stretch of streams that are scanned: the last window and the new tokens."""

from typing import NamedTuple

import torch
from torch import Tensor

from cla.attention.projected import Projected
from cla.attention.rings import ring_order
from cla.attention.state import StreamGroup


class Timeline(NamedTuple):
    """The last N tokens of some streams and T new ones, oldest first.

    Args:
        tokens: (B, H, N + T, D) each.
        unseen: so many of the first do not exist.
        window: N.
    """

    tokens: Projected
    unseen: int
    window: int

    @property
    def new(self) -> int:
        """New tokens."""
        return self.tokens.keys.shape[-2] - self.window

    def span(self, start: int, stop: int) -> tuple[Projected, Tensor]:
        """The tokens of the windows that end in new tokens `start` to `stop`; which of them exist.

        Shapes:
            returns: (B, H, N - 1 + C, D) each, and (N - 1 + C,)
        """
        first, last = start + 1, stop + self.window
        place = torch.arange(first, last, device=self.tokens.keys.device)
        return self.tokens.span(first, last), place >= self.unseen

    def bad(self) -> Tensor | None:
        """Tokens that are no numbers, (B, N + T), or None where all are."""
        found = torch.stack([~part.detach().isfinite().all(3).all(1) for part in self.tokens])
        return found.any(0) if bool(found.any()) else None

    def without(self, bad: Tensor) -> "Timeline":
        """The same with zeros for bad tokens."""
        mask = bad[:, None, :, None]
        return self._replace(tokens=Projected(*(part.masked_fill(mask, 0) for part in self.tokens)))

    def until(self, stop: int) -> "Timeline":
        """The same without the new tokens from `stop` on."""
        return self._replace(tokens=self.tokens.span(0, self.window + stop))

    def spoiled(self, bad: Tensor) -> Tensor:
        """New tokens whose window holds a bad token, (B, T)."""
        counts = bad.cumsum(1)
        return counts[:, self.window :] > counts[:, : -self.window]


def extend(
    rings: Projected, new: Projected, group: StreamGroup, window: int
) -> tuple[Timeline, Projected, int]:
    """A window and T new tokens; the tokens of the window after them, and how many were seen.

    That number, short or of at least one cycle, gives the counters of the streams.

    Shapes:
        rings: (B, H, N, D) each; of queries anything else stands for zeros
        new: (B, H, T, D)
    """
    if rings.queries.shape[2] != window:
        rings = rings._replace(queries=torch.zeros_like(rings.keys))
    slot, valid = group.slot, group.valid_tokens
    history = (ring_order(ring, slot) for ring in rings)
    tokens = Projected(*(torch.cat(pair, -2) for pair in zip(history, new, strict=True)))
    timeline = Timeline(tokens, window - valid, window)
    seen = (slot + window if valid == window else valid) + timeline.new
    return timeline, tokens.span(tokens.keys.shape[2] - min(seen, window)), seen
