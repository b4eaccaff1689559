"""The shipped tasks as rows of the table: their cards' figures beside what a step costs here."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from cla.attention import REFERENCE
from cla.evaluation.lanes import LANES, row_name
from cla.experiments.costs import costs_of
from cla.experiments.lanes import ablation_name, system_name
from cla.models import TaskModel

SETS = {
    "digits": "real voice",
    "hands": "other hands",
    "sounds": "test",
    "key": "alone",
    "gestures": "left out",
}
"""Figures of the card that show every lane and the ablations."""
COLUMNS = {
    "recall": "stream_found",
    "tokens_right": "stream_tokens",
    "token_accuracy": "stream_tokens",
    "agreement_with_full": "stream_agreement",
}


def rows_of_task(task: TaskModel) -> list[dict[str, Any]]:
    """A row for each lane that the card has figures of, after those of the ablations."""
    name = SETS[task.name]
    about = {
        "dataset": task.name,
        "window": task.window,
        "layers": task.classifier.config.num_layers,
        "stack": "",
        "trained_with": "any",
        "seed": 0,
        "fold": 0,
    }
    figures: Mapping[str, Any] = task.card["figures"]
    rows = []
    for variant, found in figures[f"{name}: ablation"].items():
        if variant != REFERENCE:
            system = ablation_name(variant)
            rows.append({**about, "system": system, "landmarks": 0, **_scores(found)})
    shown = figures[name]
    lanes = [
        lane
        for lane in LANES
        if (lane.num_landmarks or 0) <= task.window and row_name(lane) in shown
    ]
    for lane, cost in zip(lanes, costs_of([task.lane(lane) for lane in lanes]), strict=True):
        rows.append(
            {
                **about,
                "system": system_name(lane),
                "landmarks": lane.num_landmarks or 0,
                **_scores(shown[row_name(lane)]),
                **asdict(cost),
            }
        )
    return rows


def _scores(found: Mapping[str, float]) -> dict[str, float]:
    return {
        column: 100 * found[name] for name, column in COLUMNS.items() if found.get(name) is not None
    }
