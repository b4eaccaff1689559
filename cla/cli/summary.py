"""What a run amounts to, lane by lane."""

import argparse
import json
import sys
from collections import deque
from collections.abc import Sequence
from typing import Any

from rich.columns import Columns
from rich.console import Console
from rich.text import Text

from cla.attention import REFERENCE, summed
from cla.cli.tables import print_rows
from cla.models import lane_title
from cla.options import Options
from cla.telemetry import STANDARD_OUTPUT, RunningStatistics, TokenRecord
from cla.types import Event

HEADINGS = (
    "lane", "tokens", "events", "median ms", "p95 ms", "ops/token", "fewer", "agrees",
)  # fmt: skip
MAX_EVENTS = 100_000
"""The newest ones that are kept of a lane; no file within the limits has more."""


MOST_AWAITED = 256
"""Tokens whose answers by slow lanes are waited for."""


class LaneSummary:
    """Totals of one lane."""

    def __init__(self) -> None:
        self.tokens = 0
        self.events: deque[Event] = deque(maxlen=MAX_EVENTS)
        self.event_count = 0
        self.compute_ms = RunningStatistics()
        self.total_ops: int | None = 0
        self.agreed = self.compared = 0


class Summary:
    """Totals of a run, in memory that does not grow without end."""

    def __init__(self, source: str, task: str, lanes: Sequence[str], device: str) -> None:
        self.source = source
        self.device = device
        self.task = task
        self.duration_s = 0.0
        self.tokens = 0
        self.gaps_s = 0.0
        self.dropped_frames = 0
        self.notices: list[str] = []
        self.lanes = {name: LaneSummary() for name in lanes}
        self._said: dict[int, dict[str, str]] = {}

    def add(self, record: TokenRecord) -> None:
        """Take one token's records."""
        self.tokens += 1
        self.gaps_s += record.gap_s
        self.dropped_frames += record.dropped_frames
        for lane in record.lanes:
            if not lane.answered:
                continue
            # Lanes may come while a session runs.
            totals = self.lanes.setdefault(lane.lane, LaneSummary())
            totals.tokens += 1
            totals.compute_ms.add(lane.compute_ms)
            totals.total_ops = summed([totals.total_ops, lane.ops])
            self._compare(record.token - lane.age, lane.lane, lane.label)
            if lane.event:
                totals.events.append(lane.event)
                totals.event_count += 1

    def _compare(self, token: int, lane: str, label: str) -> None:
        """Hold an answer against the full lane's to the same token; either may come first."""
        said = self._said.setdefault(token, {})
        said[lane] = label
        full = said.get(REFERENCE)
        for name in said if lane == REFERENCE else [lane] * (full is not None):
            self.lanes[name].compared += 1
            self.lanes[name].agreed += said[name] == full
        while len(self._said) > MOST_AWAITED:
            del self._said[next(iter(self._said))]

    def agreement(self, name: str) -> float | None:
        """Share of tokens that both answered with the full lane's label; None without any."""
        lane = self.lanes[name]
        return lane.agreed / lane.compared if lane.compared else None

    def ops_per_token(self, name: str) -> float | None:
        """Multiply-adds of the attention product per token; None without tokens, or not counted."""
        lane = self.lanes[name]
        return None if lane.total_ops is None or not lane.tokens else lane.total_ops / lane.tokens

    def as_dict(self) -> dict[str, Any]:
        """The run as one JSON object; numbers that do not exist are null."""
        return {
            "input": self.source,
            "task": self.task,
            "duration_s": round(self.duration_s, 3),
            "gaps_s": round(self.gaps_s, 3),
            "dropped_frames": self.dropped_frames,
            "notices": self.notices,
            "device": self.device,
            "lanes": {name: self._lane_dict(name) for name in self.lanes},
        }

    def _lane_dict(self, name: str) -> dict[str, Any]:
        lane = self.lanes[name]
        return {
            "tokens": lane.tokens,
            "events": [
                {
                    "time_s": round(event.time_s, 3),
                    "label": event.label,
                    "probability": round(event.probability, 4),
                }
                for event in lane.events
            ],
            "compute_ms": {"median": lane.compute_ms.median(), "p95": lane.compute_ms.p95()},
            "ops_per_token": self.ops_per_token(name),
            "agreement_with_full": self.agreement(name),
        }


def refuse_two_outputs(parser: Options, options: argparse.Namespace) -> None:
    """End the program where both rows and the one JSON object would go to standard output."""
    if options.json and options.out == STANDARD_OUTPUT:
        parser.error("--json and --out - both write to standard output: choose one")


def print_json(values: dict[str, Any]) -> None:
    """Print one JSON object for programs."""
    # In ASCII, which every terminal and file takes.
    json.dump(values, sys.stdout, allow_nan=False)
    sys.stdout.write("\n")


def print_table(summary: Summary, console: Console) -> None:
    """Print a run for people."""
    base = summary.ops_per_token(REFERENCE) if REFERENCE in summary.lanes else None
    rows = []
    for name, lane in summary.lanes.items():
        ops = summary.ops_per_token(name)
        rows.append(
            [
                lane_title(name),
                f"{lane.tokens:,}",
                f"{lane.event_count:,}",
                _number(lane.compute_ms.median(), ".2f"),
                _number(lane.compute_ms.p95(), ".2f"),
                _number(ops, ",.0f"),
                _number(base / ops if base and ops else None, ",.1f", "x"),
                _number(summary.agreement(name), ".1%"),
            ]
        )
    title = f"{summary.source}: {summary.duration_s:.1f} s, {summary.device}"
    print_rows(console, HEADINGS, rows, title=title)
    if summary.gaps_s or summary.dropped_frames:
        console.print(
            f"left out to keep up: {summary.dropped_frames:,} pictures; {summary.gaps_s:.2f} s "
            "without tokens",
            highlight=False,
        )
    for name, lane in summary.lanes.items():
        console.print(
            Text(f"{lane_title(name)} ({name})", "bold"),
            "" if lane.events else ": no events",
            sep="",
        )
        heard = [Text(f"{event.label} {event.time_s:.2f} s") for event in lane.events]
        console.print(Columns(heard, padding=(0, 3)))


def _number(value: float | None, form: str, unit: str = "") -> str:
    return "-" if value is None else f"{value:{form}}{unit}"
