"""Continual Nyström attention with fixed landmarks: they are given, and gamma is inverted once."""

from typing import Any, ClassVar

from torch import Tensor

from cla.attention.config import AttentionConfig
from cla.attention.given_landmarks import GivenLandmarks
from cla.attention.kinds.kind import Look, RestsOn
from cla.attention.kinds.sums import SummedKind, published_step, summed_operations
from cla.attention.landmarks import Landmarks
from cla.attention.low_rank import factors, low_rank
from cla.attention.low_rank_scan import scan_low_rank
from cla.attention.nystrom_state import NystromState, build_state
from cla.attention.operations import SOFTMAX, Part
from cla.attention.projected import Projected
from cla.attention.rings import unseen_places
from cla.attention.serving import FixedLandmarks
from cla.attention.timeline import Timeline


class FixedNystromKind(SummedKind):
    """Softmax(Q K~^T) gamma^+ softmax(Q~ K^T) V, landmarks the same at all times.

    Source: arXiv 2412.03214, section 3.3.
    """

    label = "low rank, fixed landmarks"
    key: ClassVar[str | None] = "fixed"
    look: ClassVar[Look | None] = Look("#d55e00", "longdash", "x")
    rests_on: ClassVar[RestsOn | None] = "given"

    def __init__(self, config: AttentionConfig) -> None:
        super().__init__(config)
        self.given: GivenLandmarks = GivenLandmarks(config)

    def init(self, batch_size: int, like: Tensor) -> NystromState:
        state: NystromState = super().init(batch_size, like)
        given = self.given.repeated(batch_size, state.keys)
        return state._replace(
            query_landmarks=given.queries.mT.contiguous(),
            key_landmarks=given.keys.mT.contiguous(),
            gamma_inv=given.gamma_inv,
        )

    def build(self, tokens: Projected, seen: int) -> NystromState:
        landmarks = self.given.repeated(tokens.keys.shape[0], tokens.keys)
        return build_state(tokens, landmarks, self.config, seen)

    def attend(self, rows: Tensor, tokens: Projected, seen: Tensor | None = None) -> Tensor:
        unseen = None if seen is None else unseen_places(seen, tokens.keys.shape[2])
        return low_rank(rows, tokens, self.given.landmarks(tokens.keys), unseen)

    def scan_sums(
        self,
        timeline: Timeline,
        state: NystromState,
        slot: int,  # noqa: ARG002  # they do not follow the stream
    ) -> tuple[Tensor, Landmarks]:
        landmarks = state.landmarks
        return scan_low_rank(timeline, 0, self.config, FixedLandmarks(landmarks)), landmarks

    def emits(
        self, rows: Tensor, tokens: Projected, seen: Tensor, state: NystromState | None = None
    ) -> Any:
        landmarks = state.landmarks if state else self.given.repeated(len(rows), tokens.keys)
        return factors(rows, tokens, landmarks, seen)

    @staticmethod
    def operations(config: AttentionConfig, seen: int, *, anew: bool) -> Part:
        if not anew:
            return summed_operations(config)
        size, landmarks, retroactive = config.head_dim, config.landmarks, config.retroactive
        rows = seen if retroactive else 1
        mixing = landmarks**2 * (size if retroactive else 1)  # one row is mixed from the left
        products = 2 * landmarks * seen * size + mixing + 2 * rows * landmarks * size
        return Part(products, SOFTMAX * (landmarks * seen + rows * landmarks))

    @staticmethod
    def published(config: AttentionConfig) -> float:
        return published_step(config)
