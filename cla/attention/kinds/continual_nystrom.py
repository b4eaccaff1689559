"""Continual Nyström attention with landmarks that follow the stream."""

from functools import cached_property
from typing import Any, ClassVar

import torch
from torch import Tensor

from cla.attention.config import AttentionConfig
from cla.attention.cuts import blocks, segments, stretches
from cla.attention.emits import NystromEmits
from cla.attention.kinds.full import ordered_rows, ring_context
from cla.attention.kinds.kind import Look, RestsOn
from cla.attention.kinds.nystrom import window_factors
from cla.attention.kinds.sums import (
    SummedKind,
    newest_queries,
    published_step,
    summed_operations,
)
from cla.attention.kinds.windowed import attended
from cla.attention.landmark_tick import renew_landmarks
from cla.attention.landmarks import Landmarks, make_landmarks, stream_landmarks
from cla.attention.low_rank import factors, low_rank_window
from cla.attention.low_rank_scan import scan_low_rank
from cla.attention.nystrom_state import NystromState, build_state
from cla.attention.operations import SOFTMAX, Part, cut_rows, inverse_of, softmax_rows
from cla.attention.projected import Projected
from cla.attention.rings import roll_streams, selected, window_order
from cla.attention.scan import scan_softmax
from cla.attention.serving import StreamLandmarks
from cla.attention.timeline import Timeline


class ContinualNystromKind(SummedKind):
    """Softmax(Q K~^T) gamma^+ softmax(Q~ K^T) V, a landmark renewed when its segment is complete.

    The mean of a segment replaces the landmark of that segment in the cycle before: a landmark
    tick. Until the window is full, the tokens seen are attended to as a shorter window; with as
    many landmarks as tokens attention is exact.

    Source: arXiv 2412.03214, section 3.2.
    Cost: at a landmark tick O(N D + M^3) more than between them, retroactive O(N M D).
    """

    label = "low rank, continual landmarks"
    key: ClassVar[str | None] = "following"
    look: ClassVar[Look | None] = Look("#c2649b", "dashdot", "triangle-up")
    rests_on: ClassVar[RestsOn | None] = "stream"

    def __init__(self, config: AttentionConfig) -> None:
        super().__init__(config)
        self._exact = config.landmarks == config.window
        self.receptive_field += segments(config.window, config.landmarks).longest - 1

    @cached_property
    def compiled(self) -> Any:
        return None if self._exact else super().compiled

    def build(self, tokens: Projected, seen: int) -> NystromState:
        config = self.config
        if seen >= config.window:
            pair = stream_landmarks(tokens, config, seen)
            landmarks = make_landmarks(*pair, config.pseudo_inverse)
        else:  # zeros, which the first full window replaces
            landmarks = self.init(len(tokens.keys), tokens.keys).landmarks
        return build_state(tokens, landmarks, config, seen)

    def append(self, tokens: Projected, state: NystromState, active: Tensor | None) -> None:
        before = state.valid_tokens.clone()
        super().append(tokens, state, active)
        if not self._exact:
            full = before + 1 >= self.config.window
            renew_landmarks(state, self.config, before, full if active is None else active & full)

    def read(self, state: NystromState) -> Tensor:
        if self._exact:
            return self._exact_context(state)
        context, short = super().read(state), state.valid_tokens < self.config.window
        if selected(short) is None:
            return context
        _, tokens = self.in_time(state)
        young = attended(self, tokens, state.valid_tokens.clamp(min=1))
        return torch.where(short[:, None, None, None], young, context)

    def _exact_context(self, state: NystromState) -> Tensor:
        _, keys, values = self.rings(state)
        if not self.config.retroactive:
            return ring_context(newest_queries(state), keys, values, state.valid_tokens)
        rows = ring_context(state.queries, keys, values, state.valid_tokens)
        return ordered_rows(rows, window_order(state.slot, state.valid_tokens, state.window))

    def attend(self, rows: Tensor, tokens: Projected, seen: Tensor | None = None) -> Tensor:
        return low_rank_window(rows, tokens, self.config, seen)

    def filling(self, valid_tokens: int) -> int:
        return self.config.window - valid_tokens

    def scan_sums(
        self, timeline: Timeline, state: NystromState, slot: int
    ) -> tuple[Tensor, Landmarks]:
        config = self.config
        if self._exact:
            exact = self.contexts if config.retroactive else scan_softmax
            return exact(timeline), state.landmarks
        # Landmarks are cut anew at each token until the window is full; from then on they tick.
        first = max(timeline.unseen - 1, 0)
        if first >= timeline.new:
            return scan_low_rank(timeline, timeline.new, config, None), state.landmarks
        initial = None if timeline.unseen else state.landmarks[:2]
        stream = StreamLandmarks(timeline, initial, slot, first, config)
        return scan_low_rank(timeline, first, config, stream), stream.newest()

    def emits(
        self, rows: Tensor, tokens: Projected, seen: Tensor, state: NystromState | None = None
    ) -> Any:
        short = seen < self.config.window
        if self._exact or state is None or bool(short.all()):
            return window_factors(rows, tokens, seen, self.config)
        steady = factors(rows, tokens, self._aged(state), seen)
        if not bool(short.any()):
            return steady
        young, mask = window_factors(rows, tokens, seen, self.config), short[:, None, None, None]
        return NystromEmits(*(torch.where(mask, *pair) for pair in zip(young, steady, strict=True)))

    def _aged(self, state: NystromState) -> Landmarks:
        """The landmarks in use, oldest first."""
        part, _ = segments(self.config.window, self.config.landmarks).locate(state.slot)
        queries, keys, gamma_inv = state.landmarks
        return Landmarks(
            roll_streams(queries, -part, 2),
            roll_streams(keys, -part, 2),
            roll_streams(roll_streams(gamma_inv, -part, 2), -part, 3),
        )

    @staticmethod
    def stretches(seen: int, window: int, num_landmarks: int) -> list[tuple[int, int]]:
        return stretches(seen, window, num_landmarks)

    @staticmethod
    def operations(config: AttentionConfig, seen: int, *, anew: bool) -> Part:
        size, landmarks, window = config.head_dim, config.landmarks, config.window
        rows = seen if config.retroactive else 1
        if seen <= landmarks or (landmarks == window and not anew):
            return softmax_rows(rows, seen, size)
        if anew or seen < window:
            return cut_rows(config, seen, rows)
        return summed_operations(config)

    @staticmethod
    def tick_operations(config: AttentionConfig) -> Part | None:
        """Means, gamma and its inverse, one row of the sums over the window."""
        window, landmarks, size = config.window, config.landmarks, config.head_dim
        if landmarks == window:
            return None
        cuts, inverse = blocks(window), inverse_of(config)
        padded = cuts.count * cuts.longest
        products = 3 * window * size + landmarks**2 * size + (padded + cuts.longest) * (size + 1)
        rounds = max(1, (cuts.longest - 1).bit_length())
        suffixes = 2 * cuts.longest * rounds * (2 * (size + 1) + 2)
        other = SOFTMAX * landmarks**2 + window + suffixes + 2 * cuts.count * (size + 2)
        if config.retroactive:
            products += window * landmarks * size
            other += SOFTMAX * window * landmarks
        return Part(products + inverse.products, other + inverse.other)

    @staticmethod
    def published(config: AttentionConfig) -> float:
        window, size, landmarks = config.window, config.head_dim, config.landmarks
        if config.retroactive:
            tick = (
                window * landmarks * size + 6 * window * size + 9 * window + window * landmarks**2
            )
            tick += (
                window * landmarks
                + 13 * landmarks * size
                + 24 * landmarks**3
                + 22 * landmarks**2
                + 17 * landmarks
            )
        else:
            tick = window * landmarks * size + 3 * window * size + window + 14 * landmarks * size
            tick += 24 * landmarks**3 + 23 * landmarks**2 + 20 * landmarks
        share = landmarks / window
        return share * tick + (1 - share) * published_step(config)
