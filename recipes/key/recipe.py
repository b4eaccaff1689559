"""The recipe of the key: scores as sound, weights, landmarks, figures."""

from dataclasses import replace
from types import MappingProxyType

from cla.features import PITCH_DIM, PITCH_HOP_S
from cla.models import ClassifierConfig, EventConfig, TaskModel, read_task, write_task
from cla.models.landmarks import fit_landmarks
from cla.training.batches import FeatureNoise, LabeledStream
from cla.training.recipe import Recipe, Run
from cla.training.train import TrainConfig, train
from recipes.key.card import model_card
from recipes.key.evaluate import evaluate, heard, over_windows
from recipes.key.keys import LABELS
from recipes.key.labels import labeled
from recipes.key.scenes import KeyStream
from recipes.key.sets import SETS, make_data

WINDOW = 1_024
EVENTS = EventConfig(0.5, 0.3, 15, refractory_s=5.0, smoothing_tokens=10)
"""Set by hand: a key is an event once it has led for a second and a half."""


def train_config(steps: int) -> TrainConfig:
    """How the key is trained: windows of all lengths, thinned; the newest token counts."""
    classifier = ClassifierConfig(
        PITCH_DIM,
        len(LABELS),
        embed_dim=96,
        num_heads=4,
        feed_forward_dim=192,
        window=WINDOW,
        position_period=2_048,
        position_harmonics=8,
    )
    return TrainConfig(
        classifier,
        steps=steps,
        full_share=1.0,
        newest_share=1.0,
        newest_tokens=48,
        windows=192,
        blind_tokens=5,
        learning_rate=4e-3,
        warmup_steps=steps // 10,
        average=0.98,
        noise=FeatureNoise(scale=0.003, offset=0.002, repeat=0.02),
    )


def make_weights(run: Run) -> None:
    """Train under full attention, and write the weights without landmarks."""
    model = train(_streams(run), run.config)
    task = TaskModel("key", LABELS, model, {}, EVENTS, PITCH_HOP_S, MappingProxyType({}), "pitches")
    write_task(task, run.out, {})


def make_landmarks(run: Run) -> None:
    """Fit the fixed landmarks; lanes are near to full attention without training on."""
    task = read_task(run.out)
    landmarks = fit_landmarks(task.classifier, [one.features for one in _streams(run)])
    write_task(replace(task, landmarks=landmarks), run.out, {})


def make_card(run: Run) -> None:
    """Measure, and write the model card."""
    task = read_task(run.out)
    sets = {
        name: heard(run.read(KeyStream, name)) for name, made in SETS.items() if not made.trained
    }
    card = model_card(evaluate(task, sets), over_windows(task, sets), run.config)
    write_task(task, run.out, card)


def _streams(run: Run) -> list[LabeledStream]:
    return labeled(run.read(KeyStream, *(name for name, made in SETS.items() if made.trained)))


main = Recipe(
    task="key",
    description="Make the model of the key of the music: scores of music21's corpus, played by "
    "fluidsynth (apt-get install fluidsynth; its sound font is fetched), training, landmarks, "
    "figures.",
    recordings="esc10",
    steps=800,
    config=train_config,
    stages={
        "data": make_data,
        "train": make_weights,
        "landmarks": make_landmarks,
        "evaluate": make_card,
    },
).main
