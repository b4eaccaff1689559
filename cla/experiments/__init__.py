"""Train and evaluate as the paper does: configured runs, their table, and sweeps over them."""

from cla.experiments.config import ExperimentConfig, ModelConfig, TrainingConfig, read_config

__all__ = ["ExperimentConfig", "ModelConfig", "TrainingConfig", "read_config"]
