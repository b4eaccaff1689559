"""One live session over the WebSocket, for hours, with sliders moving and the network cut once.

What the server holds stays the same; what was lost in the cut is a gap; and every probability and
attention weight that the page received is, bit for bit, that of an offline run of the same packets
and commands. Beyond real time a packet is sent when the tokens of the one before have come.

Run: python benchmarks/load/soak_live.py [--minutes 20] [--cut 30] [--fast]
"""

import argparse
import asyncio
import itertools
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np
import psutil
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from simulated import PACKET, PACKET_S, browser, header, new_key, serving, speech
from websockets.asyncio.client import ClientConnection

from cla.engine import Command, SetEmit, sound_stream
from cla.engine.pipeline import Pipeline
from cla.engine.stream import Arrival
from cla.features import SAMPLE_RATE_HZ
from cla.models import load_task
from cla.server.shown_lanes import DEFAULT_LANES
from cla.server.wire import encode, message_of
from cla.telemetry import device_name

SLIDER_S = 2.0
LOOKS = 12
FAST_PACKETS = 5
MOVES: tuple[dict[str, Any], ...] = (
    {"type": "landmarks", "num_landmarks": 2},
    {"type": "landmarks", "num_landmarks": 64},
    {"type": "landmark_mode", "mode": "continual"},
    {"type": "landmarks", "num_landmarks": 8},
    {"type": "landmark_mode", "mode": "fixed"},
    {"type": "landmarks", "num_landmarks": 16},
)


class Line:
    """The network between a page and the server; while it is cut, nothing arrives and nobody knows.

    Args:
        port: of the server.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._whole = asyncio.Event()
        self._whole.set()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[int]:
        """Carries bytes; yields the port of the page's end."""
        server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        async with server:
            yield server.sockets[0].getsockname()[1]
            self._whole.set()

    async def cut(self, seconds: float) -> None:
        """Let nothing through for so long."""
        self._whole.clear()
        await asyncio.sleep(seconds)
        self._whole.set()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self._port)
        await asyncio.gather(self._carry(reader, back), self._carry(there, writer))

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(2**16):
                await self._whole.wait()
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass  # the other end is told by the closing
        finally:
            writer.close()


@dataclass
class Log:
    """All that decided the session's records, in order, and what the page received.

    Attributes:
        happened: packets, commands, and numbers of samples that were lost.
        received: a token's message without what is measured.
        seen: media time, and the server's memory in MiB, threads and open files at it.
    """

    happened: list[NDArray[np.int16] | dict[str, Any] | int] = field(default_factory=list)
    received: list[tuple[Any, bytes]] = field(default_factory=list)
    seen: list[tuple[float, float, int, int]] = field(default_factory=list)
    gap_s: float = 0.0


def essence(message: bytes) -> tuple[Any, bytes]:
    """What must be the same: labels, counts, media times, and the arrays' bytes."""
    head = header(message)
    lanes = [{k: v for k, v in lane.items() if k != "compute_ms"} for lane in head["lanes"]]
    arrays = sum(4 * int(np.prod(shape)) for _, shape in head["arrays"])
    return (head["token"], head["time_s"], head["gap_s"], lanes), message[len(message) - arrays :]


async def live(pid: int, url: str, log: Log, options: argparse.Namespace) -> None:
    """Be the page."""
    process, sound, moves = psutil.Process(pid), speech(), itertools.cycle(MOVES)
    line, key = Line(int(url.rpartition(":")[2])), new_key(url)
    steps = FAST_PACKETS if options.fast else 1
    packets = round(options.minutes * 60 / PACKET_S)
    async with line.open() as port:
        near = f"http://127.0.0.1:{port}"
        socket = await browser(near, key)
        await _tell(socket, {"type": "microphone", "sample_rate_hz": SAMPLE_RATE_HZ})
        start_s = time.monotonic()
        cut_at = packets // 2 // steps * steps if options.cut else -1
        for index in range(0, packets, steps):
            if index == cut_at:
                await line.cut(options.cut)
                socket = await browser(near, key)
                lost = round(options.cut * SAMPLE_RATE_HZ)
                await _tell(socket, {"type": "lost", "samples": lost})
                log.happened.append(lost)
                start_s += options.cut
            if not options.fast:
                await asyncio.sleep(start_s + (index + 1) * PACKET_S - time.monotonic())
            if index % round(SLIDER_S / PACKET_S) == 0:
                log.happened.append(next(moves))
                await _tell(socket, log.happened[-1])
            at = index * PACKET % (len(sound) - steps * PACKET)
            packet = sound[at : at + steps * PACKET]
            log.happened.append(packet)
            await socket.send(packet.tobytes())
            for _ in range(steps):
                message = await _next(socket, "token")
                log.gap_s += header(message)["gap_s"]
                log.received.append(essence(message))
            if index % (packets // LOOKS // steps * steps or steps) == 0:
                memory_mib = process.memory_info().rss / 2**20
                look = (index * PACKET_S, memory_mib, process.num_threads(), process.num_fds())
                log.seen.append(look)
        await socket.close()


async def _tell(socket: ClientConnection, message: dict[str, Any]) -> None:
    """Send a command and wait until it is in the session's hands."""
    await socket.send(json.dumps(message))
    await _next(socket, "settings")


async def _next(socket: ClientConnection, kind: str) -> bytes:
    async for message in socket:
        assert isinstance(message, bytes)
        head = header(message)
        assert head["type"] != "fault", head.get("message")
        if head["type"] == kind:
            return message
    raise ConnectionError("The server has gone.")


def equal_offline(log: Log) -> bool:
    """Whether the same input and commands, without server and threads, give the same again."""
    task = load_task()
    pipeline = Pipeline(task, DEFAULT_LANES, sound_stream(task, SAMPLE_RATE_HZ))
    pipeline.do(SetEmit(True))
    received, skipped = iter(log.received), 0
    for one in log.happened:
        if isinstance(one, int):
            skipped += one
        elif isinstance(one, dict):
            pipeline.do(msgspec.convert(one, Command))
        else:
            pipeline.take(Arrival(one, time.perf_counter(), skipped))
            skipped = 0
            while pipeline.has_token:
                if essence(encode(*message_of(pipeline.step()))) != next(received, None):
                    return False
    return next(received, None) is None


def main() -> None:
    """Run, compare and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=20, help="of media")
    parser.add_argument("--cut", type=float, default=30, help="seconds without a network, once")
    parser.add_argument("--fast", action="store_true", help="as fast as the server works")
    options = parser.parse_args()
    torch.set_num_threads(1)  # as the server
    log, start_s = Log(), time.monotonic()
    with serving() as (process, url):
        asyncio.run(live(process.pid, url, log, options))
    took_s = time.monotonic() - start_s
    table = Table("media, min", "memory, MiB", "threads", "files")
    for media_s, memory_mib, threads, files in log.seen:
        table.add_row(f"{media_s / 60:.0f}", f"{memory_mib:.1f}", str(threads), str(files))
    console = Console(width=100)
    console.print(f"{options.minutes:g} min of media in {took_s / 60:.1f} min; {device_name()}")
    console.print(table)
    console.print(f"cut for {options.cut:g} s; gaps in the records: {log.gap_s:.2f} s")
    tokens = len(log.received)
    console.print(f"{tokens} tokens; equal to an offline run bit for bit: {equal_offline(log)}")


if __name__ == "__main__":
    main()
