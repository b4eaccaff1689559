"""Soak and chaos: sessions that come, go, stall, send garbage and change lanes, for half an hour.

What the server holds stays the same, no thread or file is left, nothing fails in its log, and what
steady sessions receive, cut off from time to time, is bit for bit that of an offline run.

Run: python benchmarks/load/soak.py [--minutes 30] [--sessions 32] [--workers 2]; ends with 0 when
all that holds. Memory is judged from ten minutes on: at most 2 % more than after the first five.
"""

import argparse
import asyncio
import itertools
import json
import os
import random
import sys
import tempfile
import time
import urllib.request
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import torch
from offline import Log, essence, first_difference
from rich.console import Console
from rich.table import Table
from simulated import PACKET, PACKET_S, header, program, serving_programs, speech
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import WebSocketException

from cla.features import SAMPLE_RATE_HZ
from cla.server.limits import LOST_GRACE_S, SESSIONS_VARIABLE
from cla.telemetry import device_name

SOUND = speech()
LISTEN = {"type": "microphone", "sample_rate_hz": SAMPLE_RATE_HZ}
MOVES: tuple[dict[str, Any], ...] = (
    {"type": "landmarks", "num_landmarks": 2},
    {"type": "landmarks", "num_landmarks": 64},
    {"type": "landmarks", "num_landmarks": 8},
    {"type": "landmark_mode", "mode": "continual"},
    {"type": "window", "window": 60},
    {"type": "landmark_mode", "mode": "fixed"},
    {"type": "window", "window": None},
    {"type": "landmarks", "num_landmarks": 16},
)
GARBAGE: tuple[str | bytes, ...] = (
    "{", "[]", "\0", '{"type": "nonsense"}', '{"type": "lanes", "lanes": [1]}', b"x", b"\1" * 2561,
    '{"type": "window", "window": 10000000}', '{"type": "microphone", "sample_rate_hz": 1}',
    '{"type": "upload", "size_bytes": 9, "name": "a.wav", "task": "digits"}', b"RIFFnoise",
    '{"type": "map", "lane": "none"}', '{"type": "lost", "samples": 9007199254740992}',
)  # fmt: skip
TOO_LARGE = bytes(2**18 + 2)
STEADY = 2
CUT_EVERY_S, CUT_S = 20.0, 2.0
SETTLED_S, GROWTH = 300.0, 1.02
POOLED = 8
"""Threads of a worker's pool that the first sessions did not need: they wait for work, and stay."""
QUIET_S = 10.0
"""After the last session has gone, which is waited for, its threads end."""


@dataclass(frozen=True)
class Held:
    """What the server's processes hold at one moment."""

    at_s: float
    memory_mib: float
    threads: int
    files: int


def held(server: psutil.Process, begin_s: float) -> Held:
    """Now."""
    all_of = (server, *server.children())
    memory = sum(one.memory_full_info().uss for one in all_of) / 2**20
    threads, files = sum(one.num_threads() for one in all_of), sum(one.num_fds() for one in all_of)
    return Held(time.monotonic() - begin_s, memory, threads, files)


async def tell(socket: ClientConnection, message: dict[str, Any]) -> None:
    """Send a command and wait until it is in the session's hands."""
    await socket.send(json.dumps(message))
    await following(socket, "settings")


async def following(socket: ClientConnection, kind: str) -> bytes:
    """The next message of a type; a fault is none that was asked for."""
    async for message in socket:
        assert isinstance(message, bytes)
        head = header(message)
        assert head["type"] != "fault", head.get("message")
        if head["type"] == kind:
            return message
    raise ConnectionError("The server has gone.")


async def steady(url: str, until_s: float, log: Log) -> None:
    """Listen in real time, change the lanes each second, and be cut off from time to time."""
    moves, key, cut_at_s = itertools.cycle(MOVES), "", time.monotonic() + CUT_EVERY_S
    socket = await program(url)
    key = header(await following(socket, "hello"))["key"]
    await tell(socket, {"type": "emit", "emit": True})
    await tell(socket, LISTEN)
    for index in itertools.count():
        begin_s = time.monotonic()
        if begin_s > until_s:
            break
        if begin_s > cut_at_s:
            cut_at_s = begin_s + CUT_EVERY_S
            socket.transport.abort()
            await asyncio.sleep(CUT_S)
            socket = await program(url, f"&key={key}")
            log.happened.append(round(CUT_S * SAMPLE_RATE_HZ))
            await tell(socket, {"type": "lost", "samples": log.happened[-1]})
        if index % round(1 / PACKET_S) == 0:
            log.happened.append(next(moves))
            await tell(socket, log.happened[-1])
        at = index * PACKET % len(SOUND)
        log.happened.append(SOUND[at : at + PACKET])
        await socket.send(SOUND[at : at + PACKET].tobytes())
        log.received.append(essence(await following(socket, "token")))
        await asyncio.sleep(begin_s + PACKET_S - time.monotonic())
    await socket.close()


async def listen(socket: ClientConnection, seconds: float, *, change: bool = False) -> None:
    """Speak for so long, and perhaps change the lanes each second; read all that comes."""

    async def read() -> None:
        with suppress(WebSocketException):
            async for _ in socket:
                pass

    reading = asyncio.create_task(read())
    await socket.send(json.dumps(LISTEN))
    for index in range(round(seconds / PACKET_S)):
        if change and index % round(1 / PACKET_S) == 0:
            await socket.send(json.dumps(random.choice(MOVES)))
        at = index * PACKET % len(SOUND)
        await socket.send(SOUND[at : at + PACKET].tobytes())
        await asyncio.sleep(PACKET_S)
    reading.cancel()


async def change_lanes(socket: ClientConnection, _: float) -> None:
    """Stay, with other lanes each second."""
    await listen(socket, random.uniform(10, 60), change=True)


async def come_and_go(socket: ClientConnection, left_s: float) -> None:
    """Stay for some seconds, and go in one of several ways; a session that broke is waited for."""
    await listen(socket, random.uniform(0.5, 8))
    match random.randrange(3):
        case 0:
            await socket.send('{"type": "end"}')
            await socket.close()
        case 1 if left_s > LOST_GRACE_S:
            socket.transport.abort()
        case _:
            pass  # it is closed


async def stall(socket: ClientConnection, left_s: float) -> None:
    """Read nothing for some seconds while speaking, then all at once."""
    await socket.send('{"type": "emit", "emit": true}')
    await socket.send(json.dumps(LISTEN))
    for _ in range(round(min(random.uniform(3, 15), left_s) / PACKET_S)):
        await socket.send(SOUND[:PACKET].tobytes())
        await asyncio.sleep(PACKET_S)
    with suppress(TimeoutError):
        while True:
            await asyncio.wait_for(socket.recv(), 1.0)


async def send_garbage(socket: ClientConnection, _: float) -> None:
    """Send what nobody should, faster than anybody should; sometimes until one is sent away."""
    for _ in range(random.randrange(10, 100)):
        await socket.send(random.choice(GARBAGE))
        await asyncio.sleep(random.choice((0, 0.02, 0.1)))
    if random.random() < 0.3:
        await socket.send(TOO_LARGE)
        await socket.wait_closed()


Kind = Callable[[ClientConnection, float], Awaitable[None]]
KINDS: tuple[Kind, ...] = (
    change_lanes, come_and_go, stall, send_garbage,
)  # fmt: skip


async def again(
    url: str, until_s: float, kind: Callable[[ClientConnection], Awaitable[None]]
) -> int:
    """Be one kind of visitor after the other; returns how many came."""
    visits = 0
    while time.monotonic() < until_s:
        with suppress(WebSocketException, OSError):
            async with program(url) as socket:
                visits += 1
                left_s = max(until_s - time.monotonic(), 0.1)
                with suppress(TimeoutError):  # here: the connection then ends in order
                    await asyncio.wait_for(kind(socket, left_s), left_s)
        await asyncio.sleep(random.uniform(0, 1))
    return visits


async def all_of(
    url: str, server: psutil.Process, logs: list[Log], options: argparse.Namespace
) -> tuple[int, list[Held]]:
    """Have all of them come; returns the visits, and what was held meanwhile."""
    begin_s = time.monotonic()
    until_s, seen = begin_s + 60 * options.minutes, []

    async def look() -> None:
        while (left_s := until_s - time.monotonic()) > 0:
            await asyncio.sleep(min(5 * options.minutes, left_s))
            seen.append(held(server, begin_s))

    several = (again(url, until_s, KINDS[i % len(KINDS)]) for i in range(options.sessions - STEADY))
    kept = (steady(url, until_s, log) for log in logs)
    visits = await asyncio.gather(*several, look(), *kept)
    return sum(filter(None, visits)), seen


async def quiet(url: str, server: psutil.Process, begin_s: float) -> Held:
    """What is held once all have gone."""
    while True:
        with urllib.request.urlopen(f"{url}/health", timeout=10) as answer:
            if not json.load(answer)["sessions"]:
                break
        await asyncio.sleep(1)
    await asyncio.sleep(QUIET_S)
    return held(server, begin_s)


async def soak(url: str, server: psutil.Process, options: argparse.Namespace, log: Path) -> bool:
    """Run and print; whether all holds."""
    console, begin_s = Console(width=100), time.monotonic()
    # Twice as many as will be there at once, for a moment: threads that wait for work stay.
    await asyncio.gather(
        *(again(url, begin_s + 15, KINDS[i % 4]) for i in range(2 * options.sessions))
    )
    before = await quiet(url, server, begin_s)
    logs = [Log() for _ in range(STEADY)]
    visits, seen = await all_of(url, server, logs, options)
    after = await quiet(url, server, begin_s)
    table = Table("min", "private memory, MiB", "threads", "files")
    for one in (before, *seen, after):
        row = (f"{one.at_s / 60:.1f}", f"{one.memory_mib:.0f}", str(one.threads), str(one.files))
        table.add_row(*row)
    console.print(f"{device_name()}; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    console.print(f"{visits} visits and {STEADY} steady sessions in {options.minutes:g} min", table)
    settled = [one.memory_mib for one in seen if one.at_s > SETTLED_S]
    growth = max(settled[-len(settled) // 3 :]) / settled[0] if len(settled) > 2 else 1.0
    differences = [first_difference(one) for one in logs]
    answers = [len(lanes) for one in logs for _, lanes in one.received]
    lines = log.read_text()
    holds = {
        f"{sum(answers)} answers to {len(answers)} tokens as offline, bit for bit": set(differences)
        == {None},
        f"no thread is left ({after.threads} after {before.threads})": after.threads
        <= before.threads + POOLED * options.workers,
        f"no file is left ({after.files} after {before.files})": after.files <= before.files,
        f"memory grew by {100 * (growth - 1):.1f} %": growth <= GROWTH,
        "nothing failed in the log": "Traceback" not in lines and "has died" not in lines,
    }
    for what, held_so in holds.items():
        console.print(f"{'holds' if held_so else 'FAILS'}: {what}")
    if not all(holds.values()):
        console.print(f"first differences: {differences}\n{lines[-3000:]}", markup=False)
    return all(holds.values())


def main() -> int:
    """Run one server and all its visitors."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--sessions", type=int, default=32)
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="of the server")
    options = parser.parse_args()
    torch.set_num_threads(1)  # as the server
    with tempfile.TemporaryDirectory() as place:
        log = Path(place) / "log"
        limit = {SESSIONS_VARIABLE: str(4 * options.sessions), "MALLOC_ARENA_MAX": "2"}
        with serving_programs(options.workers, log=log, **limit) as (process, url):
            server = psutil.Process(process.pid)
            return 0 if asyncio.run(soak(url, server, options, log)) else 1


if __name__ == "__main__":
    sys.exit(main())
