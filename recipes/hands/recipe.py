"""`cla train hands`: streams of recorded hands, training, landmarks, real hands, figures."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from types import MappingProxyType

import numpy as np

from cla.evaluation.lanes import FULL, probabilities
from cla.evaluation.scoring import sensitivity
from cla.features import HAND_FEATURE_DIM, HAND_HOP_S
from cla.models import (
    ClassifierConfig,
    EventConfig,
    FixedLandmarks,
    StreamClassifier,
    TaskModel,
    read_task,
    write_task,
)
from cla.models.landmarks import fit_landmarks
from cla.training.batches import FeatureNoise
from cla.training.recipe import Recipe, Run, build_streams
from cla.training.train import Start, TrainConfig, low_rank_phase, train
from recipes.hands.card import model_card
from recipes.hands.evaluate import SCORER, evaluate, tuned
from recipes.hands.labels import labeled, landmark_weights
from recipes.hands.sets import (
    HARD,
    TESTS,
    TRAIN,
    TUNE,
    TUNE_CIRCLES,
    TUNE_ODD,
    WIDE,
    StreamSet,
)
from recipes.hands.sources import recordings
from recipes.hands.streams import HandsStream, StreamMaker
from recipes.hands.vocabulary import LABELS
from recipes.hands.webcam import read_webcam

TRAINED, TUNED = ("train", "hard"), ("tune", "tune-odd", "tune-circles")
ALL_LANES_ON = ("other hands", "odd hands")
SETS: Mapping[str, StreamSet] = {
    "train": TRAIN,
    "hard": HARD,
    "wide": WIDE,
    "tune": TUNE,
    "tune-odd": TUNE_ODD,
    "tune-circles": TUNE_CIRCLES,
    **{f"test-{name}": one for name, one in TESTS.items()},
}


def train_config(steps: int) -> TrainConfig:
    """How the hands are trained."""
    classifier = ClassifierConfig(
        HAND_FEATURE_DIM,
        len(LABELS),
        embed_dim=128,
        num_heads=8,
        feed_forward_dim=512,
        window=96,
        position_period=192,
        position_harmonics=16,
        dropout=0.05,
    )
    return TrainConfig(
        classifier,
        steps=steps,
        full_share=0.85,
        scan_streams=8,
        scan_tokens=200,
        windows=48,
        blind_tokens=20,
        noise=FeatureNoise(scale=0.05, repeat=0.02),
    )


def refining_phase(config: TrainConfig) -> TrainConfig:
    """A last phase, half under full attention and half under landmarks of any count."""
    return replace(
        low_rank_phase(config),
        steps=config.steps * 2 // 5,
        learning_rate=config.learning_rate / 2,
        full_share=0.5,
        landmark_counts=(2, 4, 8, 16, 16, 32),
        dense_share=0.7,
        dense_counts=(2, 4, 8, 16, 16, 16, 32, 64),
        average=0.997,
        seed=config.seed + 2,
    )


def widening_phases(config: TrainConfig) -> tuple[TrainConfig, TrainConfig]:
    """Training on, on hands from all sides and real ones; then again with landmarks fitted anew."""
    first = replace(
        config,
        steps=config.steps * 3 // 20,
        learning_rate=config.learning_rate / 2,
        warmup_steps=config.warmup_steps // 2,
        seed=config.seed + 3,
    )
    second = replace(
        refining_phase(config),
        steps=config.steps // 10,
        learning_rate=config.learning_rate * 0.35,
        seed=config.seed + 9,
    )
    return first, second


def make_data(run: Run) -> None:
    """Make the streams to train, tune and test on."""
    for name, one in SETS.items():
        real = read_webcam(run.recordings, one.webcam) if one.webcam else None
        maker = StreamMaker(recordings(one.side, run.downloads), one.config, real)
        build_streams(run.streams(name), one.count, partial(_made, maker, one.seed))


def make_weights(run: Run) -> None:
    """Train the first phase, and write the weights without landmarks."""
    model = train(labeled(run.read(HandsStream, *TRAINED)), run.config)
    task = TaskModel(
        "hands", LABELS, model, {}, EventConfig(), HAND_HOP_S, MappingProxyType({}), "hands"
    )
    write_task(task, run.out, {})


def make_landmarks(run: Run) -> None:
    """Fit the fixed landmarks."""
    task = read_task(run.out)
    landmarks = _fitted(task.classifier, run.read(HandsStream, *TRAINED))
    write_task(replace(task, landmarks=landmarks), run.out, task.card)


def refine_weights(run: Run) -> None:
    """Train on, with the landmarks as they are."""
    task = read_task(run.out)
    start = Start(task.classifier, task.landmarks)
    model = train(labeled(run.read(HandsStream, *TRAINED)), refining_phase(run.config), start)
    write_task(replace(task, classifier=model), run.out, task.card)


def widen_weights(run: Run) -> None:
    """Train on, on hands from all sides and real ones; then tune the event settings."""
    task = read_task(run.out)
    streams = run.read(HandsStream, "wide")
    first, second = widening_phases(run.config)
    model = train(labeled(streams), first, Start(task.classifier, {}))
    landmarks = _fitted(model, streams)
    model = train(labeled(streams), second, Start(model, landmarks))
    task = replace(task, classifier=model, landmarks=landmarks)
    events = tuned(task, run.read(HandsStream, *TUNED))
    write_task(replace(task, event_config=events), run.out, task.card)


def make_card(run: Run) -> None:
    """Measure, and write the model card."""
    task = read_task(run.out)
    sets = {name: run.read(HandsStream, f"test-{name}") for name in TESTS}
    figures = evaluate(task, sets, ALL_LANES_ON)
    phases = [run.config, refining_phase(run.config), *widening_phases(run.config)]
    card = model_card(figures, phases, [TRAIN.count, HARD.count, WIDE.count])
    seen = [*sets["other hands"], *sets["odd hands"]]
    outputs = probabilities(task.lane(FULL), [stream.features for stream in seen])
    points = sensitivity(task.event_config, lambda events: SCORER.score(outputs, seen, events))
    write_task(task, run.out, {**card, "sensitivity": points})


def _made(maker: StreamMaker, seed: int, number: int) -> list[HandsStream]:
    return [maker.make(np.random.default_rng((seed, number)))]


def _fitted(
    model: StreamClassifier, streams: Sequence[HandsStream]
) -> dict[int, tuple[FixedLandmarks, ...]]:
    features = [stream.features for stream in streams]
    return fit_landmarks(model, features, weights=landmark_weights(streams))


main = Recipe(
    task="hands",
    description="Make the hand-signs model: fetch recorded hands (pip), make streams of them, "
    "train, fit landmarks, refine, widen to all sides and real hands, evaluate. Takes about an "
    "hour on one core.",
    recordings="hand-keypoints",
    steps=10_000,
    config=train_config,
    stages={
        "data": make_data,
        "train": make_weights,
        "landmarks": make_landmarks,
        "refine": refine_weights,
        "widen": widen_weights,
        "evaluate": make_card,
    },
).main
