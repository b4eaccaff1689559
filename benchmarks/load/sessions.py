"""Live microphones of many visitors at once, over the real WebSocket: latency, gaps, CPU time.

Run: python benchmarks/load/sessions.py [--sessions 1 16 64] [--servers 1] [--seconds 60]; ends with
0 when all goals hold. All sessions hear speech, in the lanes that a page begins with, rows shown.
"""

import argparse
import asyncio
import os
import random
import sys
from contextlib import ExitStack

import numpy as np
import psutil
from rich.console import Console
from rich.table import Table
from simulated import Heard, browser, new_key, serving, speak, speech

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
    async with browser(url, await asyncio.to_thread(new_key, url)) as socket:
        await socket.recv()
        return await speak(socket, speech(), seconds)


async def measure(
    urls: list[str], servers: list[psutil.Process], sessions: int, seconds: float
) -> tuple[list[Heard], float]:
    """What all visitors heard, and cores that the servers took while all were there."""

    async def used() -> float:
        await asyncio.sleep(COME_S + WARM_UP_S)
        before, span_s = _cpu_s(servers), seconds - COME_S - WARM_UP_S
        await asyncio.sleep(span_s)
        return (_cpu_s(servers) - before) / span_s

    several = (one(urls[i % len(urls)], seconds) for i in range(sessions))
    *heard, cores = await asyncio.gather(*several, used())
    return heard, cores


def _cpu_s(servers: list[psutil.Process]) -> float:
    return sum(
        sum(process.cpu_times()[:2])
        for server in servers
        for process in (server, *server.children(recursive=True))
    )


def run(sessions: int, servers: int, seconds: float) -> tuple[dict[str, str], bool]:
    """A row of the table, and whether the goals hold."""
    with ExitStack() as stack:
        started = [stack.enter_context(serving()) for _ in range(servers)]
        processes = [psutil.Process(process.pid) for process, _ in started]
        urls = [url for _, url in started]
        heard, cores = asyncio.run(measure(urls, processes, sessions, seconds))
        memory_mib = max(server.memory_info().rss for server in processes) / 2**20
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
        "MiB": f"{memory_mib:.0f}",
        "fails": ", ".join(name for name, holds in met.items() if not holds) or "-",
    }
    return row, all(met.values())


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, nargs="+", default=[1, 16, 64])
    parser.add_argument("--servers", type=int, default=1, help="processes, best one a core")
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args()
    console = Console(width=150)
    console.print(f"{device_name()}; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    table, held = Table(), True
    for count in options.sessions:
        os.environ[SESSIONS_VARIABLE] = str(max(count, 16))
        row, holds = run(count, options.servers, options.seconds)
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
