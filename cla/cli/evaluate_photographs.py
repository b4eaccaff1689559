"""`cla evaluate hands --clips FOLDER`: hand signs judged on anybody's photographs."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cla.cli.tables import print_rows
from cla.cli.terminal import Terminal, progress_bar, share_text
from cla.evaluation.lanes import row_name
from cla.evaluation.photographs import JUDGED_LANES, SHOWN_S, find_photographs, judge, show
from cla.files import write_file
from cla.models import TaskModel, lane_title
from cla.options import Options


def main(task: TaskModel, argv: Sequence[str]) -> int:
    """Judge, print the table, and write it where that is asked for.

    Raises:
        ClaError: there are no photographs, or one cannot be read.
    """
    parser = Options(
        prog="cla evaluate hands",
        description="Judge hand signs on photographs CLASS/*.jpg, in folders named as the signs "
        "are; those in folders of other names must be called none. Each is shown for "
        f"{SHOWN_S:g} s by a camera that shakes a little, and named by most of its last second.",
    )
    parser.add_argument("--clips", type=Path, required=True, metavar="FOLDER",
                        help="the folders of photographs")  # fmt: skip
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures too")
    options = parser.parse_args(argv)
    paths = find_photographs(options.clips)
    with progress_bar(Terminal(stderr=True)) as progress:
        work = progress.add_task("looking", total=len(paths))
        shown = list(show(paths, task.labels, lambda: progress.advance(work)))
    figures = judge(task, shown)
    _print(figures, Terminal())
    if options.json:
        write_file(options.json, f"{json.dumps(figures, indent=2)}\n".encode())
    return 0


def _print(figures: Mapping[str, Mapping[str, Any]], console: Terminal) -> None:
    rows = [
        [
            f"{folder}, {lane_title(str(lane))}",
            str(row["photographs"]),
            f"{100 * row['hand_found']:.1f}",
            share_text(row[row_name(lane)]["share"], row[row_name(lane)]["interval"]),
        ]
        for folder, row in figures.items()
        for lane in JUDGED_LANES
    ]
    headings = ["folder and attention", "photographs", "hand, %", "right, % (95 % interval)"]
    print_rows(console, headings, rows)
