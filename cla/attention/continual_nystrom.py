"""Continual Nyström attention: landmarks and sums are updated as each token arrives."""

from typing import Any, cast

import torch
from torch import Tensor

from cla.attention import kernels
from cla.attention.autocast import outside_autocast
from cla.attention.checks import check_window
from cla.attention.config import AttentionConfig
from cla.attention.cuts import segments
from cla.attention.emits import NystromEmits
from cla.attention.landmarks import (
    Landmarks,
    context_of_window,
    low_rank,
    make_landmarks,
    window_landmarks,
)
from cla.attention.layer import AttentionLayer
from cla.attention.nystrom import cut_landmarks, low_rank_rows
from cla.attention.nystrom_emits import fixed_emits, low_rank_emits, stream_emits
from cla.attention.nystrom_scan import scan_streams
from cla.attention.nystrom_state import (
    NystromState,
    build_state,
    follows_stream,
    keeps_queries,
    stream_landmarks,
)
from cla.attention.nystrom_step import (
    advance,
    attends_directly,
    landmarks_are_tokens,
)
from cla.attention.projected import Projected
from cla.attention.rings import column_stride, roll_streams, take, time_order
from cla.attention.state import accumulation_dtype, map_state
from cla.errors import ClaError


class ContinualNystromAttention(AttentionLayer):
    """Softmax(Q K~^T) gamma^+ softmax(Q~ K^T) V, without touching the window.

    With continual landmarks a segment's mean replaces the landmark of that segment in the cycle
    before; until the window is full, the tokens seen are attended to as a shorter window.

    Source: arXiv 2412.03214, section 3.
    Cost: see `operation_count`; O(M D + M^2) multiply-adds per head and token, at a landmark tick
        O(N D + M^3) more, retroactive O(N M D) more.
    """

    state_type = NystromState

    def __init__(self, config: AttentionConfig) -> None:
        super().__init__(config)
        self.fixed = not follows_stream(config)
        """Whether the landmarks are given, not taken from the stream."""
        shape = (config.num_heads, config.landmarks, config.head_dim)
        self.query_landmarks: Tensor
        self.key_landmarks: Tensor
        for name in ("query_landmarks", "key_landmarks"):
            self.register_buffer(name, torch.full(shape, torch.nan) if self.fixed else None)
        heads, window, marks = config.num_heads, config.window, config.landmarks
        self._numbers = (
            heads * config.head_dim * (window if keeps_queries(config) else 1),
            heads * marks * marks,
            heads * marks * column_stride(window) * config.retroactive,
        )
        """Of one stream's queries, gamma_inv and betas."""
        self._kernels: kernels.Steps | None = None
        self._exact = landmarks_are_tokens(config)
        # Follows from the landmarks; not a buffer, which a narrow type of the layer would spoil.
        self._gamma_inv: Tensor | None = None
        self.register_load_state_dict_post_hook(_forget_inverse)  # type: ignore[no-untyped-call]  # torch's

    def _apply(self, fn: Any, recurse: bool = True) -> Any:
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]  # torch's
        if self._gamma_inv is not None:
            self._gamma_inv = self._gamma_inv.to(self.query_landmarks.device)
        return self

    @property
    def compiled(self) -> "kernels.Steps":
        """The compiled steps, made when they are first taken."""
        if self._kernels is None:
            self._kernels = kernels.nystrom_steps(self.config)
        return self._kernels

    @property
    def receptive_field(self) -> int:
        longest_segment = segments(self.config.window, self.config.landmarks).longest
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
        self._gamma_inv = self._inverse()

    def state_dtype(self, dtype: torch.dtype) -> torch.dtype:
        return accumulation_dtype(dtype)

    def fits(self, state: NystromState) -> bool:
        batch, (queries, inverse, betas) = state.slot.shape[0], self._numbers
        return (
            state.keys.shape == (batch, *self._ring)
            and state.queries.numel() == batch * queries
            and state.gamma_inv.numel() == batch * inverse
            and state.betas.numel() == batch * betas
        )

    def init_state(
        self,
        batch_size: int,
        *,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> NystromState:
        config = self.config
        like = self.like
        empty = torch.zeros(
            (batch_size, config.num_heads, 0, config.head_dim),
            device=device or like.device,
            dtype=self.state_dtype(dtype or like.dtype),
        )
        tokens = Projected(empty, empty, empty)
        return build_state(tokens, self._initial_landmarks(batch_size, empty), config, 0)

    def attend(
        self,
        tokens: Projected,
        state: NystromState,
        *,
        emit: bool = False,
        active: Tensor | None = None,
    ) -> tuple[Tensor, Any]:
        if self._can_take(tokens, state):
            context = self._attend_fused(tokens, state, active)
        else:
            context = advance(tokens, state, self.config, active)
        return context, self.step_emits(tokens.queries, state) if emit else None

    def step_compiled(
        self, x: Tensor, weights: kernels.Weights, state: NystromState, active: Tensor | None
    ) -> Tensor | None:
        if self._exact or not kernels.can_step(state.keys, torch.float64):
            return None
        done = self.compiled.layer(x, weights, state, active)
        if done is None or not self.config.retroactive:
            return done and done[0]
        contexts, short = done
        with torch.no_grad():
            output = self.finish_columns(contexts)
            return self.zero_unseen(output, state.valid_tokens) if short else output

    def _can_take(self, tokens: Projected, state: NystromState) -> bool:
        """Whether kernels can take projected tokens; all rows they give as float32."""
        return (
            self.use_fused
            and kernels.can_step(state.keys, torch.float64)
            and tokens.keys.dtype is torch.float64
            and not (self.config.retroactive and self.like.dtype is torch.float64)
        )

    def _attend_fused(
        self, tokens: Projected, state: NystromState, active: Tensor | None
    ) -> Tensor:
        """Streams that keep sums by the kernels, those whose windows are filling without."""
        context = None if self._exact else self.compiled.attend(tokens, state, active)
        if context is not None:
            return context
        direct = attends_directly(state, self.config)
        if active is None:
            active = torch.ones_like(direct)
        steady = active & ~direct
        if bool(steady.any()):
            context = self.compiled.attend(tokens, state, steady)
        others = advance(tokens, state, self.config, active & direct)
        return (
            others if context is None else torch.where(direct[:, None, None, None], others, context)
        )

    def young_rows(self, tokens: Projected, seen: Tensor) -> Tensor:
        if not self.fixed:
            marks, inverse = self.config.landmarks, self.config.pseudo_inverse
            return low_rank_rows(tokens, cut_landmarks(tokens, seen, marks, inverse), seen)
        landmarks = self._given_landmarks(tokens.keys)
        unseen = torch.arange(tokens.keys.shape[2], device=seen.device) >= seen[:, None]
        return low_rank(tokens, landmarks, unseen[:, None, None])

    def window_context(self, tokens: Projected) -> Tensor:
        if not self.fixed:
            return context_of_window(tokens, self.config, newest=not self.config.retroactive)
        queries = tokens.queries if self.config.retroactive else tokens.queries[..., -1:, :]
        shown = tokens._replace(queries=queries)
        return low_rank(shown, self._given_landmarks(tokens.keys))

    def context_emits(self, tokens: Projected) -> NystromEmits:
        landmarks = (
            self._initial_landmarks(tokens.keys.shape[0], tokens.keys)
            if self.fixed
            else window_landmarks(tokens, self.config)
        )
        return low_rank_emits(tokens.queries, tokens.keys, landmarks, self.config)

    def scan_part(self, x: Tensor, state: NystromState) -> tuple[Tensor, NystromState]:
        tokens = self.project(x, state.keys.dtype)
        taken = self.compiled if self.use_fused else None
        context, after = scan_streams(tokens, state, self.config, taken)
        output = self.merge_heads(context)
        if self.config.retroactive:
            output = self.zero_unseen(output, self.scan_valid_tokens(state, x.shape[1]))
        return output, after

    @outside_autocast
    def state_from_window(self, window: Tensor, *, tokens_seen: int | None = None) -> NystromState:
        seen = check_window(window, tokens_seen, self.config, self.receptive_field)
        used = window[:, -self.receptive_field :]
        tokens = self.project(used, self.state_dtype(window.dtype))
        landmarks = self._initial_landmarks(window.shape[0], tokens.keys)
        if not self.fixed and seen >= self.config.window:
            pair = stream_landmarks(tokens, self.config, seen)
            landmarks = make_landmarks(*pair, self.config.pseudo_inverse)
        return build_state(tokens, landmarks, self.config, seen)

    @outside_autocast
    def window_emits(self, window: Tensor, state: NystromState) -> NystromEmits:
        tokens = self.project(window[:, -self.config.window :], state.keys.dtype)
        if bool(attends_directly(state, self.config, taken=True)[0]):
            landmarks = window_landmarks(tokens, self.config)
        else:
            landmarks = self._aged(state)
        return low_rank_emits(tokens.queries, tokens.keys, landmarks, self.config)

    def _given_landmarks(self, like: Tensor) -> Landmarks:
        if self._gamma_inv is None:
            if bool(self.query_landmarks.isnan().any()):
                raise ClaError(
                    "Fixed landmarks have not been set.",
                    "Call set_landmarks, or load a checkpoint.",
                )
            self._gamma_inv = self._inverse()
        landmarks = (self.query_landmarks, self.key_landmarks, self._gamma_inv)
        return Landmarks(*(part.to(like) for part in landmarks))

    @torch.no_grad()
    def _inverse(self) -> Tensor:
        pair = (self.query_landmarks.double(), self.key_landmarks.double())
        return make_landmarks(*pair, self.config.pseudo_inverse).gamma_inv

    def _initial_landmarks(self, batch_size: int, like: Tensor) -> Landmarks:
        """The fixed landmarks, or zeros that the first full window replaces."""
        config = self.config
        if not self.fixed:
            shape = (batch_size, config.num_heads, config.landmarks)
            zeros = like.new_zeros((*shape, config.head_dim))
            return Landmarks(zeros, zeros.clone(), like.new_zeros((*shape, config.landmarks)))
        repeated = map_state(
            self._given_landmarks(like),
            lambda tensor: tensor.expand(batch_size, *tensor.shape).clone(),
        )
        return cast(Landmarks, repeated)

    def step_emits(self, queries: Tensor, state: NystromState) -> NystromEmits:
        seen = state.valid_tokens.clamp(min=1)
        order = time_order(state.slot, state.valid_tokens, self.config.window)
        keys = take(state.keys, order)
        if self.fixed:
            return fixed_emits(queries, keys, state.landmarks, seen)
        ordered = Projected(take(state.queries, order), keys, take(state.values, order))
        steady = stream_emits(queries, ordered, self._aged(state), seen)
        direct = attends_directly(state, self.config, taken=True)
        if not bool(direct.any()):
            return steady
        cut = cut_landmarks(ordered, seen, self.config.landmarks, self.config.pseudo_inverse)
        young = stream_emits(queries, ordered, cut, seen)
        mask = direct[:, None, None, None]
        return NystromEmits(*(torch.where(mask, *pair) for pair in zip(young, steady, strict=True)))

    def _aged(self, state: NystromState) -> Landmarks:
        """The landmarks in use, oldest first (fixed ones have no age)."""
        if self.fixed:
            return state.landmarks
        part, _ = segments(self.config.window, self.config.landmarks).locate(state.slot)
        queries, keys, gamma_inv = state.landmarks
        return Landmarks(
            roll_streams(queries, -part, 2),
            roll_streams(keys, -part, 2),
            roll_streams(roll_streams(gamma_inv, -part, 2), -part, 3),
        )


def _forget_inverse(layer: ContinualNystromAttention, _: object) -> None:
    layer._gamma_inv = None
