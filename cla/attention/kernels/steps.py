"""Steps by kernels as functions of tensors and states."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from cla.attention.config import AttentionConfig
from cla.attention.kernels.arrays import (
    ALL_ACTIVE,
    NO_CONTEXTS,
    NO_OUTPUT,
    NO_TOKEN,
    NO_TOKENS,
    NO_WEIGHTS,
    Arrays,
    Weights,
)
from cla.attention.kernels.continual import step_continual
from cla.attention.kernels.nystrom import step_nystrom
from cla.attention.kernels.pseudo_inverse import METHODS
from cla.attention.projected import Projected
from cla.attention.rings import column_stride


class Steps:
    """The steps of one configuration by one kernel.

    Args:
        kernel: `step_continual` or `step_nystrom`.
        modes: what else it is told of the configuration.
    """

    def __init__(self, config: AttentionConfig, kernel: Any, modes: tuple[Any, ...]) -> None:
        self._kernel, self._modes = kernel, modes
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
        short = self._kernel(
            NO_TOKEN if x is None else x.detach().numpy(), *weights, NO_TOKENS,
            *self._arrays.of(state, batch), _mask(active), *self._modes, NO_CONTEXTS, out,
        )  # fmt: skip
        if short < 0:
            return None
        found = torch.from_numpy(out)
        return found[..., : self._window] if self._retroactive else found[..., 0], short > 0

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
        short = self._kernel(
            NO_TOKEN, *NO_WEIGHTS, tokens, *self._arrays.of(state, len(state.slot)),
            _mask(active), *self._modes, contexts, out,
        )  # fmt: skip
        return bool(short >= 0)


def _joined(tokens: Projected) -> Any:
    """Queries, keys and values of a token, (B, 1, 3, H, D) float64."""
    joined = torch.stack(tokens, 1).double()  # (B, 3, H, 1, D)
    return joined.detach().numpy().transpose(0, 3, 1, 2, 4)


def _mask(active: Tensor | None) -> Any:
    return ALL_ACTIVE if active is None else active.numpy()


def continual_steps(config: AttentionConfig) -> Steps:
    """Of continual attention."""
    return Steps(config, step_continual, (config.window,))


def nystrom_steps(config: AttentionConfig) -> Steps:
    """Of continual Nyström attention."""
    modes = (config.landmark_mode == "continual", METHODS[config.pseudo_inverse])
    return Steps(config, step_nystrom, modes)
