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
        self._columns = column_stride(config.window)
        self._arrays = Arrays()

    def layer(
        self, x: Tensor, weights: Weights, state: Any, active: Tensor | None
    ) -> tuple[Tensor, bool] | None:
        """A whole step of a float32 token (B, E); None, and nothing is done, see `attend`.

        Shapes:
            returns: output (B, E), or contexts (B, E, N) if retroactive; and whether some window is
                not full
        """
        shape = (*x.shape, self._columns) if self._retroactive else x.shape
        out = np.empty(shape, np.float32)
        short = self._kernel(
            x.detach().numpy(), *weights, NO_TOKENS, *self._arrays.of(state, len(x)), _mask(active),
            *self._modes, NO_CONTEXTS, out if self._retroactive else out[:, :, None],
        )  # fmt: skip
        if short < 0:
            return None
        return self._rows(out) if self._retroactive else torch.from_numpy(out), short > 0

    def attend(self, tokens: Projected, state: Any, active: Tensor | None) -> Tensor | None:
        """One token of each active stream; contexts (B, H, 1, D) or, if retroactive, all rows.

        None, and nothing is done, where landmarks are continual and windows fill.

        Shapes:
            returns: (B, H, 1, D) float64, or (B, H, N, D) float32, oldest first
        """
        batch, heads, _, size = tokens.keys.shape
        joined = torch.cat(tokens, 1)
        wide = joined if joined.dtype is torch.float64 else joined.double()
        new = wide.detach().numpy().reshape(batch, 1, 3, heads, size)
        if self._retroactive:
            out = np.empty((batch, heads * size, self._columns), np.float32)
            done = self._take(new, state, active, NO_CONTEXTS, out)
            return self._rows(out).unflatten(1, (heads, size)).mT if done else None
        # Of idle streams nothing is written.
        contexts = (np.empty if active is None else np.zeros)((batch, 1, heads, size))
        done = self._take(new, state, active, contexts, NO_OUTPUT)
        return torch.from_numpy(contexts.reshape(batch, heads, 1, size)) if done else None

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
            NO_TOKEN, *NO_WEIGHTS, tokens, *self._arrays.of(state, len(tokens)),
            _mask(active), *self._modes, contexts, out,
        )  # fmt: skip
        return bool(short >= 0)

    def _rows(self, out: Any) -> Tensor:
        return torch.from_numpy(out)[..., : self._window]


def _mask(active: Tensor | None) -> Any:
    return ALL_ACTIVE if active is None else active.numpy()


def continual_steps(config: AttentionConfig) -> Steps:
    """Of continual attention."""
    return Steps(config, step_continual, (config.window,))


def nystrom_steps(config: AttentionConfig) -> Steps:
    """Of continual Nyström attention."""
    modes = (config.landmark_mode == "continual", METHODS[config.pseudo_inverse])
    return Steps(config, step_nystrom, modes)
