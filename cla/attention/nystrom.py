"""Nyström attention: low rank, but the whole window computed again at every token."""

from typing import Any

import torch
from torch import Tensor

from cla.attention.config import PseudoInverse
from cla.attention.emits import NystromEmits
from cla.attention.landmarks import (
    Landmarks,
    context_of_window,
    low_rank,
    segment_weights,
    window_landmarks,
)
from cla.attention.low_rank_scan import scan_low_rank
from cla.attention.nystrom_emits import low_rank_emits, stream_emits
from cla.attention.projected import Projected
from cla.attention.pseudo_inverse import pseudo_inverse
from cla.attention.rings import (
    roll_streams,
    selected,
    take,
    time_order,
)
from cla.attention.scan import scan_softmax
from cla.attention.serving import WindowLandmarks
from cla.attention.state import accumulation_dtype
from cla.attention.timeline import Timeline
from cla.attention.windowed import WindowedAttention, WindowState


class NystromAttention(WindowedAttention):
    """Softmax(Q K~^T) gamma^+ softmax(Q~ K^T) V, landmarks the segment means of the window.

    Source: arXiv 2102.03902, equation 13.
    Cost: 4 N M D + N M^2 and more multiply-adds per head and token, see `operation_count`.
    """

    def state_dtype(self, dtype: torch.dtype) -> torch.dtype:
        return accumulation_dtype(dtype)

    def attend(
        self,
        tokens: Projected,
        state: WindowState,
        *,
        emit: bool = False,
        active: Tensor | None = None,
    ) -> tuple[Tensor, Any]:
        self.append(tokens, state, active)
        order = time_order(state.slot, state.valid_tokens, self.config.window)
        ordered = Projected(*(take(ring, order) for ring in state[2:]))
        seen = state.valid_tokens.clamp(min=1)
        config = self.config
        emits = self.step_emits(tokens.queries, state) if emit else None
        if selected(seen < config.window) is None:
            rows = context_of_window(ordered, config, newest=False)
        else:
            landmarks = cut_landmarks(ordered, seen, config.landmarks, config.pseudo_inverse)
            rows = low_rank_rows(ordered, landmarks, seen)
        if self.config.retroactive:
            return roll_streams(rows, self.config.window - seen, 2), emits
        streams = torch.arange(len(seen), device=seen.device)
        return rows[streams, :, seen - 1][:, :, None], emits

    def step_emits(self, queries: Tensor, state: WindowState) -> NystromEmits:
        order = time_order(state.slot, state.valid_tokens, self.config.window)
        ordered = Projected(*(take(ring, order) for ring in state[2:]))
        seen = state.valid_tokens.clamp(min=1)
        marks, inverse = self.config.landmarks, self.config.pseudo_inverse
        return stream_emits(queries, ordered, cut_landmarks(ordered, seen, marks, inverse), seen)

    def young_rows(self, tokens: Projected, seen: Tensor) -> Tensor:
        marks, inverse = self.config.landmarks, self.config.pseudo_inverse
        return low_rank_rows(tokens, cut_landmarks(tokens, seen, marks, inverse), seen)

    def window_context(self, tokens: Projected) -> Tensor:
        rows = context_of_window(tokens, self.config, newest=False)
        return rows if self.config.retroactive else rows[..., -1:, :]

    def context_emits(self, tokens: Projected) -> NystromEmits:
        return low_rank_emits(
            tokens.queries, tokens.keys, window_landmarks(tokens, self.config), self.config
        )

    def scan_timeline(self, timeline: Timeline) -> Tensor:
        config = self.config
        if config.retroactive:
            return super().scan_timeline(timeline)
        if config.landmarks == config.window:
            return scan_softmax(timeline)
        first = min(max(timeline.unseen - 1, 0), timeline.new)
        serving = WindowLandmarks(timeline, config) if first < timeline.new else None
        return scan_low_rank(timeline, first, config, serving)


def cut_landmarks(
    ordered: Projected, seen: Tensor, num_landmarks: int, method: PseudoInverse
) -> Landmarks:
    """Landmarks of the first `seen` (B,) of N tokens in order of time, as many as there can be.

    Rows and columns of landmarks that cannot be there yet are zero.

    Shapes:
        ordered: (B, H, N, D)
    """
    weights = segment_weights(seen, num_landmarks, ordered.keys.shape[2], ordered.keys.dtype)
    queries, keys = (weights[:, None] @ part for part in (ordered.queries, ordered.keys))
    unused = torch.arange(num_landmarks, device=seen.device) >= seen[:, None]
    logits = (queries @ keys.transpose(-1, -2)).masked_fill(unused[:, None, None], -torch.inf)
    gamma = logits.softmax(-1).masked_fill(unused[:, None, :, None], 0)
    return Landmarks(queries, keys, pseudo_inverse(gamma, method))


def low_rank_rows(ordered: Projected, landmarks: Landmarks, seen: Tensor) -> Tensor:
    """All rows over the first `seen` of N tokens; exact where these are no more than landmarks."""
    place = torch.arange(ordered.keys.shape[2], device=seen.device)
    unseen = (place >= seen[:, None])[:, None, None]
    rows = low_rank(ordered, landmarks, unseen)
    few = landmarks.keys.shape[2]
    first = Projected(*(part[:, :, :few] for part in ordered))
    exact_logits = first.queries @ first.keys.transpose(-1, -2)
    exact = exact_logits.masked_fill(unseen[..., :few], -torch.inf).softmax(-1) @ first.values
    short = (seen <= few)[:, None, None, None]
    missing = rows.shape[2] - few
    return torch.where(short, torch.nn.functional.pad(exact, (0, 0, 0, missing)), rows)
