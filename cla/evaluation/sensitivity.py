"""What a task finds, and how often it is wrong, by how sure it must be."""

from collections.abc import Callable, Sequence

from cla.evaluation.scoring import EventScore
from cla.models import EventConfig

ENTERS = (0.98, 0.95, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4)
"""Probabilities from which on a label counts, from rarely wrong to missing nothing."""


def sensitivity(
    config: EventConfig,
    score: Callable[[EventConfig], EventScore],
    enters: Sequence[float] = ENTERS,
) -> list[dict[str, float]]:
    """The points that a card offers to the visitor, under full attention.

    Args:
        score: of the events that settings give.
        enters: the probabilities to try beside that of the settings.
    """
    points = []
    for enter in sorted({*enters, config.enter}, reverse=True):
        counted = score(config.from_probability(enter))
        points.append(
            {
                "enter": enter,
                "found": round(counted.recall, 4),
                "false_per_minute": round(counted.false_per_minute, 3),
            }
        )
    return points
