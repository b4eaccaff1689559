"""All that is to be known of a GPU, in less than six minutes, as one JSON file with its name.

The tests marked gpu; a step of whole classifiers as one graph, for 1 to 4,096 streams and windows
to 65,536; and a served load: streams with clocks of their own, those that are due step together.

Run: python benchmarks/gpu_check.py [--out gpu.json] [--compiler inductor]; with --device cpu it
shows at small sizes that it works. Ends with 1 where a test fails, or more than one token in 20
waits for longer than a hop.
"""

import argparse
import json
import platform
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch

from cla import __version__
from cla.attention import AttentionLayer, all_systems, state_bytes
from cla.errors import ClaError
from cla.models import ClassifierConfig, GraphedStep, StreamClassifier
from cla.telemetry import device_name

BUDGET_S, TESTS_S, SERVED_S = 330.0, 120.0, 6.0
EMBED_DIM, HEADS, LANDMARKS, CLASSES, LAYERS = 192, 16, 16, 10, 2
STREAMS, WINDOWS = (1, 16, 256, 4_096), (120, 1_024, 8_192, 65_536)
SERVED = (64, 256, 1_024, 4_096)
SMALL = {"streams": (1, 4), "windows": (32,), "served": (4,), "served_s": 1.0}
ROUNDS, ROUND_S, FIRST_STEPS = 5, 0.1, 8
MOST_MEMORY = 0.6
"""Of the device's, for the states of one case; a capture holds them twice."""
HOP_S, TICK_S = 0.08, 0.005


class Device:
    """Where steps run; on the CPU nothing has to be waited for.

    Args:
        name: `cuda` or `cpu`.
    """

    def __init__(self, name: str) -> None:
        self.device = torch.device(name)
        self.cuda = name == "cuda"
        if not self.cuda:
            torch.set_num_threads(1)  # as lanes step
        self.memory_bytes = (
            torch.cuda.get_device_properties(0).total_memory if self.cuda else 2 * 2**30
        )

    def wait(self) -> None:
        """Until all that was launched is done."""
        if self.cuda:
            torch.cuda.synchronize()

    def forget(self) -> None:
        """Give memory back."""
        if self.cuda:
            torch.cuda.empty_cache()

    def described(self) -> dict[str, Any]:
        """What a reader of the numbers has to know."""
        name = torch.cuda.get_device_name() if self.cuda else device_name()
        return {
            "device": name, "memory_gib": round(self.memory_bytes / 2**30, 1),
            "torch": torch.__version__, "cuda": torch.version.cuda, "cla": __version__,
            "python": platform.python_version(),
        }  # fmt: skip


def tests() -> dict[str, Any]:
    """The suite's tests that need a CUDA device."""
    command = [sys.executable, "-m", "pytest", "-n", "0", "-q", "-m", "gpu", "--no-header"]
    try:
        run = subprocess.run(
            command, cwd=Path(__file__).parents[1], capture_output=True, text=True, timeout=TESTS_S
        )
    except subprocess.TimeoutExpired:
        return {"status": "no time"}
    lines = run.stdout.strip().splitlines() or [run.stderr[-300:]]
    counts = {word: int(number) for number, word in re.findall(r"(\d+) (\w+)", lines[-1])}
    failed = [line for line in lines if line.startswith("FAILED")]
    return {"status": "run", "exit": run.returncode, "counts": counts, "failed": failed}


def cases() -> Iterator[tuple[str, str]]:
    """Kinds with their landmark modes."""
    for system in all_systems():
        yield system.kind, system.landmark_mode or "continual"


def classifier(device: Device, kind: str, mode: str, window: int) -> StreamClassifier:
    """The published models' sizes, random weights, the pseudo-inverse that can be captured."""
    config = ClassifierConfig(
        EMBED_DIM, CLASSES, EMBED_DIM, HEADS, EMBED_DIM, window, num_layers=LAYERS
    )
    made = StreamClassifier(config).with_attention(
        kind,
        LANDMARKS,
        mode,  # type: ignore[arg-type]  # names come from the registry
    )
    for module in made.modules():
        if isinstance(module, AttentionLayer) and module.takes_landmarks:
            shape = module.query_landmarks.shape
            module.set_landmarks(torch.randn(shape), torch.randn(shape))
    return made.eval().requires_grad_(False).to(device.device)


def step_s(device: Device, graphed: GraphedStep, tokens: torch.Tensor) -> float:
    """Median over rounds of the mean seconds of a step, the device waited for at the end."""
    found = []
    for _ in range(ROUNDS):
        device.wait()
        begin_s, steps = time.perf_counter(), 0
        while time.perf_counter() - begin_s < ROUND_S:
            for token in tokens:
                graphed.step(token)
            steps += len(tokens)
            device.wait()
        found.append((time.perf_counter() - begin_s) / steps)
    return statistics.median(found)


@torch.inference_mode()
def stepped(
    device: Device,
    streams: Sequence[int],
    windows: Sequence[int],
    compiler: str | None,
    until_s: float,
) -> Iterator[dict[str, Any]]:
    """Each kind at each window and number of streams, as far as memory and time go."""
    for window in windows:
        for count in streams:
            for kind, mode in cases():
                row = {"kind": kind, "landmarks": mode, "window": window, "streams": count}
                model = classifier(device, kind, mode, window)
                size = state_bytes(model.init_state(count, device="meta"))
                row["state_mib"] = round(size / 2**20, 1)
                if size > MOST_MEMORY * device.memory_bytes / 2:
                    yield {**row, "status": "no memory"}
                    continue
                if time.monotonic() > until_s:
                    yield {**row, "status": "no time"}
                    continue
                try:
                    graphed = GraphedStep(model, count, compiler=compiler)
                    tokens = torch.randn(FIRST_STEPS, count, EMBED_DIM, device=device.device)
                    for token in tokens:  # captured at the first
                        graphed.step(token)
                    seconds = step_s(device, graphed, tokens)
                except (ClaError, RuntimeError, MemoryError) as error:
                    yield {**row, "status": "failed", "why": str(error)[:300]}
                    device.forget()
                    continue
                yield {
                    **row, "status": "run", "us_a_step": round(1e6 * seconds, 1),
                    "tokens_a_second": round(count / seconds),
                }  # fmt: skip
                del graphed
                device.forget()


@torch.inference_mode()
def served(device: Device, count: int, kind: str, mode: str, seconds: float) -> dict[str, Any]:
    """Streams of a token each hop, at moments of their own; those that are due step together."""
    graphed = GraphedStep(classifier(device, kind, mode, 120), count)
    token = torch.randn(count, EMBED_DIM, device=device.device)
    graphed.step(token, active=torch.ones(count, dtype=torch.bool, device=device.device))
    device.wait()
    due_s = time.perf_counter() + HOP_S * torch.rand(count, dtype=torch.float64)
    end_s, waits, steps = time.perf_counter() + seconds, [], 0
    while (now_s := time.perf_counter()) < end_s:
        due = due_s <= now_s
        if not bool(due.any()):
            time.sleep(TICK_S / 5)
            continue
        output = graphed.step(token, active=due.to(device.device, non_blocking=True))
        output.softmax(-1).cpu()  # each stream gets its answer
        steps += 1
        waits.append(time.perf_counter() - due_s[due])
        due_s[due] += HOP_S
        time.sleep(max(now_s + TICK_S - time.perf_counter(), 0))
    waited = torch.cat(waits)
    share = torch.quantile(waited, torch.tensor([0.5, 0.95, 1.0], dtype=torch.float64))
    median_ms, p95_ms, largest_ms = (round(1e3 * float(one), 2) for one in share)
    return {
        "kind": kind, "landmarks": mode, "streams": count, "steps": steps, "tokens": len(waited),
        "tokens_due": round(count * seconds / HOP_S), "median_ms": median_ms, "p95_ms": p95_ms,
        "largest_ms": largest_ms, "within_a_hop": p95_ms <= 1e3 * HOP_S,
    }  # fmt: skip


def main(argv: Sequence[str] | None = None) -> int:
    """Run all, say what comes, and write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--out", type=Path, default=Path("gpu_check.json"))
    parser.add_argument("--compiler", help="a backend of torch.compile, applied before captures")
    parser.add_argument("--no-tests", action="store_true")
    options = parser.parse_args(argv)
    if options.device == "cuda" and not torch.cuda.is_available():
        print("There is no CUDA device here.", file=sys.stderr)
        return 2
    begin_s = time.monotonic()
    torch.manual_seed(0)
    device, small = Device(options.device), options.device == "cpu"
    sizes: dict[str, Any] = SMALL if small else {
        "streams": STREAMS, "windows": WINDOWS, "served": SERVED, "served_s": SERVED_S,
    }  # fmt: skip
    found: dict[str, Any] = {**device.described(), "small": small}
    if not options.no_tests:
        found["tests"] = tests()
        print(found["tests"], flush=True)
    found["served"] = []
    for count in sizes["served"]:
        for kind, mode in (("full", "continual"), ("continual_nystrom", "fixed")):
            found["served"].append(served(device, count, kind, mode, sizes["served_s"]))
            print(found["served"][-1], flush=True)
    found["steps"] = []
    until_s = begin_s + BUDGET_S
    for row in stepped(device, sizes["streams"], sizes["windows"], options.compiler, until_s):
        found["steps"].append(row)
        print(row, flush=True)
    found["took_s"] = round(time.monotonic() - begin_s, 1)
    options.out.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    failed = bool(found.get("tests", {}).get("exit"))
    return int(failed or not all(one["within_a_hop"] for one in found["served"]))


if __name__ == "__main__":
    sys.exit(main())
