"""The model card: what the hands model is made of, how well it does, what it cannot."""

from typing import Any

from cla.training.hands.labels import KIND_SHARES
from cla.training.hands.motions import HOLD_S, UNSURE_S
from cla.training.hands.sources import POSES
from cla.training.hands.vocabulary import AMBIGUOUS_SIGNS, MOTIONS, OTHER_SIGNS, SIGNS
from cla.training.recipe import package_lines, training_lines
from cla.training.train import TrainConfig

_AMBIGUOUS = " and ".join(f"{name} (near {sign})" for name, sign in AMBIGUOUS_SIGNS.items())

LIMITS = (
    "The recorded hands are few people's, and the test hands are the left hands of the same "
    "recordings, mirrored: no training has seen them, but other people's hands may differ more.",
    "The motions are synthetic: recorded shapes moved along paths made by rule, with made-up noise "
    "of a tracker. How well real motions are recognized was not measured.",
    "One label at a time: where two hands show different signs, either may be named.",
    "Super and Dislike are told apart by where the thumb points; a camera that is turned by more "
    "than 40 degrees mistakes them.",
    f"A hand that the camera sees nearly as a sign may be called that sign: {_AMBIGUOUS}.",
    "No sign language: the signs are separate gestures, and nothing that matters should depend on "
    "them.",
)


def model_card(
    figures: dict[str, Any],
    config: TrainConfig,
    refinement: TrainConfig,
    training_streams: int,
    hard_streams: int,
) -> dict[str, Any]:
    """Everything the card says beside what loading needs."""
    return {
        "task": f"Hand signs ({', '.join(SIGNS)}) and motions ({', '.join(MOTIONS)}) from hand "
        "points, one token each 67 ms. Left and right are the person's own.",
        "training_data": [
            "Recorded right hands in recording order, cut and joined with transitions; "
            f"{training_streams} streams of 60 s with varied hands, places, sizes, turns, frame "
            "rates and noise.",
            f"{hard_streams} more with hands more varied and more turned, more noise and more "
            "frames dropped.",
            "Motions are synthetic: those hands moved along minimum-jerk, swinging and circular "
            "paths.",
            "Hands labeled none: transitions, mixtures of signs, random hands, and the recorded "
            f"signs {', '.join(OTHER_SIGNS)}. Left out of training and tests are the recorded "
            f"{_AMBIGUOUS}: in two dimensions most of their frames are as near to that sign as "
            "hands that make it.",
            *package_lines([POSES]),
        ],
        "test_data": [
            "The recorded left hands of the same package, mirrored, in streams made the same way."
        ],
        "label": "the sign while it is shown; a motion from when it can be told until "
        f"{HOLD_S} s after its end. Not counted are tokens in the midst of a motion, those within "
        f"{UNSURE_S} s of the end of its label, those at the very start and end of a transition, "
        "and those at which the tracker has lost the hand.",
        "training": training_lines(config),
        "landmarks": "k-means centers of queries and keys of training streams, in which tokens of "
        "no hand, of other hands, of signs and of motions weigh "
        f"{', '.join(f'{share:.0%}' for share in KIND_SHARES)}.",
        "refinement": training_lines(refinement),
        "figures": figures,
        "limits": list(LIMITS),
        "license": "Apache-2.0",
    }
