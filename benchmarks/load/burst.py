"""Bursts of starts from one page: the memory that the server holds after each reaches a plateau.

Run: python benchmarks/load/burst.py [--bursts 6] [--starts 1900]
"""

import argparse
import asyncio
import json
import os
from contextlib import suppress

import psutil
from rich.console import Console
from rich.table import Table
from simulated import browser, header, new_key, serving
from websockets.exceptions import ConnectionClosed

from cla.capture import sample_clips
from cla.telemetry import device_name

SETTLE_S = 3.0


async def burst(url: str, starts: int) -> int:
    """One page that asks for so many samples at once; returns how many were begun."""
    clip, answered, begun = sample_clips()[0].name, 0, 0
    async with browser(url, new_key(url)) as socket:
        with suppress(ConnectionClosed):
            await socket.recv()
            for _ in range(starts):
                await socket.send(json.dumps({"type": "sample", "clip": clip}))
            refused = False
            while answered < starts:
                told = header(await socket.recv())
                if told["type"] == "fault":
                    refused = True
                elif told["type"] == "settings":
                    answered += 1
                    begun += not refused
                    refused = False
    return begun


def main() -> None:
    """Burst and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--bursts", type=int, default=6)
    parser.add_argument("--starts", type=int, default=1_900, help="messages of each burst")
    options = parser.parse_args()
    table = Table("burst", "starts", "memory, MiB", "threads", "files", "children")
    with serving() as (running, url):
        process = psutil.Process(running.pid)
        for index in range(options.bursts + 1):
            begun = asyncio.run(burst(url, options.starts if index else 1))
            asyncio.run(asyncio.sleep(SETTLE_S))
            memory = process.memory_info().rss / 2**20
            held = (process.num_threads(), process.num_fds(), len(process.children()))
            table.add_row(str(index), str(begun), f"{memory:.1f}", *map(str, held))
    console = Console(width=100)
    console.print(f"{device_name()}; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    console.print(table)


if __name__ == "__main__":
    main()
