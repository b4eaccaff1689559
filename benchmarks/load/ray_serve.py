"""Two replicas on a local Ray under load, one of which is killed: who notices, and for how long.

Run: python benchmarks/load/ray_serve.py [--sessions 6] [--seconds 20]; needs the extra `ray`. Ends
with 0 when sessions of the killed replica go on within 2 s, and the others notice nothing.
"""

import argparse
import asyncio
import io
import os
import sys
import time
from dataclasses import dataclass, field
from importlib import import_module

import psutil
import ray
from ray import serve
from rich.console import Console
from simulated import free_port, speech

import cla.client

TOKEN = "a-token-of-this-run"
MOST_S = 2.0
HOP_S = 0.08


@dataclass
class Stream:
    """What one client heard: when tokens came, their numbers, and at how many sessions."""

    at_s: list[float] = field(default_factory=list)
    tokens: list[int] = field(default_factory=list)
    hellos: int = 0
    gap_s: float = 0.0

    @property
    def silence_s(self) -> float:
        """The longest time between two tokens."""
        return max(b - a for a, b in zip(self.at_s, self.at_s[1:], strict=False))


async def hear(url: str, seconds: float, stream: Stream) -> None:
    """Speak in real time."""
    sound = speech().tobytes()
    sound = (sound * (1 + int(seconds * 32_000) // len(sound)))[: int(seconds * 12.5) * 2560]
    async for record in cla.client.astream(url, cla.client.pcm(io.BytesIO(sound)), token=TOKEN):
        stream.hellos += record["type"] == "hello"
        if record["type"] == "token":
            stream.at_s.append(time.monotonic())
            stream.tokens.append(record["token"])
            stream.gap_s += record["gap_s"]


def replicas() -> list[psutil.Process]:
    """Processes of the deployment here."""
    ours = (one for one in psutil.process_iter(["cmdline"]) if one.info["cmdline"])
    return [one for one in ours if one.info["cmdline"][0].startswith("ray::ServeReplica:cla")]


async def run(url: str, options: argparse.Namespace) -> list[Stream]:
    """All clients, and a kill in the middle."""
    streams = [Stream() for _ in range(options.sessions)]
    hearing = [asyncio.create_task(hear(url, options.seconds, one)) for one in streams]
    await asyncio.sleep(options.seconds / 2)
    replicas()[0].kill()
    await asyncio.gather(*hearing)
    return streams


def main() -> int:
    """Start, kill and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=20)
    options = parser.parse_args()
    port = free_port()
    names = ("PYTHONPATH", "CLA_KERNELS", "PATH")
    kept = {name: os.environ[name] for name in names if name in os.environ}
    kept |= {"CLA_TOKENS": TOKEN, "CLA_RECORDINGS": "off", "CLA_MAX_SESSIONS": "64"}
    ray.init(num_cpus=4, include_dashboard=False, runtime_env={"env_vars": kept})
    try:
        serve.start(http_options={"host": "127.0.0.1", "port": port})
        sessions = import_module("cla.server.on_ray").Sessions  # with ray alone
        two = sessions.options(num_replicas=2, autoscaling_config=None)
        serve.run(two.bind(), name="cla")
        begin_s = time.monotonic()
        streams = asyncio.run(run(f"http://127.0.0.1:{port}", options))
        took_s = time.monotonic() - begin_s
    finally:
        serve.shutdown()
        ray.shutdown()
    console = Console(width=100)
    moved = [one for one in streams if one.hellos > 1]
    stayed = [one for one in streams if one.hellos == 1]
    console.print(f"ray {ray.__version__}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    console.print(f"{len(moved)} sessions moved, {len(stayed)} stayed, in {took_s:.0f} s")
    for name, some in (("moved", moved), ("stayed", stayed)):
        silences = ", ".join(f"{one.silence_s:.2f}" for one in some)
        console.print(f"{name}: longest time between two tokens {silences} s")
    holds = {
        "sessions of both replicas": bool(moved and stayed),
        f"moved within {MOST_S:g} s": all(one.silence_s <= MOST_S for one in moved),
        "no token is missing or told twice": all(
            one.tokens == list(range(len(one.tokens))) and not one.gap_s for one in streams
        ),
    }
    for what, held in holds.items():
        console.print(f"{'holds' if held else 'FAILS'}: {what}")
    return 0 if all(holds.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
