"""`cla train gestures`: weights of all recordings, judged by weights that leave one out each."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from cla.attention import REFERENCE
from cla.datasets import TokenSet, open_dataset
from cla.evaluation.lanes import FULL, LANES, ablations, row_name
from cla.experiments.config import ExperimentConfig
from cla.experiments.data import Split, split, with_variants
from cla.experiments.evaluation import score_of
from cla.experiments.metrics import stream_outputs
from cla.experiments.presets import preset
from cla.experiments.training import Reporting, train_run
from cla.models import EventConfig, StreamClassifier, TaskModel, write_task
from cla.models.landmarks import fit_landmarks
from cla.options import Options

DATASET = "gesture-phase"
EVENTS = EventConfig(0.5, 0.3, 3, refractory_s=0.2, smoothing_tokens=3)
"""Set by hand: a phase lasts for a third of a second or more."""
LIMITS = (
    "Three recordings of one person before one sensor (Kinect); other people were not tried.",
    "Tokens are of joints that a recording holds. Joints that a camera's pictures show are not the "
    "same, and no camera was tried: the app plays recordings of joints alone.",
    "Holds are rare (2 to 8 % of the frames) and hardly found.",
)
Figures = dict[str, dict[str, float]]


def main(argv: Sequence[str]) -> int:
    """Train, judge, and write the model.

    Raises:
        ClaError: the recordings are not there.
    """
    parser = Options(prog="cla train gestures", description="Make the model of gesture phases.")
    parser.add_argument("--work-dir", type=Path, required=True, help="folder for runs in progress")
    parser.add_argument("--out", type=Path, help="folder for the model (default: WORK_DIR/model)")
    parser.add_argument("--recordings", type=Path, required=True, metavar="FOLDER",
                        help="holds gesture-phase")  # fmt: skip
    options = parser.parse_args(argv)
    work, folder = options.work_dir, options.recordings / DATASET
    data, config = open_dataset(DATASET, folder, work / "tokens"), preset(DATASET, folder)
    judged = [judge(data, replace(config, fold=one.fold or 0), work) for one in data.sequences]
    task = trained(data, Split(data.sequences, data.sequences), config, work / "all")
    card = model_card({name: _mean([one[name] for one in judged]) for name in judged[0]}, config)
    write_task(task, options.out or work / "model", card)
    return 0


def trained(data: TokenSet, parts: Split, config: ExperimentConfig, folder: Path) -> TaskModel:
    """A task of some recordings and their variants, with landmarks of the recordings."""
    run = train_run(data, with_variants(parts, data, config), config, folder, Reporting(logs=False))
    features = [one.features for one in parts.train]
    return TaskModel(
        "gestures", data.labels, run.classifier, fit_landmarks(run.classifier, features), EVENTS,
        data.hop_s, MappingProxyType({}), "joints",
    )  # fmt: skip


def judge(data: TokenSet, config: ExperimentConfig, work: Path) -> dict[str, Figures]:
    """Every lane and the ablations on a recording that was left out."""
    parts = split(data, config)
    task = trained(data, parts, config, work / f"without-{config.fold}")
    lanes = {row_name(lane): task.lane(lane) for lane in LANES if _fits(lane.num_landmarks, task)}
    (labels,) = (one.labels for one in parts.test)

    def figures(made: Mapping[str, StreamClassifier]) -> Figures:
        found: Figures = {}
        for name, lane in made.items():
            said = stream_outputs(lane.eval(), parts.test)
            named = said[0].argmax(-1).numpy()
            same = float((named == whole).mean())
            score = score_of(data, said, parts.test)
            right = float((named == labels).mean())
            found[name] = {**score, "token_accuracy": right, "agreement_with_full": same}
        return found

    whole = stream_outputs(task.lane(FULL).eval(), parts.test)[0].argmax(-1).numpy()
    without = {REFERENCE: task.lane(FULL), **ablations(task.classifier)}
    return {"left out": figures(lanes), "left out: ablation": figures(without)}


def _fits(count: int | None, task: TaskModel) -> bool:
    return (count or 0) <= task.window


def _mean(figures: Sequence[Figures]) -> Figures:
    return {
        lane: {name: round(float(np.mean([one[lane][name] for one in figures])), 4) for name in row}
        for lane, row in figures[0].items()
    }


def model_card(figures: Mapping[str, Figures], config: ExperimentConfig) -> dict[str, Any]:
    """Everything the card says beside what loading needs."""
    ablation = figures["left out: ablation"]
    precision = {name: f"{row['average_precision']:.1f} %" for name, row in ablation.items()}
    settings = {name: value for name, value in config.as_dict().items() if name != "data"}
    return {
        "task": "Phases of the gestures of somebody who tells a story: rest, preparation, stroke, "
        "hold, retraction; one token for each frame of a recording of joints, 30 a second.",
        "training_data": [
            "Gesture Phase Segmentation (R. Madeo, P. Wagner, S. Peres), recordings a1 to a3, "
            "4,845 frames of one person, as a repository under MIT distributes them (Copyright (c) "
            "2023 Srdjan Protic), and 24 variants of each: other bodies, postures, sides and paces."
        ],
        "test_data": "Each recording in turn, by weights trained on the two others; the weights "
        "here are trained on all three. Means over the three, one seed; scores in percent.",
        "attention": f"Mean average precision of frames {precision[REFERENCE]}; "
        f"{precision['attention zeroed']} with attention's output set to zero, "
        f"{precision['window 1']} with a window of one frame.",
        "training": settings,
        "figures": dict(figures),
        "limits": list(LIMITS),
        "license": "Apache-2.0",
    }
