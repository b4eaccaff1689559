"""How the digits are trained on, phase after phase."""

from dataclasses import replace

from cla.training.train import TrainConfig, low_rank_phase


def lagging_phase(config: TrainConfig) -> TrainConfig:
    """A last phase in which continual landmarks lag, as they do in use."""
    return replace(
        low_rank_phase(config),
        steps=config.steps * 3 // 20,
        learning_rate=config.learning_rate / 10,
        warmup_steps=config.warmup_steps // 10,
        landmark_counts=(2, 4, 4, 4, 8, 8, 16, 16, 32),
        windows=config.windows * 3 // 4,
        lagging_share=0.6,
        average=0.985,
        seed=config.seed + 2,
    )


def rooms_phase(config: TrainConfig) -> TrainConfig:
    """A phase on streams of another make, of full attention alone."""
    return replace(
        config,
        steps=config.steps // 8,
        learning_rate=config.learning_rate * 2 / 5,
        warmup_steps=config.warmup_steps * 3 // 10,
        full_share=1.0,
        average=0.99,
        seed=config.seed + 3,
    )


def voices_phase(config: TrainConfig) -> TrainConfig:
    """The last phase: half of it full attention, else mostly every token of fitted landmarks."""
    return replace(
        rooms_phase(config),
        steps=config.steps * 3 // 40,
        learning_rate=config.learning_rate / 5,
        warmup_steps=config.warmup_steps // 10,
        full_share=0.5,
        dense_share=0.7,
        dense_counts=(4, 8, 16, 16, 16, 32),
        guidance=1.0,
        average=0.985,
        seed=config.seed + 4,
    )
