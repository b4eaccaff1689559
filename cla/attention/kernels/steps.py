"""Steps by kernels on the arrays of states."""

from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from cla.attention.config import AttentionConfig
from cla.attention.kernels import continual, continual_rows, nystrom
from cla.attention.kernels.arrays import NO_WEIGHTS, NONE_DUE, Weights, arrays_of, mask_of
from cla.attention.kernels.projections import finish_all, project
from cla.attention.kernels.pseudo_inverse import INVERSES
from cla.attention.kernels.tick import renew
from cla.attention.kernels.vectors import TILE
from cla.attention.nystrom_state import ring_of_betas
from cla.attention.projected import Projected
from cla.attention.pseudo_inverse import pseudo_inverse
from cla.attention.rings import column_stride

MOST_KEPT = 2**20
"""Numbers that are kept for attention rows, 8 MiB: beyond that they are computed anew."""


def project_token(x: Any, weights: Weights, config: AttentionConfig) -> Any:
    """Queries, keys and values of a float32 token (B, E) of each stream, (B, 1, 3, H, D)."""
    tokens = np.empty((len(x), 1, 3, config.num_heads, config.head_dim))
    project(x, *weights[:6], tokens)
    return tokens


def finish_token(context: Tensor, weights: Weights) -> Any:
    """Outputs (B, E) float32 for contexts (B, H, 1, D), which PyTorch has computed."""
    wide = context.double().flatten(1).contiguous().numpy()
    out = np.empty(wide.shape, np.float32)
    finish_all(wide, *weights[6:], out)
    return out


def joined(tokens: Projected) -> Any:
    """Queries, keys and values of a token, (B, 1, 3, H, D) float64."""
    return torch.stack(tokens, 1).double().permute(0, 3, 1, 2, 4).contiguous().detach().numpy()


def split(tokens: Any, dtype: torch.dtype) -> Projected:
    """The same as tensors, (B, H, 1, D) each."""
    return Projected(*torch.from_numpy(tokens).to(dtype).permute(2, 0, 3, 1, 4))


class Steps:
    """The two halves of a step of one configuration; see `Kind.append` and `read`.

    Args of all: the arrays of a state, and the mask of its active streams, see `mask_of`.
    """

    dtype: ClassVar[torch.dtype] = torch.float32
    """Of the keys in states."""

    def __init__(self, config: AttentionConfig) -> None:
        self._retroactive, self._window = config.retroactive, config.window
        self._embed_dim, self._heads = config.embed_dim, config.num_heads
        self._columns = column_stride(config.window)

    def arrays_of(self, state: Any) -> tuple[Any, ...] | None:
        """A state's tensors; None where kernels do not know their type or layout."""
        return arrays_of(state, self.dtype)

    def append(self, tokens: Any, arrays: Any, mask: Any) -> None:
        """A projected token (B, 1, 3, H, D) of each active stream into a state."""
        raise NotImplementedError

    def read(self, weights: Weights | None, arrays: Any, mask: Any) -> Any:
        """Outputs for the newest tokens, or contexts without weights, (B, E) float32.

        If retroactive, contexts of all rows column by column, (B, E, N), oldest first. None where
        it takes PyTorch: landmarks of short windows.
        """
        out, final = self._out(len(arrays[0]), mask), weights[6:] if weights else NO_WEIGHTS
        if not self._read(arrays, mask, out, final):
            return None
        return out[..., : self._window] if self._retroactive else out

    def scan(self, tokens: Projected, arrays: Any) -> Tensor:
        """Contexts (B, H, T, D) of tokens of streams past their warm-up; single outputs."""
        new, mask, found = joined(tokens), mask_of(None), []
        for time in range(new.shape[1]):
            self.append(np.ascontiguousarray(new[:, time : time + 1]), arrays, mask)
            found.append(self.read(None, arrays, mask))
        contexts: Tensor = torch.from_numpy(np.stack(found, 1)).to(tokens.keys.dtype)
        heads: Tensor = contexts.unflatten(2, (self._heads, -1))
        return heads.transpose(1, 2)

    def row(self, arrays: Any) -> Any:
        """Attention (B, H, N) float32 of the newest tokens, oldest first; None as of `read`."""
        row = np.empty((len(arrays[0]), self._heads, self._window), np.float32)
        return row if self._read_row(arrays, row) else None

    def _read(self, arrays: Any, mask: Any, out: Any, final: Any) -> bool:
        raise NotImplementedError

    def _read_row(self, arrays: Any, row: Any) -> bool:
        raise NotImplementedError

    def _out(self, batch: int, mask: Any) -> Any:
        """Memory for what is read; of idle streams nothing is written."""
        if self._retroactive:
            return np.empty((batch, self._embed_dim, self._columns), np.float32)
        return (np.zeros if len(mask) else np.empty)((batch, self._embed_dim), np.float32)


class ContinualSteps(Steps):
    """Of continual attention."""

    def append(self, tokens: Any, arrays: Any, mask: Any) -> None:
        if self._retroactive:
            continual_rows.append_rows(tokens, *arrays, mask, self._window)
        else:
            continual.append(tokens, *arrays[:5], mask, self._window)

    def _read(self, arrays: Any, mask: Any, out: Any, final: Any) -> bool:
        if self._retroactive:
            continual_rows.read_rows(*arrays[:2], arrays[5], mask, self._window, out)
        else:
            continual.read(*arrays[:5], mask, self._window, *final, out)
        return True

    def _read_row(self, arrays: Any, row: Any) -> bool:
        continual.read_row(*arrays[:4], row)
        return True


class WindowSteps(Steps):
    """Of kinds that compute the window anew: of a step, what is done around PyTorch's product."""

    def append(self, tokens: Any, arrays: Any, mask: Any) -> None:
        valid, slots, *rings = arrays
        window, places, counts = self._window, slots.tolist(), valid.tolist()
        for place, count in zip(places, counts, strict=True):
            if not (0 <= place < window and 0 <= count <= window):
                raise IndexError  # before anything is written
        for stream in mask.nonzero()[0] if len(mask) else range(len(places)):
            for ring, token in zip(rings, tokens[stream, 0], strict=True):
                ring[stream, :, places[stream]] = token
            slots[stream] = (places[stream] + 1) % window
            valid[stream] = min(counts[stream] + 1, window)

    def read(self, weights: Weights | None, arrays: Any, mask: Any) -> Any:  # noqa: ARG002  # by PyTorch
        return None

    def _read_row(self, arrays: Any, row: Any) -> bool:
        continual.read_window_row(*arrays[:4], row)
        return True


class KeptWeights:
    """exp(k q~) of the tokens in a state's ring, for attention rows: made once for a token.

    Attributes:
        rows: (B, H, N, M), or a scratch of fewer tokens where that would be large; None until rows
            are asked for.
        new: so many of the newest tokens are not in it.
        then: valid tokens and slots of each stream when a row was read last.
    """

    def __init__(self) -> None:
        self.rows: Any = None
        self.new = 0
        self.then: list[tuple[int, int]] = []

    def room_for(self, valid: Any, slots: Any, shape: tuple[int, ...]) -> Any:
        """Where weights of a state lie, and how many of its tokens are new to them."""
        batch, heads, window, marks = shape
        if self.rows is None:
            kept = batch * heads * window * marks <= MOST_KEPT
            self.rows = np.empty((batch, heads, window if kept else min(TILE, window), marks))
        now, new = list(zip(valid.tolist(), slots.tolist(), strict=True)), self.new
        expected = [(min(seen + new, window), (slot + new) % window) for seen, slot in self.then]
        if now != expected:  # others have written to the state, or not all streams went on
            new = window
        self.new, self.then = 0, now
        return self.rows, min(new, window)


class NystromSteps(Steps):
    """Of continual Nyström attention."""

    dtype: ClassVar[torch.dtype] = torch.float64

    def __init__(self, config: AttentionConfig) -> None:
        super().__init__(config)
        self._method = config.pseudo_inverse
        self._follows = config.landmark_mode == "continual"

    def arrays_of(self, state: Any) -> tuple[Any, ...] | None:
        arrays = super().arrays_of(state)
        return arrays and (*arrays, KeptWeights())

    def append(self, tokens: Any, arrays: Any, mask: Any) -> None:
        *parts, kept = arrays
        kept.new += 1
        valid, slots, queries, keys, values, query_landmarks, key_landmarks, _, sums, betas = parts
        due = np.zeros(len(slots), np.int64) if self._follows else NONE_DUE
        waits = nystrom.append(
            tokens, valid, slots, queries, keys, values, query_landmarks, sums, mask, due
        )
        if self._retroactive:
            nystrom.write_betas(slots, queries, key_landmarks, betas, mask)
        if waits:
            self._tick(arrays, due)

    def _read(self, arrays: Any, mask: Any, out: Any, final: Any) -> bool:
        valid, slots, queries, _, _, _, key_landmarks, gamma_inv, sums, betas, _ = arrays
        if self._retroactive:
            short = nystrom.read_rows(valid, slots, betas, gamma_inv, sums, mask, self._window, out)
        else:
            short = nystrom.read(
                valid, slots, queries, key_landmarks, gamma_inv, sums, mask, self._window, *final,
                out,
            )  # fmt: skip
        return not (short and self._follows)

    def _read_row(self, arrays: Any, row: Any) -> bool:
        valid, slots, queries, keys, _, *landmarks, sums, _, kept = arrays
        room = kept.room_for(valid, slots, (*keys.shape[:3], sums.shape[-1]))
        short = nystrom.read_row(valid, slots, queries, keys, *landmarks, sums, *room, row)
        return not (short and self._follows)

    def _tick(self, arrays: Any, due: Any) -> None:
        """Let the landmarks enter that are due (B,), into a state."""
        *parts, kept = arrays
        kept.new = self._window
        _, slots, queries, keys, values, query_landmarks, key_landmarks, gamma_inv, sums, betas = (
            parts
        )
        gammas = np.empty(gamma_inv.shape)
        renew(slots, queries, keys, values, query_landmarks, key_landmarks, sums, due, gammas)
        inverse = INVERSES.get(self._method)
        for stream in due.nonzero()[0]:
            if self._retroactive:
                pair = torch.from_numpy(key_landmarks[stream]).mT, torch.from_numpy(queries[stream])
                betas[stream] = ring_of_betas(*pair).numpy()
            if inverse is None:
                found = pseudo_inverse(torch.from_numpy(gammas[stream]), self._method)
                gamma_inv[stream] = found.numpy()
                continue
            for out, gamma in zip(gamma_inv[stream], gammas[stream], strict=True):
                inverse(out, gamma)
