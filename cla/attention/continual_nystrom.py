"""Continual Nyström attention: landmarks and sums are updated as each token arrives."""

from typing import cast

import torch
from torch import Tensor

from cla.attention.config import AttentionConfig
from cla.attention.emits import NystromEmits, pad_left
from cla.attention.layer import AttentionLayer, Projected, ring_order
from cla.attention.nystrom_scan import scan_streams
from cla.attention.nystrom_state import (
    Landmarks,
    NystromState,
    build_state,
    keeps_queries,
    make_landmarks,
    segment_ends,
    stream_landmarks,
    window_logits,
    with_ones,
)
from cla.attention.nystrom_window import attend_window, window_landmarks
from cla.attention.partial_sums import PartialSums, quotient, sum_tokens
from cla.attention.state import (
    Step,
    StreamGroup,
    accumulation_dtype,
    map_state,
    narrow_state,
    stream_groups,
)
from cla.attention.window_sums import (
    add_token,
    assign,
    block_length,
    build_window,
    empty_window,
    enter_block,
)
from cla.errors import ClaError


class ContinualNystromAttention(AttentionLayer):
    """Softmax(Q K~^T) gamma^+ softmax(Q~ K^T) V of the newest token, without touching the window.

    With continual landmarks a segment's mean replaces the landmark of that segment in the cycle
    before; until the window is full, the tokens seen are attended to as a shorter window.

    Source: arXiv 2412.03214, section 3.
    Cost: see `operation_count`; O(M D + M^2) multiply-adds per head and token, at a landmark tick
        O(N D + M^3) more.
    """

    def __init__(self, config: AttentionConfig) -> None:
        super().__init__(config)
        self.segment_ends = segment_ends(config)
        shape = (config.num_heads, config.landmarks, config.head_dim)
        self.query_landmarks: Tensor
        self.key_landmarks: Tensor
        for name in ("query_landmarks", "key_landmarks"):
            self.register_buffer(name, torch.full(shape, torch.nan) if self.fixed else None)

    @property
    def fixed(self) -> bool:
        """Whether the landmarks are given, not taken from the stream."""
        return not keeps_queries(self.config)

    @property
    def receptive_field(self) -> int:
        longest_segment = -(-self.config.window // self.config.landmarks)
        return self.config.window + (0 if self.fixed else longest_segment - 1)

    def set_landmarks(self, query_landmarks: Tensor, key_landmarks: Tensor) -> None:
        """Give the fixed landmarks; states made before keep theirs (see `state_from_window`).

        Shapes:
            query_landmarks, key_landmarks: (H, M, D), scaled as `project` does

        Raises:
            ClaError: the layer's landmarks are continual, or shapes or numbers are wrong.
        """
        if not self.fixed:
            raise ClaError(
                "Continual landmarks cannot be set.", "Use landmark_mode='fixed' to set them."
            )
        for name, given in (("query_landmarks", query_landmarks), ("key_landmarks", key_landmarks)):
            buffer = cast(Tensor, getattr(self, name))
            if given.shape != buffer.shape or not bool(given.isfinite().all()):
                raise ClaError(
                    f"{name} of shape {tuple(given.shape)} do not fit or are not finite.",
                    f"Give finite numbers of shape {tuple(buffer.shape)}.",
                )
            buffer.copy_(given)

    def init_state(
        self,
        batch_size: int,
        *,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> NystromState:
        config = self.config
        wide = accumulation_dtype(dtype or self.query_proj.weight.dtype)
        heads, window, size = config.num_heads, config.window, config.head_dim
        empty = torch.zeros(
            (batch_size, heads, window, size + 1),
            device=device or self.query_proj.weight.device,
            dtype=wide,
        )
        queries = empty.new_zeros((batch_size, heads, 0 if self.fixed else window, size))
        keys = empty.new_zeros((batch_size, heads, window, size))
        sums = empty_window(empty, batch_size, heads, config.landmarks, window)
        return NystromState(
            torch.zeros(batch_size, dtype=torch.int64),
            torch.zeros(batch_size, dtype=torch.int64),
            queries,
            keys,
            empty,
            self._initial_landmarks(batch_size, empty),
            sums,
        )

    @torch.no_grad()
    def step(self, x: Tensor, state: NystromState, *, emit: bool = False) -> Step:
        new = self.project(x[:, None], state.keys.dtype)
        contexts: list[Tensor] = []
        emits: list[NystromEmits] = []
        for group in stream_groups(state.slot, state.valid_tokens):
            part = narrow_state(state, group)
            rows = slice(group.start, group.start + group.length)
            token = Projected(*(tensor[rows] for tensor in new))
            contexts.append(self._advance(part, token, group))
            if emit:
                seen = min(group.valid_tokens + 1, self.config.window)
                emits.append(self._emits(part, token.queries, seen, group.slot + 1))
        state.slot.add_(1).remainder_(self.config.window)
        state.valid_tokens.add_(1).clamp_(max=self.config.window)
        output = self.merge_heads(torch.cat(contexts)).squeeze(1)
        joined = NystromEmits(*map(torch.cat, zip(*emits, strict=True))) if emit else None
        return Step(output, state, joined)

    def forward(self, x: Tensor, *, emit: bool = False) -> Tensor | tuple[Tensor, NystromEmits]:
        self.check_forward_length(x)
        tokens = self.project(x, accumulation_dtype(x.dtype))
        given = self._initial_landmarks(x.shape[0], tokens.keys) if self.fixed else None
        context = attend_window(tokens, self.config, given)
        output = self.merge_heads(context).squeeze(1)
        if not emit:
            return output
        landmarks = given or window_landmarks(tokens, self.config)
        return output, self._factors(tokens.queries, tokens.keys, landmarks)

    def scan(self, x: Tensor, state: NystromState) -> tuple[Tensor, NystromState]:
        tokens = self.project(x, state.keys.dtype)
        context, after = scan_streams(tokens, state, self.config)
        return self.merge_heads(context), after

    def state_from_window(self, window: Tensor, *, tokens_seen: int | None = None) -> NystromState:
        seen = self.check_window(window, tokens_seen)
        used = window[:, -self.receptive_field :]
        tokens = self.project(used, accumulation_dtype(window.dtype))
        landmarks = self._initial_landmarks(window.shape[0], tokens.keys)
        if not self.fixed and seen >= self.config.window:
            pair = stream_landmarks(tokens, self.config, seen)
            landmarks = make_landmarks(*pair, self.config.pseudo_inverse)
        return build_state(tokens, landmarks, self.config, seen)

    def window_emits(self, window: Tensor, state: NystromState) -> NystromEmits:
        tokens = self.project(window[:, -self.config.window :], state.keys.dtype)
        if self._attends_directly(tokens.keys.shape[-2]):
            return self._factors(tokens.queries, tokens.keys, window_landmarks(tokens, self.config))
        return self._factors(tokens.queries, tokens.keys, self._aged(state, int(state.slot[0])))

    def _initial_landmarks(self, batch_size: int, like: Tensor) -> Landmarks:
        """The fixed landmarks, or zeros that the first full window replaces."""
        config = self.config
        if not self.fixed:
            shape = (batch_size, config.num_heads, config.landmarks)
            zeros = like.new_zeros((*shape, config.head_dim))
            return Landmarks(zeros, zeros.clone(), like.new_zeros((*shape, config.landmarks)))
        if bool(self.query_landmarks.isnan().any()):
            raise ClaError(
                "Fixed landmarks have not been set.", "Call set_landmarks, or load a checkpoint."
            )
        landmarks = make_landmarks(
            self.query_landmarks.to(like), self.key_landmarks.to(like), config.pseudo_inverse
        )
        repeated = map_state(
            landmarks, lambda tensor: tensor.expand(batch_size, *tensor.shape).clone()
        )
        return cast(Landmarks, repeated)

    def _attends_directly(self, seen: int) -> bool:
        """Whether the tokens seen are cut into landmarks anew instead of kept as sums."""
        return not self.fixed and (
            seen < self.config.window or self.config.landmarks == self.config.window
        )

    def _advance(self, state: NystromState, token: Projected, group: StreamGroup) -> Tensor:
        """Take one token into the state of a group; returns its context (B, H, 1, D)."""
        slot, seen = group.slot, min(group.valid_tokens + 1, self.config.window)
        value = with_ones(token.values)
        if self._attends_directly(seen):
            self._write(state, token, value, slot)
            return attend_window(self._window(state, seen, slot + 1), self.config, None)
        if not self.fixed and group.valid_tokens < self.config.window:
            self._write(state, token, value, slot)
            self._fill_landmarks(state, slot + 1)
            total = self._whole_window(state)
        else:
            self._enter_block(state, group)
            self._write(state, token, value, slot)
            logits = state.landmarks.queries @ token.keys.transpose(-1, -2)
            total = add_token(state.sums, logits, value, slot, self.config.window)
            if not self.fixed and slot + 1 in self.segment_ends:
                total = self._tick(state, total, slot + 1)
        beta = (token.queries @ state.landmarks.keys.transpose(-1, -2)).softmax(-1)
        return beta @ state.landmarks.gamma_inv @ quotient(total)

    def _write(self, state: NystromState, token: Projected, value: Tensor, slot: int) -> None:
        state.keys[:, :, slot] = token.keys[:, :, 0]
        state.values[:, :, slot] = value[:, :, 0]
        if not self.fixed:
            state.queries[:, :, slot] = token.queries[:, :, 0]

    def _window(self, state: NystromState, seen: int, slot: int) -> Projected:
        """The tokens seen, oldest first."""
        rings = (state.queries, state.keys, state.values[..., :-1])
        return Projected(*(ring_order(ring[:, :, :seen], slot % seen) for ring in rings))

    def _enter_block(self, state: NystromState, group: StreamGroup) -> None:
        window = self.config.window
        length = block_length(window)
        if group.slot % length:
            return
        old = slice(group.slot, min(group.slot + length, window))
        logits = window_logits(
            state.landmarks.queries,
            state.keys[:, :, old],
            length if group.valid_tokens == window else 0,
        )
        entered = enter_block(state.sums, logits, state.values[:, :, old], group.slot // length)
        assign(state.sums.rest, entered.rest)
        assign(state.sums.blocks, entered.blocks)

    def _whole_window(self, state: NystromState) -> PartialSums:
        logits = state.landmarks.queries @ state.keys.transpose(-1, -2)
        return sum_tokens(logits, state.values)

    def _fill_landmarks(self, state: NystromState, slot: int) -> None:
        """Make all landmarks and sums of a window that has just become full."""
        window = self._window(state, self.config.window, slot)
        landmarks = window_landmarks(window, self.config)
        for target, source in zip(state.landmarks, landmarks, strict=True):
            target.copy_(source)
        logits = landmarks.queries @ state.keys.transpose(-1, -2)
        self._assign_rows(state, logits, slice(None), slot)

    def _tick(self, state: NystromState, total: PartialSums, end: int) -> PartialSums:
        """Replace the oldest landmark by the segment that has just been completed."""
        index = self.segment_ends.index(end)
        start = self.segment_ends[index - 1] if index else 0
        rows = slice(index, index + 1)
        landmarks = state.landmarks
        landmarks.queries[:, :, index] = state.queries[:, :, start:end].mean(-2)
        landmarks.keys[:, :, index] = state.keys[:, :, start:end].mean(-2)
        renewed = make_landmarks(landmarks.queries, landmarks.keys, self.config.pseudo_inverse)
        landmarks.gamma_inv.copy_(renewed.gamma_inv)
        logits = landmarks.queries[:, :, rows] @ state.keys.transpose(-1, -2)
        self._assign_rows(state, logits, rows, end)
        row = sum_tokens(logits, state.values)
        total.largest[:, :, rows] = row.largest
        total.sums[:, :, rows] = row.sums
        return total

    def _assign_rows(self, state: NystromState, logits: Tensor, rows: slice, slot: int) -> None:
        built = build_window(logits, state.values, slot % self.config.window)
        for target, source in zip(state.sums, built, strict=True):
            target.largest[..., rows, :] = source.largest
            target.sums[..., rows, :] = source.sums

    def _emits(self, state: NystromState, query: Tensor, seen: int, slot: int) -> NystromEmits:
        if self._attends_directly(seen):
            window = self._window(state, seen, slot)
            return self._factors(query, window.keys, window_landmarks(window, self.config))
        keys = ring_order(state.keys[:, :, :seen], slot % seen)
        return self._factors(query, keys, self._aged(state, slot))

    def _aged(self, state: NystromState, slot: int) -> Landmarks:
        """The landmarks in use, oldest first (fixed ones have no age)."""
        if self.fixed:
            return state.landmarks
        complete = sum(end <= slot for end in self.segment_ends)
        queries, keys, gamma_inv = state.landmarks
        return Landmarks(
            torch.roll(queries, -complete, -2),
            torch.roll(keys, -complete, -2),
            torch.roll(gamma_inv, (-complete, -complete), (-2, -1)),
        )

    def _factors(self, queries: Tensor, keys: Tensor, landmarks: Landmarks) -> NystromEmits:
        """The three factors, with zeros for what has not been seen."""
        window, count = self.config.window, self.config.landmarks
        beta = (queries @ landmarks.keys.transpose(-1, -2)).softmax(-1)
        delta = (landmarks.queries @ keys.transpose(-1, -2)).softmax(-1)
        rows = 1 if queries.shape[-2] == 1 else window
        return NystromEmits(
            pad_left(beta, rows, count),
            pad_left(landmarks.gamma_inv, count, count),
            pad_left(delta, count, window),
            pad_left(landmarks.queries, count, self.config.head_dim),
            pad_left(landmarks.keys, count, self.config.head_dim),
        )
