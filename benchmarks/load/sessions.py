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
MOST_CPU_MS = 1.5
"""Of a token, everything included."""
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
    cpu_ms = 1e3 * cores * HOP_S / sessions
    most_ms = min((goal for count, goal in MOST_P95_MS.items() if sessions <= count), default=None)
    met = {
        f"p95 <= {most_ms:g} ms": p95 <= most_ms,
        "no gap": not gaps,
        f"{MOST_CPU_MS:g} ms of CPU a token": cpu_ms <= MOST_CPU_MS,
    } if most_ms else {}  # fmt: skip
    row = {
        "sessions": f"{sessions}",
        "fewest tokens": f"{min(one.tokens for one in heard)} of {round(seconds / HOP_S)}",
        "gaps": f"{gaps}",
        "faults": f"{sum(len(one.faults) for one in heard)}",
        "median, ms": f"{np.median(latencies):.0f}",
        "p95": f"{p95:.0f}",
        "of the worst": f"{worst:.0f}",
        "p99": f"{np.percentile(latencies, 99):.0f}",
        "largest": f"{latencies.max():.0f}",
        "cores": f"{cores:.2f}",
        "CPU a token, ms": f"{cpu_ms:.2f}",
        "a session's second": f"{cpu_ms / HOP_S:.1f}",
        "private MiB": f"{private_mib:.0f}",
        "fails": ", ".join(name for name, holds in met.items() if not holds) or "-",
    }
    return row, all(met.values())


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, nargs="+", default=[1, 16, 64])
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="of the server")
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args()
    console = Console(width=150)
    console.print(f"{device_name()}; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    table, held = Table(), True
    for count in options.sessions:
        row, holds = run(count, options.workers, options.seconds)
        if not table.columns:
            for name in row:
                table.add_column(name)
        table.add_row(*row.values())
        held &= holds
    console.print(table)
    console.print(f"{options.seconds:g} s of speech; load {os.getloadavg()[0]:.1f} at the end")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
