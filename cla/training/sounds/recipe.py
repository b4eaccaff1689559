"""`cla train sounds`: streams, training, landmarks, figures; every stage can be run again alone."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from cla.datasets import esc10, load_audio
from cla.errors import ClaError
from cla.features import SOUND_HOP_S, YAMNET_DIM, embed_sounds
from cla.models import ClassifierConfig, EventConfig, TaskModel, read_task, write_task
from cla.training.batches import FeatureNoise
from cla.training.digits.sources import ENGLISH, FRENCH, ITALIAN, LOOPS, MUSIC, RUSSIAN
from cla.training.digits.sources import recordings as audio_of
from cla.training.landmarks import fit_landmarks
from cla.training.lanes import FULL
from cla.training.recipe import (
    Folders,
    folders_of,
    package_lines,
    recipe_parser,
    run_stages,
    training_lines,
)
from cla.training.sensitivity import sensitivity
from cla.training.sounds.dataset import (
    SoundStream,
    StreamSet,
    build_streams,
    labeled,
    load_streams,
)
from cla.training.sounds.evaluate import (
    LABELS,
    figures_of,
    outputs_of,
    score,
    strangers_named,
)
from cla.training.sounds.familiar import SLACK, fit_known
from cla.training.sounds.strangers import STAMPS
from cla.training.sounds.streams import Recording
from cla.training.train import Start, TrainConfig, low_rank_phase, train
from cla.training.tuning import tune_events

TEST_FOLD, TUNE_FOLD = 4, 3
SETS = {
    "train": StreamSet(80, 11),
    "tune": StreamSet(8, 12),
    "test": StreamSet(16, 13),
    "short": StreamSet(8, 14, short_share=1.0),
}
TESTS = ("test", "short")
OTHERS = {"train": (*FRENCH, ENGLISH, LOOPS), "tune": (ITALIAN,), "test": (RUSSIAN, MUSIC)}
"""Speech and music of none of the classes: no voice or piece of music is trained on and tested."""
STAGES = ("data", "train", "landmarks", "evaluate")
STEPS = 1_000
COST_OF_FALSE = 0.3
GRID = [
    EventConfig(enter, 0.3, hold, refractory_s=1.0, smoothing_tokens=smoothing)
    for enter, hold, smoothing in product((0.6, 0.7, 0.8, 0.9), (2, 4), (1, 3))
]
LIMITS = (
    "Trained and tested on ESC-10 alone: recordings of a few seconds that are mostly of one sound. "
    "Rooms, distance and several sounds at once were not recorded, only mixed.",
    "Sounds of none are synthetic noises, music and recorded speech; other sounds of everyday life "
    "may be named as one of the ten: of those tried, see strangers.",
    "Most sounds shorter than a second are missed, see short: a token of YAMNet rests on a second.",
    "A token of YAMNet rests on a second of sound, so a window adds little: see the ablation.",
)


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
            "landmarks": lambda: make_landmarks(options.recordings / "esc10", folders, config),
            "evaluate": lambda: make_card(folders, config),
        },
        options.only,
    )
    return 0


def train_config(steps: int) -> TrainConfig:
    """How the sounds are trained: a window of 5 s."""
    classifier = ClassifierConfig(
        YAMNET_DIM,
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
        label_smoothing=0.05,
        noise=FeatureNoise(scale=0.05, repeat=0.05),
    )


def make_data(data: Path, folders: Folders) -> None:
    """Make the streams; recordings of the last two folds are kept for tuning and testing."""
    clips = esc10(data).clips
    for name, made in SETS.items():
        part = "test" if name in TESTS else name
        chosen = [clip for clip in clips if _set_of(clip.fold) == part]
        recordings = [Recording(load_audio(clip.path), clip.label + 1) for clip in chosen]
        others = [samples for package in OTHERS[part]
                  for _, samples in audio_of(package, folders.downloads)]  # fmt: skip
        build_streams(recordings, others, made, folders.features(name))


def _set_of(fold: int | None) -> str:
    return {TEST_FOLD: "test", TUNE_FOLD: "tune"}.get(-1 if fold is None else fold, "train")


def _recorded(data: Path, part: str) -> list[tuple[int, NDArray[np.float32]]]:
    """The tokens of each recording of a part, and its label."""
    clips = [clip for clip in esc10(data).clips if _set_of(clip.fold) == part]
    return [(clip.label + 1, embed_sounds(load_audio(clip.path)).numpy()) for clip in clips]


def make_weights(folders: Folders, config: TrainConfig) -> None:
    """Train the first phase, and write the weights without landmarks."""
    model = train(labeled(_streams(folders, "train")), config)
    task = TaskModel(
        "sounds", LABELS, model, {}, EventConfig(), SOUND_HOP_S, MappingProxyType({}), "sounds"
    )
    write_task(task, folders.out, {})


def make_landmarks(data: Path, folders: Folders, config: TrainConfig) -> None:
    """Fit the landmarks, train on with them, learn what classes sound like, tune the events."""
    task = read_task(folders.out)
    streams = _streams(folders, "train")
    landmarks = fit_landmarks(task.classifier, [one.features for one in streams])
    phase = replace(low_rank_phase(config), steps=config.steps // 4)
    model = train(labeled(streams), phase, Start(task.classifier, landmarks))
    task = replace(task, classifier=model, landmarks=landmarks)
    tuning = _streams(folders, "tune")
    config_of = tune_events(
        task,
        [one.features for one in tuning],
        GRID,
        lambda outputs, events: score(outputs, tuning, events),
        COST_OF_FALSE,
    )
    known = fit_known(task, _recorded(data, "train"), _recorded(data, "tune"))
    write_task(replace(task, known=known, event_config=config_of), folders.out, {})


def make_card(folders: Folders, config: TrainConfig) -> None:
    """Measure, and write the model card."""
    task = read_task(folders.out)
    sets = {name: _streams(folders, name) for name in TESTS}
    heard = [stream for streams in sets.values() for stream in streams]
    full = outputs_of(task, FULL, heard)
    card = {
        "task": f"Sounds around a microphone ({', '.join(LABELS[1:])}), one token each 100 ms.",
        "training_data": [
            "ESC-10 (K. J. Piczak, doi 10.1145/2733373.2806390, CC BY 3.0): folds 1 to 3, in "
            f"{SETS['train'].count} streams of 40 s with gaps, levels and backgrounds; not "
            "included.",
            "Labeled none: synthetic noises, clicks, music and cries, and speech and music of:",
            *package_lines(OTHERS["train"]),
        ],
        "test_data": [
            f"test: {SETS['test'].count} streams of fold 5 made alike; short: "
            f"{SETS['short'].count} of which all sounds last 0.3 to 1 s; with other speech and "
            "music:",
            *package_lines(OTHERS["test"]),
            "strangers: animals, tools, vehicles and weather that are none of the classes, each "
            "between two silences; nothing of it is trained on, but the way to tell what is "
            "strange was chosen in sight of it:",
            *package_lines([STAMPS]),
        ],
        "features": "YAMNet (Apache-2.0), fetched on the user's machine; not included.",
        "known": "Centers, by k-means, of the tokens of each class's recordings in folds 1 to 3. A "
        f"class is none where the cosine to its nearest center is more than {SLACK} below the "
        "least that a recording of fold 4 has in its four best tokens. Event settings were tuned "
        "before that.",
        "intervals": "95 % by Wilson, of the sounds found.",
        "training": training_lines(config),
        "figures": {
            **figures_of(task, sets["test"]),
            "short": figures_of(task, sets["short"])["test"],
            "strangers": strangers_named(task, folders.downloads),
        },
        "sensitivity": sensitivity(task.event_config, lambda events: score(full, heard, events)),
        "limits": list(LIMITS),
        "license": "Apache-2.0; made from recordings under CC BY 3.0",
    }
    write_task(task, folders.out, card)


def _streams(folders: Folders, name: str) -> list[SoundStream]:
    streams = list(load_streams(folders.features(name)))
    if not streams:
        raise ClaError(
            f"There are no streams in {folders.features(name)}.", "Run the stage `data` first."
        )
    return streams
