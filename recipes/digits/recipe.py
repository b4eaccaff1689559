"""`cla train digits`: data, training, landmarks, evaluation; every stage can be run again alone."""

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from types import MappingProxyType

from cla.errors import ClaError
from cla.evaluation.digits import LABELS, FeatureStream
from cla.evaluation.lanes import FULL, probabilities
from cla.features import FEATURE_DIM, HOP_S
from cla.files import replacing
from cla.models import ClassifierConfig, EventConfig, TaskModel, read_task, write_task
from cla.training.batches import FeatureNoise
from cla.training.landmarks import fit_landmarks
from cla.training.recipe import Folders, folders_of, recipe_parser, run_stages
from cla.training.train import (
    Start,
    TrainConfig,
    lagging_phase,
    low_rank_phase,
    rooms_phase,
    train,
    voices_phase,
)
from recipes.digits.bank import build_bank, load_bank
from recipes.digits.card import model_card
from recipes.digits.dataset import gather_material, load_features
from recipes.digits.engines import Espeak, Flite, Kokoro
from recipes.digits.evaluate import evaluate, tuned
from recipes.digits.kinds import REFINING_STREAMS, TUNING_STREAMS, Made, StreamConfig
from recipes.digits.labels import labeled
from recipes.digits.left_out import (
    ALL,
    LeftOut,
    best_settings,
    figures_of,
    heard,
    outputs_beside,
    sensitivity,
)
from recipes.digits.sources import kokoro_files
from recipes.digits.streams import Material
from recipes.digits.testsets import test_sets, write_test_sets
from recipes.digits.utterances import plan
from recipes.digits.voices import (
    ROOM_STREAMS,
    SPEAKERS,
    VOICE_STREAMS,
    judged_conditions,
    kept_in_part,
    left_out_streams,
    make_streams,
    make_voice_streams,
    sounds,
)

PLAN_SEED = 1
TRAIN_SEED = 7
ALL_LANES_ON = ("real voice", "real voice, telephone")
STAGES = ("data", "train", "landmarks", "refine", "rooms", "voices", "evaluate")
LEFT_OUT_FILE = "left-out.json"
REFINED, IN_ROOMS = "refined", "rooms"
"""The folders that keep the weights before the rooms, and before the real voices."""


def main(argv: Sequence[str]) -> int:
    """Run the recipe, or one stage of it.

    Raises:
        ClaError: a program, a package, recordings or an earlier stage is missing.
    """
    options = _parser().parse_args(argv)
    folders, data = folders_of(options), options.recordings
    config = train_config(options.steps)
    stages: Mapping[str, Callable[[], None]] = {
        "data": lambda: make_data(folders, options.streams, data),
        "train": lambda: make_weights(folders, config),
        "landmarks": lambda: make_landmarks(folders, config),
        "refine": lambda: refine_weights(folders, lagging_phase(config), REFINING_STREAMS, data),
        "rooms": lambda: enter_rooms(folders, rooms_phase(config), data),
        "voices": lambda: hear_voices(folders, config, data),
        "evaluate": lambda: make_card(folders, config, options.streams),
    }
    run_stages(stages, options.only)
    return 0


def train_config(steps: int) -> TrainConfig:
    """How the digits are trained. Tokens of speech vary by about 8."""
    classifier = ClassifierConfig(
        FEATURE_DIM, len(LABELS), embed_dim=128, num_heads=8, position_harmonics=16
    )
    noise = FeatureNoise(scale=1.5, offset=1.5, repeat=0.03)
    return TrainConfig(classifier, steps=steps, noise=noise)


def make_data(folders: Folders, streams: int, data: Path) -> None:
    """Synthesize, augment and embed the streams to train, tune and test on."""
    files = kokoro_files(folders.downloads)
    kokoro = Kokoro(files.model, files.vocabulary, files.voices)
    utterances = list(plan(PLAN_SEED))
    bank = folders.work / "bank"
    build_bank(utterances, {"kokoro": kokoro, "espeak": Espeak(), "flite": Flite()}, bank)
    clips = list(load_bank(bank, utterances))
    material = gather_material(clips, folders.downloads, for_tuning=False)
    make_streams(folders, {"train": Made(StreamConfig(), streams, TRAIN_SEED)}, material)
    kept = gather_material(clips, folders.downloads, for_tuning=True)
    make_streams(folders, TUNING_STREAMS, kept)
    write_test_sets(folders, clips, data)


def make_weights(folders: Folders, config: TrainConfig) -> None:
    """Train the first phase, and write the weights without landmarks."""
    model = train(labeled(_streams(folders, "train")), config)
    task = TaskModel("digits", LABELS, model, {}, EventConfig(), HOP_S, MappingProxyType({}))
    write_task(task, folders.out, {})


def make_landmarks(folders: Folders, config: TrainConfig) -> None:
    """Fit the fixed landmarks, train on with them, and tune the event settings."""
    task = read_task(folders.out)
    streams = _streams(folders, "train")
    landmarks = fit_landmarks(task.classifier, [stream.features for stream in streams])
    model = train(labeled(streams), low_rank_phase(config), Start(task.classifier, landmarks))
    task = replace(task, classifier=model, landmarks=landmarks)
    task = replace(task, event_config=tuned(task, _streams(folders, "tune")))
    write_task(task, folders.out, task.card)


def refine_weights(
    folders: Folders, phase: TrainConfig, made_of: Mapping[str, Made], data: Path
) -> None:
    """Train on, on streams of their own.

    Raises:
        ClaError: there is no speech to make them of.
    """
    material = _material(folders, data)
    make_streams(folders, made_of, material)
    streams = [stream for name in made_of for stream in _streams(folders, name)]
    task = read_task(folders.out)
    model = train(labeled(streams), phase, Start(task.classifier, task.landmarks))
    write_task(replace(task, classifier=model), folders.out, task.card)


def enter_rooms(folders: Folders, phase: TrainConfig, data: Path) -> None:
    """Train on with synthetic voices in rooms, fit the landmarks anew, and keep that apart.

    Raises:
        ClaError: there are no recordings, or no synthetic speech.
    """
    make_streams(folders, ROOM_STREAMS, _material(folders, data))
    streams = [stream for name in ROOM_STREAMS for stream in _streams(folders, name)]
    task = read_task(folders.out)
    write_task(task, folders.work / REFINED, task.card)
    model = train(labeled(streams), phase, Start(task.classifier, task.landmarks))
    landmarks = fit_landmarks(model, [stream.features for stream in streams])
    task = replace(task, classifier=model, landmarks=landmarks)
    write_task(task, folders.work / IN_ROOMS, task.card)


def hear_voices(folders: Folders, config: TrainConfig, data: Path) -> None:
    """Train on with real voices in rooms; each of them is left out once, to be judged.

    The event settings are chosen on the voices that were left out, and on what holds no digits.

    Raises:
        ClaError: there are no recordings, or no synthetic speech.
    """
    make_voice_streams(folders, data, _material(folders, data))
    conditions = judged_conditions(data, folders.downloads)
    found = heard(
        LeftOut(
            with_voices(folders, config, speaker),
            speaker,
            left_out_streams(data, speaker, conditions),
        )
        for speaker in SPEAKERS
    )
    task = with_voices(folders, config)
    tuning = [stream for name in TUNING_STREAMS for stream in _streams(folders, name)]
    beside = outputs_beside(task, tuning)
    events = best_settings(found, beside, tuning)
    sets = [streams for streams in test_sets(folders).values() if not any(s.words for s in streams)]
    outputs = [probabilities(task.lane(FULL), [s.features for s in one]) for one in sets]
    report = {
        "left out": figures_of(found, events),
        "left out events": {name: asdict(events[name]) for name in SPEAKERS},
        "sensitivity": sensitivity(found, list(zip(outputs, sets, strict=True)), events[ALL]),
    }
    with replacing(folders.work / LEFT_OUT_FILE) as file:
        file.write(json.dumps(report, indent=2).encode())
    write_task(replace(task, event_config=events[ALL]), folders.out, task.card)


def with_voices(folders: Folders, config: TrainConfig, left_out: str = "") -> TaskModel:
    """The task trained on with all real voices but one.

    A part of the weights before the rooms is kept: they heard less in speech of other tongues.
    """
    names = [*ROOM_STREAMS, *(name for name in VOICE_STREAMS if name != f"voices {left_out}")]
    streams = [stream for name in names for stream in _streams(folders, name)]
    task = read_task(folders.work / IN_ROOMS)
    start = Start(task.classifier, task.landmarks)
    task = replace(task, classifier=train(labeled(streams), voices_phase(config), start))
    return kept_in_part(read_task(folders.work / REFINED), task, streams)


def make_card(folders: Folders, config: TrainConfig, training_streams: int) -> None:
    """Measure, and write the model card."""
    task = read_task(folders.out)
    figures = evaluate(task, test_sets(folders), ALL_LANES_ON)
    report = json.loads((folders.work / LEFT_OUT_FILE).read_text("utf-8"))
    write_task(task, folders.out, model_card(figures, report, config, training_streams))


def _material(folders: Folders, data: Path) -> Material:
    """Synthetic speech, and the sounds around it.

    Raises:
        ClaError: it has not been made.
    """
    bank = folders.work / "bank"
    if not bank.exists():
        raise ClaError(f"There is no speech in {bank}.", "Run the stage `data` first.")
    clips = list(load_bank(bank, list(plan(PLAN_SEED))))
    material = gather_material(clips, folders.downloads, for_tuning=False)
    return replace(material, recorded=tuple(sounds(data, train=True)))


def _streams(folders: Folders, name: str) -> list[FeatureStream]:
    streams = list(load_features(folders.features(name)))
    if not streams:
        raise ClaError(
            f"There are no streams in {folders.features(name)}.", "Run the stage `data` first."
        )
    return streams


def _parser() -> argparse.ArgumentParser:
    parser = recipe_parser(
        "digits",
        "Make the spoken-digits model: fetch packages (apt-get, pip, npm), synthesize speech, "
        "train, fit landmarks, refine, train on with real voices, evaluate. Takes more than an "
        "hour on two cores.",
        STAGES,
    )
    parser.add_argument("--steps", type=int, default=TrainConfig.steps, help="training steps")
    parser.add_argument("--streams", type=int, default=1_200, help="training streams to synthesize")
    parser.add_argument("--recordings", type=Path, required=True, metavar="FOLDER",
                        help="holds fsdd (Free Spoken Digit Dataset) and esc10")  # fmt: skip
    return parser
