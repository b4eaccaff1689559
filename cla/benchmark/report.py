"""A measurement as tables for people, as Markdown, and as one JSON object."""

from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from cla.benchmark.cases import GROWTH, SYSTEMS, Case
from cla.benchmark.classifiers import STREAMS
from cla.benchmark.ratios import Ratio, ratios
from cla.benchmark.run import Measurement
from cla.benchmark.sizes import EMBED_DIM, HEADS, LANDMARKS


def as_dict(measurement: Measurement) -> dict[str, Any]:
    """One JSON object: times in seconds, rates in tokens a second."""
    times = measurement.classifier
    return {
        "device": measurement.device,
        "threads": 1,
        "versions": measurement.versions,
        "sizes": {"embed_dim": EMBED_DIM, "num_heads": HEADS, "num_landmarks": LANDMARKS},
        "cases": [
            {
                "group": case.group,
                "system": case.system,
                "output": case.output,
                "scope": case.scope,
                "window": case.window,
                "median_s": timing.median_s,
                "mean_s": timing.mean_s,
                "slowest_s": timing.worst_s,
                "steps": timing.steps,
            }
            for case, timing in measurement.timings.items()
        ],
        "classifier": {
            "tokens": times.tokens,
            "stepped_tokens_per_s": times.stepped,
            "scanned_tokens_per_s": times.scanned,
            "streams": STREAMS,
            "batched_tokens_per_s": times.batched,
        },
        "ratios": [
            {
                "setting": ratio.setting,
                "name": ratio.name,
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
    for title, header, rows in _tables(measurement):
        table = Table(title=title)
        for index, column in enumerate(header):
            table.add_column(column, justify="right" if index else "left")
        for row in rows:
            table.add_row(*row)
        console.print(table)


def markdown(measurement: Measurement) -> str:
    """The same tables as Markdown."""
    parts = [heading(measurement)]
    for title, header, rows in _tables(measurement):
        lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
        parts.append(f"{title}:\n\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines))
    return "\n\n".join(parts) + "\n"


def heading(measurement: Measurement) -> str:
    """What was measured on what."""
    versions = ", ".join(f"{name} {found}" for name, found in measurement.versions.items() if found)
    return (
        f"E = {EMBED_DIM}, {HEADS} heads, M = {LANDMARKS}, float32, one stream, one thread; "
        f"{measurement.device}; {versions}."
    )


def _tables(
    measurement: Measurement,
) -> Iterable[tuple[str, list[str], list[list[str]]]]:
    windows = sorted({case.window for case in measurement.timings if case.group != GROWTH})
    for output in ("single_output", "retroactive"):
        for scope, what in (("product", "the attention product alone"), ("layer", "a whole layer")):
            rows = [
                [system, *_row(measurement, system, output, scope, windows)] for system in SYSTEMS
            ]
            title = f"Time of a step in µs, {output.replace('_', '-')}, {what}"
            yield (
                title,
                ["system", *(f"N = {n:,}" for n in windows)],
                [row for row in rows if any(cell != "-" for cell in row[1:])],
            )
    found = ratios(measurement)
    yield (
        "How they compare",
        ["what", "ratio", "goal", "", "where"],
        [_ratio_row(ratio) for ratio in found],
    )


def _row(
    measurement: Measurement, system: str, output: str, scope: str, windows: Sequence[int]
) -> list[str]:
    cells = []
    for window in windows:
        case = Case(f"N = {window}", system, output, scope, window)  # type: ignore[arg-type]  # names of the cases
        timing = measurement.timings.get(case)
        if timing is None:
            cells.append("-")
        elif SYSTEMS[system].ticks:
            cells.append(f"{_micros(timing.median_s)} (mean {_micros(timing.mean_s)})")
        else:
            cells.append(_micros(timing.median_s))
    return cells


def _ratio_row(ratio: Ratio) -> list[str]:
    value = f"{ratio.value:,.2f}" if ratio.value < 100 else f"{ratio.value:,.0f}"
    goal = ""
    if ratio.least is not None:
        goal = f"at least {ratio.least:,g}"
    elif ratio.most is not None:
        goal = f"at most {ratio.most:,g}"
    judged = {True: "met", False: "missed", None: ""}[ratio.met]
    return [ratio.name, value, goal, judged, ratio.setting]


def _micros(seconds: float) -> str:
    return f"{seconds * 1e6:,.0f}"
