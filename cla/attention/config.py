"""What an attention layer is: kind, sizes and modes, checked once."""

from dataclasses import dataclass
from numbers import Integral
from typing import Any, Literal, get_args

from cla.attention.kinds.registry import KINDS, LandmarkMode
from cla.errors import ClaError

OutputMode = Literal["single_output", "retroactive"]
PseudoInverse = Literal["ridge", "exact", "iterative"]


AttentionKind = str
"""A name in `KINDS`."""


@dataclass(frozen=True)
class AttentionConfig:
    """Configuration of one attention layer.

    Args:
        kind: attention system, a name in `KINDS`.
        embed_dim: E, size of a token.
        num_heads: H; must divide E.
        window: N, tokens attended.
        num_landmarks: M, 1 <= M <= N; needed by kinds with landmarks, meaningless for the others.
        landmark_mode: landmarks follow the stream ("continual") or are given ("fixed"); `nystrom`
            takes its own from every window.
        output_mode: output of the newest token, or refreshed outputs of the whole window.
        pseudo_inverse: of gamma: "ridge" (regularized), "exact" (singular values) or "iterative"
            (Nyströmformer's polynomial); weights keep the one they were trained with.
        bias: whether the projections have one.

    Raises:
        ClaError: a value is out of range; the message names it.
    """

    kind: AttentionKind
    embed_dim: int
    num_heads: int
    window: int
    num_landmarks: int | None = None
    landmark_mode: LandmarkMode = "continual"
    output_mode: OutputMode = "single_output"
    pseudo_inverse: PseudoInverse = "ridge"
    bias: bool = True

    def __post_init__(self) -> None:
        choice("kind", self.kind, tuple(KINDS))
        choice("landmark_mode", self.landmark_mode, get_args(LandmarkMode))
        choice("output_mode", self.output_mode, get_args(OutputMode))
        choice("pseudo_inverse", self.pseudo_inverse, get_args(PseudoInverse))
        given = () if self.num_landmarks is None else ("num_landmarks",)
        for name in ("embed_dim", "num_heads", "window", *given):
            # Of NumPy's whole numbers, and others, Python's: they go into files and shapes.
            object.__setattr__(self, name, positive(name, getattr(self, name)))
        if self.embed_dim % self.num_heads:
            raise ClaError(
                "heads_do_not_divide", embed_dim=self.embed_dim, num_heads=self.num_heads
            )
        modes = KINDS[self.kind].landmark_modes
        if not modes:
            return
        positive("num_landmarks", self.num_landmarks)
        if self.landmarks > self.window:
            raise ClaError(
                "landmarks_beyond_window", num_landmarks=self.num_landmarks, window=self.window
            )
        if self.landmark_mode not in modes:
            raise ClaError(
                "landmark_mode_not_of_kind",
                landmark_mode=self.landmark_mode,
                kind=self.kind,
                choices=", ".join(modes),
            )

    @property
    def head_dim(self) -> int:
        """D, the size of one head."""
        return self.embed_dim // self.num_heads

    @property
    def retroactive(self) -> bool:
        """Whether a step gives the outputs of the whole window."""
        return self.output_mode == "retroactive"

    @property
    def decomposes(self) -> bool:
        """Whether steps take singular values, for which a host waits and ONNX has no operator."""
        renews = bool(KINDS[self.kind].landmark_modes) and self.landmark_mode == "continual"
        return renews and self.pseudo_inverse == "exact"

    @property
    def landmarks(self) -> int:
        """M; 0 for kinds without landmarks."""
        return self.num_landmarks or 0


def choice(name: str, value: object, choices: tuple[str, ...]) -> None:
    """Raise a ClaError unless the value is one of the choices."""
    if value not in choices:
        raise ClaError("option_unknown", name=name, value=value, choices=", ".join(choices))


def positive(name: str, value: Any) -> int:
    """The value as an int; raises a ClaError unless it is a whole number above 0."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
        raise ClaError("option_not_positive", name=name, value=value)
    return int(value)
