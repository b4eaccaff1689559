"""Settings that published data sets are trained with."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from cla.experiments.config import ExperimentConfig, ModelConfig, TrainingConfig

AUDIO = TrainingConfig()
"""As the paper trains on GTZAN."""
VIDEO_MODEL = ModelConfig(embed_dim=1024, heads=8, feed_forward_dim=1024, window=64)
VIDEO = TrainingConfig(epochs=15, fit_epochs=5, optimizer="adamw", learning_rate=1e-4)
SOUNDS = TrainingConfig(
    epochs=40,
    fit_epochs=10,
    batch_size=64,
    mixup=0.4,
    optimizer="adamw",
    schedule="one_cycle",
    learning_rate=2e-3,
    weight_decay=1e-2,
    label_smoothing=0.1,
    average=0.95,
)
"""Few recordings, short runs: ESC-10."""

GESTURES_MODEL = ModelConfig(embed_dim=32, heads=4, feed_forward_dim=64, harmonics=2, dropout=0.3)
GESTURES = TrainingConfig(
    epochs=2,
    fit_epochs=2,
    batch_size=8,
    loss="every",
    piece=160,
    stride=40,
    variants=24,
    balance=0.5,
    optimizer="adamw",
    schedule="one_cycle",
    learning_rate=2e-3,
    weight_decay=1e-2,
    label_smoothing=0.1,
    average=0.99,
)
"""Two or three recordings of one person, heard of as other people's: gesture-phase."""

COMPONENTS = {"esc10": 128}
"""Principal components of the tokens that are kept: as many as VGGish gives."""
PRESETS: Mapping[str, tuple[ModelConfig, TrainingConfig]] = {
    "esc10": (ModelConfig(), SOUNDS),
    "gesture-phase": (GESTURES_MODEL, GESTURES),
    "gtzan": (ModelConfig(), replace(AUDIO, validation_share=0.2)),
    "gtzan-filtered": (ModelConfig(), AUDIO),
    "thumos14": (VIDEO_MODEL, VIDEO),
}
"""Settings of the published data sets; of others, those of ESC-10."""


def preset(dataset: str, data: Path) -> ExperimentConfig:
    """The settings a data set is trained with if nothing else is said."""
    model, training = PRESETS.get(dataset, PRESETS["esc10"])
    components = COMPONENTS.get(dataset)
    return ExperimentConfig(dataset, data, components=components, model=model, training=training)
