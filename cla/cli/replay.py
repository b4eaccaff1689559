"""`cla replay`: a recorded session run again, and whether that gives the same."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import torch

from cla.attention import LOW_RANK, REFERENCE
from cla.attention.kernels.ahead import compiled
from cla.cli.signals import unbroken
from cla.cli.sources import add_lane_arguments, lanes_of
from cla.cli.summary import Summary, print_json, print_table, refuse_two_outputs
from cla.cli.terminal import Terminal, say, warn
from cla.engine import Recording, ReplayCheck, ReplayConfig, changes, replay
from cla.models import TaskModel, lane_names, open_task
from cla.options import Options
from cla.printable import printable
from cla.telemetry import STANDARD_OUTPUT, TokenRecord, device_name, open_writer

DIFFERS = 1


def main(argv: Sequence[str]) -> int:
    """Run the command; returns 1 where `--compare` finds a difference.

    Raises:
        ClaError: the folder holds no session, or one that cannot be replayed.
    """
    parser = _parser()
    options = parser.parse_args(argv)
    refuse_two_outputs(parser, options)
    torch.set_num_threads(1)  # as many as it was recorded with: others round otherwise
    recording = Recording(options.folder)
    task = open_task(options.task) if options.task else recording.task()
    lanes = tuple(lanes_of(options)) if options.lanes else None
    names = lane_names(lanes or recording.manifest.lanes)
    summary = Summary(printable(options.folder), task.name, names, device_name())
    check = None if lanes else ReplayCheck(recording)
    if recording.by_kernels and not compiled():
        warn("What ran by compiled kernels runs by them: compiling them first.")
    with ExitStack() as stack:
        writer = stack.enter_context(open_writer(options.out)) if options.out else None
        for record in replay(recording, task, ReplayConfig(lanes)):
            if isinstance(record, TokenRecord):
                with unbroken():
                    summary.add(record)
                    if check:
                        check.add(record)
                    if writer:
                        writer.write(record)
        if writer:
            with unbroken():
                writer.close()
    summary.duration_s = recording.duration_s
    if check:
        check.finish()
    verdict = _verdict(recording, task, check)
    if options.json:
        print_json({**summary.as_dict(), "replay": verdict})
    else:
        aside = options.out == STANDARD_OUTPUT
        print_table(summary, Terminal(stderr=aside))
        for sentence in _sentences(verdict):
            (warn if aside else say)(sentence)
    return DIFFERS if options.compare and verdict["equal"] is False else 0


def _verdict(recording: Recording, task: TaskModel, check: ReplayCheck | None) -> dict[str, Any]:
    """What the replay says about the recording; `equal` is null where other lanes ran."""
    return {
        "cut_off": recording.cut_off,
        "equal": check.equal if check else None,
        "tokens_compared": check.compared if check else 0,
        "tokens_beyond": check.beyond if check else 0,
        "difference": str(check.difference) if check and check.difference else None,
        "changes": changes(recording, task),
    }


def _sentences(verdict: dict[str, Any]) -> list[str]:
    said = []
    if verdict["cut_off"]:
        said.append("The recording was cut off: its process was killed, or its disk was full.")
    if verdict["equal"]:
        said.append(f"Equal to the recording, bit for bit: {verdict['tokens_compared']:,} tokens.")
    if verdict["equal"] is False:
        said.append(f"Not equal to the recording, first at {verdict['difference']}.")
        said += [f"Changed since: {', '.join(verdict['changes'])}."] if verdict["changes"] else []
    if verdict["tokens_beyond"]:
        said.append(f"{verdict['tokens_beyond']} tokens of its end had not been recorded.")
    return said


def _parser() -> Options:
    parser = Options(
        prog="cla replay",
        description="Run a recorded session again, with the same input and the same commands.",
        examples=("cla replay talk --compare", f"cla replay talk --lanes {REFERENCE},{LOW_RANK}:4"),
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="as cla run --record makes it")
    parser.add_argument(
        "--compare", action="store_true", help="exit with 1 where anything is not as recorded"
    )
    parser.add_argument(
        "--task", help="run another task: its name or its file (default: the one recorded)"
    )
    add_lane_arguments(parser, default=None)
    parser.add_argument("--out", metavar="FILE", 
                        help="write rows to FILE (.parquet, .csv, .jsonl), or to -")  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser
