"""The classifier under the attention that it is trained or judged with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch

from cla.attention import KINDS, AttentionConfig, LandmarkMode
from cla.attention.continual_nystrom import ContinualNystromAttention
from cla.models import FixedLandmarks, StreamClassifier, use_landmarks


@dataclass(frozen=True)
class Lane:
    """An attention to judge weights by.

    Args:
        landmarks: M, for kinds that have landmarks.
    """

    kind: str
    landmarks: int | None = None
    landmark_mode: LandmarkMode = "continual"

    @property
    def system(self) -> str:
        """Name in tables."""
        if self.kind != "continual_nystrom":
            return self.kind
        return f"{self.kind}, {self.landmark_mode}"


def all_lanes(counts: Sequence[int]) -> tuple[Lane, ...]:
    """Every kind, with every number of landmarks where it has some."""
    without = [Lane(name) for name, kind in KINDS.items() if not kind.landmark_modes]
    return (
        *without,
        *(
            Lane(name, count, mode)
            for name, kind in KINDS.items()
            for mode in kind.landmark_modes
            for count in counts
        ),
    )


def lane_of(
    classifier: StreamClassifier,
    lane: Lane,
    fitted: Mapping[int, Sequence[FixedLandmarks]] | None = None,
) -> StreamClassifier:
    """The classifier's weights under a lane's attention.

    Args:
        fitted: landmarks of each layer by their number, which a lane with fixed ones needs.
    """
    if lane.landmarks is None:
        return classifier.with_attention(lane.kind)
    made = classifier.with_attention(lane.kind, lane.landmarks, lane.landmark_mode)
    if lane.landmark_mode == "fixed":
        use_landmarks(made, (fitted or {})[lane.landmarks])
    return made


def partly_fixed(
    classifier: StreamClassifier, landmarks: int, fitted: Sequence[FixedLandmarks]
) -> StreamClassifier:
    """The classifier with fixed landmarks in its lowest layers, full attention above them.

    Source: arXiv 2412.03214, section 3.3 (landmarks are fitted layer by layer).
    """
    configs: list[AttentionConfig] = []
    for layer, attention in enumerate(classifier.attentions):
        full = replace(attention.config, kind="full", num_landmarks=None)
        low_rank = replace(
            full, kind="continual_nystrom", num_landmarks=landmarks, landmark_mode="fixed"
        )
        configs.append(low_rank if layer < len(fitted) else full)
    made = classifier.with_layers(configs)
    for attention, given in zip(made.attentions, fitted, strict=False):
        assert isinstance(attention, ContinualNystromAttention)
        attention.set_landmarks(given.queries, given.keys)
    return made


def without_attention(classifier: StreamClassifier) -> StreamClassifier:
    """The same weights, with what attention adds set to zero."""
    silent = StreamClassifier(classifier.config)
    silent.load_state_dict(classifier.state_dict())
    for attention in silent.attentions:
        torch.nn.init.zeros_(attention.output_proj.weight)
        torch.nn.init.zeros_(attention.output_proj.bias)
    return silent.eval().requires_grad_(False)
