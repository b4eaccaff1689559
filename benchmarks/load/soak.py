"""One session for hours, with sliders moving: what it holds stays the same, and so do its numbers.

The session is recorded; an offline run of the recorded input and commands must then give every
probability bit for bit.

Run: python benchmarks/load/soak.py [--minutes 120] [--speed 0]
"""

import argparse
import gc
import itertools
import tempfile
import threading
import time
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
import torch
from rich.console import Console
from rich.table import Table
from simulated import PACKET, PACKET_S, speech

from cla.engine import (
    Command,
    Recorder,
    Recording,
    ReplayCheck,
    ReplayConfig,
    Session,
    SetEmit,
    SetLandmarkMode,
    SetLandmarks,
    SetLanes,
    replay,
    sound_stream,
)
from cla.features import SAMPLE_RATE_HZ
from cla.models import LaneSpec, load_task
from cla.telemetry import TokenRecord, device_name

SLIDER_S = 2.0
LANES = (LaneSpec("full"), LaneSpec("continual_nystrom", 16))
MOVES: tuple[Command, ...] = (
    SetLandmarks(2),
    SetLandmarks(64),
    SetLandmarkMode("continual"),
    SetLandmarks(8),
    SetLanes(tuple(replace(lane, window=60) for lane in LANES)),
    SetLandmarkMode("fixed"),
    SetLandmarks(16),
    SetLanes(LANES),
)


@dataclass(frozen=True)
class Held:
    """What the process holds at one moment."""

    media_s: float
    memory_mib: float
    threads: int
    files: int


def held(media_s: float) -> Held:
    """Now, with what nobody needs any more given back."""
    gc.collect()
    process = psutil.Process()
    memory_mib = process.memory_info().rss / 2**20
    return Held(media_s, memory_mib, threading.active_count(), process.num_fds())


def soak(session: Session, minutes: float, speed: float) -> tuple[int, list[Held]]:
    """Feed the session; returns the tokens it recorded and what was held, 12 times."""
    sound, moves = speech(), itertools.cycle(MOVES)
    packets = round(minutes * 60 / PACKET_S)
    each, tokens, seen = max(packets // 12, 1), 0, []
    start_s = time.monotonic()
    for index in range(packets):
        if speed:
            time.sleep(max(start_s + index * PACKET_S / speed - time.monotonic(), 0))
        at = index * PACKET % len(sound)
        while not session.push(sound[at : at + PACKET], timeout_s=1.0):
            tokens += _count(session)
        if index % round(SLIDER_S / PACKET_S) == 0:
            session.send(next(moves))
        tokens += _count(session)
        if index % each == 0 and index:
            seen.append(held(index * PACKET_S))
    session.finish()
    while not session.wait_finished(0):
        tokens += _count(session)
    return tokens + _count(session), seen


def _count(session: Session) -> int:
    return sum(isinstance(record, TokenRecord) for record in session.drain())


def main() -> None:
    """Run, replay and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=120, help="of media")
    parser.add_argument("--speed", type=float, default=0, help="1: real time, 0: no wait")
    options = parser.parse_args()
    torch.set_num_threads(1)
    task = load_task()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "session"
        stream = sound_stream(task, SAMPLE_RATE_HZ)
        start_s = time.monotonic()
        with closing(Session(task, LANES, stream, live=False)) as session:
            session.send(SetEmit(True))
            session.start_recording(Recorder(folder, source="soak"))
            tokens, seen = soak(session, options.minutes, options.speed)
        took_s = time.monotonic() - start_s
        recording = Recording(folder)
        check = ReplayCheck(recording)
        for record in replay(recording, task, ReplayConfig()):
            if isinstance(record, TokenRecord):
                check.add(record)
        check.finish()
    table = Table("media, min", "memory, MiB", "threads", "files")
    for one in seen:
        row = (f"{one.media_s / 60:.0f}", f"{one.memory_mib:.1f}", str(one.threads), str(one.files))
        table.add_row(*row)
    console = Console(width=100)
    console.print(f"{options.minutes:g} min of media in {took_s / 60:.1f} min; {device_name()}")
    console.print(table)
    console.print(
        f"{tokens} tokens; replayed bit for bit: {check.equal} ({check.compared} compared)"
    )


if __name__ == "__main__":
    main()
