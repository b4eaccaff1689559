"""Live microphones of many visitors at once, over the real WebSocket: latency, gaps, the limit.

Run: python benchmarks/load/sessions.py [--sessions 16] [--servers 2] [--seconds 60]; with one
server, whose limit is then reached, one more is told so.
"""

import argparse
import asyncio
import os
import random
from contextlib import ExitStack

import numpy as np
import psutil
from rich.console import Console
from rich.table import Table
from simulated import Heard, browser, header, new_key, serving, speak, speech

from cla.server.limits import max_sessions
from cla.telemetry import device_name

WARM_UP_TOKENS = 25


async def one(url: str, seconds: float) -> Heard:
    """One visitor, who comes at some moment of the first half second."""
    await asyncio.sleep(random.random() / 2)
    async with browser(url, new_key(url)) as socket:
        await socket.recv()
        return await speak(socket, speech(), seconds)


async def one_more(url: str) -> str:
    """What a visitor is told for whom there is no place."""
    async with browser(url, new_key(url)) as socket:
        return str(header(await socket.recv()).get("message", "was let in"))


async def measure(urls: list[str], sessions: int, seconds: float) -> tuple[list[Heard], str]:
    """All visitors at once, spread over the servers, and in the middle one more."""

    async def latecomer() -> str:
        await asyncio.sleep(seconds / 2)
        return await one_more(urls[0]) if sessions >= max_sessions() * len(urls) else ""

    *heard, told = await asyncio.gather(
        *(one(urls[i % len(urls)], seconds) for i in range(sessions)), latecomer()
    )
    return heard, told


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sessions", type=int, default=16)
    parser.add_argument("--servers", type=int, default=2, help="processes, best one a core")
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args()
    with ExitStack() as stack:
        started = [stack.enter_context(serving()) for _ in range(options.servers)]
        servers = [psutil.Process(process.pid) for process, _ in started]
        before = sum(sum(server.cpu_times()[:2]) for server in servers)
        urls = [url for _, url in started]
        heard, told = asyncio.run(measure(urls, options.sessions, options.seconds))
        used = sum(sum(server.cpu_times()[:2]) for server in servers) - before
        memory = max(server.memory_info().rss for server in servers) / 2**20
    latencies = np.concatenate([one.latencies_ms[WARM_UP_TOKENS:] for one in heard])
    worst = max(float(np.percentile(one.latencies_ms[WARM_UP_TOKENS:], 95)) for one in heard)
    expected = int(options.seconds / 0.08)
    heard_s = options.sessions * options.seconds
    table = Table("measure", "value")
    rows = {
        "sessions": options.sessions,
        "servers": options.servers,
        "tokens of each, fewest": f"{min(one.tokens for one in heard)} of {expected}",
        "sessions with a gap": sum(one.gap_s > 0 for one in heard),
        "faults": sum(len(one.faults) for one in heard),
        "end to end, median, ms": f"{np.median(latencies):.0f}",
        "end to end, p95, ms": f"{np.percentile(latencies, 95):.0f}",
        "p95 of the worst session, ms": f"{worst:.0f}",
        "end to end, largest, ms": f"{latencies.max():.0f}",
        "processor time of the servers, cores": f"{used / (options.seconds + 1.5):.2f}",
        "the same for a second of a session, ms": f"{1e3 * used / heard_s:.0f}",
        "memory of a server, MiB": f"{memory:.0f}",
        "one more was told": told or "-",
    }
    for name, value in rows.items():
        table.add_row(name, str(value))
    console = Console(width=100)
    console.print(f"{device_name()}; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    console.print(table)


if __name__ == "__main__":
    main()
