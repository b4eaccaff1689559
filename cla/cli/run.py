"""`cla run`: lanes in lockstep on a file, a microphone or a camera."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any

import torch
from rich.console import Console

from cla.cli.lanes import lane_configs
from cla.cli.progress import RunProgress
from cla.cli.sources import default_task, is_live, open_source, source_name
from cla.cli.summary import Summary, print_json, print_table
from cla.engine import (
    FaultRecord,
    Feeder,
    NoticeRecord,
    Recorder,
    RecordingRecord,
    Session,
    kernels,
    stream_of,
)
from cla.errors import ClaError
from cla.models import open_task
from cla.telemetry import TokenRecord, device_name, open_writer

POLL_S = 0.2


def run(options: argparse.Namespace) -> int:
    """Run the command; the source's end or an interruption closes everything.

    Raises:
        ClaError: wrong options or input; what came before has been reported.
    """
    # A step is too small to share: more threads make it slower.
    torch.set_num_threads(1)
    task = open_task(options.task or default_task(options)).on(options.device)
    lanes = lane_configs(options)
    name = source_name(options)
    with ExitStack() as stack:
        source = open_source(options, task)
        stack.enter_context(source)
        live = is_live(source)
        # Two runs of one file are the same where kernels lie compiled: they are loaded first.
        kernels().settle()
        stream = stream_of(task, source)
        session: Session[Any] = Session(task, lanes, stream, live=live, kernels=kernels())
        stack.enter_context(closing(session))
        if options.record:
            session.start_recording(Recorder(options.record, source=name))
        writer = stack.enter_context(open_writer(options.out)) if options.out else None
        duration_s = getattr(source, "duration_s", None)
        progress = stack.enter_context(RunProgress(name, live=live, duration_s=duration_s))
        feeder = stack.enter_context(closing(Feeder(session, source)))
        summary = Summary(
            name, task.name, [lane.name for lane in session.lanes.lanes], device_name(task.device)
        )
        try:
            for record in _tokens(session, options.seconds, summary.notices):
                summary.add(record)
                if writer:
                    writer.write(record)
                progress.show(record)
        finally:
            summary.duration_s = feeder.media_s
            for notice in summary.notices:
                print(f"cla: {notice}", file=sys.stderr)
            if summary.tokens or not isinstance(sys.exception(), ClaError):
                if options.json:
                    print_json(summary.as_dict())
                else:
                    print_table(summary, Console())
    return 0


def _tokens(
    session: Session[Any], seconds: float | None, notices: list[str]
) -> Iterator[TokenRecord]:
    """Yields the tokens' records up to the end, then raises the first fault that was met.

    Args:
        notices: is given what the source says of itself.
    """
    fault: FaultRecord | RecordingRecord | None = None
    ended = False
    while not ended:
        # In this order: what was recorded just before the end is still there.
        ended = session.wait_finished(0)
        for record in session.drain(timeout_s=POLL_S):
            if isinstance(record, TokenRecord):
                if seconds is not None and record.time_s > seconds:
                    return
                yield record
            elif isinstance(record, NoticeRecord):
                notices.append(record.message)
            elif isinstance(record, FaultRecord) or (
                isinstance(record, RecordingRecord) and record.message
            ):
                fault = fault or record
    if fault:
        raise ClaError(fault.message, fault.remedy)
