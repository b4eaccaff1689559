"""`cla evaluate`: the paper's table and figure of runs that are done."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from cla.cli import evaluate_clips, evaluate_photographs
from cla.cli.experiment_options import require_extra
from cla.cli.tables import print_rows
from cla.cli.terminal import Terminal
from cla.errors import ClaError
from cla.models import load_task, tasks
from cla.options import Options


def main(argv: Sequence[str]) -> int:
    """Print the table, write it where that is asked for; `--clips` judges what is labeled instead.

    Raises:
        ClaError: nothing has been run there yet, or a file cannot be written; or see
            `evaluate_clips` and `evaluate_photographs`.
    """
    judges = {"digits": evaluate_clips.main, "hands": evaluate_photographs.main}
    if argv and argv[0] in judges and any(one.startswith("--clips") for one in argv):
        return judges[argv[0]](load_task(argv[0]), argv[1:])
    parser = Options(
        prog="cla evaluate",
        description="Print the table of trained runs: mean and deviation over seeds. To judge "
        "recordings of spoken digits or photographs of hands: cla evaluate digits (or hands) "
        "--clips FOLDER --help.",
        examples=("cla evaluate work --table table.md", "cla evaluate digits"),
    )
    parser.add_argument("source", help="a run, a --work-dir, a results.parquet, or a task: digits")
    parser.add_argument("--table", type=Path, action="append", default=[], metavar="FILE",
                        help="write the table too: .csv, .md or .tex")  # fmt: skip
    parser.add_argument("--figure", type=Path, action="append", default=[], metavar="FILE",
                        help="draw accuracy against operations (.html, .json, .png)")  # fmt: skip
    parser.add_argument("--time-steps", action="store_true",
                        help="measure the times of steps anew, all lanes in turn")  # fmt: skip
    options = parser.parse_args(argv)
    require_extra()
    from cla.experiments.figure import write_figure
    from cla.experiments.run_one import retimed
    from cla.experiments.table import summarize, write_table

    rows = rows_of(options.source)
    if options.time_steps and options.source not in tasks():  # those of a task are always new
        rows = retimed(rows, Path(options.source))
    lines = summarize(rows)
    print_lines(lines, Terminal())
    for path in options.table:
        write_table(lines, path)
    for path in options.figure:
        write_figure(lines, path)
    return 0


def rows_of(source: str) -> list[dict[str, Any]]:
    """The rows of a table, of a run, of all runs in a folder, or of a task that is here.

    Raises:
        ClaError: there are none.
    """
    from cla.experiments.run_one import ROWS_FILE
    from cla.experiments.shipped import rows_of_task
    from cla.experiments.sweep import RESULTS_FILE, read_results

    if source in tasks():
        return rows_of_task(load_task(source))
    path = Path(source)
    if path.suffix == ".parquet" and path.exists():
        return read_results(path)
    if (path / RESULTS_FILE).exists():
        return read_results(path / RESULTS_FILE)
    rows: list[dict[str, Any]] = []
    for found in sorted(path.rglob(ROWS_FILE)):
        rows += json.loads(found.read_text("utf-8"))
    if not rows:
        raise ClaError("runs_missing", folder=source)
    return rows


def print_lines(lines: Sequence[Any], console: Console) -> None:
    """Print the table."""
    from cla.experiments.table import cells, headings

    print_rows(console, headings(lines), cells(lines), name_at=3)
