"""Tables that fit the terminal."""

import re
from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

LEAST_NAME = 14
"""Columns that names keep, however narrow the terminal."""
UNBOUNDED = 10_000


def print_rows(
    console: Console,
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    name_at: int = 0,
    title: str | None = None,
) -> None:
    """Print a table; in a narrow terminal names wrap, then columns at the right are left out.

    Args:
        name_at: the column of names, which are the widest; all from the next on may be left out.
    """
    unbounded = console.options.update(max_width=UNBOUNDED)
    longest = max((len(row[name_at]) for row in rows), default=0)
    for shown in range(len(headings), name_at, -1):
        whole = _table(headings[:shown], rows, (name_at, longest), None)
        over = console.measure(whole, options=unbounded).maximum - console.width
        if over <= 0 or longest - over >= LEAST_NAME or shown == name_at + 1:
            break
    width = max(longest - max(over, 0), LEAST_NAME)
    console.print(_table(headings[:shown], rows, (name_at, width), title))
    if shown < len(headings):
        left_out = ", ".join(headings[shown:])
        console.print(f"Left out of {console.width} columns: {left_out}.", highlight=False)


def _table(
    headings: Sequence[str], rows: Sequence[Sequence[str]], name: tuple[int, int], title: str | None
) -> Table:
    # Without rules between them, more columns fit.
    table = Table(title=title, box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    name_at, width = name
    for index, heading in enumerate(headings):
        table.add_column(heading, justify="left" if index == name_at else "right", overflow="fold")
    for row in rows:
        cells = list(row[: len(headings)])
        cells[name_at] = wrapped(cells[name_at], width)
        table.add_row(*cells)
    return table


def wrapped(name: str, width: int) -> str:
    """A name in lines of at most this width, broken behind spaces and the marks of names."""
    lines = [""]
    for word in re.findall(r"[^\s_/:@,]+[\s_/:@,]?|[\s_/:@,]", name):
        if lines[-1] and len(lines[-1] + word.rstrip()) > width:
            lines.append("")
        lines[-1] += word
    return "\n".join(line.rstrip() for line in lines)
