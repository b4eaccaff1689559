"""A stream classifier: one token in, the logits of its classes out, at every step."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple, get_args

import torch
from torch import Tensor, nn

from cla.attention import REFERENCE, AttentionConfig, AttentionLayer, OperationCount, Step, kernels
from cla.attention.checks import check_active, check_step, check_tokens, check_type
from cla.attention.config import AttentionKind, OutputMode, PseudoInverse, choice, positive
from cla.attention.kinds.registry import LandmarkMode
from cla.attention.state import difference, released, scan_active, writing_to
from cla.attention.window_layer import SCAN_TOKENS
from cla.errors import ClaError
from cla.models.encoder_layer import EncoderLayer, EncoderSizes
from cla.models.position import recycling_encoding
from cla.models.stack import StackMode, StackState, total
from cla.models.stream_encoder import make_stack

Positions = Literal["recycling", "learned"]
"""Of a table that recurs: waves, or parameters."""

_SIZES = (
    "input_dim", "num_classes", "embed_dim", "num_heads", "feed_forward_dim", "window",
    "position_period", "position_harmonics", "num_layers",
)  # fmt: skip


@dataclass(frozen=True)
class ClassifierConfig:
    """Sizes of a classifier.

    Args:
        input_dim: F, size of a feature token.
        num_classes: C.
        embed_dim, num_heads, feed_forward_dim: E, H and the hidden size of the encoder layers.
        window: N, tokens attended.
        position_period: tokens after which the positional encoding recurs, also within a window.
        position_harmonics: sine and cosine pairs of the encoding.
        dropout: in training only.
        pseudo_inverse: the one the weights are trained with.
        num_layers: L.
        stack_mode: how layers above the first see the past, see `StackMode`.
        positions: what the positional encoding is made of.

    Raises:
        ClaError: a value is out of range; the message names it.
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
    num_layers: int = 1
    stack_mode: StackMode = "retroactive"
    positions: Positions = "recycling"

    def __post_init__(self) -> None:
        for name in _SIZES:
            object.__setattr__(self, name, positive(name, getattr(self, name)))
        if not 0 <= self.dropout < 1:
            raise ClaError("dropout_out_of_range", dropout=self.dropout)
        if 2 * self.position_harmonics > self.embed_dim:
            raise ClaError(
                "position_harmonics_too_many",
                position_harmonics=self.position_harmonics,
                least=2 * self.position_harmonics,
            )
        for name, choices in (
            ("stack_mode", StackMode),
            ("positions", Positions),
            ("pseudo_inverse", PseudoInverse),
        ):
            choice(name, getattr(self, name), get_args(choices))


class ClassifierState(NamedTuple):
    """State of some streams.

    Shapes:
        position: (B,) int64, phase of the positional encoding
        stack: of the encoder layers
    """

    position: Tensor
    stack: StackState

    @property
    def valid_tokens(self) -> Tensor:
        """Tokens the newest output rests on, (B,) int64."""
        tokens: Tensor = self.stack.layers[-1].valid_tokens
        return tokens


class StreamClassifier(nn.Module):
    """Input projection, positional encoding, encoder layers, head; keeps the streaming contract.

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
        sizes = EncoderSizes(config.feed_forward_dim, config.dropout)
        attention = AttentionConfig(REFERENCE, embed, config.num_heads, config.window)
        configs = _layer_configs(attention, config)
        layers = [EncoderLayer(layer, sizes) for layer in configs]
        self.encoder = make_stack(layers, config.stack_mode)
        self.head = nn.Linear(embed, config.num_classes)
        table = recycling_encoding(config.position_period, embed, config.position_harmonics)
        if config.positions == "learned":
            # Waves to begin with: positions that are near are alike before anything is learned.
            self.position_table = nn.Parameter(table)
        else:
            self.register_buffer("position_table", table, persistent=False)

    @property
    def attentions(self) -> tuple[AttentionLayer, ...]:
        """The attention of each layer."""
        return tuple(layer.attention for layer in self.encoder)

    def use_kernels(self, on: bool) -> None:
        """Step by compiled kernels, where there are any, or by PyTorch: on the same states."""
        for attention in self.attentions:
            attention.use_fused = on and kernels.AVAILABLE

    @property
    def latency(self) -> int:
        """Tokens of look-ahead."""
        return 0

    @property
    def receptive_field(self) -> int:
        """Tokens that can influence an output."""
        return self.encoder.receptive_field

    def with_attention(
        self,
        kind: AttentionKind,
        num_landmarks: int | None = None,
        landmark_mode: LandmarkMode = "continual",
        window: int | None = None,
        num_layers: int | None = None,
    ) -> "StreamClassifier":
        """The same weights (the same parameter objects) under another attention.

        Args:
            num_layers: run so many of the layers, from the lowest on; the head reads the topmost
                that runs. All of them when not given.

        Raises:
            ClaError: the attention cannot be configured so, or there are not so many layers.
        """
        if num_layers is not None and not 1 <= num_layers <= self.config.num_layers:
            raise ClaError(
                "num_layers_out_of_range", num_layers=num_layers, most=self.config.num_layers
            )
        attention = AttentionConfig(
            kind,
            self.config.embed_dim,
            self.config.num_heads,
            self.config.window if window is None else window,
            num_landmarks,
            landmark_mode=landmark_mode,
            pseudo_inverse=self.config.pseudo_inverse,
        )
        kept = self.config.num_layers if num_layers is None else num_layers
        return self.with_layers(_layer_configs(attention, replace(self.config, num_layers=kept)))

    def with_layers(self, configs: Sequence[AttentionConfig]) -> "StreamClassifier":
        """The same weights (the same parameter objects) with an attention for each layer.

        Layers above those that `configs` names are left out.
        """
        twin = StreamClassifier.__new__(StreamClassifier)
        nn.Module.__init__(twin)
        twin.config = replace(self.config, window=configs[0].window, num_layers=len(configs))
        pairs = zip(self.encoder, configs, strict=False)
        layers = [layer.with_attention(config) for layer, config in pairs]
        stack = make_stack(layers, twin.config.stack_mode)
        for name, module in self.named_children():
            setattr(twin, name, stack if name == "encoder" else module)
        if isinstance(self.position_table, nn.Parameter):
            twin.position_table = self.position_table
        else:
            twin.register_buffer("position_table", self.position_table, persistent=False)
        return twin.train(self.training)

    @property
    def operations(self) -> OperationCount | None:
        """Multiply-adds of the attention product, all heads and layers; None if not counted."""
        return total(self.encoder.operations)

    def step_operations(self, state: ClassifierState) -> int | None:
        """Multiply-adds of the attention product that the next step spends on the first stream."""
        return self.encoder.step_operations(state.stack)

    def init_state(
        self,
        batch_size: int,
        *,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> ClassifierState:
        """State of streams that have seen nothing."""
        stack = self.encoder.init_state(batch_size, device, dtype)
        return ClassifierState(torch.zeros_like(stack.layers[0].slot), stack)

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

        Raises:
            ClaError: the tokens do not fit the model or the state.
        """
        self._check_state(state)
        check_step(x, active, state.position, self.config.input_dim)
        check_type(x, self.position_table.dtype)
        with writing_to(state.position):
            token = self.embed(x[:, None], state.position)[:, 0]
            output, emits = self.encoder.step(token, state.stack, emit=emit, active=active)
            one = 1 if active is None else active.long()
            state.position.add_(one).remainder_(self.config.position_period)
            logits = self.head(output)
        return Step(released(logits), state, released(emits))

    def append(self, x: Tensor, state: ClassifierState) -> None:
        """Take a token (B, F) of every stream in without an output, of which a step is most."""
        self._check_state(state)
        check_step(x, None, state.position, self.config.input_dim)
        check_type(x, self.position_table.dtype)
        with writing_to(state.position):
            self.encoder.append(self.embed(x[:, None], state.position)[:, 0], state.stack)
            state.position.add_(1).remainder_(self.config.position_period)

    def reset(self, state: ClassifierState, streams: Tensor) -> None:
        """Let the masked streams (B,) of a state start anew, in place."""
        state.position.masked_fill_(streams, 0)
        self.encoder.reset(state.stack, streams)

    def forward(self, x: Tensor, *, tokens_seen: int | None = None) -> Tensor:
        """Logits of the newest token of whole windows, (B, T, F) to (B, C)."""
        logits: Tensor = self.head(self.encoder(self.embed(x, self._start(x, tokens_seen))))
        return logits

    def scan(
        self, x: Tensor, state: ClassifierState, *, active: Tensor | None = None
    ) -> tuple[Tensor, ClassifierState]:
        """The numbers of T steps, vectorized over time and differentiable; `active` as in `step`.

        Raises:
            ClaError: the tokens do not fit the model or the state.
        """
        self._check_state(state)
        check_tokens(x, self.config.input_dim)
        check_step(x[:, 0], None, state.position, self.config.input_dim)
        check_type(x, self.position_table.dtype)
        if active is not None:
            check_active(active, len(x))
            found: tuple[Tensor, ClassifierState]
            found = scan_active(self.scan, x, released(state), active)
            return found
        outputs = []
        for part in x.split(SCAN_TOKENS, 1):
            hidden, stack = self.encoder.scan(self.embed(part, state.position), state.stack)
            position = (state.position + part.shape[1]) % self.config.position_period
            state = ClassifierState(position, stack)
            outputs.append(self.head(hidden))
        return torch.cat(outputs, 1), state

    def state_from_window(
        self, window: Tensor, *, tokens_seen: int | None = None
    ) -> ClassifierState:
        """Exact state of streams of `tokens_seen` tokens that end in `window` (B, T, F)."""
        start = self._start(window, tokens_seen)
        stack = self.encoder.state_from_window(self.embed(window, start), tokens_seen)
        position = (start + window.shape[1]) % self.config.position_period
        return ClassifierState(position, stack)

    def explain(self, window: Tensor, state: ClassifierState) -> tuple[Any, ...]:
        """Emits of every token of the window that `state` ends in: the whole map or its factors.

        Shapes:
            window: (B, T, F), the newest tokens: all, or at least `receptive_field` of them
        """
        check_tokens(window, self.config.input_dim)
        start = (state.position - window.shape[1]) % self.config.position_period
        return self.encoder.explain(self.embed(window, start), state.stack)

    def _check_state(self, state: ClassifierState) -> None:
        """Raise unless it is that of a stack like this one."""
        if not isinstance(state, ClassifierState) or not self.encoder.fits(state.stack):
            raise ClaError(
                "state_of_another_model", difference=difference(state, self.init_state(1))
            )

    def _start(self, x: Tensor, tokens_seen: int | None) -> Tensor:
        """Phase of the first token of `x`, which has to fit the model."""
        check_tokens(x, self.config.input_dim)
        check_type(x, self.position_table.dtype)
        first = 0 if tokens_seen is None else tokens_seen - x.shape[1]
        phase = first % self.config.position_period
        return torch.full((x.shape[0],), phase, dtype=torch.int64, device=x.device)

    def embed(self, x: Tensor, start: Tensor) -> Tensor:
        """Tokens as the attention sees them; `start` (B,) is the phase of the first one."""
        steps = torch.arange(x.shape[1], device=start.device)
        phase = (start[:, None] + steps) % self.config.position_period
        positions = self.position_table[phase]
        wide = x.to(positions.dtype)
        embedded: Tensor = self.input_proj(self.input_norm(wide)) + positions
        return embedded


def _layer_configs(attention: AttentionConfig, config: ClassifierConfig) -> list[AttentionConfig]:
    """The attention of each layer: all of one kind, in the output modes that the stack needs."""
    lower: OutputMode = "retroactive" if config.stack_mode == "retroactive" else "single_output"
    below = [replace(attention, output_mode=lower)] * (config.num_layers - 1)
    return [*below, replace(attention, output_mode="single_output")]
