"""Training speed of every attention kind: `scan`, forward and backward, against full attention.

Processor time, the median of rounds in which all kinds take turns, so that what else a machine does
falls on all alike. Run: python benchmarks/scan_training.py [--rounds 7]
"""

import argparse
import statistics
import sys
import time

import torch
from rich.console import Console
from rich.table import Table

from cla.models import StreamClassifier, load_task

STREAMS, TOKENS, LANDMARKS = 12, 492, 16
GOALS = {
    ("full", "continual"): 1.0,
    ("continual", "continual"): 2.0,
    ("continual_nystrom", "fixed"): 5.0,
    ("continual_nystrom", "continual"): 10.0,
    ("nystrom", "continual"): 30.0,
}
"""How many times the processor time of full attention a kind may take."""


def seconds(lane: StreamClassifier, features: torch.Tensor) -> tuple[float, float]:
    """Processor and wall time of one pass forward and backward."""
    lane.zero_grad()
    start = time.process_time(), time.perf_counter()
    logits, _ = lane.scan(features, lane.init_state(len(features)))
    logits.square().mean().backward()
    return time.process_time() - start[0], time.perf_counter() - start[1]


def main() -> int:
    """Print the table; 1 where a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    torch.set_num_threads(2)
    task = load_task("digits")
    features = torch.randn(STREAMS, TOKENS, task.classifier.config.input_dim)
    lanes = {
        key: task.with_attention(key[0], LANDMARKS, key[1]).train()  # type: ignore[arg-type]  # names of the table above
        for key in GOALS
    }
    found: dict[tuple[str, str], list[tuple[float, float]]] = {key: [] for key in GOALS}
    for _ in range(options.rounds + 1):
        for key, lane in lanes.items():
            lane.requires_grad_(True)
            found[key].append(seconds(lane, features))
    table = Table("attention", "landmarks", "CPU s", "wall s", "times full", "goal", "")
    medians = {
        key: [statistics.median(x) for x in zip(*each[1:], strict=True)]
        for key, each in found.items()
    }
    missed = False
    for key, (processor, wall) in medians.items():
        times = processor / medians["full", "continual"][0]
        held = times <= GOALS[key]
        missed |= not held
        table.add_row(
            *key, f"{processor:.2f}", f"{wall:.2f}", f"{times:.1f}", f"{GOALS[key]:.0f}",
            "holds" if held else "missed",
        )  # fmt: skip
    Console().print(table)
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
