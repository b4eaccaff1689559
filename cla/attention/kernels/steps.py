"""Steps by kernels as functions of tensors and states."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from cla.attention.config import AttentionConfig
from cla.attention.kernels.arrays import (
    ALL_ACTIVE,
    NO_CONTEXTS,
    NO_LAYER,
    NO_OUTPUT,
    NO_TOKEN,
    NO_TOKENS,
    NO_WEIGHTS,
    NONE_DUE,
    Arrays,
    Weights,
)
from cla.attention.kernels.continual import step_continual
from cla.attention.kernels.nystrom import TICKS, step_nystrom
from cla.attention.kernels.pseudo_inverse import INVERSES
from cla.attention.kernels.tick import renew
from cla.attention.projected import Projected
from cla.attention.rings import column_stride


class Steps:
    """The steps of one configuration by one kernel.

    Args:
        run: the step of its kind, see `_run_continual`.
    """

    def __init__(self, config: AttentionConfig, run: Any) -> None:
        self._run, self._config = run, config
        self._retroactive, self._window = config.retroactive, config.window
        self._heads, self._size = config.num_heads, config.head_dim
        self._columns = column_stride(config.window)
        self._arrays = Arrays()

    def layer(
        self,
        x: Tensor | None,
        weights: Weights,
        state: Any,
        active: Tensor | None,
        *,
        reads: bool = True,
    ) -> tuple[Tensor, bool] | None:
        """A whole step; None, and nothing is done, where landmarks are continual and windows fill.

        Args:
            x: a float32 token of each stream (B, E); None to read the newest of the state.
            reads: whether there is to be an output; a token is only appended else.

        Shapes:
            returns: output (B, E), or contexts (B, E, N) if retroactive; and whether some window is
                not full
        """
        out, batch = NO_OUTPUT, len(state.slot)
        if reads:
            columns = self._columns if self._retroactive else 1
            out = np.empty((batch, self._heads * self._size, columns), np.float32)
        token = NO_TOKEN if x is None else x.detach().numpy()
        arrays, mask = self._arrays.of(state, batch), _mask(active)
        short = self._run(
            self._config, (token, *NO_LAYER, *weights), NO_TOKENS, arrays, mask, NO_CONTEXTS, out
        )
        if short < 0:
            return None
        found = torch.from_numpy(out)
        if reads and not self._retroactive:
            found = found[..., 0]
        return found[..., : self._window] if self._retroactive else found, short > 0

    def around(
        self, x: Any, layer: Any, weights: Weights, state: Any, active: Tensor | None, size: int
    ) -> Any:
        """A whole encoder layer's step of single outputs; None as of `layer`.

        Args:
            x: a float32 token of each stream (B, F), an array.
            layer: weights around the attention and what goes with them, see `step_nystrom`.
            size: of the output.

        Shapes:
            returns: (B, size, 1), an array
        """
        arrays, mask = self._arrays.of(state, len(x)), _mask(active)
        out = np.empty((len(x), size, 1), np.float32)
        weighted = (x, *layer, *weights)
        short = self._run(self._config, weighted, NO_TOKENS, arrays, mask, NO_CONTEXTS, out)
        return None if short < 0 else out

    def attend(self, tokens: Projected | None, state: Any, active: Tensor | None) -> Tensor | None:
        """One token of each active stream appended and read; None as of `layer`.

        Args:
            tokens: None to read the newest of the state.

        Shapes:
            tokens: (B, H, 1, D) each
            returns: (B, H, 1, D) float64, or (B, H, N, D) float32, oldest first, if retroactive
        """
        batch, heads, size = len(state.slot), self._heads, self._size
        new = NO_TOKENS if tokens is None else _joined(tokens)
        if self._retroactive:
            out = np.empty((batch, heads * size, self._columns), np.float32)
            done = self._take(new, state, active, NO_CONTEXTS, out)
            rows = torch.from_numpy(out)[..., : self._window]
            return rows.unflatten(1, (heads, size)).mT if done else None
        # Of idle streams nothing is written.
        contexts = (np.empty if active is None else np.zeros)((batch, 1, heads, size))
        done = self._take(new, state, active, contexts, NO_OUTPUT)
        return torch.from_numpy(contexts.reshape(batch, heads, 1, size)) if done else None

    def append(self, tokens: Projected, state: Any, active: Tensor | None) -> bool:
        """One token of each active stream into its state; whether it was done, as of `layer`."""
        return self._take(_joined(tokens), state, active, NO_CONTEXTS, NO_OUTPUT)

    def scan(self, tokens: Projected, state: Any) -> Tensor:
        """Contexts (B, H, T, D) of tokens of streams past their warm-up; single outputs."""
        new = torch.stack([part.transpose(1, 2) for part in tokens], 2).detach().numpy()
        contexts = np.empty(new[:, :, 0].shape)
        self._take(new, state, None, contexts, NO_OUTPUT)
        return torch.from_numpy(contexts).transpose(1, 2)

    def _take(
        self, tokens: Any, state: Any, active: Tensor | None, contexts: Any, out: Any
    ) -> bool:
        """Projected tokens (B, T, 3, H, D); whether it was done."""
        arrays, mask = self._arrays.of(state, len(state.slot)), _mask(active)
        short = self._run(
            self._config, (NO_TOKEN, *NO_LAYER, *NO_WEIGHTS), tokens, arrays, mask, contexts, out
        )
        return bool(short >= 0)


def _joined(tokens: Projected) -> Any:
    """Queries, keys and values of a token, (B, 1, 3, H, D) float64."""
    joined = torch.stack(tokens, 1).double()  # (B, 3, H, 1, D)
    return joined.detach().numpy().transpose(0, 3, 1, 2, 4)


def _mask(active: Tensor | None) -> Any:
    return ALL_ACTIVE if active is None else active.numpy()


def _run_continual(
    config: AttentionConfig, weighted: Any, tokens: Any, arrays: Any, mask: Any, *out: Any
) -> int:
    """One token of each active stream; how many windows are not full, or `FILLING`.

    Args:
        weighted: a token to be projected, or none, and the weights.
        arrays: the state.
        out: contexts and outputs to be written.
    """
    short: int = step_continual(*weighted, tokens, *arrays, mask, config.window, *out)
    return short


def _run_nystrom(
    config: AttentionConfig, weighted: Any, tokens: Any, arrays: Any, mask: Any, *out: Any
) -> int:
    """As `_run_continual`; of projected tokens any number. Where landmarks are due they enter."""
    if config.landmark_mode == "fixed":
        short: int = step_nystrom(*weighted, tokens, 0, *arrays, mask, False, NONE_DUE, *out)
        return short
    first, due = 0, np.zeros(len(arrays[0]), np.int64)
    short = step_nystrom(*weighted, tokens, first, *arrays, mask, True, due, *out)
    while short <= TICKS:
        tick(config, arrays, due)
        first = TICKS - short + 1
        if tokens.shape[1] > 1:
            contexts = np.empty((len(due), 1, *tokens.shape[3:]))
            read = (NO_TOKEN, *NO_LAYER, *NO_WEIGHTS, NO_TOKENS, 0, *arrays, mask, True, due)
            step_nystrom(*read, contexts, NO_OUTPUT)
            out[0][:, first - 1] = contexts[:, 0]
            due[:] = 0
            if first == tokens.shape[1]:
                return 0
            short = step_nystrom(*weighted, tokens, first, *arrays, mask, True, due, *out)
        else:
            none = (weighted[0][:0], *weighted[1:], NO_TOKENS, 0)
            short = step_nystrom(*none, *arrays, mask, True, due, *out)
    return short


def tick(config: AttentionConfig, arrays: Any, due: Any) -> None:
    """Let the landmarks enter that are due (B,), into a state."""
    batch, heads, _, marks = arrays[5].shape
    gammas = np.empty((batch, heads, marks, marks))
    renew(*arrays[1:7], *arrays[8:], due, gammas)
    inverse = INVERSES[config.pseudo_inverse]
    for stream in due.nonzero()[0]:
        for out, gamma in zip(arrays[7][stream], gammas[stream], strict=True):
            inverse(out, gamma)


def continual_steps(config: AttentionConfig) -> Steps:
    """Of continual attention."""
    return Steps(config, _run_continual)


def nystrom_steps(config: AttentionConfig) -> Steps:
    """Of continual Nyström attention."""
    return Steps(config, _run_nystrom)
