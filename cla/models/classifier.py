"""A stream classifier: one token in, the logits of its classes out, at every step."""

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from cla.attention import (
    AttentionConfig,
    OperationCount,
    Step,
    make_attention,
    operation_count,
    step_operations,
)
from cla.attention.config import AttentionKind, LandmarkMode, PseudoInverse
from cla.attention.layer import SCAN_TOKENS
from cla.errors import ClaError
from cla.models.position import recycling_encoding


@dataclass(frozen=True)
class ClassifierConfig:
    """Sizes of a classifier.

    Args:
        input_dim: F, size of a feature token.
        num_classes: C.
        embed_dim, num_heads, feed_forward_dim: E, H and the hidden size of the encoder layer.
        window: N, tokens attended.
        position_period: tokens after which the positional encoding recurs, at least 2 N.
        position_harmonics: sine and cosine pairs of the encoding.
        dropout: in training only.
        pseudo_inverse: the one the weights are trained with.
    """

    input_dim: int
    num_classes: int
    embed_dim: int = 96
    num_heads: int = 8
    feed_forward_dim: int = 192
    window: int = 120
    position_period: int = 240
    position_harmonics: int = 24
    dropout: float = 0.1
    pseudo_inverse: PseudoInverse = "iterative"

    def __post_init__(self) -> None:
        if 2 * self.position_harmonics > self.embed_dim:
            raise ClaError(
                f"position_harmonics={self.position_harmonics} needs embed_dim >= "
                f"{2 * self.position_harmonics}.",
                "Choose fewer harmonics or a larger embedding.",
            )


class ClassifierState(NamedTuple):
    """State of some streams.

    Shapes:
        position: (B,) int64, phase of the positional encoding
        layers: the state of each attention layer
    """

    position: Tensor
    layers: tuple[Any, ...]

    @property
    def valid_tokens(self) -> Tensor:
        """Tokens the newest output rests on, (B,) int64."""
        tokens: Tensor = self.layers[-1].valid_tokens
        return tokens


class StreamClassifier(nn.Module):
    """Input projection, positional encoding, one encoder layer, head; keeps the streaming contract.

    Shapes:
        x: (B, F) a step, (B, T, F) a scan
        output: logits (B, C), (B, T, C)
    """

    position_table: Tensor

    def __init__(self, config: ClassifierConfig) -> None:
        super().__init__()
        self.config = config
        embed = config.embed_dim
        self.input_norm = nn.LayerNorm(config.input_dim)
        self.input_proj = nn.Linear(config.input_dim, embed)
        self.attention = make_attention(
            AttentionConfig("full", embed, config.num_heads, config.window)
        )
        self.attention_norm = nn.LayerNorm(embed)
        self.feed_forward = nn.Sequential(
            nn.Linear(embed, config.feed_forward_dim),
            nn.GELU(),
            nn.Dropout(config.dropout),
            nn.Linear(config.feed_forward_dim, embed),
        )
        self.feed_forward_norm = nn.LayerNorm(embed)
        self.head = nn.Linear(embed, config.num_classes)
        self.dropout = nn.Dropout(config.dropout)
        table = recycling_encoding(config.position_period, embed, config.position_harmonics)
        self.register_buffer("position_table", table, persistent=False)

    @property
    def latency(self) -> int:
        """Tokens of look-ahead."""
        return self.attention.latency

    @property
    def receptive_field(self) -> int:
        """Tokens that can influence an output."""
        return self.attention.receptive_field

    def with_attention(
        self,
        kind: AttentionKind,
        num_landmarks: int | None = None,
        landmark_mode: LandmarkMode = "continual",
        window: int | None = None,
    ) -> "StreamClassifier":
        """The same weights (the same parameter objects) under another attention.

        Raises:
            ClaError: the attention cannot be configured so.
        """
        attention = make_attention(
            AttentionConfig(
                kind,
                self.config.embed_dim,
                self.config.num_heads,
                self.config.window if window is None else window,
                num_landmarks,
                landmark_mode=landmark_mode,
                pseudo_inverse=self.config.pseudo_inverse,
            )
        )
        for name in ("query_proj", "key_proj", "value_proj", "output_proj"):
            setattr(attention, name, getattr(self.attention, name))
        twin = StreamClassifier.__new__(StreamClassifier)
        nn.Module.__init__(twin)
        twin.config = replace(self.config, window=attention.config.window)
        for name, module in self.named_children():
            setattr(twin, name, attention if name == "attention" else module)
        twin.register_buffer("position_table", self.position_table, persistent=False)
        return twin.train(self.training)

    @property
    def operations(self) -> OperationCount:
        """Multiply-adds of the attention product, all heads and layers."""
        return operation_count(self.attention.config)

    def step_operations(self, state: ClassifierState) -> int:
        """Multiply-adds of the attention product that the next step spends on the first stream."""
        layer = state.layers[0]
        return step_operations(
            self.attention.config, int(layer.slot[0]), int(layer.valid_tokens[0])
        )

    def init_state(
        self,
        batch_size: int,
        *,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> ClassifierState:
        """State of streams that have seen nothing."""
        layer = self.attention.init_state(batch_size, device=device, dtype=dtype)
        return ClassifierState(torch.zeros_like(layer.slot), (layer,))

    @torch.no_grad()
    def step(
        self,
        x: Tensor,
        state: ClassifierState,
        *,
        emit: bool = False,
        active: Tensor | None = None,
    ) -> Step:
        """Advance every stream, or the `active` ones; owns `state`. Emits are those of each layer.

        The logits of streams that are not active mean nothing.
        """
        token = self.embed(x[:, None], state.position)[:, 0]
        attended = self.attention.step(token, state.layers[0], emit=emit, active=active)
        one = 1 if active is None else active.long()
        state.position.add_(one).remainder_(self.config.position_period)
        emits = (attended.emits,) if emit else None
        return Step(self._classify(token, attended.output), state, emits)

    def reset(self, state: ClassifierState, streams: Tensor) -> None:
        """Let the masked streams (B,) of a state start anew, in place."""
        state.position.masked_fill_(streams, 0)
        self.attention.reset(state.layers[0], streams)

    def forward(self, x: Tensor, *, tokens_seen: int | None = None) -> Tensor:
        """Logits of the newest token of whole windows, (B, T, F) to (B, C)."""
        tokens = self.embed(x, self._start(x, tokens_seen))
        attended: Tensor = self.attention(tokens)
        return self._classify(tokens[:, -1], attended)

    def scan(self, x: Tensor, state: ClassifierState) -> tuple[Tensor, ClassifierState]:
        """The numbers of T steps, vectorized over time and differentiable."""
        outputs = []
        for part in x.split(SCAN_TOKENS, 1):
            tokens = self.embed(part, state.position)
            attended, layer = self.attention.scan(tokens, state.layers[0])
            position = (state.position + part.shape[1]) % self.config.position_period
            state = ClassifierState(position, (layer,))
            outputs.append(self._classify(tokens, attended))
        return torch.cat(outputs, 1), state

    def state_from_window(
        self, window: Tensor, *, tokens_seen: int | None = None
    ) -> ClassifierState:
        """Exact state of streams of `tokens_seen` tokens that end in `window` (B, T, F)."""
        start = self._start(window, tokens_seen)
        layer = self.attention.state_from_window(self.embed(window, start), tokens_seen=tokens_seen)
        position = (start + window.shape[1]) % self.config.position_period
        return ClassifierState(position, (layer,))

    def explain(self, window: Tensor, state: ClassifierState) -> tuple[Any, ...]:
        """Emits of every token of the window that `state` ends in: the whole map or its factors.

        Shapes:
            window: (B, T, F), the newest tokens
        """
        start = (state.position - window.shape[1]) % self.config.position_period
        return (self.attention.window_emits(self.embed(window, start), state.layers[0]),)

    def _start(self, x: Tensor, tokens_seen: int | None) -> Tensor:
        """Phase of the first token of `x`."""
        first = 0 if tokens_seen is None else tokens_seen - x.shape[1]
        phase = first % self.config.position_period
        return torch.full((x.shape[0],), phase, dtype=torch.int64, device=x.device)

    def embed(self, x: Tensor, start: Tensor) -> Tensor:
        """Tokens as the attention sees them; `start` (B,) is the phase of the first one."""
        steps = torch.arange(x.shape[1], device=start.device)
        phase = (start[:, None] + steps) % self.config.position_period
        positions = self.position_table[phase]
        embedded: Tensor = self.input_proj(self.input_norm(x)) + positions
        return embedded

    def _classify(self, tokens: Tensor, attended: Tensor) -> Tensor:
        hidden = self.attention_norm(tokens + self.dropout(attended))
        hidden = self.feed_forward_norm(hidden + self.dropout(self.feed_forward(hidden)))
        logits: Tensor = self.head(hidden)
        return logits
