"""Bursts of starts, each from a page of its own: the server begins few of them, and the memory that
it holds reaches a plateau.

Run: python benchmarks/load/burst.py [--bursts 6] [--starts 1900] [--unlimited]; unlimited, every
start of a burst is begun, as if a page might have so many.
"""

import argparse
import asyncio
import json
import os
import time
from contextlib import ExitStack

import psutil
from rich.console import Console
from rich.table import Table
from simulated import browser, header, new_key, serving

from cla.capture import sample_clips
from cla.telemetry import device_name

SETTLE_S = 3.0
UNLIMITED = "CLA_UNLIMITED_STARTS"


async def burst(url: str, starts: int) -> int:
    """One page that asks for so many samples at once; returns how many were begun."""
    asked = json.dumps({"type": "sample", "clip": sample_clips()[0].name})
    answered = refused = 0
    async with browser(url, new_key(url)) as socket:

        async def ask() -> None:
            for _ in range(starts):
                await socket.send(asked)

        asking = asyncio.create_task(ask())
        while answered < starts:
            told = header(await socket.recv())
            answered += told["type"] == "settings"
            refused += told["type"] == "fault"
        await asking
    return starts - refused


def main() -> None:
    """Burst and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--bursts", type=int, default=6)
    parser.add_argument("--starts", type=int, default=1_900, help="messages of each burst")
    parser.add_argument("--unlimited", action="store_true", help="begin all of them")
    options = parser.parse_args()
    table = Table("burst", "begun", "memory, MiB", "threads", "files", "processor, s")
    with ExitStack() as stack:
        if options.unlimited:
            os.environ[UNLIMITED] = "1"
        running, url = stack.enter_context(serving())
        process = psutil.Process(running.pid)
        for index in range(options.bursts + 1):
            before_s = sum(process.cpu_times()[:2])
            begun = asyncio.run(burst(url, options.starts if index else 1))
            time.sleep(SETTLE_S)
            memory = process.memory_info().rss / 2**20
            used_s = sum(process.cpu_times()[:2]) - before_s
            row = (index, begun, f"{memory:.1f}", process.num_threads(), process.num_fds())
            table.add_row(*map(str, row), f"{used_s:.1f}")
    console = Console(width=100)
    console.print(f"{device_name()}; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    console.print(table)


if __name__ == "__main__":
    main()
