"""`cla bench --live`: what a live session's tokens cost here, and which goals hold."""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from functools import partial
from typing import NamedTuple
from urllib.request import urlopen

import numpy as np
import torch
from websockets.sync.client import ClientConnection, connect

from cla.attention import LOW_RANK, REFERENCE, STREAMED, AttentionConfig, make_attention
from cla.benchmark.peers import torch_kept
from cla.benchmark.sizes import EMBED_DIM, HEADS
from cla.capture import open_audio, sample_clips
from cla.engine import Comparison, Session, SetEmit, sound_stream
from cla.engine.stepper import PROCESSOR_NS
from cla.features import SAMPLE_RATE_HZ, StreamResampler
from cla.models import LONGEST_WINDOW, LaneSpec, TaskModel, load_task
from cla.telemetry import TokenRecord
from cla.types import Token

WINDOWS = (64, 120, 240, 480, 960, 1_920, 4_096)
LONG = 1_920
FULL, LOW = LaneSpec(REFERENCE), LaneSpec(LOW_RANK, 16, "fixed")
LANES = (
    ("fixed landmarks", LOW, (70.0, 120.0)),
    ("continual landmarks", LaneSpec(LOW_RANK, 16, "continual"), (90.0, 160.0)),
    ("exact continual attention", LaneSpec(STREAMED), (90.0, 120.0)),
)
"""With the most microseconds of a lane's token, without and with its attention row."""
TURN_S = 4.0
"""Of functions that take turns, at most, beyond a few of each."""
WARM_UP_S = 3.0
CPU = "process_cpu_seconds_total"
"""A server's processor time, among its metrics."""


class Goal(NamedTuple):
    """What was found, and what it may be at most."""

    what: str
    found: float
    most: float
    unit: str

    @property
    def met(self) -> bool:
        """Whether it holds."""
        return self.found <= self.most


def goals(*, quick: bool = False) -> Iterator[Goal]:
    """All goals, each as soon as it is measured; `quick` shows that it works."""
    task, seconds = load_task("digits"), 6.0 if quick else 40.0
    yield from served(task, seconds)
    with torch.inference_mode():
        for window in WINDOWS[:2] if quick else WINDOWS:
            yield from full_over_torch(window)
    for name, spec, most in LANES:
        for emit in (False, True):
            yield lane(task, name, spec, most[emit], 400 if quick else 1_500, emit=emit)
    yield from gain(task, 240 if quick else LONG)
    yield delay(task, 240 if quick else LONGEST_WINDOW, seconds)


def full_over_torch(window: int) -> Iterator[Goal]:
    """Kind `full`, without and with its attention row, over what PyTorch takes."""
    layer = make_attention(AttentionConfig(REFERENCE, EMBED_DIM, HEADS, window)).eval()
    state = layer.state_from_window(torch.randn(1, window, EMBED_DIM))
    x = torch.randn(1, EMBED_DIM)
    row = layer.kind.compiled.row  # as lanes show it
    ours, shown, torchs = in_turn(
        (
            lambda: layer.step(x, state),
            lambda: (layer.step(x, state), row(layer.arrays_of(state))),
            torch_kept(window, "single_output", "layer"),
        )
    )
    yield Goal(f"full over PyTorch's, N = {window:,}", ours / torchs, 1.2, "times")
    yield Goal(f"full over PyTorch's, N = {window:,}, row shown", shown / torchs, 1.2, "times")


def lane(
    task: TaskModel, name: str, spec: LaneSpec, most: float, tokens: int, *, emit: bool
) -> Goal:
    """A lane's token as a session steps it; of landmarks that tick the mean."""
    comparison = Comparison(task, [spec])
    comparison.emit = emit
    times = []
    for index, features in enumerate(torch.randn(tokens + 300, 96)):
        token = Token(index, 0.08 * index, features)
        start = PROCESSOR_NS()
        comparison.step(token)
        times.append((PROCESSOR_NS() - start) / 1e3)
    taken = sorted(times[300:])
    ticks = spec.landmark_mode == "continual" and spec.num_landmarks
    # A hundredth of the tokens is left out: on a busy machine they waited for a processor.
    found = statistics.fmean(taken[: -len(taken) // 100]) if ticks else statistics.median(taken)
    kind = "mean" if ticks else "median"
    return Goal(f"lane of {name}{', row shown' * emit} ({kind})", found, most, "us")


def gain(task: TaskModel, window: int) -> Iterator[Goal]:
    """Fixed landmarks over full attention in a long window, as lanes run them."""
    whole, steps = [], []
    x = torch.randn(1, task.classifier.config.embed_dim)
    for spec, count in ((FULL, 30), (LOW, 600)):
        comparison = Comparison(task, [replace(spec, window=window)])
        comparison.emit = True
        comparison.fill(torch.randn(600, 96), window)
        times = []
        for index, row in enumerate(torch.randn(count, 96)):
            record = comparison.step(Token(index, 0.08 * index, row)).lanes[0]
            times.append(record.compute_ms + record.showing_ms)
        whole.append(statistics.median(times[5:]))
        stepper = comparison.lanes[0]._stepper  # the attention alone, as the lane runs it
        layer, state = stepper.classifier.attentions[0], stepper.state.stack.layers[0]
        steps.append(partial(layer.step, x, state))
    with torch.inference_mode():
        full, low = in_turn(steps[:1]) + in_turn(steps[1:])
    at = f"fixed landmarks over full, N = {window:,}"
    yield Goal(f"{at}, attention", low / full, 1 / 500, "times")
    yield Goal(f"{at}, lane with its row", whole[1] / whole[0], 1 / 100, "times")


def delay(task: TaskModel, window: int, seconds: float) -> Goal:
    """How much later low rank answers beside full attention of so long a window, p99."""
    low, full = (replace(spec, window=window) for spec in (LOW, FULL))
    alone, beside = (_waited_ms(task, lanes, window, seconds) for lanes in ([low], [full, low]))
    found = float(np.percentile(beside, 99) - np.percentile(alone, 99))
    return Goal(f"low rank beside full, N = {window:,}: later by (p99)", found, 10.0, "ms")


def _waited_ms(
    task: TaskModel, lanes: Sequence[LaneSpec], window: int, seconds: float
) -> list[float]:
    """From each packet to the record of its token, in real time."""
    waited = []
    stream = sound_stream(task, SAMPLE_RATE_HZ)
    with closing(Session(task, lanes, stream)) as session:
        session.send(SetEmit(True))
        session.fill(torch.randn(600, 96), window)
        session.drain(timeout_s=60)  # it is filled
        for packet in _packets(task, seconds):
            session.push(np.frombuffer(packet, "<i2"))
            waited += [one.queue_ms for one in session.drain() if isinstance(one, TokenRecord)]
    return waited[round(WARM_UP_S / task.hop_s) :]


def served(task: TaskModel, seconds: float) -> Iterator[Goal]:
    """What `cla serve` takes for a session of two lanes with their rows, everything included."""
    command = [sys.executable, "-m", "cla", "serve", "--port", "0", "--workers", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            url = process.stdout.readline().strip()
            address = url.replace("http", "ws", 1) + "/v1/live?format=arrays"
            with connect(address, max_size=None, compression=None) as socket:
                used_s = _listen(task, url, socket, seconds)
        finally:
            process.terminate()
    yield Goal(
        "CPU of a served token, full and fixed landmarks", 1e3 * used_s * task.hop_s, 1.5, "ms"
    )
    yield Goal("CPU of a second of such a session", 1e3 * used_s, 20.0, "ms")


def _listen(task: TaskModel, url: str, socket: ClientConnection, seconds: float) -> float:
    """Be a microphone; returns the seconds of a processor that the server takes in a second."""
    lanes = ",".join(map(str, (FULL, LOW)))
    for message in (
        {"type": "named_lanes", "text": lanes},
        {"type": "emit", "emit": True},
    ):
        socket.send(json.dumps(message))
    while not _metric(url, "cla_warm"):
        time.sleep(0.5)
    socket.send(json.dumps({"type": "microphone", "sample_rate_hz": SAMPLE_RATE_HZ}))
    begun_s, used_s = 0.0, 0.0
    for index, packet in enumerate(_packets(task, seconds)):
        socket.send(packet)
        with suppress(TimeoutError):
            while socket.recv(timeout=0):
                pass
        if index == round(WARM_UP_S / task.hop_s):
            begun_s, used_s = time.monotonic(), _metric(url, CPU)
    return (_metric(url, CPU) - used_s) / (time.monotonic() - begun_s)


def _metric(url: str, name: str) -> float:
    with urlopen(f"{url}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    return float(next(line for line in text.splitlines() if line.startswith(f"{name} ")).split()[1])


def _packets(task: TaskModel, seconds: float) -> Iterator[bytes]:
    """A shipped recording as a microphone gives it, again and again: int16, a hop each."""
    with open_audio(sample_clips(task.name)[0].path) as audio:
        resampler = StreamResampler(audio.sample_rate_hz, SAMPLE_RATE_HZ)
        parts = [part for chunk in audio for part in resampler.push(chunk.samples)]
    size = round(task.hop_s * SAMPLE_RATE_HZ)
    sound = (np.concatenate(parts) * 32_767).astype("<i2")
    begun_s = time.monotonic()
    for index in range(round(seconds / task.hop_s)):
        time.sleep(max(begun_s + (index + 1) * task.hop_s - time.monotonic(), 0.0))
        at = index * size % (len(sound) - size)
        yield sound[at : at + size].tobytes()


def in_turn(functions: Sequence[Callable[[], object]]) -> list[float]:
    """Median microseconds of a processor of each function, in turn again and again."""
    times: list[list[float]] = [[] for _ in functions]
    end = time.perf_counter() + TURN_S
    while len(times[0]) < 5 or (len(times[0]) < 2_000 and time.perf_counter() < end):
        for function, taken in zip(functions, times, strict=True):
            start = PROCESSOR_NS()
            function()
            taken.append((PROCESSOR_NS() - start) / 1e3)
    return [statistics.median(taken[2:]) for taken in times]
