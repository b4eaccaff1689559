"""What all attention layers share: the streaming contract."""

from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor

from cla.attention import kernels
from cla.attention.autocast import outside_autocast
from cla.attention.checks import (
    check_active,
    check_forward,
    check_places,
    check_step,
    check_tokens,
    check_type,
)
from cla.attention.config import AttentionConfig
from cla.attention.projected import Projected, on_host
from cla.attention.projections import Projections
from cla.attention.rings import roll_streams, selected
from cla.attention.state import (
    Step,
    difference,
    released,
    reset_streams,
    scan_active,
    writing_to,
)
from cla.errors import ClaError

SCAN_TOKENS = 4_096
"""Tokens that a scan projects at once."""


class AttentionLayer(Projections, ABC):
    """Attention over the last N tokens of a stream; the module holds parameters only.

    All kinds own the same parameters, so that one can take the place of another. `use_fused` says
    whether a step on the CPU may take the compiled kernels; the numbers are the same without.

    Three rules hold for every kind and output mode. A token that is no number, or too large to
    multiply (`projected.LARGEST`), makes those outputs NaN whose receptive field holds it, and no
    others. A state made in inference mode goes on outside of it, and the other way round. Autocast
    sets the type of outputs, and of nothing else.
    """

    state_type: type = tuple
    """Of states, a NamedTuple."""

    def __init__(self, config: AttentionConfig) -> None:
        super().__init__(config)
        self.use_fused = kernels.AVAILABLE
        self._weights = kernels.Arrays()
        self._ring = (config.num_heads, config.window, config.head_dim)
        """Shape of a stream's rings."""

    @property
    def latency(self) -> int:
        """Tokens of look-ahead."""
        return 0

    @property
    def receptive_field(self) -> int:
        """Tokens, the newest included, that can influence an output."""
        return self.config.window

    @abstractmethod
    def init_state(
        self,
        batch_size: int,
        *,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> Any:
        """State of `batch_size` streams that have seen nothing; `dtype` is that of the tokens."""

    @outside_autocast
    def step(
        self, x: Tensor, state: Any, *, emit: bool = False, active: Tensor | None = None
    ) -> Step:
        """Advance every stream by one token; owns `state` and writes to it in place.

        No gradient is kept (use `scan` or `forward` to train).

        Args:
            active: which streams take a token; the others stay as they are and their output is
                zero. All of them, if not given.

        Shapes:
            x: (B, E)
            active: (B,) bool
            output: (B, E), or (B, N, E) if retroactive: oldest first, zero what is unseen

        Raises:
            ClaError: the tokens do not fit the layer or the state.
        """
        self._check_step(x, active, state)
        weights = kernels.weights_of(self, self._weights, x) if self.use_fused else None
        try:
            output = None if weights is None else self.step_compiled(x, weights, state, active)
            if output is not None and not emit and active is None:
                return Step(output, state)
            with writing_to(state.slot):
                step = self._complete_step(x, weights, state, output, emit=emit, active=active)
        except IndexError:
            check_places(state)
            raise
        return Step(released(step.output), state, released(step.emits))

    def _complete_step(
        self,
        x: Tensor,
        weights: kernels.Weights | None,
        state: Any,
        output: Tensor | None,
        *,
        emit: bool,
        active: Tensor | None,
    ) -> Step:
        """What a kernel has not done, or all of it."""
        emits = None
        if output is None:
            check_type(x, state.keys.dtype)
            if on_host(state.slot):
                check_places(state)
            tokens = self.project_token(x, weights, state.keys.dtype)
            context, emits = self.attend(tokens, state, emit=emit, active=active)
            output = self.finish(context)
            if self.config.retroactive:
                short = state.valid_tokens < self.config.window
                if selected(short) is not None:
                    output = self.zero_unseen(output, state.valid_tokens)
        elif emit:
            emits = self.step_emits(self.project(x[:, None], state.keys.dtype).queries, state)
        if active is not None:
            idle = ~active.reshape(-1, *(1,) * (output.ndim - 1))
            output = output.masked_fill(idle, 0)
        return Step(output, state, emits)

    def step_compiled(
        self,
        x: Tensor,  # noqa: ARG002  # a default that takes what the others take
        weights: kernels.Weights,  # noqa: ARG002
        state: Any,  # noqa: ARG002
        active: Tensor | None,  # noqa: ARG002
    ) -> Tensor | None:
        """Output of a whole step by one kernel, where there is one for this layer and state.

        Keeps no gradient, whether or not one is asked for.
        """
        return None

    @abstractmethod
    def step_emits(self, queries: Tensor, state: Any) -> Any:
        """Emits of the newest token, (B, H, 1, D), which `state` holds already (R = 1)."""

    @abstractmethod
    def attend(
        self, tokens: Projected, state: Any, *, emit: bool = False, active: Tensor | None = None
    ) -> tuple[Tensor, Any]:
        """The attention product of a step: contexts before the output projection, and emits.

        Shapes:
            tokens: (B, H, 1, D)
            returns: (B, H, 1, D), or (B, H, N, D) if retroactive
        """

    @outside_autocast
    def forward(self, x: Tensor, *, emit: bool = False) -> Any:
        """Output of whole windows; with `emit` the pair (output, emits).

        Shapes:
            x: (B, T, E), 1 <= T <= N
            returns: (B, E), of the newest token, or (B, T, E) if retroactive

        Raises:
            ClaError: more tokens than the window holds.
        """
        check_forward(x, self.config)
        tokens = self.project(x, self.state_dtype(x.dtype))
        output = self.finish(self.window_context(tokens))
        return (output, self.context_emits(tokens)) if emit else output

    @abstractmethod
    def window_context(self, tokens: Projected) -> Tensor:
        """The attention product of whole windows, of the newest row or, if retroactive, all rows.

        Shapes:
            tokens: (..., H, T, D), T <= N
            returns: (..., H, 1 or T, D)
        """

    @outside_autocast
    def refresh(self, x: Tensor, valid_tokens: Tensor) -> Tensor:
        """`forward` of windows of which only the newest tokens exist.

        Shapes:
            x: (B, N, E), oldest first
            valid_tokens: (B,)
            returns: as `forward`; zero what is unseen
        """
        window = self.config.window
        if selected(valid_tokens < window) is None:
            output: Tensor = self(x)
            return output
        seen = valid_tokens.clamp(min=1)
        aligned = roll_streams(x, seen - window, 1)
        rows = self.young_rows(self.project(aligned, self.state_dtype(x.dtype)), seen)
        if self.config.retroactive:
            context = roll_streams(rows, window - seen, 2)
            return self.zero_unseen(self.finish(context), valid_tokens)
        streams = torch.arange(len(seen), device=seen.device)
        return self.finish(rows[streams, :, seen - 1][:, :, None])

    @abstractmethod
    def young_rows(self, tokens: Projected, seen: Tensor) -> Tensor:
        """All rows over the first `seen` (B,) of N tokens, (B, H, N, D)."""

    @abstractmethod
    def context_emits(self, tokens: Projected) -> Any:
        """Emits of every token of a window, (B, H, T, D)."""

    @outside_autocast
    def scan(self, x: Tensor, state: Any, *, active: Tensor | None = None) -> tuple[Tensor, Any]:
        """The numbers of T steps, vectorized over time and differentiable; in bounded memory.

        Args:
            active: which streams take the tokens, as in `step`.

        Shapes:
            x: (B, T, E)
            active: (B,) bool
            returns: (B, T, E), or (B, T, N, E) if retroactive; and the state after the last token

        Raises:
            ClaError: the tokens do not fit the layer or the state.
        """
        check_tokens(x, self.config.embed_dim)
        self._check_step(x[:, 0], None, state)
        check_type(x, state.keys.dtype)
        check_places(state)
        if active is not None:
            check_active(active, len(x))
            return scan_active(self.scan, x, released(state), active)
        if not len(x):
            rows = (self.config.window,) if self.config.retroactive else ()
            return x.new_zeros((0, x.shape[1], *rows, x.shape[2])), state
        state = released(state)
        outputs = []
        for part in x.split(SCAN_TOKENS, 1):
            output, state = self.scan_part(part, state)
            outputs.append(output)
        return torch.cat(outputs, 1), state

    @abstractmethod
    def scan_part(self, x: Tensor, state: Any) -> tuple[Tensor, Any]:
        """`scan` of no more tokens than are worked on at once."""

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

    def _check_step(self, x: Tensor, active: Tensor | None, state: Any) -> None:
        """Raise unless tokens, mask and state fit this layer and each other."""
        known = isinstance(state, self.state_type)
        if known:
            check_step(x, active, state.slot, self.config.embed_dim)
        if not known or not self.fits(state):  # kernels would read beyond what they were given
            raise ClaError(
                f"The state is that of another layer: {difference(state, self.init_state(1))}.",
                "Make one by this layer's init_state or state_from_window.",
            )

    def fits(self, state: Any) -> bool:
        """Whether the sizes of a state are those of this layer: kernels read by them."""
        sizes: bool = state.keys.shape[1:] == self._ring
        return sizes

    def reset(self, state: Any, streams: Tensor) -> None:
        """Let the masked streams (B,) of a state start anew, in place."""
        fresh = self.init_state(1, device=state.keys.device, dtype=self.like.dtype)
        reset_streams(state, fresh, streams)

    def state_dtype(self, dtype: torch.dtype) -> torch.dtype:
        """The type that queries, keys, values and sums are kept in for tokens of `dtype`."""
        return dtype

    def zero_unseen(self, output: Tensor, valid_tokens: Tensor) -> Tensor:
        """Set the rows of a window that no token stands for to zero.

        Shapes:
            output: (..., N, E)
            valid_tokens: (...)
        """
        window = self.config.window
        place = torch.arange(window, device=output.device)
        return output.masked_fill((place < window - valid_tokens[..., None])[..., None], 0)

    def scan_valid_tokens(self, state: Any, length: int) -> Tensor:
        """Tokens that the window holds after each of `length` more, (B, T)."""
        valid: Tensor = state.valid_tokens
        more = torch.arange(1, length + 1, device=valid.device)
        return (valid[:, None] + more).clamp(max=self.config.window)
