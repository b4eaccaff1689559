"""Live microphones of many visitors at once, over the real WebSocket: latency, gaps, CPU time.

Run: python benchmarks/load/sessions.py [--sessions 1 16 64] [--workers 2] [--seconds 60]; it
ends with 0 when all goals hold. All hear speech, in the lanes that a page begins with (full and
16 fixed landmarks, 120 tokens), with rows; `cla serve` and this script share the machine.
"""

import argparse
import asyncio
import os
import random
import sys
from pathlib import Path

import numpy as np
import psutil
from rich.console import Console
from rich.table import Table
from simulated import Heard, program, serving_programs, speak, speech

from cla.server.limits import SESSIONS_VARIABLE
from cla.telemetry import device_name

COME_S = 1.0
"""So long it takes until all have come."""
WARM_UP_S = 3.0
"""After which they are measured."""
HOP_S = 0.08
PAGE = Path(__file__).parents[2] / "docs" / "deploy.md"
BEGIN, END = "<!-- sessions -->", "<!-- end sessions -->"
MOST_CPU_MS = 20.0
"""Of a second of a session, everything included."""
MOST_P95_MS = {16: 80.0, 64: 300.0}
"""Of so many sessions at most."""


async def one(url: str, seconds: float) -> Heard:
    """One visitor, who comes at some moment."""
    await asyncio.sleep(random.random() * COME_S)
    async with program(url) as socket:
        await socket.recv()
        await socket.send('{"type": "emit", "emit": true}')
        return await speak(socket, speech(), seconds)


async def measure(
    url: str, server: psutil.Process, sessions: int, seconds: float
) -> tuple[list[Heard], float]:
    """What all visitors heard, and cores that the server took while all were there."""

    async def used() -> float:
        await asyncio.sleep(COME_S + WARM_UP_S)
        before, span_s = _cpu_s(server), seconds - COME_S - WARM_UP_S
        await asyncio.sleep(span_s)
        return (_cpu_s(server) - before) / span_s

    *heard, cores = await asyncio.gather(*(one(url, seconds) for _ in range(sessions)), used())
    return heard, cores


def _cpu_s(server: psutil.Process) -> float:
    processes = (server, *server.children(recursive=True))
    return sum(sum(process.cpu_times()[:2]) for process in processes)


def run(sessions: int, workers: int, seconds: float) -> tuple[dict[str, str], bool]:
    """A row of the table, and whether the goals hold."""
    limit = {SESSIONS_VARIABLE: str(max(sessions, 16))}
    with serving_programs(workers, **limit) as (started, url):
        server = psutil.Process(started.pid)
        heard, cores = asyncio.run(measure(url, server, sessions, seconds))
        processes = (server, *server.children(recursive=True))
        private_mib = sum(one.memory_full_info().uss for one in processes) / 2**20
    warm = round(WARM_UP_S / HOP_S)
    latencies = np.concatenate([one.latencies_ms[warm:] for one in heard])
    worst = max(float(np.percentile(one.latencies_ms[warm:], 95)) for one in heard)
    p95 = float(np.percentile(latencies, 95))
    gaps = sum(one.gap_s > 0 for one in heard)
    cpu_ms = 1e3 * cores / sessions
    most_ms = min((goal for count, goal in MOST_P95_MS.items() if sessions <= count), default=None)
    met = {
        f"p95 <= {most_ms:g} ms": p95 <= most_ms,
        "no gap": not gaps,
        f"CPU <= {MOST_CPU_MS:g} ms": cpu_ms <= MOST_CPU_MS,
    } if most_ms else {}  # fmt: skip
    row = {
        "sessions": f"{sessions}",
        "workers": f"{workers}",
        "fewest tokens": f"{min(one.tokens for one in heard)} of {round(seconds / HOP_S)}",
        "gaps": f"{gaps}",
        "faults": f"{sum(len(one.faults) for one in heard)}",
        "median, ms": f"{np.median(latencies):.0f}",
        "p95": f"{p95:.0f}",
        "of the worst": f"{worst:.0f}",
        "p99": f"{np.percentile(latencies, 99):.0f}",
        "largest": f"{latencies.max():.0f}",
        "cores": f"{cores:.2f}",
        "CPU of a session's second, ms": f"{cpu_ms:.1f}",
        "private MiB": f"{private_mib:.0f}",
        "goals": ", ".join(f"{name}: {'yes' if ok else 'no'}" for name, ok in met.items()),
    }
    return row, all(met.values())


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, nargs="+", default=[1, 16, 64])
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="of the server")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--write", action="store_true", help=f"put the table into {PAGE.name}")
    options = parser.parse_args()
    console, loads = Console(width=150), [os.getloadavg()[0]]
    table, rows, held = Table(), [], True
    for count in options.sessions:
        row, holds = run(count, options.workers, options.seconds)
        loads.append(os.getloadavg()[0])
        if not table.columns:
            for name in row:
                table.add_column(name)
        table.add_row(*row.values())
        rows.append(row)
        held &= holds
    where = (
        f"{device_name()}, {os.cpu_count()} cores, {options.seconds:g} s of speech, load "
        + ", ".join(f"{load:.1f}" for load in loads)
    )
    console.print(table, where)
    if options.write:
        write(rows, where)
    return 0 if held else 1


def write(rows: list[dict[str, str]], where: str) -> None:
    """Put the table into the page, between its two marks."""
    lines = [where + ":", "", "| " + " | ".join(rows[0]) + " |", "|" + "---:|" * len(rows[0])]
    lines += ["| " + " | ".join(row.values()) + " |" for row in rows]
    text = PAGE.read_text("utf-8")
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    PAGE.write_text("\n".join([f"{before}{BEGIN}", *lines, f"{END}{after}"]), "utf-8")


if __name__ == "__main__":
    sys.exit(main())
