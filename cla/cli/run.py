"""`cla run`: lanes in lockstep on a sound file."""

import argparse
import json
import sys
from contextlib import AbstractContextManager, ExitStack, nullcontext
from typing import get_args

import torch
from rich.console import Console
from rich.progress import Progress

from cla.attention import AttentionKind
from cla.capture import AudioFile, open_audio
from cla.cli.summary import Summary, print_table
from cla.engine import Comparison, LaneConfig
from cla.errors import ClaError
from cla.features import SpeechTokenizer
from cla.models import load_task
from cla.telemetry import RecordWriter, open_writer
from cla.types import Token

LANDMARK_KINDS = ("nystrom", "continual_nystrom")


def run(options: argparse.Namespace) -> int:
    """Run the command; the file's end or an interruption closes everything.

    Raises:
        ClaError: wrong options or input.
    """
    # A step is too small to share: more threads make it slower.
    torch.set_num_threads(1)
    task = load_task(options.task)
    comparison = Comparison(task, lane_configs(options))
    comparison.warm_up()
    summary = Summary(options.input, options.task, [lane.name for lane in comparison.lanes])
    with ExitStack() as stack:
        audio = stack.enter_context(open_audio(options.input))
        writer = stack.enter_context(open_writer(options.out)) if options.out else None
        progress = stack.enter_context(_progress())
        try:
            _run_lanes(audio, comparison, summary, writer, progress)
        except KeyboardInterrupt:
            _report(summary, options.json)
            raise
    _report(summary, options.json)
    return 0


def lane_configs(options: argparse.Namespace) -> list[LaneConfig]:
    """The lanes named on the command line.

    Raises:
        ClaError: an unknown kind, or a number of landmarks that is none or has no place.
    """
    configs = []
    for entry in options.lanes.split(","):
        kind, _, count = entry.strip().partition(":")
        if kind not in get_args(AttentionKind):
            raise ClaError(
                f"There is no lane {entry.strip()!r}.",
                f"Choose from {', '.join(get_args(AttentionKind))}, separated by commas.",
            )
        if count and not count.isdecimal():
            raise ClaError(f"{count!r} in {entry!r} is no number of landmarks.", "Write kind:16.")
        landmarks = int(count or options.landmarks) if kind in LANDMARK_KINDS else None
        if count and landmarks is None:
            raise ClaError(f"The lane {kind} has no landmarks.", f"Write {kind} alone.")
        configs.append(LaneConfig(kind, landmarks, options.landmark_mode, options.window))
    return configs


def _run_lanes(
    audio: AudioFile,
    comparison: Comparison,
    summary: Summary,
    writer: RecordWriter | None,
    progress: Progress | None,
) -> None:
    tokenizer = SpeechTokenizer(audio.sample_rate_hz)
    bar = progress.add_task(audio.name, total=audio.duration_s) if progress else None
    duration_s = 0.0

    def take(tokens: list[Token]) -> None:
        for token in tokens:
            record = comparison.step(token)
            summary.add(record)
            if writer:
                writer.write(record)

    for chunk in audio:
        duration_s = chunk.start_s + len(chunk.samples) / chunk.sample_rate_hz
        summary.duration_s = duration_s
        take(tokenizer.push(chunk.samples))
        if progress and bar is not None:
            progress.update(bar, completed=duration_s)
    take(tokenizer.flush())


def _progress() -> AbstractContextManager[Progress | None]:
    """A bar on the terminal; nothing where the output is no terminal."""
    console = Console(stderr=True)
    return Progress(console=console, transient=True) if console.is_terminal else nullcontext()


def _report(summary: Summary, as_json: bool) -> None:
    if as_json:
        json.dump(summary.as_dict(), sys.stdout, ensure_ascii=False, allow_nan=False)
        sys.stdout.write("\n")
    else:
        print_table(summary, Console())
