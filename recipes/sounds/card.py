"""The model card: what the sounds model is made of, how well it does, what it cannot."""

from collections.abc import Mapping, Sequence
from typing import Any

from cla.models import EventConfig
from cla.training.recipe import need_of_attention, package_lines, training_lines
from cla.training.train import TrainConfig
from recipes.sounds.effects import EFFECTS
from recipes.sounds.evaluate import LABELS, STAMPS
from recipes.sounds.labels import LEAST_SHARE, SLACK
from recipes.sounds.sets import KEPT_EFFECTS, SPEECH, TEST_COUNT, TRAIN_COUNT

LIMITS = (
    "Attention is not needed here, see attention: a token of YAMNet rests on a second already.",
    "Trained and tested on ESC-10 alone: recordings of a few seconds that are mostly of one sound. "
    "Rooms, distance and several sounds at once were not recorded, only mixed.",
    "Sounds of none are music, speech, and animals, tools, vehicles and weapons of two games; "
    "other sounds of everyday life may be named as one of the ten: of those tried, see strangers. "
    "Insects and motors that hum are taken for chainsaws most.",
    "Most sounds shorter than a second are missed, see short: a token of YAMNet rests on a second.",
    "Not tried: recordings of a microphone in a room, other recordings of the ten sounds than "
    "ESC-10's. Five-fold cross-validation was not run: other folds may differ.",
)


def model_card(
    figures: Mapping[str, Any],
    strangers: Mapping[str, Any],
    points: Sequence[Mapping[str, float]],
    events: EventConfig,
    config: TrainConfig,
) -> dict[str, Any]:
    """Everything the card says beside what loading needs."""
    return {
        "task": f"Sounds around a microphone ({', '.join(LABELS[1:])}), one token each 100 ms.",
        "training_data": [
            "ESC-10 (K. J. Piczak, doi 10.1145/2733373.2806390, CC BY 3.0): folds 1 to 3, "
            f"{TRAIN_COUNT} streams of 40 s each with gaps, levels and backgrounds, two fifths of "
            "the sounds 0.3 to 1 s long; not included.",
            "Labeled none: synthetic noises, clicks, music and cries, and, without those of a "
            f"class, {KEPT_EFFECTS - 1} of {KEPT_EFFECTS} effects, speech and music of:",
            *package_lines((*EFFECTS, *SPEECH["train"])),
        ],
        "test_data": [
            "alone: each recording of fold 5 between two silences; short: its loudest 0.3 to 1 s "
            f"in a room that is nearly silent; test: {TEST_COUNT} streams of them, with other "
            "speech and music:",
            *package_lines(SPEECH["test"]),
            "strangers: animals, tools, vehicles and weather that are none of the classes, each "
            "between two silences; nothing of it is trained on, but the way to tell what is "
            "strange, how strict it is, and the event settings were chosen in sight of it:",
            *package_lines([STAMPS]),
        ],
        "tokens": "YAMNet (Apache-2.0), its embedding and its scores of 521 classes, each by how "
        "far it stands out; fetched on the user's machine, not included.",
        "scores": "A label is none where a class of AudioSet that is foreign to it leads. How far "
        f"one may lead is the {LEAST_SHARE:.0f} % least of what recordings of folds 1 to 4 have "
        f"in their third best token, less {SLACK}.",
        "event_settings": f"enter {events.enter}, hold {events.hold_tokens} and smoothing "
        f"{events.smoothing_tokens} were set by hand, in sight of the strangers; no fold tuned "
        "them.",
        "attention": need_of_attention(figures["test: ablation"], "tokens_right", "test", 2),
        "intervals": "95 % by Wilson, of the sounds found.",
        "training": training_lines(config),
        "figures": {**figures, "strangers": strangers},
        "sensitivity": points,
        "limits": list(LIMITS),
        "license": "Apache-2.0; made from recordings under CC BY 3.0",
    }
