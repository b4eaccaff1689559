"""Time of one attention step against full attention and against the window length.

Run: python benchmarks/step_time.py
"""

import statistics
import time

import torch
from rich.console import Console
from rich.table import Table

from cla.attention import (
    AttentionConfig,
    AttentionLayer,
    ContinualNystromAttention,
    make_attention,
)
from cla.telemetry import device_name

EMBED_DIM, HEADS = 192, 16
ROUNDS, STEPS = 9, 200


def make_layer(kind: str, window: int, landmarks: int | None, mode: str) -> AttentionLayer:
    """A layer with random weights and, if fixed, random landmarks."""
    layer = make_attention(
        AttentionConfig(kind, EMBED_DIM, HEADS, window, landmarks, landmark_mode=mode)  # type: ignore[arg-type]  # names come from the table below
    )
    if isinstance(layer, ContinualNystromAttention) and layer.fixed:
        shape = (HEADS, layer.config.landmarks, layer.config.head_dim)
        layer.set_landmarks(torch.randn(shape), torch.randn(shape))
    return layer


CASES = [
    ("full", 120, None, "continual"),
    ("continual", 120, None, "continual"),
    ("nystrom", 120, 16, "continual"),
    ("continual_nystrom", 120, 16, "fixed"),
    ("continual_nystrom", 120, 16, "continual"),
    ("continual_nystrom", 128, 16, "fixed"),
    ("continual_nystrom", 1024, 16, "fixed"),
    ("continual_nystrom", 16384, 16, "fixed"),
    ("continual_nystrom", 65536, 16, "fixed"),
]


@torch.inference_mode()
def main() -> None:
    """Measure all cases in turn, several rounds, and print medians and ratios."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    layers = [make_layer(*case) for case in CASES]
    states = [
        layer.state_from_window(torch.randn(1, layer.receptive_field, EMBED_DIM))
        for layer in layers
    ]
    medians: list[list[float]] = [[] for _ in CASES]
    means: list[list[float]] = [[] for _ in CASES]
    token = torch.randn(1, EMBED_DIM)
    for _ in range(ROUNDS):
        for index, (layer, state) in enumerate(zip(layers, states, strict=True)):
            times = []
            for _ in range(STEPS):
                start = time.perf_counter()
                layer.step(token, state)
                times.append(time.perf_counter() - start)
            medians[index].append(statistics.median(times))
            means[index].append(statistics.mean(times))
    table = Table("kind", "N", "M", "landmarks", "median us", "mean us", "mean / that at N = 128")
    base = statistics.median(means[CASES.index(("continual_nystrom", 128, 16, "fixed"))])
    for case, median, mean in zip(CASES, medians, means, strict=True):
        middle = statistics.median(mean)
        table.add_row(
            case[0], str(case[1]), str(case[2] or "-"), case[3] if case[2] else "-",
            f"{statistics.median(median) * 1e6:.0f}", f"{middle * 1e6:.0f}", f"{middle / base:.2f}",
        )  # fmt: skip
    console = Console(width=110)
    console.print(f"E = {EMBED_DIM}, {HEADS} heads, {device_name()}, torch {torch.__version__}")
    console.print(table)


if __name__ == "__main__":
    main()
