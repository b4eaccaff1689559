"""What all attention layers share: the projections and the streaming contract."""

from abc import ABC, abstractmethod
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from cla.attention.config import AttentionConfig
from cla.attention.state import Step
from cla.errors import ClaError


class Projected(NamedTuple):
    """Queries and keys, scaled by D^(-1/4) each, and values of some tokens.

    Shapes:
        queries, keys, values: (B, H, T, D)
    """

    queries: Tensor
    keys: Tensor
    values: Tensor

    def span(self, start: int, stop: int | None = None) -> "Projected":
        """The tokens from `start` to before `stop`."""
        return Projected(*(part[..., start:stop, :] for part in self))


class AttentionLayer(nn.Module, ABC):
    """Attention over the last N tokens of a stream; the module holds parameters only.

    All kinds own the same parameters, so that one can take the place of another.
    """

    def __init__(self, config: AttentionConfig) -> None:
        super().__init__()
        self.config = config
        self.query_proj = nn.Linear(config.embed_dim, config.embed_dim)
        self.key_proj = nn.Linear(config.embed_dim, config.embed_dim)
        self.value_proj = nn.Linear(config.embed_dim, config.embed_dim)
        self.output_proj = nn.Linear(config.embed_dim, config.embed_dim)

    @property
    def latency(self) -> int:
        """Tokens of look-ahead."""
        return 0

    @property
    @abstractmethod
    def receptive_field(self) -> int:
        """Tokens, the newest included, that can influence an output."""

    @abstractmethod
    def init_state(
        self,
        batch_size: int,
        *,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> Any:
        """State of `batch_size` streams that have seen nothing; `dtype` is that of the tokens."""

    @abstractmethod
    def step(self, x: Tensor, state: Any, *, emit: bool = False) -> Step:
        """Advance every stream by one token; owns `state` and writes to it in place.

        No gradient is kept (use `scan` or `forward` to train).

        Shapes:
            x: (B, E)
            output: (B, E)
        """

    @abstractmethod
    def forward(self, x: Tensor, *, emit: bool = False) -> Any:
        """Output of the newest token of whole windows; with `emit` the pair (output, emits).

        Shapes:
            x: (B, T, E), 1 <= T <= N
            returns: (B, E)

        Raises:
            ClaError: more tokens than the window holds.
        """

    @abstractmethod
    def scan(self, x: Tensor, state: Any) -> tuple[Tensor, Any]:
        """The numbers of T steps, vectorized over time and differentiable.

        Shapes:
            x: (B, T, E)
            returns: (B, T, E) and the state after the last token
        """

    @abstractmethod
    def state_from_window(self, window: Tensor, *, tokens_seen: int | None = None) -> Any:
        """Exact state of streams that end in `window`.

        Args:
            window: the newest tokens; all that were seen, or at least `receptive_field` of them.
            tokens_seen: length of the whole stream, if longer than `window`: it sets the phase
                of the cycle.

        Shapes:
            window: (B, T, E)

        Raises:
            ClaError: the window is empty, or shorter than both N and the stream.
        """

    @abstractmethod
    def window_emits(self, window: Tensor, state: Any) -> Any:
        """Emits of every token of a window (R = N), with the state's landmarks where it has some.

        Shapes:
            window: (B, T, E), the newest tokens; the last N are used
        """

    def project(self, x: Tensor, dtype: torch.dtype) -> Projected:
        """Queries, keys and values of tokens, computed in `dtype`.

        Shapes:
            x: (B, T, E)
        """
        scale = self.config.head_dim**-0.25
        queries, keys, values = (
            self._split_heads(_linear(layer, x, dtype))
            for layer in (self.query_proj, self.key_proj, self.value_proj)
        )
        return Projected(queries * scale, keys * scale, values)

    def merge_heads(self, context: Tensor) -> Tensor:
        """Join the heads and apply the output projection.

        Shapes:
            context: (B, H, T, D)
            returns: (B, T, E)
        """
        joined = context.transpose(1, 2).flatten(2)
        return self.output_proj(joined.to(self.output_proj.weight.dtype))  # type: ignore[no-any-return]

    def check_forward_length(self, x: Tensor) -> None:
        """Raise unless `x` is (B, T, E) with 1 <= T <= N."""
        _check_tokens(x, self.config.embed_dim)
        if x.shape[1] > self.config.window:
            raise ClaError(
                f"forward was given {x.shape[1]} tokens, more than window={self.config.window}.",
                "Use scan for longer streams.",
            )

    def check_window(self, window: Tensor, tokens_seen: int | None) -> int:
        """Length of the stream that `window` ends; raises where the state cannot be exact."""
        _check_tokens(window, self.config.embed_dim)
        length = window.shape[1]
        seen = length if tokens_seen is None else tokens_seen
        if length < min(seen, self.config.window) or seen < length:
            raise ClaError(
                f"A window of {length} tokens cannot stand for a stream of {seen}.",
                f"Give the last {self.receptive_field} tokens, or all that were seen.",
            )
        return seen

    def _split_heads(self, x: Tensor) -> Tensor:
        heads, size = self.config.num_heads, self.config.head_dim
        return x.reshape(*x.shape[:2], heads, size).transpose(1, 2)

    def extra_repr(self) -> str:
        return str(self.config)


def _linear(layer: nn.Linear, x: Tensor, dtype: torch.dtype) -> Tensor:
    return functional.linear(x.to(dtype), layer.weight.to(dtype), layer.bias.to(dtype))


def _check_tokens(x: Tensor, embed_dim: int) -> None:
    if x.ndim != 3 or x.shape[1] < 1 or x.shape[2] != embed_dim:
        raise ClaError(
            f"Tokens of shape {tuple(x.shape)} do not fit.",
            f"Give (batch, at least one token, {embed_dim}).",
        )


def ring_order(ring: Tensor, slot: int) -> Tensor:
    """A ring's tokens oldest first; `slot` is where the next token goes."""
    return torch.roll(ring, -slot, dims=-2)


def chunk_lengths(total: int, chunk: int) -> list[int]:
    """Lengths that cut `total` tokens into chunks of at most `chunk`."""
    return [min(chunk, total - start) for start in range(0, total, chunk)] if total else []
