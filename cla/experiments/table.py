"""Rows of many runs as the paper's table: mean and deviation over seeds."""

import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from cla.errors import ClaError
from cla.files import make_folder, write_file

GROUP = ("dataset", "window", "layers", "stack", "trained_with", "system", "landmarks")
"""What rows have in common that differ in seed and fold alone."""
SCORES = {
    "stream_clips": "clips, %",
    "stream_tokens": "tokens, %",
    "window_clips": "clips by window, %",
    "stream_found": "found, %",
    "stream_agreement": "same label as full, %",
    "stream_average_precision": "mAP, %",
    "stream_calibrated": "mcAP, %",
    "stream_f1": "F1, %",
}
COSTS = {
    "operations": "operations a step",
    "published": "as published",
    "parameters": "parameters",
    "state_bytes": "state, bytes",
    "step_us": "step, µs",
}
FORMATS = (".csv", ".md", ".tex")


class Cell(NamedTuple):
    """A mean, and the deviation over seeds where there are several."""

    mean: float
    deviation: float | None = None

    def text(self, form: str) -> str:
        """As a number, with its deviation."""
        if self.deviation is None:
            return format(self.mean, form)
        return f"{self.mean:{form}} ± {self.deviation:{form}}"


class Line(NamedTuple):
    """One line of the table; values by the names of the rows' columns."""

    group: dict[str, Any]
    values: dict[str, Cell]
    runs: int


def summarize(rows: Iterable[dict[str, Any]]) -> list[Line]:
    """A line for each system, small windows and few layers first.

    Folds of one seed count together, seeds give mean and deviation.
    """
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault(tuple(row[name] for name in GROUP), []).append(row)
    lines = []
    sizes = [GROUP.index(name) for name in ("window", "layers", "stack")]
    for key, members in sorted(groups.items(), key=lambda one: [one[0][size] for size in sizes]):
        values = {}
        for name in (*SCORES, *COSTS):
            by_seed: dict[int, list[float]] = {}
            for row in members:
                if row.get(name) is not None:
                    by_seed.setdefault(row["seed"], []).append(row[name])
            if by_seed:
                values[name] = _cell([statistics.fmean(one) for one in by_seed.values()], name)
        lines.append(Line(dict(zip(GROUP, key, strict=True)), values, len(members)))
    return lines


def _cell(means: Sequence[float], name: str) -> Cell:
    if name in COSTS:
        return Cell(statistics.median(means))
    return Cell(statistics.fmean(means), statistics.stdev(means) if len(means) > 1 else None)


def headings(lines: Sequence[Line]) -> list[str]:
    """The columns that any line has."""
    present = {name for line in lines for name in line.values}
    named = [*SCORES.items(), *COSTS.items()]
    return ["N", "layers", "trained with", "system", "M", *(text for name, text in named
            if name in present)]  # fmt: skip


def cells(lines: Sequence[Line]) -> list[list[str]]:
    """The table's texts, under `headings`."""
    present = {name for line in lines for name in line.values}
    table = []
    for line in lines:
        group = line.group
        row = [str(group["window"]), _depth(group), group["trained_with"], group["system"]]
        row.append(str(group["landmarks"] or ""))
        for name in (*SCORES, *COSTS):
            if name in present:
                cell = line.values.get(name)
                form = ".1f" if name in SCORES else ",.0f"
                row.append("" if cell is None else cell.text(form))
        table.append(row)
    return table


def _depth(group: dict[str, Any]) -> str:
    """The number of layers, and how they see the past where that is not the paper's way."""
    cascaded = group["stack"] not in ("", "retroactive")
    return f"{group['layers']}, {group['stack']}" if cascaded else str(group["layers"])


def write_table(lines: Sequence[Line], path: Path) -> None:
    """Write the table as CSV (numbers apart from deviations), Markdown or LaTeX, by its ending.

    Raises:
        ClaError: another ending, or it cannot be written.
    """
    if path.suffix not in FORMATS:
        raise ClaError("table_ending_unknown", file=path.name, choices=", ".join(FORMATS))
    make = {".csv": _csv, ".md": markdown, ".tex": _latex}[path.suffix]
    make_folder(path.parent)
    write_file(path, make(lines).encode())


def markdown(lines: Sequence[Line]) -> str:
    """The table as Markdown."""
    names = headings(lines)
    rules = ["---"] * 4 + ["---:"] * (len(names) - 4)
    table = [names, rules, *cells(lines)]
    return "".join("| " + " | ".join(row) + " |\n" for row in table)


def _latex(lines: Sequence[Line]) -> str:
    names = headings(lines)
    escape = str.maketrans({"%": r"\%", "_": r"\_", "±": r"$\pm$", "µ": r"$\mu$"})
    body = [" & ".join(row).translate(escape) + r" \\" for row in [names, *cells(lines)]]
    columns = "rrll" + "r" * (len(names) - 4)
    return "\n".join(
        [rf"\begin{{tabular}}{{{columns}}}", r"\hline", body[0], r"\hline", *body[1:], r"\hline",
         r"\end{tabular}", ""]
    )  # fmt: skip


def _csv(lines: Sequence[Line]) -> str:
    import csv
    import io

    names = [name for name in (*SCORES, *COSTS) if any(name in line.values for line in lines)]
    columns = [*GROUP, "runs"]
    for name in names:
        columns += [name, f"{name}_deviation"] if name in SCORES else [name]
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    for line in lines:
        row: dict[str, Any] = {**line.group, "runs": line.runs}
        for name, cell in line.values.items():
            row[name] = round(cell.mean, 4)
            if name in SCORES:
                row[f"{name}_deviation"] = (
                    "" if cell.deviation is None else round(cell.deviation, 4)
                )
        writer.writerow(row)
    return text.getvalue()
