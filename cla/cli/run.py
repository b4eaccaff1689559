"""`cla run`: lanes in lockstep on a file, a microphone or a camera."""

import argparse
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from functools import partial
from typing import Any

import torch

from cla.attention import LOW_RANK, REFERENCE
from cla.cli.progress import Faults, RunProgress
from cla.cli.signals import unbroken
from cla.cli.sources import (
    DEFAULT_LANES,
    add_lane_arguments,
    add_source_arguments,
    default_task,
    is_live,
    lanes_of,
    open_source,
    say_limits,
    source_name,
)
from cla.cli.summary import Summary, print_json, print_table, refuse_two_outputs
from cla.cli.terminal import Terminal, warn
from cla.engine import Feeder, NoticeRecord, Record, Recorder, Session, kernels, stream_of
from cla.errors import ClaError
from cla.models import open_task
from cla.options import Options, positive
from cla.telemetry import STANDARD_OUTPUT, TokenRecord, device_name, open_writer

POLL_S = 0.2
USER_ERROR = 2


def main(argv: Sequence[str]) -> int:
    """Run the command; the source's end, a fault or a signal closes everything.

    Returns:
        0; or 2 after faults, which have been said.

    Raises:
        ClaError: wrong options or input; what came before has been reported.
    """
    parser = _parser()
    options = parser.parse_args(argv)
    refuse_two_outputs(parser, options)
    # A step is too small to share: more threads make it slower.
    torch.set_num_threads(1)
    task = open_task(options.task or default_task(options)).on(options.device)
    lanes = lanes_of(options)
    name = source_name(options)
    faults = Faults()
    with ExitStack() as stack:
        source = open_source(options, task)
        stack.enter_context(source)
        say_limits(source, recorded=options.record is not None)
        live = is_live(source)
        # Two runs of one file are the same where kernels lie compiled: they are loaded first.
        kernels().settle()
        stream = stream_of(task, source)
        session: Session[Any] = Session(task, lanes, stream, live=live, kernels=kernels())
        summary = Summary(
            name, task.name, [lane.name for lane in session.lanes.lanes], device_name(task.device)
        )
        stack.push(partial(_report, summary, options, faults))
        stack.callback(_close, session, summary, faults)
        if options.record:
            session.start_recording(Recorder(options.record, source=name))
        writer = stack.enter_context(open_writer(options.out)) if options.out else None
        progress = stack.enter_context(RunProgress(name, live=live, duration_s=source.duration_s))
        feeder = stack.enter_context(closing(Feeder(session, source)))
        for record in _records(session):
            summary.duration_s = feeder.media_s
            if not isinstance(record, TokenRecord):
                _hear(record, summary, faults)
                continue
            if options.seconds is not None and record.time_s > options.seconds:
                break
            with unbroken():
                summary.add(record)
                if writer:
                    writer.write(record)
            progress.show(record)
        summary.duration_s = feeder.media_s
        if writer:
            with unbroken():
                writer.close()
    return USER_ERROR if faults.met else 0


def _records(session: Session[Any]) -> Iterator[Record]:
    ended = False
    while not ended:
        # In this order: what was recorded just before the end is still there.
        ended = session.wait_finished(0)
        yield from session.drain(timeout_s=POLL_S)


def _hear(record: Record, summary: Summary, faults: Faults) -> None:
    if isinstance(record, NoticeRecord):
        summary.notices.append(record.message)
        warn(record.message)
    faults.take(record)


def _close(session: Session[Any], summary: Summary, faults: Faults) -> None:
    """End the session and its recording, and say what went wrong until then."""
    session.close()
    while not session.wait_finished(POLL_S):
        pass  # a recording is brought to a slow disk
    for record in session.drain():
        _hear(record, summary, faults)


def _report(
    summary: Summary,
    options: argparse.Namespace,
    faults: Faults,
    kind: type[BaseException] | None,
    *_: object,
) -> None:
    """Print what the run amounts to, unless it failed before there was anything."""
    failed = faults.met or (kind is not None and issubclass(kind, ClaError))
    if failed and not summary.tokens:
        return
    if options.json:
        print_json(summary.as_dict())
    else:
        print_table(summary, Terminal(stderr=options.out == STANDARD_OUTPUT))


def _parser() -> Options:
    parser = Options(
        prog="cla run",
        description="Run the lanes on a sound or video file, a microphone or a camera.",
        examples=(
            "cla run clip.wav",
            "cla run --microphone --seconds 30 --record talk",
            f"cla run hands.mp4 --task hands --lanes {REFERENCE},{LOW_RANK}:8",
            "cla run clip.wav --out - | head",
        ),
    )
    add_source_arguments(parser)
    parser.add_argument(
        "--task",
        help="what to recognize: digits, hands, sounds, or a file that `cla teach` has written "
        "(default: hands for a camera, else digits)",
    )
    parser.add_argument(
        "--seconds",
        type=positive,
        metavar="S",
        help="stop after so much media time (default: the end)",
    )
    add_lane_arguments(parser, DEFAULT_LANES)
    parser.add_argument(
        "--device",
        default="cpu",
        metavar="NAME",
        help="where lanes step: cpu, the faster for one stream, cuda or mps (default: cpu)",
    )
    parser.add_argument(
        "--record", metavar="FOLDER", help="record the session to a new folder, for cla replay"
    )
    parser.add_argument(
        "--out",
        metavar="FILE",
        help="write rows to FILE (.parquet, .csv or .jsonl) at the end, or to - as JSON "
        "lines as they come",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object, not a table")
    return parser
