"""The model card: what the digits model is made of, how well it does, what it cannot."""

from dataclasses import asdict
from typing import Any

from cla.datasets import Package
from cla.training.digits.sources import TEST_PACKAGES, TRAINING_PACKAGES
from cla.training.digits.train import TrainConfig

LIMITS = (
    "English digits, said as separate words. Numbers such as forty-two are no digits; words that "
    "sound like one (for, ate, won, too) are heard as the digit.",
    "Trained on synthetic digits only; children, strong accents and loud rooms were not tested.",
    "An event comes 0.1 to 0.4 s after the end of the word.",
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
            *_packages(TRAINING_PACKAGES),
        ],
        "test_data": [
            "The English prompts are one real voice, which also reads the Spanish ones; neither "
            "was used in training or tuning.",
            *_packages(TEST_PACKAGES),
        ],
        "label": f"the digit from 40 ms before the word's end to {config.hold_s} s after it, or to "
        "the next word's onset",
        "training": {k: v for k, v in asdict(config).items() if k not in ("classifier", "noise")},
        "figures": figures,
        "limits": list(LIMITS),
        "license": "Apache-2.0",
    }


def _packages(packages: tuple[Package, ...]) -> list[str]:
    return [f"{p.name} {p.version} ({p.license}, sha256 {p.sha256})" for p in packages]
