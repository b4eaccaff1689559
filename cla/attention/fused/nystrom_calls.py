"""Steps of continual Nyström attention as functions of tensors and states."""

from typing import Any

import torch
from torch import Tensor

from cla.attention.config import AttentionConfig
from cla.attention.cuts import blocks, segments
from cla.attention.fused.nystrom import advance_at
from cla.attention.fused.rows import mix_rows_at
from cla.attention.fused.weights import NUMPY_TYPES, Weights, address_of, row_contexts
from cla.attention.fused.whole import nystrom_layer
from cla.attention.projected import Projected
from cla.attention.rings import column_stride
from cla.attention.window_sums import suffix_rows


class NystromKernels:
    """The kernels of one configuration; what follows from it is worked out once."""

    def __init__(self, config: AttentionConfig) -> None:
        cuts = blocks(config.window)
        self._sizes = (
            config.num_heads, config.window, config.landmarks, config.head_dim, cuts.count,
            suffix_rows(cuts), column_stride(config.window),
        )  # fmt: skip
        self._strides = (config.embed_dim, config.head_dim, config.head_dim, 1)
        """Of single tokens, and how many they are."""
        self._modes = (
            config.landmark_mode == "continual",
            config.retroactive,
            config.pseudo_inverse == "exact",
        )

    def layer(
        self, x: Tensor, weights: Weights, state: Any, active: Tensor | None
    ) -> tuple[Tensor, bool] | None:
        """A whole step of a float32 token (B, E); None, and nothing is done, while windows fill.

        Shapes:
            returns: output (B, E), or contexts (B, E, N) if retroactive; and, if so, whether some
                window is not full
        """
        x = x.contiguous()
        if self._modes[1]:
            out = row_contexts(x.shape, self._sizes[1], torch.float32)
        else:
            out = torch.empty_like(x)
        at, active = address_of(active)
        short = nystrom_layer(
            (x.shape[0], *self._sizes), self._modes, x.data_ptr(), weights, at, _addresses(state),
            out.data_ptr(),
        )  # fmt: skip
        if short < 0:
            return None
        return out, short > 0

    def step(self, tokens: Projected, state: Any, active: Tensor | None) -> Tensor | None:
        """One token of each active stream; contexts (B, H, 1, D) of single outputs.

        None, and nothing is done, while windows fill.
        """
        tokens = _contiguous(tokens)
        # Of idle streams nothing is written.
        allocate = torch.empty_like if active is None else torch.zeros_like
        out = allocate(tokens.keys)
        return out if self._run(tokens, self._strides, state, active, (0, 1), out) else None

    def rows(
        self, tokens: Projected, state: Any, active: Tensor | None, dtype: torch.dtype
    ) -> Tensor | None:
        """One token of each active stream; contexts of all rows, oldest first; or None as `step`.

        Args:
            dtype: contexts are float32 unless it is wider.

        Shapes:
            returns: (B, H, N, D)
        """
        batch = tokens.keys.shape[0]
        heads, window, marks, size, *_ = self._sizes
        means = torch.empty(batch, heads, size, marks, dtype=torch.float64)
        tokens = _contiguous(tokens)
        if not self._run(tokens, self._strides, state, active, (0, 1), means, means):
            return None
        wide = torch.float64 if dtype == torch.float64 else torch.float32
        out = row_contexts((batch, heads * size), window, wide)
        shape = (batch, *self._sizes)
        mix_rows_at(shape, NUMPY_TYPES[wide], _addresses(state), means.data_ptr(), out.data_ptr())
        return out.view(batch, heads, size, window).transpose(2, 3)

    def scan(self, tokens: Projected, state: Any) -> Tensor:
        """Contexts (B, H, T, D) of streams that are all at the same place, past their warm-up."""
        batch, heads, length, size = tokens.keys.shape
        out = torch.empty(batch, length, heads, size, dtype=torch.float64)
        strides = tokens.keys.stride()
        if not tokens.queries.stride() == strides == tokens.values.stride() or strides[3] != 1:
            tokens = _contiguous(tokens)
            strides = tokens.keys.stride()
        first = 0
        while first < length:
            last = min(length, first + self._until_tick(state))
            self._run(tokens, (*strides[:3], length), state, None, (first, last), out)
            first = last
        return out.transpose(1, 2)

    def _until_tick(self, state: Any) -> int:
        """Tokens up to and with the next landmark tick."""
        if not self._modes[0]:
            return 2**62
        slot, (_, window, marks, *_) = int(state.slot[0]), self._sizes
        return next(end for end in segments(window, marks).ends if end > slot) - slot

    def _run(
        self,
        tokens: Projected,
        strides: tuple[int, ...],
        state: Any,
        active: Tensor | None,
        span: tuple[int, int],
        out: Tensor,
        means: Tensor | None = None,
    ) -> bool:
        """`nystrom.advance_at`; delta V is given back where there is room for it."""
        queries, keys, values = tokens
        at, active = address_of(active)
        done: bool = advance_at(
            (keys.shape[0], *self._sizes), self._modes, span, strides,
            (queries.data_ptr(), keys.data_ptr(), values.data_ptr()), at, _addresses(state),
            0 if means is None else means.data_ptr(), out.data_ptr(),
        )  # fmt: skip
        return done


def _contiguous(tokens: Projected) -> Projected:
    queries, keys, values = tokens
    if queries.is_contiguous() and keys.is_contiguous() and values.is_contiguous():
        return tokens
    return Projected(*(part.contiguous() for part in tokens))


def _addresses(state: Any) -> tuple[int, ...]:
    """Addresses of a state's tensors, in order."""
    valid, slot, queries, keys, values, (mark_queries, mark_keys, inverse), sums, betas = state
    return (
        valid.data_ptr(), slot.data_ptr(), queries.data_ptr(), keys.data_ptr(), values.data_ptr(),
        mark_queries.data_ptr(), mark_keys.data_ptr(), inverse.data_ptr(), sums.data_ptr(),
        betas.data_ptr(),
    )  # fmt: skip
