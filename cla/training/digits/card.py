"""The model card: what the digits model is made of, how well it does, what it cannot."""

from typing import Any

from cla.training.digits.labels import HOLD_S, SHORTEST_HOLD_S
from cla.training.digits.sources import TEST_PACKAGES, TRAINING_PACKAGES
from cla.training.recipe import package_lines, training_lines
from cla.training.train import TrainConfig, lagging_phase

LIMITS = (
    "English digits, said as separate words. Numbers such as forty-two are no digits; words that "
    "sound like one (for, ate, won, too) are heard as the digit.",
    "Trained on synthetic digits only; children, strong accents and loud rooms were not tested.",
    "An event comes 0.1 to 0.4 s after the end of the word.",
    "With 4 continual landmarks one word in twelve is missed, 2 % to 18 % by the pauses and the "
    "line; 16 and more, and fixed ones, do better.",
    "Words said closely are missed more often: with gaps of 0.1 to 0.3 s at 8 kHz 97 % are found "
    "under full attention, 92 % and more with 16 landmarks and 82 % with 4 continual ones; without "
    "pauses 93 % to 95 % under full attention and 83 % to 95 % with 16 landmarks. At 80 % of the "
    "speed, full attention finds 92 %.",
    "The last phase of the shipped weights drew on 4,432 of the 5,816 utterances of the plan: all "
    "digits of single voices, and part of what Kokoro says beside them.",
    "Foreign speech: 0.75 false events a minute on 15 minutes of other, Colombian prompts at 8 "
    "kHz, where the weights before the last phase gave 0.68.",
    "Cries and grunts one after the other can be taken for words, about once in a quarter of an "
    "hour.",
    "A recognizer for demonstration and study; nothing that matters should depend on it.",
)


def model_card(
    figures: dict[str, Any], config: TrainConfig, training_streams: int, refining_streams: int
) -> dict[str, Any]:
    """Everything the card says beside what loading needs."""
    return {
        "task": "Spoken digits zero to nine from speech embeddings, one token each 80 ms.",
        "training_data": [
            "Synthetic speech: espeak-ng (voice variants), flite, Kokoro (several languages).",
            f"{training_streams} streams of 40 s, with gaps, noise, rooms and telephone lines.",
            f"{refining_streams} more, most of tight runs, slow and fast voices, gliding sounds.",
            *package_lines(TRAINING_PACKAGES),
        ],
        "test_data": [
            "The English prompts are one real voice, which also reads the Spanish ones; neither "
            "was used in training or tuning.",
            "Sounds, where the figures hold them: the 400 recordings of ESC-10, by `--sounds`.",
            *package_lines(TEST_PACKAGES),
        ],
        "label": f"the digit from 40 ms before the word's end to {HOLD_S} s after it, or to "
        f"the next word's onset, but for {SHORTEST_HOLD_S} s at least",
        "training": training_lines(config),
        "refinement": training_lines(lagging_phase(config)),
        "figures": figures,
        "limits": list(LIMITS),
        "license": "Apache-2.0",
    }
