"""The model card: what the hands model is made of, how well it does, what it cannot."""

from collections.abc import Sequence
from typing import Any

from cla.training.recipe import package_lines, training_lines
from cla.training.train import TrainConfig
from recipes.hands.labels import KIND_SHARES
from recipes.hands.motions import HOLD_S, UNSURE_S
from recipes.hands.sources import POSES
from recipes.hands.vocabulary import AMBIGUOUS_SIGNS, MOTIONS, OTHER_SIGNS, SIGNS

_AMBIGUOUS = " and ".join(f"{name} (near {sign})" for name, sign in AMBIGUOUS_SIGNS.items())

LIMITS = (
    "The recorded hands are few people's, and the test hands are the left hands of the same "
    "recordings, mirrored: no training has seen them, but other people's hands may differ more.",
    "Motions other than circles are synthetic: recorded shapes moved along paths made by rule, "
    "with made-up noise of a tracker. Circles were tried on few people's fingertips.",
    "Test hands and circles before a webcam are the last quarter of recordings whose first three "
    "fifths were trained on, so the same few people's. A circle that is seen for less than about "
    "one turn is often missed.",
    "Not tried: photographs of many people, gloves, hands that hold something or are partly "
    "hidden. `cla evaluate hands --clips FOLDER` tries any photographs.",
    "One label at a time: where two hands show different signs, either may be named.",
    "Super and Dislike are told apart by where the thumb points; a camera that is turned by more "
    "than 40 degrees mistakes them.",
    f"A hand that the camera sees nearly as a sign may be called that sign: {_AMBIGUOUS}.",
    "No sign language: the signs are separate gestures, and nothing that matters should depend on "
    "them.",
)


def model_card(
    figures: dict[str, Any], phases: Sequence[TrainConfig], counts: Sequence[int]
) -> dict[str, Any]:
    """Everything the card says beside what loading needs."""
    usual, hard, wide = counts
    first, refinement, *widening = phases
    return {
        "task": f"Hand signs ({', '.join(SIGNS)}) and motions ({', '.join(MOTIONS)}) from hand "
        "points, one token each 67 ms. Left and right are the person's own.",
        "training_data": [
            "Recorded right hands in recording order, cut and joined with transitions; "
            f"{usual} streams of 60 s with varied hands, places, sizes, turns, frame "
            "rates and noise.",
            f"{hard} more with hands more varied and more turned, more noise and more "
            "frames dropped.",
            f"{wide} more with hands turned out of the picture's plane and seen from the back, "
            "and real ones before a webcam: three fifths of hand-keypoints (K. Takahashi, its "
            "sign Ok by N. Kiselov; Apache-2.0), hands as 5, Power_Fist, 1 and Ok, fingertips' "
            "circles and other movements, turned and stretched.",
            "Motions but for those are synthetic: the recorded hands moved along minimum-jerk, "
            "swinging and circular paths.",
            "Hands labeled none: transitions, mixtures of signs, random hands, and the recorded "
            f"signs {', '.join(OTHER_SIGNS)}. Left out of training and tests are the recorded "
            f"{_AMBIGUOUS}: in two dimensions most of their frames are as near to that sign as "
            "hands that make it.",
            *package_lines([POSES]),
        ],
        "test_data": [
            "The recorded left hands of the same package, mirrored, in streams made the same way.",
            "Before a webcam, real circles: the last quarter of hand-keypoints, which no training "
            "has seen, with the same left hands. Event settings were tuned on what lies between, "
            "with right hands.",
        ],
        "intervals": "95 % by Wilson, of the share of signs and motions that were found; signs of "
        "one hand in one stream are not independent, so true ones are wider.",
        "window": "N of full attention and of both kinds of landmarks: see classifier. Continual "
        "attention gives the numbers of full attention.",
        "label": "the sign while it is shown; a motion from when it can be told until "
        f"{HOLD_S} s after its end. Not counted are tokens in the midst of a motion, those within "
        f"{UNSURE_S} s of the end of its label, those at the very start and end of a transition, "
        "and those at which the tracker has lost the hand.",
        "training": training_lines(first),
        "landmarks": "k-means centers of queries and keys of training streams, in which tokens of "
        "no hand, of other hands, of signs and of motions weigh "
        f"{', '.join(f'{share:.0%}' for share in KIND_SHARES)}.",
        "refinement": training_lines(refinement),
        "widening": [training_lines(phase) for phase in widening],
        "figures": figures,
        "limits": list(LIMITS),
        "license": "Apache-2.0",
    }
