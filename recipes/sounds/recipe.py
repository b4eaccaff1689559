"""`cla train sounds`: streams of recordings, training, landmarks, figures."""

from dataclasses import replace
from types import MappingProxyType

from cla.evaluation.lanes import FULL, outputs_of
from cla.evaluation.scoring import sensitivity
from cla.evaluation.streams import TokenStream
from cla.features import SCORED_DIM, SOUND_HOP_S
from cla.models import ClassifierConfig, EventConfig, TaskModel, read_task, write_task
from cla.models.landmarks import fit_landmarks
from cla.training.batches import FeatureNoise
from cla.training.recipe import Recipe, Run
from cla.training.train import Start, TrainConfig, low_rank_phase, train
from recipes.sounds.card import model_card
from recipes.sounds.evaluate import LABELS, SCORER, evaluate, strangers_named
from recipes.sounds.labels import fit_known, labeled
from recipes.sounds.sets import FOLDS, TESTED, make_data, trained_folds

TEST_FOLD = 4
"""Of the shipped weights."""
EVENTS = EventConfig(0.7, 0.3, 2, refractory_s=1.0, smoothing_tokens=3)
"""Set by hand, in sight of the strangers: where less is enough, more of them are named."""


def train_config(steps: int) -> TrainConfig:
    """How the sounds are trained: a window of 5 s."""
    classifier = ClassifierConfig(
        SCORED_DIM,
        len(LABELS),
        embed_dim=96,
        num_heads=8,
        feed_forward_dim=96,
        window=64,
        position_period=128,
        position_harmonics=8,
        dropout=0.2,
    )
    return TrainConfig(
        classifier,
        steps=steps,
        full_share=0.7,
        scan_streams=8,
        scan_tokens=160,
        windows=48,
        weight_decay=5e-2,
        warmup_steps=steps // 6,
        average=0.995,
        label_smoothing=0.05,
        noise=FeatureNoise(scale=0.05, repeat=0.05),
    )


def make_weights(run: Run) -> None:
    """Train, fit landmarks and train on with them; fit what is known of the classes."""
    streams = run.read(TokenStream, *(f"train-{fold}" for fold in trained_folds(TEST_FOLD)))
    model = train(labeled(streams), replace(run.config, full_share=1.0))
    landmarks = fit_landmarks(model, [one.features for one in streams])
    phase = replace(low_rank_phase(run.config), steps=run.config.steps // 4)
    model = train(labeled(streams), phase, Start(model, landmarks))
    alone = (f"alone-{fold}" for fold in range(FOLDS) if fold != TEST_FOLD)
    recordings = [
        (stream.occurrences[0].label, stream.features) for stream in run.read(TokenStream, *alone)
    ]
    task = TaskModel(
        "sounds", LABELS, model, landmarks, EVENTS, SOUND_HOP_S, MappingProxyType({}),
        "scored sounds", known=fit_known(recordings),
    )  # fmt: skip
    write_task(task, run.out, {})


def make_card(run: Run) -> None:
    """Measure, and write the model card."""
    task = read_task(run.out)
    sets = {name: run.read(TokenStream, f"{name}-{TEST_FOLD}") for name in TESTED}
    heard = [stream for streams in sets.values() for stream in streams]
    full = outputs_of(task, task.lane(FULL), [stream.features for stream in heard])
    points = sensitivity(task.event_config, lambda events: SCORER.score(full, heard, events))
    strangers = strangers_named(task, run.downloads)
    card = model_card(evaluate(task, sets), strangers, points, task.event_config, run.config)
    write_task(task, run.out, card)


main = Recipe(
    task="sounds",
    description="Make the model of sounds around you: streams of ESC-10 recordings, tokens by "
    "YAMNet (cla fetch yamnet), training, landmarks, figures.",
    recordings="esc10",
    steps=500,
    config=train_config,
    stages={"data": make_data, "train": make_weights, "evaluate": make_card},
).main
