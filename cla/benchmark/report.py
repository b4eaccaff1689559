"""A measurement as tables for people, as Markdown, and as one JSON object."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

from cla.attention.config import OutputMode
from cla.benchmark.cases import (
    CONTINUAL,
    CONTINUAL_INFERENCE,
    FIXED,
    FOLLOWING,
    SYSTEMS,
    TORCH_WINDOW,
    Case,
    Scope,
)
from cla.benchmark.run import Measurement
from cla.benchmark.sizes import EMBED_DIM, HEADS, LANDMARKS
from cla.benchmark.timing import quotient

OUTPUTS: tuple[OutputMode, ...] = ("single_output", "retroactive")
SCOPES: dict[Scope, str] = {"product": "the attention product alone", "layer": "a whole layer"}
COMPARED, PEERS = (CONTINUAL, FOLLOWING, FIXED), (CONTINUAL_INFERENCE, TORCH_WINDOW)


def as_dict(measurement: Measurement) -> dict[str, Any]:
    """One JSON object: times in seconds."""
    return {
        "complete": measurement.complete,
        "device": measurement.device,
        "threads": 1,
        "versions": measurement.versions,
        "sizes": {"embed_dim": EMBED_DIM, "num_heads": HEADS, "num_landmarks": LANDMARKS},
        "cases": [
            {
                **asdict(case),
                "median_s": timing.median_s,
                "mean_s": timing.mean_s,
                "slowest_s": timing.worst_s,
                "steps": timing.steps,
            }
            for case, timing in measurement.timings.items()
        ],
        "left_out": [asdict(case) for case in measurement.left_out],
    }


def print_report(measurement: Measurement, console: Console) -> None:
    """Print all tables for people."""
    console.print(heading(measurement), highlight=False)
    for rows in _tables(measurement):
        table = Table(title=rows.title)
        for index, column in enumerate(rows.header):
            table.add_column(column, justify="right" if index else "left")
        for row in rows.rows:
            table.add_row(*row)
        console.print(table)


def markdown(measurement: Measurement) -> str:
    """The tables as Markdown."""
    parts = [heading(measurement)]
    for title, header, rows in _tables(measurement):
        rule = ["---", *["---:"] * (len(header) - 1)]
        lines = (f"| {' | '.join(line)} |" for line in (header, rule, *rows))
        parts.append(f"{title}:\n\n" + "\n".join(lines))
    return "\n\n".join(parts) + "\n"


def heading(measurement: Measurement) -> str:
    """What was measured on what, and what was not."""
    versions = ", ".join(f"{name} {found}" for name, found in measurement.versions.items() if found)
    return (
        f"{EMBED_DIM} numbers a token, {HEADS} heads, {LANDMARKS} landmarks, float32, one stream, "
        f"one thread; {measurement.device}; {versions}.{_missing(measurement)}"
    )


def _missing(measurement: Measurement) -> str:
    said = ""
    if not measurement.complete:
        said += " Interrupted: what follows is what was measured until then."
    if measurement.left_out:
        names = ", ".join(
            sorted({f"{case.system} at {case.window:,} tokens" for case in measurement.left_out})
        )
        said += f" Too slow for the time given, and left out in part or whole: {names}."
    return said


class _Rows(NamedTuple):
    title: str
    header: list[str]
    rows: list[list[str]]


def _tables(measurement: Measurement) -> Iterator[_Rows]:
    windows = sorted({case.window for case in measurement.timings})
    header = ["system", *(f"{window:,} tokens" for window in windows)]
    for output in OUTPUTS:
        for scope, what in SCOPES.items():
            rows = [
                [name, *(_time(measurement, Case(name, output, scope, n)) for n in windows)]
                for name in SYSTEMS
            ]
            title = f"Time of a step in µs, {output.replace('_', '-')}, {what}"
            yield _Rows(title, header, _filled(rows))
    for peer in PEERS:
        rows = [
            [
                f"{name}, {output.replace('_', '-')}, {scope}",
                *(_factor(measurement, Case(name, output, scope, n), peer) for n in windows),
            ]
            for output in OUTPUTS
            for scope in SCOPES
            for name in COMPARED
        ]
        if found := _filled(rows):
            yield _Rows(f"Times faster than {peer}", header, found)


def _filled(rows: list[list[str]]) -> list[list[str]]:
    return [row for row in rows if set(row[1:]) - {"-"}]


def _time(measurement: Measurement, case: Case) -> str:
    timing = measurement.timings.get(case)
    if timing is None:
        return "-"
    if timing.mean_s is None or not SYSTEMS[case.system].ticks:
        return _micros(timing.median_s)
    return f"{_micros(timing.median_s)} (mean {_micros(timing.mean_s)})"


def _factor(measurement: Measurement, case: Case, peer: str) -> str:
    """How many times faster a system is than a peer; where landmarks tick, by its mean."""
    ours = measurement.timings.get(case)
    theirs = measurement.timings.get(Case(peer, case.output, case.scope, case.window))
    if ours is None or theirs is None:
        return "-"
    times = ours.means if SYSTEMS[case.system].ticks and ours.means else ours.medians
    value = quotient(theirs.medians, times)
    return f"{value:,.2f}" if value < 100 else f"{value:,.0f}"


def _micros(seconds: float) -> str:
    return f"{seconds * 1e6:,.0f}"
