"""Rows of runs with the times of their steps measured anew."""

from pathlib import Path
from typing import Any

import torch

from cla.errors import ClaError
from cla.experiments.costs import costs_of
from cla.experiments.evaluation import SIZE, size_of
from cla.experiments.lanes import lane_of, system_name
from cla.experiments.run_one import ROWS_FILE, lanes_of
from cla.experiments.runs import SETTINGS_FILE, read_run

Rows = list[dict[str, Any]]


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
