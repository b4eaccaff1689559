"""Steps by kernels as functions of tensors and states."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from cla.attention.config import AttentionConfig
from cla.attention.kernels import continual, continual_rows, nystrom
from cla.attention.kernels.arrays import NONE_DUE, Arrays, Weights, mask_of
from cla.attention.kernels.projections import finish, project
from cla.attention.kernels.pseudo_inverse import INVERSES
from cla.attention.kernels.tick import renew
from cla.attention.nystrom_state import ring_of_betas
from cla.attention.projected import Projected
from cla.attention.pseudo_inverse import pseudo_inverse
from cla.attention.rings import column_stride


def project_token(x: Any, weights: Weights, config: AttentionConfig) -> Any:
    """Queries, keys and values of a float32 token (B, E) of each stream, (B, 1, 3, H, D)."""
    tokens = np.empty((len(x), 1, 3, config.num_heads, config.head_dim))
    project(x, *weights[:6], tokens)
    return tokens


def finish_token(found: Any, weights: Weights) -> Any:
    """Output projection (B, E) float32 of contexts (B, H, D)."""
    wide = found.reshape(len(found), len(weights[7]))
    out = np.empty(wide.shape, np.float32)
    finish(wide, *weights[6:], out)
    return out


def contexts(found: Any, config: AttentionConfig) -> Tensor:
    """What `Steps.read` gives, as `Kind.read` gives it."""
    if not config.retroactive:
        return torch.from_numpy(found)[:, :, None]
    rows: Tensor = torch.from_numpy(found).unflatten(1, (config.num_heads, config.head_dim)).mT
    return rows


def joined(tokens: Projected) -> Any:
    """Queries, keys and values of tokens, (B, T, 3, H, D) float64."""
    return torch.stack(tokens, 1).double().permute(0, 3, 1, 2, 4).contiguous().detach().numpy()


def split(tokens: Any, dtype: torch.dtype) -> Projected:
    """The same as tensors, (B, H, T, D) each."""
    return Projected(*torch.from_numpy(tokens).to(dtype).permute(2, 0, 3, 1, 4))


class Steps:
    """The two halves of a step of one configuration, on arrays; see `Kind.append` and `read`."""

    def __init__(self, config: AttentionConfig) -> None:
        self._retroactive, self._window = config.retroactive, config.window
        self._heads, self._size = config.num_heads, config.head_dim
        self._columns = column_stride(config.window)
        self._arrays = Arrays()

    def on(self, state: Any, active: Tensor | None) -> "OnState":
        """Steps of the active streams of a state, which they write to."""
        return OnState(self, self._arrays.of(state), mask_of(active))

    def append(self, tokens: Any, arrays: Any, mask: Any) -> None:
        """A projected token of each active stream into a state.

        Args:
            mask: the active streams, see `mask_of`.

        Shapes:
            tokens: (B, 1, 3, H, D) float64
        """
        raise NotImplementedError

    def read(self, arrays: Any, mask: Any) -> Any:
        """Contexts of the newest tokens; None where it takes PyTorch: landmarks of short windows.

        Shapes:
            returns: (B, H, D) float64; or, if retroactive, those of all rows column by column,
                (B, E, N) float32, oldest first
        """
        raise NotImplementedError

    def scan(self, tokens: Projected, state: Any) -> Tensor:
        """Contexts (B, H, T, D) of tokens of streams past their warm-up; single outputs."""
        new, steps, found = joined(tokens), self.on(state, None), []
        for time in range(new.shape[1]):
            steps.append(np.ascontiguousarray(new[:, time : time + 1]))
            found.append(steps.read())
        return torch.from_numpy(np.stack(found, 2))

    def _contexts(self, batch: int, mask: Any) -> Any:
        """Memory for what is read; of idle streams nothing is written."""
        if self._retroactive:
            return np.empty((batch, self._heads * self._size, self._columns), np.float32)
        return (np.zeros if len(mask) else np.empty)((batch, self._heads, self._size))


class OnState(NamedTuple):
    """Steps of some streams of one state; see `Steps`."""

    steps: Steps
    arrays: Any
    mask: Any

    def append(self, tokens: Any) -> None:
        """A token into the state."""
        self.steps.append(tokens, self.arrays, self.mask)

    def read(self) -> Any:
        """Contexts of the newest tokens."""
        return self.steps.read(self.arrays, self.mask)


class ContinualSteps(Steps):
    """Of continual attention."""

    def append(self, tokens: Any, arrays: Any, mask: Any) -> None:
        if self._retroactive:
            continual_rows.append_rows(tokens, *arrays, mask, self._window)
        else:
            continual.append(tokens, *arrays[:5], mask, self._window)

    def read(self, arrays: Any, mask: Any) -> Any:
        found = self._contexts(len(arrays[0]), mask)
        if self._retroactive:
            continual_rows.read_rows(*arrays[:2], arrays[5], mask, self._window, found)
            return found[..., : self._window]
        continual.read(*arrays[:5], mask, self._window, found)
        return found


class ReadByTorch(Steps):
    """Of kinds that compute the window anew: of a step, projections alone are compiled.

    Args:
        read: contexts (B, H, 1, D) of the state's tensors.
    """

    def __init__(
        self, config: AttentionConfig, read: Callable[[tuple[Tensor, ...]], Tensor]
    ) -> None:
        super().__init__(config)
        self._read = read

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

    def read(self, arrays: Any, mask: Any) -> Any:  # noqa: ARG002  # of idle streams too
        if self._retroactive:
            return None
        found = self._read(tuple(map(torch.from_numpy, arrays)))
        return found[:, :, 0].double().numpy()


class NystromSteps(Steps):
    """Of continual Nyström attention."""

    def __init__(self, config: AttentionConfig) -> None:
        super().__init__(config)
        self._method = config.pseudo_inverse
        self._follows = config.landmark_mode == "continual"

    def append(self, tokens: Any, arrays: Any, mask: Any) -> None:
        valid, slots, queries, keys, values, query_landmarks, key_landmarks, _, sums, betas = arrays
        due = np.zeros(len(slots), np.int64) if self._follows else NONE_DUE
        waits = nystrom.append(
            tokens, valid, slots, queries, keys, values, query_landmarks, sums, mask, due
        )
        if self._retroactive:
            nystrom.write_betas(slots, queries, key_landmarks, betas, mask)
        if waits:
            self._tick(arrays, due)

    def read(self, arrays: Any, mask: Any) -> Any:
        valid, slots, queries, _, _, _, key_landmarks, gamma_inv, sums, betas = arrays
        found, window = self._contexts(len(slots), mask), self._window
        if self._retroactive:
            short = nystrom.read_rows(valid, slots, betas, gamma_inv, sums, mask, window, found)
        else:
            short = nystrom.read(
                valid, slots, queries, key_landmarks, gamma_inv, sums, mask, window, found
            )
        if short and self._follows:
            return None
        return found[..., :window] if self._retroactive else found

    def _tick(self, arrays: Any, due: Any) -> None:
        """Let the landmarks enter that are due (B,), into a state."""
        _, slots, queries, keys, values, query_landmarks, key_landmarks, gamma_inv, sums, betas = (
            arrays
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
