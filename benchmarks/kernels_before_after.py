"""Compiled steps of two checkouts, in turn with each other: times, their ratios, and compiling.

    python benchmarks/kernels_before_after.py PATH_OF_THE_OTHER [--rounds 15]

Each checkout steps in a process of its own. A case takes turns with itself in the other process;
its ratio is the median over the rounds of one turn's time over the other's.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent.parent
MOST_CPU_S = 12.0
STEPS = 360
"""Of one turn; whole cycles of all windows below it."""
TURN_S = 0.3


@dataclass(frozen=True)
class Case:
    """A layer of random weights, one stream, whose window is full.

    Args:
        most: what the time of a step may be, as a multiple of the other checkout's.
    """

    name: str
    kind: str
    window: int
    landmark_mode: str = "continual"
    output_mode: str = "single_output"
    pseudo_inverse: str = "exact"
    embed_dim: int = 192
    heads: int = 16
    product: bool = False
    most: float = 1.1


LOW_RANK = "continual_nystrom"
CASES = (
    *(
        Case(f"{name}, N = {window}{', product' * product}", kind, window, mode, product=product)
        for window in (120, 4_096)
        for product in (False, True)
        for name, kind, mode in (
            ("fixed landmarks", LOW_RANK, "fixed"),
            ("continual landmarks", LOW_RANK, "continual"),
            ("continual", "continual", "continual"),
        )
    ),
    Case("fixed landmarks, N = 65,536", LOW_RANK, 65_536, "fixed"),
    Case("fixed landmarks, N = 64, E = 1,024", LOW_RANK, 64, "fixed", embed_dim=1_024, heads=8),
    Case("continual, N = 64, E = 1,024", "continual", 64, embed_dim=1_024, heads=8),
    Case("continual landmarks, iterative", LOW_RANK, 120, pseudo_inverse="iterative"),
    *(
        Case(f"{name}, retroactive", kind, 120, mode, "retroactive", most=1.25)
        for name, kind, mode in (
            ("fixed landmarks", LOW_RANK, "fixed"),
            ("continual landmarks", LOW_RANK, "continual"),
            ("continual", "continual", "continual"),
        )
    ),
)


def serve() -> None:
    """Take turns, each case by its number, and print median and mean seconds of a step."""
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(0)
    steppers: dict[int, Callable[[], object]] = {}
    with torch.inference_mode():
        for line in sys.stdin:
            number = int(line)
            if number not in steppers:
                steppers.clear()  # one state at a time: they may be large
                steppers[number] = stepper(CASES[number])
                for _ in range(3):
                    steppers[number]()
            step, times = steppers[number], []
            end = time.perf_counter() + TURN_S
            while len(times) < STEPS and time.perf_counter() < end:
                start = time.perf_counter()
                step()
                times.append(time.perf_counter() - start)
            print(json.dumps([statistics.median(times), statistics.fmean(times)]), flush=True)


def stepper(case: Case) -> Callable[[], object]:
    """One step of a case."""
    import torch

    from cla.attention import AttentionConfig, make_attention
    from cla.attention.projected import Projected

    config: Any = {key: asdict(case)[key] for key in ("kind", "window", "embed_dim")}
    modes: Any = {
        key: asdict(case)[key] for key in ("landmark_mode", "output_mode", "pseudo_inverse")
    }
    marks = 16 if case.kind == LOW_RANK else None
    layer = make_attention(
        AttentionConfig(**config, num_heads=case.heads, num_landmarks=marks, **modes)
    ).eval()
    if case.landmark_mode == "fixed" and marks:
        shape = (case.heads, 16, case.embed_dim // case.heads)
        layer.set_landmarks(torch.randn(shape), torch.randn(shape))
    state = layer.state_from_window(torch.randn(1, layer.receptive_field, case.embed_dim))
    token = torch.randn(1, case.embed_dim)
    if not case.product:
        return lambda: layer.step(token, state)
    projected = Projected(*layer.project(token[None], state.keys.dtype))
    return lambda: layer.attend(projected, state)


def environment(tree: Path, kernels: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(tree), "CLA_KERNELS": kernels, "OMP_NUM_THREADS": "1"}


def compile_seconds(tree: Path, kernels: str) -> float:
    """CPU seconds of compiling all kernels; what loading them takes is taken off."""
    spent = []
    for _ in range(2):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [sys.executable, "-m", "cla.attention.kernels"], env=environment(tree, kernels),
            stdout=subprocess.DEVNULL, check=True,
        )  # fmt: skip
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    return spent[0] - spent[1]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("other", type=Path, nargs="?", help="the checkout before a change")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve()
        return 0
    held = True
    with tempfile.TemporaryDirectory() as folder:
        workers = []
        for tree in (options.other.resolve(), HERE):
            kernels = str(Path(folder) / str(len(workers)))
            seconds = compile_seconds(tree, kernels)
            print(f"compiling {'before' if not workers else 'after'}: {seconds:.1f} s of CPU")
            held &= not workers or seconds <= MOST_CPU_S
            workers.append(start(tree, kernels))
        for number, case in enumerate(CASES):
            turns = [[turn(worker, number) for worker in workers] for _ in range(options.rounds)]
            median, mean = (
                statistics.median(after[part] / before[part] for before, after in turns)
                for part in (0, 1)
            )
            before, after = (statistics.median(pair[at][0] for pair in turns) for at in (0, 1))
            held &= median <= case.most
            print(
                f"{case.name:42} {before * 1e6:8.1f} us {after * 1e6:8.1f} us  "
                f"median {median:.2f}  mean {mean:.2f}  "
                f"{'holds' if median <= case.most else f'ABOVE {case.most}'}",
                flush=True,
            )
        for worker in workers:
            worker.stdin.close()  # type: ignore[union-attr]  # it has one
            worker.wait()
    return 0 if held else 1


def start(tree: Path, kernels: str) -> "subprocess.Popen[str]":
    """The process of a checkout."""
    return subprocess.Popen(
        [sys.executable, __file__, "--serve"],
        env=environment(tree, kernels),
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=1,
    )


def turn(worker: "subprocess.Popen[str]", number: int) -> list[float]:
    """Median and mean seconds of a step in one turn of a case."""
    assert worker.stdin is not None
    assert worker.stdout is not None
    worker.stdin.write(f"{number}\n")
    found: list[float] = json.loads(worker.stdout.readline())
    return found


if __name__ == "__main__":
    sys.exit(main())
