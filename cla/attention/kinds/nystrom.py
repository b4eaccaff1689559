"""Nyström attention: low rank, but the whole window computed again at every token."""

from typing import Any, ClassVar

import torch
from torch import Tensor

from cla.attention.config import AttentionConfig
from cla.attention.cuts import window_stretches
from cla.attention.emits import NystromEmits
from cla.attention.kinds.kind import Look, RestsOn
from cla.attention.kinds.windowed import WindowKind
from cla.attention.landmarks import window_landmarks
from cla.attention.low_rank import factors, low_rank_window
from cla.attention.low_rank_scan import scan_low_rank
from cla.attention.operations import Part, cut_rows, softmax_rows
from cla.attention.projected import Projected
from cla.attention.scan import scan_softmax
from cla.attention.serving import WindowLandmarks
from cla.attention.timeline import Timeline


class NystromKind(WindowKind):
    """Softmax(Q K~^T) gamma^+ softmax(Q~ K^T) V, landmarks the segment means of the window.

    Source: arXiv 2102.03902, equation 13.
    Cost: 4 N M D + N M^2 and more multiply-adds per head and token, see `operation_count`.
    """

    label = "Nyström"
    look: ClassVar[Look | None] = Look("#0a9672", "dot", "diamond")
    recomputes = True
    rests_on: ClassVar[RestsOn | None] = "window"

    def state_dtype(self, dtype: torch.dtype) -> torch.dtype:  # noqa: ARG002  # of any
        return torch.float64  # a near-singular gamma amplifies rounding

    def attend(self, rows: Tensor, tokens: Projected, seen: Tensor | None = None) -> Tensor:
        return low_rank_window(rows, tokens, self.config, seen)

    def contexts(self, timeline: Timeline) -> Tensor:
        config = self.config
        if config.retroactive:
            return super().contexts(timeline)
        if config.landmarks == config.window:
            return scan_softmax(timeline)
        first = min(max(timeline.unseen - 1, 0), timeline.new)
        serving = WindowLandmarks(timeline, config) if first < timeline.new else None
        return scan_low_rank(timeline, first, config, serving)

    def emits(self, rows: Tensor, tokens: Projected, seen: Tensor, state: Any = None) -> Any:  # noqa: ARG002  # its own landmarks
        return window_factors(rows, tokens, seen, self.config)

    @staticmethod
    def stretches(seen: int, window: int, num_landmarks: int) -> list[tuple[int, int]]:
        return window_stretches(seen, window, num_landmarks)

    @staticmethod
    def operations(config: AttentionConfig, seen: int, *, anew: bool) -> Part:  # noqa: ARG004  # it always is
        if seen <= config.landmarks:
            return softmax_rows(seen, seen, config.head_dim)
        return cut_rows(config, seen, seen)

    @staticmethod
    def published(config: AttentionConfig) -> float:
        window, size, landmarks = config.window, config.head_dim, config.landmarks
        product = 4 * window * landmarks * size + 2 * window * size + window * landmarks**2
        return (
            product
            + 2 * window * landmarks
            + size * landmarks**2
            + 24 * landmarks**3
            + 23 * landmarks**2
        )


def window_factors(
    rows: Tensor, tokens: Projected, seen: Tensor, config: AttentionConfig
) -> NystromEmits:
    """The factors of windows that are cut into landmarks of their own."""
    landmarks = window_landmarks(tokens, config, seen)
    return factors(rows, tokens, landmarks, seen, seen.clamp(max=config.landmarks))
