"""`cla export`: a task's classifier as a file that runs without this library."""

import argparse
import logging
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from cla.attention import DEFAULT_LANDMARKS, KINDS, LOW_RANK, LandmarkMode
from cla.cli.terminal import say
from cla.errors import ClaError
from cla.export import ExportFormat, export_task, format_of
from cla.models import LaneSpec, open_task
from cla.options import Options

MAX_STREAMS = 4_096


def main(argv: Sequence[str]) -> int:
    """Run the command.

    Raises:
        ClaError: the classifier cannot be configured or written so.
    """
    options = _parser().parse_args(argv)
    if not 1 <= options.streams <= MAX_STREAMS:
        raise ClaError("streams_out_of_range", streams=options.streams, most=MAX_STREAMS)
    form = options.format or format_of(options.out)
    task = open_task(options.task)
    lane = LaneSpec(options.kind, options.landmarks, options.landmark_mode, options.window)
    classifier = task.lane(lane)
    logging.disable(logging.WARNING)  # exporters report on packages that play no part here
    try:
        with warnings.catch_warnings(action="ignore"):
            written = export_task(task, classifier, options.out, form, options.streams)
    finally:
        logging.disable(logging.NOTSET)
    for path in written:
        say(f"{path}: {path.stat().st_size / 1e6:.1f} MB")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = Options(
        prog="cla export",
        description="Write one step of a task's classifier, state in and state out, to a file.",
        examples=("cla export digits.onnx", "cla export hands.pt2 --task hands --landmarks 8"),
    )
    parser.add_argument("out", type=Path, metavar="OUT", help="a file .onnx or .pt2")
    parser.add_argument("--task", default="digits", help="default: %(default)s")
    parser.add_argument(
        "--kind",
        choices=tuple(KINDS),
        default=LOW_RANK,
        help="attention (default: %(default)s)",
    )
    parser.add_argument(
        "--landmarks",
        type=int,
        default=DEFAULT_LANDMARKS,
        metavar="COUNT",
        help="default: %(default)s",
    )
    parser.add_argument("--landmark-mode", choices=get_args(LandmarkMode), default="fixed")
    parser.add_argument(
        "--window", type=int, metavar="TOKENS", help="tokens attended (default: the task's)"
    )
    parser.add_argument(
        "--streams", type=int, default=1, metavar="B", help="in one state (default: %(default)s)"
    )
    parser.add_argument(
        "--format", choices=get_args(ExportFormat), help="default: the one that OUT's ending names"
    )
    return parser
