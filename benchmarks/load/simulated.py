"""A server under load, and browsers that are simulated down to the WebSocket."""

import asyncio
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from websockets.asyncio.client import ClientConnection, connect

from cla.capture import open_audio, sample_clips
from cla.cli.app import UNWATCHED
from cla.features import SAMPLE_RATE_HZ, StreamResampler

ROOT = Path(__file__).parents[2]
PACKET_S = 0.08
PACKET = int(SAMPLE_RATE_HZ * PACKET_S)


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(port: int | None = None) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """The app with its route for keys, as a process of its own, and its address."""
    port = port or free_port()
    command = [sys.executable, "-m", "streamlit", "run", "benchmarks/load/app.py"]
    command += ["--server.port", str(port), "--server.address", "127.0.0.1", *UNWATCHED]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        _until_warm(url)
        yield process, url
    finally:
        process.terminate()
        process.wait(20)


@contextmanager
def serving_programs(
    workers: int, log: Path = Path(os.devnull), **environment: str
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`cla serve` as a process of its own, and its address.

    Args:
        log: where its standard error goes.
    """
    command = [sys.executable, "-m", "cla", "serve", "--port", "0", "--workers", str(workers)]
    with log.open("wb") as errors:
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=errors, text=True,
            env={**os.environ, **environment},
        )  # fmt: skip
    try:
        assert process.stdout
        url = process.stdout.readline().strip()
        _until_warm(url, "/metrics")
        yield process, url
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(20)


def _until_warm(url: str, metrics: str = "/cla/metrics") -> None:
    """Wait until sessions can begin: what is measured is not how steps are compiled."""
    for _ in range(1500):
        with suppress(OSError), urllib.request.urlopen(f"{url}{metrics}", timeout=1) as answer:
            if b"\ncla_warm 1" in answer.read():
                return
        time.sleep(0.2)
    raise TimeoutError("The server did not get ready.")


def new_key(url: str) -> str:
    """A key for one session."""
    with urllib.request.urlopen(f"{url}/key", timeout=10) as answer:
        return str(answer.read().decode())


def browser(url: str, key: str) -> connect:
    """A connection as a page of this server makes it."""
    address = url.replace("http", "ws", 1) + f"/cla/v1/live?format=arrays&key={key}"
    # A browser does not ask a server whether it is still there.
    return connect(
        address,
        origin=url,  # type: ignore[arg-type]
        max_size=None,
        compression=None,
        ping_interval=None,
    )


def program(url: str, query: str = "") -> connect:
    """A connection as a program makes it."""
    address = url.replace("http", "ws", 1) + f"/v1/live?format=arrays{query}"
    return connect(address, max_size=None, compression=None, ping_interval=None)


def header(message: bytes | str) -> dict[str, Any]:
    """What a message of the server says, without its arrays."""
    assert isinstance(message, bytes)
    length = struct.unpack_from("<I", message)[0]
    found: dict[str, Any] = json.loads(message[4 : 4 + length])
    return found


def speech() -> NDArray[np.int16]:
    """The first sample clip at 16 kHz, a whole number of packets."""
    with open_audio(sample_clips()[0].path) as audio:
        resampler = StreamResampler(audio.sample_rate_hz, SAMPLE_RATE_HZ)
        parts = [part for chunk in audio for part in resampler.push(chunk.samples)]
    samples = np.concatenate(parts)
    whole = samples[: len(samples) // PACKET * PACKET]
    return (whole * 32767).astype("<i2")


@dataclass
class Heard:
    """What one simulated browser received.

    Attributes:
        latencies_ms: from the capture of a token's last sample to the arrival of its record.
    """

    tokens: int = 0
    gap_s: float = 0.0
    faults: list[str] = field(default_factory=list)
    latencies_ms: list[float] = field(default_factory=list)
    labels: list[tuple[str, ...]] = field(default_factory=list)


async def speak(socket: ClientConnection, sound: NDArray[np.int16], seconds: float) -> Heard:
    """Send sound in real time, as a microphone gives it, and take what comes back."""
    heard = Heard()
    await socket.send(json.dumps({"type": "microphone", "sample_rate_hz": SAMPLE_RATE_HZ}))
    start_s = time.perf_counter()
    listener = asyncio.create_task(_listen(socket, heard, start_s))
    for index in range(round(seconds / PACKET_S)):
        # A packet leaves when its last sample has been captured.
        await asyncio.sleep(start_s + (index + 1) * PACKET_S - time.perf_counter())
        at = index * PACKET % len(sound)
        await socket.send(sound[at : at + PACKET].tobytes())
    await asyncio.sleep(1.0)
    listener.cancel()
    return heard


async def _listen(socket: ClientConnection, heard: Heard, start_s: float) -> None:
    async for message in socket:
        now_s = time.perf_counter()
        record = header(message)
        if record["type"] == "token":
            heard.tokens += 1
            heard.gap_s += record["gap_s"]
            heard.latencies_ms.append((now_s - start_s - record["time_s"]) * 1e3)
            heard.labels.append(tuple(lane["label"] for lane in record["lanes"]))
        elif record["type"] == "fault":
            heard.faults.append(record["message"])
