"""`cla train sounds`: streams, training, landmarks, figures; every stage can be run again alone."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from cla.datasets import esc10, load_audio
from cla.errors import ClaError
from cla.features import SOUND_HOP_S, YAMNET_DIM
from cla.models import ClassifierConfig, EventConfig, TaskModel, read_task, write_task
from cla.training.batches import FeatureNoise
from cla.training.digits.sources import ENGLISH, FRENCH, ITALIAN, LOOPS, MUSIC, RUSSIAN
from cla.training.digits.sources import recordings as audio_of
from cla.training.landmarks import fit_landmarks
from cla.training.lanes import FULL, LANES, Outputs, ablations, make_lane, probabilities
from cla.training.recipe import (
    Folders,
    folders_of,
    package_lines,
    recipe_parser,
    run_stages,
    training_lines,
)
from cla.training.scoring import EventScore, EventScorer, lane_figures
from cla.training.sounds.dataset import SoundStream, build_streams, labeled, load_streams
from cla.training.sounds.familiar import fit_known, held, strange_tokens
from cla.training.sounds.streams import NONE, Recording
from cla.training.train import Start, TrainConfig, low_rank_phase, train
from cla.training.tuning import tune_events

LABELS = (
    "none", "dog", "rain", "sea waves", "baby", "clock", "sneeze", "helicopter", "chainsaw",
    "rooster", "crackling fire",
)  # fmt: skip
TEST_FOLD, TUNE_FOLD = 4, 3
SETS = {"train": (90, 11), "tune": (14, 12), "test": (16, 13)}
"""How many streams, and the seed."""
OTHERS = {"train": (*FRENCH, ENGLISH, LOOPS), "tune": (ITALIAN,), "test": (RUSSIAN, MUSIC)}
"""Speech and music of none of the classes: no voice or piece of music is trained on and tested."""
STAGES = ("data", "train", "landmarks", "evaluate")
STEPS = 1_000
COST_OF_FALSE = 0.3
GRID = [
    EventConfig(enter, 0.3, hold, refractory_s=1.0, smoothing_tokens=smoothing)
    for enter, hold, smoothing in product((0.5, 0.6, 0.7, 0.8), (2, 3, 4), (1, 3))
]
LIMITS = (
    "Trained and tested on ESC-10 alone: recordings of a few seconds that are mostly of one sound. "
    "Rooms, distance and several sounds at once were not recorded, only mixed.",
    "Sounds of none are synthetic noises, music and recorded speech; other sounds of everyday life "
    "may be named as one of the ten.",
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
    parser.add_argument("--data", type=Path, required=True, help="folder of ESC-10")
    parser.add_argument("--steps", type=int, default=STEPS, help="training steps")
    options = parser.parse_args(argv)
    folders = folders_of(options)
    config = train_config(options.steps)
    run_stages(
        {
            "data": lambda: make_data(options.data, folders),
            "train": lambda: make_weights(folders, config),
            "landmarks": lambda: make_landmarks(folders, config),
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
    for name, (count, seed) in SETS.items():
        chosen = [clip for clip in clips if _set_of(clip.fold) == name]
        recordings = [Recording(load_audio(clip.path), clip.label + 1) for clip in chosen]
        others = [samples for package in OTHERS[name]
                  for _, samples in audio_of(package, folders.downloads)]  # fmt: skip
        build_streams(recordings, others, count, seed, folders.features(name))


def _set_of(fold: int | None) -> str:
    return {TEST_FOLD: "test", TUNE_FOLD: "tune"}.get(-1 if fold is None else fold, "train")


def make_weights(folders: Folders, config: TrainConfig) -> None:
    """Train the first phase, and write the weights without landmarks."""
    model = train(labeled(_streams(folders, "train")), config)
    task = TaskModel(
        "sounds", LABELS, model, {}, EventConfig(), SOUND_HOP_S, MappingProxyType({}), "sounds"
    )
    write_task(task, folders.out, {})


def make_landmarks(folders: Folders, config: TrainConfig) -> None:
    """Fit the fixed landmarks, train on with them, and tune the event settings."""
    task = read_task(folders.out)
    streams = _streams(folders, "train")
    landmarks = fit_landmarks(task.classifier, [one.features for one in streams])
    phase = replace(low_rank_phase(config), steps=config.steps // 4)
    model = train(labeled(streams), phase, Start(task.classifier, landmarks))
    tuning = _streams(folders, "tune")
    known = fit_known(streams, tuning)
    strange = strange_tokens(known, tuning)
    task = replace(task, classifier=model, landmarks=landmarks, known=known)
    config_of = tune_events(
        task,
        [one.features for one in tuning],
        GRID,
        lambda outputs, events: score(held(outputs, strange), tuning, events),
        COST_OF_FALSE,
    )
    write_task(replace(task, event_config=config_of), folders.out, {})


def make_card(folders: Folders, config: TrainConfig) -> None:
    """Measure, and write the model card."""
    task = read_task(folders.out)
    streams = _streams(folders, "test")
    card = {
        "task": f"Sounds around a microphone ({', '.join(LABELS[1:])}), one token each 100 ms.",
        "training_data": [
            "ESC-10 (K. J. Piczak, doi 10.1145/2733373.2806390, CC BY 3.0): folds 1 to 3, in "
            f"{SETS['train'][0]} streams of 40 s with gaps, levels and backgrounds; not included.",
            "Labeled none: synthetic noises, clicks, music and cries, and speech and music of:",
            *package_lines(OTHERS["train"]),
        ],
        "test_data": [
            f"{SETS['test'][0]} streams of fold 5 made alike, with other speech and music:",
            *package_lines(OTHERS["test"]),
        ],
        "features": "YAMNet (Apache-2.0), fetched on the user's machine; not included.",
        "training": training_lines(config),
        "figures": figures_of(task, streams),
        "limits": list(LIMITS),
        "license": "Apache-2.0; made from recordings under CC BY 3.0",
    }
    write_task(task, folders.out, card)


def figures_of(task: TaskModel, streams: Sequence[SoundStream]) -> dict[str, Any]:
    """Tokens and sounds right of each lane, and the ablations."""
    features = [stream.features for stream in streams]
    strange = strange_tokens(task.known, streams)
    full = held(probabilities(make_lane(task, FULL), features), strange)
    rows: dict[str, Any] = {}
    for lane in LANES:
        outputs = full
        if lane != FULL:
            outputs = held(probabilities(make_lane(task, lane), features), strange)
        counted = score(outputs, streams, task.event_config)
        rows[str(lane)] = {
            "sounds": counted.present,
            "recall": round(counted.recall, 4),
            **lane_figures(counted, outputs, full),
            **tokens_right(outputs, streams),
        }
    ablated = {
        name: tokens_right(held(probabilities(lane, features), strange), streams)
        for name, lane in ablations(task).items()
    }
    return {"test": rows, "test: ablation": {"full": tokens_right(full, streams), **ablated}}


def score(outputs: Outputs, streams: Sequence[SoundStream], config: EventConfig) -> EventScore:
    """Sounds found and false events of some streams."""
    scorer = EventScorer(LABELS, SOUND_HOP_S)
    total = EventScore()
    for output, stream in zip(outputs, streams, strict=True):
        events = scorer.detect(output, config)
        total += scorer.score(events, stream.occurrences, len(output))
    return total


def tokens_right(outputs: Outputs, streams: Sequence[SoundStream]) -> dict[str, float]:
    """Share of tokens named right: of all, and of those of sounds."""
    named = np.concatenate(outputs).argmax(-1)
    labels = np.concatenate([stream.labels for stream in streams])
    right = named == labels
    return {
        "tokens_right": round(float(right.mean()), 4),
        "sound_tokens_right": round(float(right[labels != NONE].mean()), 4),
    }


def _streams(folders: Folders, name: str) -> list[SoundStream]:
    streams = list(load_streams(folders.features(name)))
    if not streams:
        raise ClaError(
            f"There are no streams in {folders.features(name)}.", "Run the stage `data` first."
        )
    return streams
