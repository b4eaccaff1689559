"""What an attention layer computes of many tokens at once: whole windows, scans and states."""

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad

from cla.attention import kernels
from cla.attention.autocast import outside_autocast
from cla.attention.checks import (
    check_active,
    check_forward,
    check_places,
    check_step,
    check_tokens,
    check_type,
    check_window,
)
from cla.attention.config import AttentionConfig
from cla.attention.kinds.kind import Kind
from cla.attention.kinds.registry import kind_class
from cla.attention.kinds.windowed import attended
from cla.attention.projected import Projected
from cla.attention.projections import Projections
from cla.attention.rings import roll_streams, selected
from cla.attention.state import (
    difference,
    narrow_state,
    released,
    scan_active,
    stack_states,
    stream_groups,
)
from cla.errors import ClaError

SCAN_TOKENS = 4_096
"""Tokens that a scan projects at once."""


class WindowLayer(Projections):
    """Projections and a kind of attention, over windows that are given whole; see `AttentionLayer`.

    Attributes:
        kind: what attends.
        given: its landmarks, where they are given.
    """

    def __init__(self, config: AttentionConfig) -> None:
        super().__init__(config)
        self.kind: Kind = kind_class(config)(config)
        self.given = self.kind.given
        self._shapes, self._states = list(self.kind.shapes()), kernels.Latest()
        self.use_fused = kernels.AVAILABLE

    @property
    def latency(self) -> int:
        """Tokens of look-ahead."""
        return 0

    @property
    def receptive_field(self) -> int:
        """Tokens, the newest included, that can influence an output."""
        return self.kind.receptive_field

    def init_state(
        self,
        batch_size: int,
        *,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> Any:
        """State of `batch_size` streams that have seen nothing; `dtype` is that of the tokens."""
        like = self.like
        tokens = torch.empty(0, device=device or like.device, dtype=dtype or like.dtype)
        return self.kind.init(batch_size, tokens)

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
        tokens = self.project(x, self.kind.state_dtype(x.dtype))
        output = self.finish(attended(self.kind, tokens))
        return (output, self._emits_of(tokens)) if emit else output

    @outside_autocast
    def refresh(self, x: Tensor, valid_tokens: Tensor) -> Tensor:
        """`forward` of windows of which only the newest tokens exist.

        Shapes:
            x: (B, N, E), oldest first
            valid_tokens: (B,)
            returns: as `forward`; zero what is unseen
        """
        if selected(valid_tokens < self.config.window) is None:
            output: Tensor = self(x)
            return output
        seen = valid_tokens.clamp(min=1)
        aligned = roll_streams(x, seen - self.config.window, 1)
        tokens = self.project(aligned, self.kind.state_dtype(x.dtype))
        output = self.finish(attended(self.kind, tokens, seen))
        return self.zero_unseen(output, valid_tokens) if self.config.retroactive else output

    @outside_autocast
    def window_emits(self, window: Tensor, state: Any) -> Any:
        """Emits of every token of a window (R = N), with the state's landmarks where it has some.

        Shapes:
            window: (B, T, E), the newest tokens; the last N are used
        """
        newest = window[:, -self.config.window :]
        return self._emits_of(self.project(newest, state.keys.dtype), state)

    def _emits_of(self, tokens: Projected, state: Any = None) -> Any:
        batch, _, length, _ = tokens.keys.shape
        missing = self.config.window - length
        tokens = Projected(*(pad(part, (0, 0, 0, missing)) for part in tokens))
        seen = torch.full((batch,), length, device=tokens.keys.device)
        return self.kind.emits(tokens.queries, tokens, seen, state)

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
            output, state = self._scan_part(part, state)
            outputs.append(output)
        return torch.cat(outputs, 1), state

    def _scan_part(self, x: Tensor, state: Any) -> tuple[Tensor, Any]:
        """`scan` of no more tokens than are worked on at once."""
        tokens = self.project(x, state.keys.dtype)
        contexts, states = [], []
        fused = self.use_fused and self.like.dtype is torch.float32  # which is what kernels give
        for group in stream_groups(state.slot, state.valid_tokens):
            streams = slice(group.start, group.start + group.length)
            new = Projected(*(part[streams] for part in tokens))
            before = narrow_state(state, group)
            found = self.kind.stepped(new, before, group) if fused else None
            context, after = found or self.kind.scan(new, before, group)
            contexts.append(context)
            states.append(after)
        output = self.merge_heads(torch.cat(contexts))
        if self.config.retroactive:
            output = self.zero_unseen(output, self.scan_valid_tokens(state, x.shape[1]))
        return output, stack_states(states)

    @outside_autocast
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
        seen = check_window(window, tokens_seen, self.config, self.receptive_field)
        used = window[:, -self.receptive_field :]
        return self.kind.build(self.project(used, self.kind.state_dtype(window.dtype)), seen)

    def _check_step(self, x: Tensor, active: Tensor | None, state: Any) -> None:
        """Raise unless tokens, mask and state fit this layer and each other."""
        if isinstance(state, self.kind.state_type):
            check_step(x, active, state.slot, self.config.embed_dim)
        self._check_state(state)

    def _check_state(self, state: Any) -> None:
        """Raise unless a state is of this layer: kernels would read beyond what they were given."""
        fits = self.fits if torch.compiler.is_compiling() else self._fitting
        if not fits(state):
            raise ClaError(
                "state_of_another_layer", difference=difference(state, self.init_state(1))
            )

    def _fitting(self, state: Any) -> bool:
        """`fits`, found once for each state."""
        return self._states.of(state, self.fits)  # type: ignore[no-any-return]  # a bool

    def fits(self, state: Any) -> bool:
        """Whether it is a state of this layer, of sums that were not narrowed."""
        return (
            isinstance(state, self.kind.state_type)
            and [part.shape[1:] for part in state] == self._shapes
            and all(part.dtype is torch.float64 for part in state[5:])
        )

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
