"""One run from settings to rows of the table."""

import json
from pathlib import Path
from typing import Any

from cla.attention import REFERENCE
from cla.datasets import TokenSet, open_dataset
from cla.experiments.config import FLOORS, ExperimentConfig
from cla.experiments.data import Split, reduced, split, with_variants
from cla.experiments.evaluation import evaluate
from cla.experiments.floors import floor_row
from cla.experiments.lanes import all_lanes
from cla.experiments.runs import Run, write_run
from cla.experiments.training import Reporting, train_run
from cla.files import make_folder, write_file
from cla.models import LaneSpec

ROWS_FILE = "rows.json"


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
