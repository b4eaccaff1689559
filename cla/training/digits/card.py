"""The model card: what the digits model is made of, how well it does, what it cannot."""

from typing import Any

from cla.training.digits.labels import HOLD_S
from cla.training.digits.sources import TEST_PACKAGES, TRAINING_PACKAGES
from cla.training.recipe import package_lines, training_lines
from cla.training.train import TrainConfig

LIMITS = (
    "English digits, said as separate words. Numbers such as forty-two are no digits; words that "
    "sound like one (for, ate, won, too) are heard as the digit.",
    "Trained on synthetic digits only; children, strong accents and loud rooms were not tested.",
    "An event comes 0.1 to 0.4 s after the end of the word.",
    "With 4 continual landmarks one word in eight is missed, 3 % to 22 % by the pauses and the "
    "line; 16 and more, and fixed ones, do better.",
    "Words said closely are missed more often: with gaps of 0.1 to 0.3 s by telephone 93 % are "
    "found under full attention and 88 to 90 % with 16 landmarks, without pauses 82 to 85 % and 70 "
    "to 80 %. At 80 % of the speed, full attention finds 90 %.",
    "Trained with landmarks cut anew at each token; those of a stream lag by up to a segment, "
    "which costs up to 13 points with 4 of them. `cla train digits --refine` trains with the lag.",
    "Cries and gliding whistles can be taken for words: 2 events a minute on gliding tones in "
    "pulses, up to 0.3 on cries and grunts one after the other.",
    "A recognizer for demonstration and study; nothing that matters should depend on it.",
)


def model_card(
    figures: dict[str, Any], config: TrainConfig, training_streams: int
) -> dict[str, Any]:
    """Everything the card says beside what loading needs."""
    return {
        "task": "Spoken digits zero to nine from speech embeddings, one token each 80 ms.",
        "training_data": [
            "Synthetic speech: espeak-ng (voice variants), flite, Kokoro (several languages).",
            f"{training_streams} streams of 40 s, with gaps, noise, rooms and telephone lines.",
            *package_lines(TRAINING_PACKAGES),
        ],
        "test_data": [
            "The English prompts are one real voice, which also reads the Spanish ones; neither "
            "was used in training or tuning.",
            *package_lines(TEST_PACKAGES),
        ],
        "label": f"the digit from 40 ms before the word's end to {HOLD_S} s after it, or to "
        "the next word's onset",
        "training": training_lines(config),
        "figures": figures,
        "limits": list(LIMITS),
        "license": "Apache-2.0",
    }
