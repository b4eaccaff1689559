"""`cla train sounds`: streams, training, landmarks, figures; every stage can be run again alone."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from cla.errors import ClaError
from cla.features import SCORED_DIM, SOUND_HOP_S
from cla.models import ClassifierConfig, EventConfig, TaskModel, read_task, write_task
from cla.training.batches import FeatureNoise
from cla.training.landmarks import fit_landmarks
from cla.training.recipe import Folders, folders_of, recipe_parser, run_stages
from cla.training.train import Start, TrainConfig, low_rank_phase, train
from recipes.sounds.card import model_card
from recipes.sounds.dataset import SoundStream, labeled, load_streams
from recipes.sounds.evaluate import LABELS
from recipes.sounds.familiar import fit_known
from recipes.sounds.sets import FOLDS, TESTED, make_data, trained_folds

TEST_FOLD = 4
"""Of the shipped weights."""
STAGES = ("data", "train", "evaluate")
STEPS = 500
EVENTS = EventConfig(0.7, 0.3, 2, refractory_s=1.0, smoothing_tokens=3)
"""Set by hand, in sight of the strangers: where less is enough, more of them are named."""


def main(argv: Sequence[str]) -> int:
    """Run the recipe, or one stage of it.

    Raises:
        ClaError: ESC-10 or YAMNet is missing, or an earlier stage.
    """
    parser = recipe_parser(
        "sounds",
        "Make the model of sounds around you: streams of ESC-10 recordings, tokens by YAMNet "
        "(cla fetch yamnet), training, landmarks, figures.",
        STAGES,
    )
    parser.add_argument("--recordings", type=Path, required=True, metavar="FOLDER",
                        help="holds esc10")  # fmt: skip
    parser.add_argument("--steps", type=int, default=STEPS, help="training steps")
    options = parser.parse_args(argv)
    folders = folders_of(options)
    config = train_config(options.steps)
    run_stages(
        {
            "data": lambda: make_data(options.recordings / "esc10", folders),
            "train": lambda: make_weights(folders, config),
            "evaluate": lambda: make_card(folders, config),
        },
        options.only,
    )
    return 0


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


def make_weights(folders: Folders, config: TrainConfig) -> None:
    """Train, and write the weights."""
    write_task(trained(folders, config, TEST_FOLD), folders.out, {})


def trained(folders: Folders, config: TrainConfig, test_fold: int) -> TaskModel:
    """A task that has heard nothing of the tested fold, and of the one before only its leads."""
    names = [f"train-{fold}" for fold in trained_folds(test_fold)]
    streams = [stream for name in names for stream in _streams(folders, name)]
    model = train(labeled(streams), replace(config, full_share=1.0))
    landmarks = fit_landmarks(model, [one.features for one in streams])
    phase = replace(low_rank_phase(config), steps=config.steps // 4)
    model = train(labeled(streams), phase, Start(model, landmarks))
    recordings = [
        (stream.occurrences[0].label, stream.features)
        for fold in range(FOLDS)
        if fold != test_fold
        for stream in _streams(folders, f"alone-{fold}")
    ]
    return TaskModel(
        "sounds", LABELS, model, landmarks, EVENTS, SOUND_HOP_S, MappingProxyType({}),
        "scored sounds", known=fit_known(recordings),
    )  # fmt: skip


def make_card(folders: Folders, config: TrainConfig) -> None:
    """Measure, and write the model card."""
    task = read_task(folders.out)
    sets = {name: _streams(folders, f"{name}-{TEST_FOLD}") for name in TESTED}
    write_task(task, folders.out, model_card(task, sets, config, folders.downloads))


def _streams(folders: Folders, name: str) -> list[SoundStream]:
    streams = list(load_streams(folders.features(name)))
    if not streams:
        raise ClaError(
            f"There are no streams in {folders.features(name)}.", "Run the stage `data` first."
        )
    return streams
