"""What a kind of attention is: how tokens enter its state, and how the state is read."""

from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple, Protocol

import torch
from torch import Tensor

from cla.attention.config import AttentionConfig
from cla.attention.operations import Part
from cla.attention.projected import Projected

if TYPE_CHECKING:
    from cla.attention.given_landmarks import GivenLandmarks
    from cla.attention.state import StreamGroup


RestsOn = Literal["tokens", "given", "window", "stream"]


class Look(NamedTuple):
    """How charts draw a kind.

    Args:
        color: readable on light and dark ground, and told apart by color-blind eyes.
        dash, symbol: of lines and points, in Plotly's words.
    """

    color: str
    dash: str
    symbol: str


class Kind(Protocol):
    """One way of attending to the last N tokens; an object for each layer, without weights.

    Contexts are what heads give before the output projection: (B, H, 1, D) of the newest token or,
    if the configuration is retroactive, (B, H, N, D) of all, oldest first.
    """

    label: ClassVar[str]
    """Its title, where the catalogue of texts has none."""

    key: ClassVar[str | None]
    """Its name in addresses and catalogues; None: the name under which it is registered."""

    look: ClassVar[Look | None]
    """How charts draw it; None: a look that no other kind has, while there are any left."""

    state_type: ClassVar[type[Any]]
    """The class of its states: a NamedTuple that begins with `valid_tokens` and `slot`."""

    recomputes: ClassVar[bool]
    """Whether all rows of a window are computed where the newest alone is asked for."""

    rests_on: ClassVar[RestsOn | None]
    """What the numbers of a window follow from, beside its tokens; None where only steps know.

    Exports compute them so: "tokens" alone (softmax), or landmarks that are "given", of the
    "window", or of the "stream".
    """

    receptive_field: int
    """Tokens, the newest included, that can influence an output."""

    @property
    def given(self) -> "GivenLandmarks | None":
        """Landmarks that are given to the layer; None for kinds that take none."""

    @property
    def compiled(self) -> Any:
        """`kernels.steps.Steps` on the same state; None if the configuration has none."""

    config: AttentionConfig

    def __init__(self, config: AttentionConfig) -> None: ...

    def state_dtype(self, dtype: torch.dtype) -> torch.dtype:
        """The type of queries, keys, values and sums in a state, for tokens of `dtype`."""

    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """Of one stream's state, the shape of each part."""

    def init(self, batch_size: int, like: Tensor) -> Any:
        """State of streams that have seen nothing, on the device of tokens `like` and for them."""

    def build(self, tokens: Projected, seen: int) -> Any:
        """State after streams of `seen` tokens that end in `tokens`, (B, H, T, D), T >= 1."""

    def append(self, tokens: Projected, state: Any, active: Tensor | None) -> None:
        """Take one token of each active stream, (B, H, 1, D), into the state, in place."""

    def read(self, state: Any) -> Tensor:
        """Contexts of the newest token, or of all."""

    def attend(self, rows: Tensor, tokens: Projected, seen: Tensor | None = None) -> Tensor:
        """Contexts of some rows of whole windows.

        Args:
            seen: (B,), how many of the tokens, from the first on, exist; all if not given.

        Shapes:
            rows: queries (..., H, R, D)
            tokens: (..., H, T, D), oldest first
            returns: (..., H, R, D)
        """

    def scan(self, tokens: Projected, state: Any, group: "StreamGroup") -> tuple[Tensor, Any]:
        """Contexts of T more tokens of streams at one place, and the state after them.

        Shapes:
            tokens: (B, H, T, D)
            returns: (B, H, T, D), or (B, T, H, N, D) if retroactive
        """

    def stepped(
        self, tokens: Projected, state: Any, group: "StreamGroup"
    ) -> tuple[Tensor, Any] | None:
        """`scan` by compiled steps; None where these are not faster, or a gradient is asked for."""

    def in_time(self, state: Any) -> tuple[Tensor, Projected]:
        """The newest query, (B, H, 1, D), and the window's tokens, oldest first, unseen ones last.

        Of queries that no state keeps there may be anything instead.
        """

    def emits(self, rows: Tensor, tokens: Projected, seen: Tensor, state: Any = None) -> Any:
        """What can be shown of some rows: the newest of each stream, or all of a window.

        Args:
            state: whose landmarks are in use; those of the window if not given.

        Shapes:
            rows: (B, H, 1 or N, D)
            tokens: (B, H, N, D), oldest first, of which the first `seen` (B,) exist
        """

    @staticmethod
    def stretches(seen: int, window: int, num_landmarks: int) -> list[tuple[int, int]] | None:
        """Which tokens each landmark is the mean of, [start, end); None if of no such stretch."""

    @staticmethod
    def operations(config: AttentionConfig, seen: int, *, anew: bool) -> Part | None:
        """Multiply-adds of a step, per head; None of a kind that does not count them.

        Args:
            seen: tokens that the window then holds.
            anew: the whole window is computed, as in layers that are given refreshed tokens.
        """

    @staticmethod
    def tick_operations(config: AttentionConfig) -> Part | None:
        """What a step costs more in which a landmark enters; None of kinds without ticks."""

    @staticmethod
    def published(config: AttentionConfig) -> float | None:
        """The paper's closed form for a step, per head; None where it has none.

        Source: arXiv 2412.03214, tables 1 and 2.
        """
