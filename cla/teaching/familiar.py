"""Examples of taught classes, and how near input must come to them, found clip by clip."""

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from cla.models import Known, KnownClass
from cla.models.known import MAX_EXAMPLES, averaged, unit
from cla.teaching.stretches import Stretch

FEATURES = frozenset({"sounds"})
"""Front ends for which this was measured to tell unknown input from known."""
FEWEST_CLIPS = 4
"""Only from clip to clip does one see how much a class varies; of three, too little is seen."""
KEPT = 0.95
"""Share of a clip's tokens that must still be known by the class's other clips."""


def known_classes(
    pools: Sequence[Sequence[Stretch]], wanted: Collection[int] | None = None
) -> Known:
    """The classes that have clips enough.

    Args:
        pools: the clips of each label, the first of which is nothing.
        wanted: take these, however few clips they have.
    """
    found = {}
    for label, clips in enumerate(pools):
        heard = [unit(averaged(clip.features)[clip.labels == label]) for clip in clips]
        heard = [one for one in heard if len(one)]
        enough = len(heard) >= FEWEST_CLIPS if wanted is None else label in wanted
        if label and enough and len(heard) > 1:
            most = max(1, MAX_EXAMPLES // len(heard))
            examples = [_spread(one, most) for one in heard]
            found[label] = KnownClass(np.concatenate(examples), _least(heard, examples))
    return Known(found)


def _spread(tokens: NDArray[np.float32], most: int) -> NDArray[np.float32]:
    """At most so many tokens, from all over a clip."""
    chosen = np.unique(np.linspace(0, len(tokens) - 1, most).round().astype(int))
    return np.ascontiguousarray(tokens[chosen])


def _least(heard: Sequence[NDArray[np.float32]], examples: Sequence[NDArray[np.float32]]) -> float:
    """The cosine that most tokens of each clip have with an example of another clip."""
    nearest = []
    for place, one in enumerate(heard):
        others = np.concatenate([each for at, each in enumerate(examples) if at != place])
        nearest.append((one @ others.T).max(1))
    return float(np.quantile(np.concatenate(nearest), 1 - KEPT))
