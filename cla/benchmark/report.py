"""A measurement as tables for people, as Markdown, and as one JSON object."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

from cla.attention.config import OutputMode
from cla.benchmark.cases import GROWTH, SYSTEMS, Case, Scope
from cla.benchmark.classifiers import STREAMS
from cla.benchmark.ratios import Ratio, ratios, worst_of_goals
from cla.benchmark.run import Measurement
from cla.benchmark.sizes import EMBED_DIM, HEADS, LANDMARKS

OUTPUTS: tuple[OutputMode, ...] = ("single_output", "retroactive")
SCOPES: dict[Scope, str] = {"product": "the attention product alone", "layer": "a whole layer"}


def as_dict(measurement: Measurement) -> dict[str, Any]:
    """One JSON object: times in seconds, rates in tokens a second."""
    times = measurement.classifier
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
        "classifier": times
        and {
            "tokens": times.tokens,
            "stepped_tokens_per_s": times.stepped,
            "scanned_tokens_per_s": times.scanned,
            "streams": STREAMS,
            "batched_tokens_per_s": times.batched,
        },
        "ratios": [
            {
                "name": ratio.name,
                "place": ratio.place,
                "windows": ratio.windows,
                "value": ratio.value,
                "least": ratio.least,
                "most": ratio.most,
                "met": ratio.met,
            }
            for ratio in ratios(measurement)
        ],
    }


def print_report(measurement: Measurement, console: Console) -> None:
    """Print all tables for people."""
    console.print(heading(measurement), highlight=False)
    for rows in _tables(measurement, ratios(measurement)):
        table = Table(title=rows.title)
        for index, column in enumerate(rows.header):
            table.add_column(column, justify="right" if index else "left")
        for row in rows.rows:
            table.add_row(*row)
        console.print(table)


def markdown(measurement: Measurement) -> str:
    """The tables as Markdown; of the ratios those with a goal, at the window that is worst off."""
    parts = [heading(measurement)]
    for table in _tables(measurement, worst_of_goals(ratios(measurement))):
        parts.append(f"{table.title}:\n\n{_markdown_table(table)}")
    return "\n\n".join(parts) + "\n"


def _markdown_table(table: "_Rows") -> str:
    rule = ["---", *["---:"] * (len(table.header) - 1)]
    return "\n".join(f"| {' | '.join(line)} |" for line in (table.header, rule, *table.rows))


def heading(measurement: Measurement) -> str:
    """What was measured on what, and what was not."""
    versions = ", ".join(f"{name} {found}" for name, found in measurement.versions.items() if found)
    return (
        f"E = {EMBED_DIM}, {HEADS} heads, M = {LANDMARKS}, float32, one stream, one thread; "
        f"{measurement.device}; {versions}.{_missing(measurement)}"
    )


def _missing(measurement: Measurement) -> str:
    said = ""
    if not measurement.complete:
        said += " Interrupted: what follows is what was measured until then."
    if measurement.left_out:
        names = ", ".join(
            sorted({f"{case.system} at N = {case.window:,}" for case in measurement.left_out})
        )
        said += f" Too slow for the time given, and left out in part or whole: {names}."
    return said


class _Rows(NamedTuple):
    title: str
    header: list[str]
    rows: list[list[str]]


def _tables(measurement: Measurement, found: Sequence[Ratio]) -> Iterator[_Rows]:
    windows = sorted({case.window for case in measurement.timings if case.group != GROWTH})
    header = ["system", *(f"N = {window:,}" for window in windows)]
    for output in OUTPUTS:
        for scope, what in SCOPES.items():
            rows = [
                [system, *(_cell(measurement, system, output, scope, n) for n in windows)]
                for system in SYSTEMS
            ]
            title = f"Time of a step in µs, {output.replace('_', '-')}, {what}"
            yield _Rows(title, header, [row for row in rows if set(row[1:]) - {"-"}])
    header = ["what", "where", "N", "ratio", "goal", ""]
    yield _Rows("How they compare", header, [_ratio_row(ratio) for ratio in found])


def _cell(
    measurement: Measurement, system: str, output: OutputMode, scope: Scope, window: int
) -> str:
    timing = measurement.timings.get(Case(f"N = {window}", system, output, scope, window))
    if timing is None:
        return "-"
    if timing.mean_s is None or not SYSTEMS[system].ticks:
        return _micros(timing.median_s)
    return f"{_micros(timing.median_s)} (mean {_micros(timing.mean_s)})"


def _ratio_row(ratio: Ratio) -> list[str]:
    value = f"{ratio.value:,.2f}" if ratio.value < 100 else f"{ratio.value:,.0f}"
    goal = ""
    if ratio.least is not None:
        goal = f"at least {ratio.least:,g}"
    elif ratio.most is not None:
        goal = f"at most {ratio.most:,g}"
    judged = {True: "met", False: "missed", None: ""}[ratio.met]
    return [ratio.name, ratio.place, ratio.windows, value, goal, judged]


def _micros(seconds: float) -> str:
    return f"{seconds * 1e6:,.0f}"
