"""`cla train digits`: synthetic speech, training, landmarks, rooms, real voices, figures."""

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from types import MappingProxyType

from cla.errors import ClaError
from cla.evaluation.digits import LABELS
from cla.evaluation.lanes import FULL, probabilities
from cla.evaluation.streams import TokenStream
from cla.features import FEATURE_DIM, HOP_S
from cla.files import replacing
from cla.models import ClassifierConfig, EventConfig, TaskModel, read_task, write_task
from cla.models.landmarks import fit_landmarks
from cla.training.batches import FeatureNoise
from cla.training.recipe import Recipe, Run
from cla.training.train import Start, TrainConfig, low_rank_phase, train
from recipes.digits.bank import build_bank, load_bank
from recipes.digits.card import model_card
from recipes.digits.dataset import gather_material, make_streams
from recipes.digits.engines import Espeak, Flite, Kokoro
from recipes.digits.evaluate import evaluate
from recipes.digits.kinds import REFINING_STREAMS, TRAINING_STREAMS, TUNING_STREAMS, Made
from recipes.digits.labels import labeled
from recipes.digits.left_out import (
    ALL,
    LeftOut,
    best_settings,
    figures_of,
    heard,
    outputs_beside,
    points_of_sensitivity,
)
from recipes.digits.phases import lagging_phase, rooms_phase, voices_phase
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
    make_voice_streams,
    sounds,
)
from recipes.digits.windows import over_windows

PLAN_SEED = 1
FOREIGN_SET = "Italian speech"
"""What false events are counted on over windows."""
ALL_LANES_ON = ("real voice", "real voice, telephone")
LEFT_OUT_FILE = "left-out.json"
REFINED, IN_ROOMS = "refined", "rooms"
"""The folders that keep the weights before the rooms, and before the real voices."""


def train_config(steps: int) -> TrainConfig:
    """How the digits are trained. Tokens of speech vary by about 8."""
    classifier = ClassifierConfig(
        FEATURE_DIM, len(LABELS), embed_dim=128, num_heads=8, position_harmonics=16
    )
    noise = FeatureNoise(scale=1.5, offset=1.5, repeat=0.03)
    return TrainConfig(classifier, steps=steps, noise=noise)


def make_data(run: Run) -> None:
    """Synthesize speech; make the streams to train, tune and test on of it."""
    files = kokoro_files(run.downloads)
    kokoro = Kokoro(files.model, files.vocabulary, files.voices)
    utterances = list(plan(PLAN_SEED))
    bank = run.work / "bank"
    build_bank(utterances, {"kokoro": kokoro, "espeak": Espeak(), "flite": Flite()}, bank)
    clips = list(load_bank(bank, utterances))
    make_streams(run, TRAINING_STREAMS, gather_material(clips, run.downloads, for_tuning=False))
    make_streams(run, TUNING_STREAMS, gather_material(clips, run.downloads, for_tuning=True))
    write_test_sets(run, clips)


def make_weights(run: Run) -> None:
    """Train the first phase, and write the weights without landmarks."""
    model = train(labeled(run.read(TokenStream, *TRAINING_STREAMS)), run.config)
    task = TaskModel("digits", LABELS, model, {}, EventConfig(), HOP_S, MappingProxyType({}))
    write_task(task, run.out, {})


def make_landmarks(run: Run) -> None:
    """Fit the fixed landmarks, and train on with them."""
    task = read_task(run.out)
    streams = run.read(TokenStream, *TRAINING_STREAMS)
    landmarks = fit_landmarks(task.classifier, [stream.features for stream in streams])
    model = train(labeled(streams), low_rank_phase(run.config), Start(task.classifier, landmarks))
    write_task(replace(task, classifier=model, landmarks=landmarks), run.out, task.card)


def refine_weights(run: Run, made_of: Mapping[str, Made] = REFINING_STREAMS) -> None:
    """Train on, on streams that are hard, with landmarks that lag.

    Raises:
        ClaError: there is no speech to make them of.
    """
    make_streams(run, made_of, _material(run))
    task = read_task(run.out)
    start = Start(task.classifier, task.landmarks)
    model = train(labeled(run.read(TokenStream, *made_of)), lagging_phase(run.config), start)
    write_task(replace(task, classifier=model), run.out, task.card)


def enter_rooms(run: Run) -> None:
    """Train on with synthetic voices in rooms, fit the landmarks anew, and keep that apart.

    Raises:
        ClaError: there are no recordings, or no synthetic speech.
    """
    make_streams(run, ROOM_STREAMS, _material(run))
    streams = run.read(TokenStream, *ROOM_STREAMS)
    task = read_task(run.out)
    write_task(task, run.work / REFINED, task.card)
    start = Start(task.classifier, task.landmarks)
    model = train(labeled(streams), rooms_phase(run.config), start)
    landmarks = fit_landmarks(model, [stream.features for stream in streams])
    task = replace(task, classifier=model, landmarks=landmarks)
    write_task(task, run.work / IN_ROOMS, task.card)


def hear_voices(run: Run) -> None:
    """Train on with real voices in rooms; each of them is left out once, to be judged.

    The event settings are chosen on the voices that were left out, and on what holds no digits.

    Raises:
        ClaError: there are no recordings, or no synthetic speech.
    """
    make_voice_streams(run, _material(run))
    conditions = judged_conditions(run.recordings, run.downloads)
    left_out = [
        LeftOut(
            with_voices(run, speaker),
            speaker,
            left_out_streams(run.recordings, speaker, conditions),
        )
        for speaker in SPEAKERS
    ]
    found = heard(left_out)
    task = with_voices(run)
    tuning = run.read(TokenStream, *TUNING_STREAMS)
    events = best_settings(found, outputs_beside(task, tuning), tuning)
    tests = test_sets(run)
    sets = [one for one in tests.values() if not any(s.occurrences for s in one)]
    outputs = [probabilities(task.lane(FULL), [s.features for s in one]) for one in sets]
    silent = list(zip(outputs, sets, strict=True))
    report = {
        "left out": figures_of(found, events),
        "left out events": {name: asdict(events[name]) for name in SPEAKERS},
        "sensitivity": points_of_sensitivity(found, silent, events[ALL]),
        "windows": over_windows(left_out, events, task, tests[FOREIGN_SET], events[ALL]),
    }
    with replacing(run.work / LEFT_OUT_FILE) as file:
        file.write(json.dumps(report, indent=2).encode())
    write_task(replace(task, event_config=events[ALL]), run.out, task.card)


def with_voices(run: Run, left_out: str = "") -> TaskModel:
    """The task trained on with all real voices but one.

    A part of the weights before the rooms is kept: they heard less in speech of other tongues.
    """
    voices = (name for name in VOICE_STREAMS if name != f"voices {left_out}")
    streams = run.read(TokenStream, *ROOM_STREAMS, *voices)
    task = read_task(run.work / IN_ROOMS)
    start = Start(task.classifier, task.landmarks)
    task = replace(task, classifier=train(labeled(streams), voices_phase(run.config), start))
    return kept_in_part(read_task(run.work / REFINED), task, streams)


def make_card(run: Run) -> None:
    """Measure, and write the model card."""
    task = read_task(run.out)
    figures = evaluate(task, test_sets(run), ALL_LANES_ON)
    report = json.loads((run.work / LEFT_OUT_FILE).read_text("utf-8"))
    write_task(task, run.out, model_card(figures, report, run.config))


def _material(run: Run) -> Material:
    """Synthetic speech, and the sounds around it.

    Raises:
        ClaError: it has not been made.
    """
    bank = run.work / "bank"
    if not bank.exists():
        raise ClaError("speech_missing", folder=bank)
    clips = list(load_bank(bank, list(plan(PLAN_SEED))))
    material = gather_material(clips, run.downloads, for_tuning=False)
    return replace(material, recorded=tuple(sounds(run.recordings, train=True)))


main = Recipe(
    task="digits",
    description="Make the spoken-digits model: fetch packages (apt-get, pip, npm), synthesize "
    "speech, train, fit landmarks, refine, train on with real voices, evaluate. Takes more than "
    "an hour on two cores.",
    recordings="fsdd (Free Spoken Digit Dataset) and esc10",
    steps=TrainConfig.steps,
    config=train_config,
    stages={
        "data": make_data,
        "train": make_weights,
        "landmarks": make_landmarks,
        "refine": refine_weights,
        "rooms": enter_rooms,
        "voices": hear_voices,
        "evaluate": make_card,
    },
).main
