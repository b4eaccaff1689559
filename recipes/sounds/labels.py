"""What tokens of a stream are labeled, and what AudioSet's classes say of each label."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from cla.evaluation.streams import Occurrence, TokenStream
from cla.features import SCORED_DIM, SOUND_HOP_S, YAMNET_DIM
from cla.models import Known, ScoredClass
from cla.models.known import averaged
from cla.training.batches import LabeledStream
from recipes.sounds.streams import NONE

SURE_S = 0.3
"""After a sound began, from when on it can be told."""
HOLD_S = 0.4
"""After it ended, for how long it is still named: half of what a token rests on."""
UNSURE_WEIGHT = 0.1
"""Of tokens before and after, which rest on some of it: they may name it or not."""
RESTS_ON_S = 1.0
FEW_TOKENS = 12
"""Tokens of a shorter sound count more, of a longer one less, within `WEIGHTS`."""
WEIGHTS = (0.7, 3.0)


_WATER = (*range(277, 292), *range(438, 452), 364, 365, 366, 484, 487)
_VEHICLES = (*range(277, 280), *range(294, 349), 482, 487, 490)
_CRACKS = (*range(431, 437), *range(467, 475), 428, 464, 481, 483, 485, 493)
FAMILIAR: Mapping[int, tuple[int, ...]] = {
    1: (*range(67, 76), 103, 117),  # dogs, animals
    2: (*_WATER, 292, 293, 428, 434, 463, 464, 467, 472, 473, 481),  # rain, water, crackle
    3: (*_WATER, *range(294, 300), 453),  # sea waves: water, boats, whoosh
    4: tuple(range(24)),  # baby: voices
    5: (  # clock: mechanisms, knocks
        *range(398, 412), *range(434, 437), *range(460, 463), *range(476, 479), 56, 57, 58, 353,
        389, 431, 442, 454, 455, 468, 470, 485, 486, 488,
    ),
    6: (23, *range(36, 46), 454, 460, 461, 462, 466, 488),  # sneeze: breath, cough, slap
    7: _VEHICLES,  # helicopter
    8: (*_VEHICLES, *range(412, 420), 341, 479),  # chainsaw: vehicles, tools
    9: (67, 68, 81, *range(93, 97), 103, 106, 107),  # rooster: fowl, birds
    10: (*_CRACKS, 282, 283, 284, 285, 290, 292, 293, 426, 427, 442, 451, 484),  # crackling fire
}  # fmt: skip
"""Classes of AudioSet, by their place in YAMNet's list, that may lead where a label is right."""
_SOUNDS = 494
"""Classes behind these are silence, rooms, and qualities of a recording; last comes nothing."""
LEAST_SHARE = 5.0
SLACK = 0.125
"""Percentile of recordings kept for tuning, less that much: rooms and noise differ."""
KNOWN_TOKENS = 3
"""So many tokens of a recording must be known."""
Heard = Sequence[tuple[int, NDArray[np.floating]]]
"""Label and tokens (T, F) of each recording."""


def token_labels(heard: Sequence[Occurrence], tokens: int) -> NDArray[np.int64]:
    """What each token is labeled: the sound that goes on, from when it can be told."""
    labels = np.full(tokens, NONE, np.int64)
    time_s = np.round((np.arange(tokens) + 1) * SOUND_HOP_S, 6)
    for one in heard:
        first, last = np.round([one.onset_s + SURE_S, one.end_s + HOLD_S], 6)
        labels[(time_s >= first) & (time_s <= last)] = one.label
    return labels


def labels_of(stream: TokenStream) -> NDArray[np.int64]:
    """What each token of a stream is labeled, (T,)."""
    return token_labels(stream.occurrences, len(stream.features))


def labeled(streams: Sequence[TokenStream]) -> list[LabeledStream]:
    """Streams to train on."""
    return [LabeledStream(one.features, labels_of(one), token_weights(one)) for one in streams]


def token_weights(stream: TokenStream) -> NDArray[np.float32]:
    """How much each token counts: a short sound nearly as much as a long one, (T,)."""
    weights = np.ones(len(stream.features), np.float32)
    time_s = np.round((np.arange(len(weights)) + 1) * SOUND_HOP_S, 6)
    for one in stream.occurrences:
        weights[(time_s > one.onset_s) & (time_s < one.end_s + RESTS_ON_S)] = UNSURE_WEIGHT
    for one in stream.occurrences:
        first, last = np.round([one.onset_s + SURE_S, one.end_s + HOLD_S], 6)
        sure = (time_s >= first) & (time_s <= last)
        weights[sure] = np.clip(FEW_TOKENS / max(1, sure.sum()), *WEIGHTS)
    return weights


def fit_known(heard: Heard) -> Known:
    """By how much the classes of AudioSet that a label may be lead in recordings of it."""
    leads: dict[int, list[float]] = {place: [] for place in FAMILIAR}
    for label, tokens in heard:
        found = scored_class(label, 0.0).lead(averaged(tokens.astype(np.float32)))
        leads[label].append(float(np.sort(found)[-KNOWN_TOKENS:][0]))
    return Known(
        {
            place: scored_class(place, float(np.percentile(found, LEAST_SHARE)) - SLACK)
            for place, found in leads.items()
            if found
        }
    )


def scored_class(label: int, least: float) -> ScoredClass:
    """A label by YAMNet's scores among the features of `Yamnet.embed_scored`."""
    signs = np.zeros(SCORED_DIM, np.float32)
    signs[YAMNET_DIM : YAMNET_DIM + _SOUNDS] = -1
    signs[-1] = -1
    signs[[YAMNET_DIM + place for place in FAMILIAR[label]]] = 1
    return ScoredClass(signs, least)
