"""Kinds whose state is the projected window itself."""

from functools import partial
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor

from cla.attention.config import AttentionConfig
from cla.attention.emits import FullEmits
from cla.attention.given_landmarks import GivenLandmarks
from cla.attention.kinds.kind import Kind, Look, RestsOn
from cla.attention.operations import Part
from cla.attention.projected import Projected
from cla.attention.rings import (
    advance_counters,
    in_window_order,
    is_alone,
    read_token,
    roll_streams,
    selected,
    take,
    time_order,
    to_ring,
    unseen_places,
    write_token,
)
from cla.attention.scan import scan_windows
from cla.attention.state import StreamGroup
from cla.attention.timeline import Timeline, extend


class WindowState(NamedTuple):
    """Rings of the projected window.

    Shapes:
        valid_tokens: (B,) int64, tokens the window holds, <= N
        slot: (B,) int64, ring place of the next token
        queries, keys, values: (B, H, N, D)
    """

    valid_tokens: Tensor
    slot: Tensor
    queries: Tensor
    keys: Tensor
    values: Tensor

    @property
    def window(self) -> int:
        """N."""
        return self.keys.shape[2]


class WindowKind:
    """A kind that attends anew to a window of queries, keys and values; others build on it.

    A subclass that defines `weights` is complete: steps, whole windows, scans, emits and the
    warm-up follow from it. What it can do faster it overrides.
    """

    label: ClassVar[str] = ""
    key: ClassVar[str | None] = None
    look: ClassVar[Look | None] = None
    state_type: ClassVar[type[Any]] = WindowState
    recomputes: ClassVar[bool] = False
    rests_on: ClassVar[RestsOn | None] = None
    given: GivenLandmarks | None = None

    def __init__(self, config: AttentionConfig) -> None:
        self.config = config
        self.receptive_field = config.window

    @property
    def compiled(self) -> Any:
        return None

    def state_dtype(self, dtype: torch.dtype) -> torch.dtype:
        return dtype

    def shapes(self) -> tuple[tuple[int, ...], ...]:
        ring = (self.config.num_heads, self.config.window, self.config.head_dim)
        return (), (), ring, ring, ring

    def init(self, batch_size: int, like: Tensor) -> Any:
        shapes, dtype = self.shapes(), self.state_dtype(like.dtype)
        types = (torch.int64, torch.int64, dtype, dtype, dtype, *[torch.float64] * len(shapes))
        parts = zip(shapes, types, strict=False)
        return self.state_type(
            *(like.new_zeros((batch_size, *shape), dtype=one) for shape, one in parts)
        )

    def build(self, tokens: Projected, seen: int) -> Any:
        window = self.config.window
        slot, kept = seen % window, tokens.span(tokens.keys.shape[-2] - min(seen, window))
        rings = (to_ring(part, window, slot) for part in kept)
        return WindowState(*counters(tokens.keys, seen, window), *rings)

    def append(self, tokens: Projected, state: Any, active: Tensor | None) -> None:
        if active is None and is_alone(state.slot):
            slot, valid = int(state.slot), int(state.valid_tokens)
            for ring, token in zip(state[2:], tokens, strict=True):
                ring.select(2, slot).copy_(token.select(2, 0))
            state.slot.fill_((slot + 1) % self.config.window)
            state.valid_tokens.fill_(min(valid + 1, self.config.window))
            return
        slots = state.slot.clone()
        for ring, token in zip(state[2:], tokens, strict=True):
            write_token(ring, slots, token[:, :, 0], active)
        advance_counters(state.slot, state.valid_tokens, self.config.window, active)

    def read(self, state: Any) -> Tensor:
        _, tokens = self.in_time(state)
        full = selected(state.valid_tokens < self.config.window) is None
        return attended(self, tokens, None if full else state.valid_tokens.clamp(min=1))

    def rings(self, state: Any) -> Projected:
        """What a state holds of its tokens, (B, H, N, D) in ring order, as views.

        Of queries that is the newest alone, (B, H, 1, D), where no others are needed.
        """
        return Projected(*state[2:5])

    def in_time(self, state: Any) -> tuple[Tensor, Projected]:
        window, rings = self.config.window, self.rings(state)
        alone = rings.queries.shape[2] == 1
        if is_alone(state.slot) and int(state.valid_tokens) == window:
            shift = -int(state.slot)
            keys, values = (ring.roll(shift, 2) for ring in rings[1:])
            queries = keys if alone else rings.queries.roll(shift, 2)
            newest = queries[:, :, -1:]
        else:
            order = time_order(state.slot, state.valid_tokens, window)
            keys, values = (take(ring, order) for ring in rings[1:])
            queries = keys if alone else take(rings.queries, order)
            newest = read_token(queries, state.valid_tokens.clamp(min=1) - 1)[:, :, None]
        return rings.queries if alone else newest, Projected(queries, keys, values)

    def weights(self, rows: Tensor, tokens: Projected, unseen: Tensor | None) -> Tensor:
        """The attention of some rows to the tokens of windows, zero what is unseen.

        Shapes:
            rows: queries (..., R, D)
            tokens: (..., T, D)
            unseen: bool, broadcasts to (..., R, T); none if not given
            returns: (..., R, T)
        """
        raise NotImplementedError

    def attend(self, rows: Tensor, tokens: Projected, seen: Tensor | None = None) -> Tensor:
        unseen = None if seen is None else unseen_places(seen, tokens.keys.shape[2])
        return self.weights(rows, tokens, unseen) @ tokens.values

    def scan(self, tokens: Projected, state: Any, group: StreamGroup) -> tuple[Tensor, Any]:
        timeline, kept, seen = extend(self.rings(state), tokens, group, self.config.window)
        return self.contexts(timeline), self.build(kept, seen)

    def stepped(
        self,
        tokens: Projected,  # noqa: ARG002  # of kinds that keep sums
        state: Any,  # noqa: ARG002
        group: StreamGroup,  # noqa: ARG002
    ) -> tuple[Tensor, Any] | None:
        return None

    def contexts(self, timeline: Timeline) -> Tensor:
        """Contexts of the new tokens, (B, H, T, D), or (B, T, H, N, D) if retroactive."""
        return scan_windows(timeline, partial(attended, self), self.config.retroactive)

    def emits(self, rows: Tensor, tokens: Projected, seen: Tensor, state: Any = None) -> Any:  # noqa: ARG002  # no landmarks
        window = tokens.keys.shape[2]
        weights = self.weights(rows, tokens, unseen_places(seen, window))
        return FullEmits(roll_streams(in_window_order(weights, seen), window - seen, 3))

    @staticmethod
    def stretches(
        seen: int,  # noqa: ARG004  # a default
        window: int,  # noqa: ARG004
        num_landmarks: int,  # noqa: ARG004
    ) -> list[tuple[int, int]] | None:
        return None

    @staticmethod
    def operations(config: AttentionConfig, seen: int, *, anew: bool) -> Part | None:  # noqa: ARG004  # a default
        return None

    @staticmethod
    def tick_operations(config: AttentionConfig) -> Part | None:  # noqa: ARG004  # a default
        return None

    @staticmethod
    def published(config: AttentionConfig) -> float | None:  # noqa: ARG004  # a default
        return None


def attended(kind: Kind | WindowKind, tokens: Projected, seen: Tensor | None = None) -> Tensor:
    """Contexts of whole windows: of the newest row or, if retroactive, of all rows.

    Shapes:
        tokens: (..., H, T, D), or (B, H, N, D) of which the first `seen` (B,) exist
        returns: (..., H, 1 or T, D), oldest first
    """
    config = kind.config
    if not (config.retroactive or kind.recomputes):
        return kind.attend(_newest(tokens.queries, seen), tokens, seen)
    context = kind.attend(tokens.queries, tokens, seen)
    if not config.retroactive:
        return _newest(context, seen)
    return context if seen is None else roll_streams(context, config.window - seen, 2)


def _newest(rows: Tensor, seen: Tensor | None) -> Tensor:
    return rows[..., -1:, :] if seen is None else read_token(rows, seen - 1)[:, :, None]


def counters(like: Tensor, seen: int, window: int) -> tuple[Tensor, Tensor]:
    """Valid tokens and slots of streams, (B,) each, of which so many tokens were seen."""
    batch, device = like.shape[0], like.device
    valid, slot = (
        torch.full((batch,), count, dtype=torch.int64, device=device)
        for count in (min(seen, window), seen % window)
    )
    return valid, slot
