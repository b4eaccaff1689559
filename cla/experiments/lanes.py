"""The classifier under the attention that it is trained or judged with."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from cla.attention import KINDS, LOW_RANK, REFERENCE, AttentionConfig
from cla.models import FixedLandmarks, LaneSpec, StreamClassifier, use_landmarks


def system_name(lane: LaneSpec) -> str:
    """A lane in tables, where its landmarks have a column of their own."""
    return str(LaneSpec(lane.kind, landmark_mode=lane.landmark_mode)).replace("/", ", ")


def ablation_name(variant: str) -> str:
    """One of `ablations` in tables."""
    return "window of 1" if variant == "window 1" else variant


def all_lanes(counts: Sequence[int]) -> tuple[LaneSpec, ...]:
    """Every kind, with every number of landmarks where it has some."""
    without = [LaneSpec(name) for name, kind in KINDS.items() if not kind.landmark_modes]
    return (
        *without,
        *(
            LaneSpec(name, count, mode)
            for name, kind in KINDS.items()
            for mode in kind.landmark_modes
            for count in counts
        ),
    )


def lane_of(
    classifier: StreamClassifier,
    lane: LaneSpec,
    fitted: Mapping[int, Sequence[FixedLandmarks]] | None = None,
) -> StreamClassifier:
    """The classifier's weights under a lane's attention.

    Args:
        fitted: landmarks of each layer by their number, which a lane with fixed ones needs.
    """
    if lane.num_landmarks is None:
        return classifier.with_attention(lane.kind)
    made = classifier.with_attention(lane.kind, lane.num_landmarks, lane.landmark_mode)
    if lane.landmark_mode == "fixed":
        use_landmarks(made, (fitted or {})[lane.num_landmarks])
    return made


def partly_fixed(
    classifier: StreamClassifier, landmarks: int, fitted: Sequence[FixedLandmarks]
) -> StreamClassifier:
    """The classifier with fixed landmarks in its lowest layers, full attention above them.

    Source: arXiv 2412.03214, section 3.3 (landmarks are fitted layer by layer).
    """
    configs: list[AttentionConfig] = []
    for layer, attention in enumerate(classifier.attentions):
        full = replace(attention.config, kind=REFERENCE, num_landmarks=None)
        low_rank = replace(full, kind=LOW_RANK, num_landmarks=landmarks, landmark_mode="fixed")
        configs.append(low_rank if layer < len(fitted) else full)
    made = classifier.with_layers(configs)
    for attention, given in zip(made.attentions, fitted, strict=False):
        attention.set_landmarks(given.queries, given.keys)
    return made
