"""One run from settings to rows of the table, and rows with times measured anew."""

import json
from pathlib import Path
from typing import Any

import torch

from cla.attention import REFERENCE
from cla.datasets import TokenSet, open_dataset
from cla.errors import ClaError
from cla.experiments.config import FLOORS, ExperimentConfig
from cla.experiments.costs import costs_of
from cla.experiments.data import Split, reduced, split, with_variants
from cla.experiments.evaluation import SIZE, evaluate, size_of
from cla.experiments.floors import floor_row
from cla.experiments.lanes import all_lanes, lane_of, system_name
from cla.experiments.runs import SETTINGS_FILE, Run, read_run, write_run
from cla.experiments.training import Reporting, train_run
from cla.files import make_folder, write_file
from cla.models import LaneSpec

ROWS_FILE = "rows.json"
Rows = list[dict[str, Any]]


def open_data(config: ExperimentConfig, cache: Path) -> tuple[TokenSet, Split]:
    """The data set of a run, and its parts.

    Raises:
        ClaError: it is not there, or too small.
    """
    data = open_dataset(config.dataset, config.data, cache, config.features)
    parts = with_variants(split(data, config), data, config)
    return data, reduced(parts, config.components) if config.components else parts


def lanes_of(config: ExperimentConfig, window: int) -> tuple[LaneSpec, ...]:
    """What a run's weights are judged under: every lane, or the low-rank one they are trained for.

    Weights of full attention serve the others too, since no attention has weights of its own.
    """
    model = config.model
    if model.kind in ("any", REFERENCE):
        return all_lanes([count for count in config.landmark_counts if count <= window])
    return (LaneSpec(model.kind, model.landmarks, model.landmark_mode),)


def do_run(
    config: ExperimentConfig, folder: Path, cache: Path, reporting: Reporting | None = None
) -> list[dict[str, Any]]:
    """Train, write the run to `folder`, judge it; what is done already is not done again.

    Raises:
        ClaError: the data set is not there.
    """
    done = folder / ROWS_FILE
    if done.exists():
        kept: list[dict[str, Any]] = json.loads(done.read_text("utf-8"))
        return kept
    data, parts = open_data(config, cache)
    if config.model.kind in FLOORS:
        rows = [floor_row(data, parts, config)]
    else:
        run: Run = train_run(data, parts, config, folder, reporting)
        write_run(run, folder)
        rows = evaluate(run, data, parts.test, lanes_of(config, run.classifier.config.window))
    make_folder(folder)
    write_file(done, json.dumps(rows).encode())
    return rows


def retimed(rows: Rows, folder: Path) -> Rows:
    """Rows with the times of one run of each size, measured on one thread of this machine.

    Runs that were made side by side have disturbed each other's times.

    Raises:
        ClaError: there is no run in the folder.
    """
    torch.set_num_threads(1)
    times: dict[tuple[Any, ...], float] = {}
    sizes: set[tuple[Any, ...]] = set()
    for found in sorted(folder.rglob(ROWS_FILE)):
        if not (found.parent / SETTINGS_FILE).exists():
            continue  # a floor, which is timed when it is fitted
        run = read_run(found.parent)
        size = size_of(run)
        if size in sizes:
            continue
        sizes.add(size)
        lanes = lanes_of(run.config, run.classifier.config.window)
        made = [lane_of(run.classifier, lane, run.landmarks).eval() for lane in lanes]
        for lane, cost in zip(lanes, costs_of(made), strict=True):
            times[*size, system_name(lane), lane.num_landmarks or 0] = cost.step_us
    if not times:
        raise ClaError("sweep_without_runs", folder=folder)
    return [_with_time(row, times) for row in rows]


def _with_time(row: dict[str, Any], times: dict[tuple[Any, ...], float]) -> dict[str, Any]:
    key = tuple(row[name] for name in (*SIZE, "system", "landmarks"))
    return {**row, "step_us": times[key]} if key in times else row
