"""A whole classifier's step on CUDA as one graph: time a step, and tokens a second.

Run on a machine with a CUDA device: python benchmarks/gpu_step.py [--compiler inductor]
"""

import argparse
import statistics
import sys
import time

import torch
from rich.console import Console
from rich.table import Table

from cla.attention import AttentionLayer
from cla.models import ClassifierConfig, GraphedStep, StreamClassifier

EMBED_DIM, HEADS, WINDOW, LANDMARKS, CLASSES = 192, 16, 120, 16, 10
STREAMS = (1, 256, 4_096)
ROUNDS, STEPS = 9, 200
CASES = (
    ("full", "continual"),
    ("continual", "continual"),
    ("nystrom", "continual"),
    ("continual_nystrom", "continual"),
    ("continual_nystrom", "fixed"),
)


def make_classifier(kind: str, landmark_mode: str, layers: int) -> StreamClassifier:
    """The published models' sizes, random weights, the pseudo-inverse that can be captured."""
    config = ClassifierConfig(
        EMBED_DIM, CLASSES, EMBED_DIM, HEADS, EMBED_DIM, WINDOW, num_layers=layers
    )
    classifier = StreamClassifier(config).with_attention(
        kind,
        LANDMARKS,
        landmark_mode,  # type: ignore[arg-type]  # names come from the table above
    )
    for module in classifier.modules():
        if isinstance(module, AttentionLayer) and module.takes_landmarks:
            shape = module.query_landmarks.shape
            module.set_landmarks(torch.randn(shape), torch.randn(shape))
    return classifier.eval().requires_grad_(False).cuda()


def step_time(graphed: GraphedStep, tokens: torch.Tensor) -> float:
    """Median over the rounds of the mean seconds of a step, the device waited for at the end."""
    found = []
    for _ in range(ROUNDS):
        torch.cuda.synchronize()
        start = time.perf_counter()
        for index in range(STEPS):
            graphed.step(tokens[index % len(tokens)])
        torch.cuda.synchronize()
        found.append((time.perf_counter() - start) / STEPS)
    return statistics.median(found)


def main() -> int:
    """Measure every kind at every number of streams, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--compiler", help="a backend of torch.compile, applied before the capture")
    parser.add_argument("--layers", type=int, default=2, help="encoder layers (default: 2)")
    options = parser.parse_args()
    compiler = options.compiler
    if not torch.cuda.is_available():
        print("There is no CUDA device here.", file=sys.stderr)
        return 2
    torch.manual_seed(0)
    table = Table("kind", "landmarks", "B", "µs a step", "tokens a second")
    for kind, landmark_mode in CASES:
        for streams in STREAMS:
            graphed = GraphedStep(
                make_classifier(kind, landmark_mode, options.layers), streams, compiler=compiler
            )
            tokens = torch.randn(8, streams, EMBED_DIM, device="cuda")
            for token in tokens.repeat(-(-WINDOW // 8), 1, 1):  # fill the window, and capture
                graphed.step(token)
            seconds = step_time(graphed, tokens)
            table.add_row(
                kind,
                landmark_mode if "nystrom" in kind else "-",
                f"{streams:,}",
                f"{seconds * 1e6:,.0f}",
                f"{streams / seconds:,.0f}",
            )
            del graphed
            torch.cuda.empty_cache()
    console = Console(width=100)
    console.print(
        f"E = {EMBED_DIM}, {HEADS} heads, N = {WINDOW}, M = {LANDMARKS}, one layer, float32, "
        f"{compiler or 'not'} compiled; "
        f"{torch.cuda.get_device_name()}, torch {torch.__version__}"
    )
    console.print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
