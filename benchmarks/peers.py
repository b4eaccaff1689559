"""The same weights in other people's code and in ours: do they agree, and who steps faster?

What is compared, each on one stream and one thread, steps in turn, medians of processor time:
- `torch.nn.MultiheadAttention` over the whole window, with a layer of `full` and of `continual`;
- `torch.nn.TransformerEncoder` over the whole window, with `full`, two layers, the paper's stack;
- Hugging Face's Nystromformer attention over the whole window, with `nystrom`;
- two single-output layers of continual-inference (arXiv 2201.06268), one above the other, which is
  how DeepCoT (arXiv 2511.17693) gives continual attention depth, with `continual`, cascaded;
- with --deepcot FOLDER, a checkout of its authors' code, the same of that code.

Run: python benchmarks/peers.py [--window 120] [--deepcot FOLDER]
"""

import argparse
import importlib
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn

from cla.attention import AttentionConfig, make_attention
from cla.models import from_torch

EMBED_DIM, HEADS, HIDDEN, LANDMARKS = 192, 16, 1024, 8
WRAPPERS = ("fn", "_ff_block")
"""Names in the paths of continual-inference's parameters that PyTorch's lack."""
Step = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Pair:
    """A peer and ours with its weights: each takes a token (1, E) and gives the newest output."""

    peer: str
    ours: str
    steps: tuple[Step, Step]


class Window:
    """The newest N tokens, (1, N, E), for code that computes all of a window anew."""

    def __init__(self, window: int, of_window: Callable[[Tensor], Tensor]) -> None:
        self._tokens = torch.zeros(1, window, EMBED_DIM)
        self._of_window = of_window

    def __call__(self, token: Tensor) -> Tensor:
        """The output of the newest token, (1, E)."""
        self._tokens = torch.cat([self._tokens[:, 1:], token[:, None]], dim=1)
        return self._of_window(self._tokens)[:, -1]


class Stream:
    """A module of ours with its state."""

    def __init__(self, module: Any) -> None:
        self._module, self._state = module.eval(), module.init_state(1)

    def __call__(self, token: Tensor) -> Tensor:
        """The output of the newest token, (1, E)."""
        output, self._state, _ = self._module.step(token, self._state)
        return output[:, -1] if output.ndim == 3 else output


def transformer(layers: int = 2) -> nn.TransformerEncoder:
    """An encoder of PyTorch's with random weights, biases and norms included."""
    layer = nn.TransformerEncoderLayer(EMBED_DIM, HEADS, HIDDEN, dropout=0, batch_first=True)
    encoder = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False).eval()
    for parameter in encoder.parameters():
        nn.init.normal_(parameter, std=EMBED_DIM**-0.5)
    return encoder


def multihead(window: int, kind: str) -> Pair:
    """PyTorch's attention of all tokens to all."""
    peer = nn.MultiheadAttention(EMBED_DIM, HEADS, batch_first=True).eval()
    ours = from_torch(peer, kind=kind, window=window)
    whole = Window(window, lambda tokens: peer(tokens, tokens, tokens, need_weights=False)[0])
    return Pair("torch.nn.MultiheadAttention", kind, (whole, Stream(ours)))


def torch_encoder(window: int) -> Pair:
    """PyTorch's own encoder."""
    encoder = transformer()
    ours = from_torch(encoder, kind="full", window=window)
    return Pair(
        "torch.nn.TransformerEncoder", "full, 2 layers", (Window(window, encoder), Stream(ours))
    )


def hugging_face(window: int) -> Pair:
    """Nystromformer's attention; the segments' means need N to be a multiple of M."""
    from transformers import NystromformerConfig
    from transformers.models.nystromformer.modeling_nystromformer import NystromformerSelfAttention

    peer = NystromformerSelfAttention(
        NystromformerConfig(
            hidden_size=EMBED_DIM,
            num_attention_heads=HEADS,
            num_landmarks=LANDMARKS,
            segment_means_seq_len=window,
            attention_probs_dropout_prob=0.0,
        )
    ).eval()
    peer.conv_kernel_size = None  # the paper's own extra, which is no part of the attention
    # Each matrix starts by its own norm; "original" takes one for all heads and streams.
    peer.init_option = "exact"
    layer = make_attention(
        AttentionConfig("nystrom", EMBED_DIM, HEADS, window, LANDMARKS, pseudo_inverse="iterative")
    )
    for name in ("query", "key", "value"):
        getattr(layer, f"{name}_proj").load_state_dict(getattr(peer, name).state_dict())
    layer.output_proj = nn.Identity()  # it has none
    return Pair(
        "Hugging Face, NystromformerSelfAttention",
        f"nystrom, M = {LANDMARKS}",
        (Window(window, lambda tokens: peer(tokens)[0]), Stream(layer)),
    )


def single_output_layers(package: Any, name: str, window: int, **options: bool) -> Pair:
    """Two layers of continual-inference's form, one above the other."""
    encoder = transformer()
    layers = []
    for layer in encoder.layers:
        made = package.SingleOutputTransformerEncoderLayer(
            EMBED_DIM,
            HEADS,
            HIDDEN,
            dropout=0.0,
            activation=nn.ReLU(),
            sequence_len=window,
            **options,
        ).eval()
        weights = layer.state_dict()
        with torch.no_grad():
            for path, parameter in made.named_parameters():
                part = ".".join(w for w in path.split(".") if not w.isdigit() and w not in WRAPPERS)
                parameter.copy_(weights.pop(part))
        assert not weights, f"{name} lacks {sorted(weights)}"
        layers.append(made)

    def step(token: Tensor) -> Tensor:
        output: Any = token
        for layer in layers:
            output = layer.forward_step(output)
            if not isinstance(output, Tensor):  # it has not heard a whole window yet
                return torch.full_like(token, torch.nan)
        return output.reshape(token.shape)

    ours = from_torch(encoder, kind="continual", window=window, stack_mode="cascaded")
    return Pair(name, "continual, 2 layers, cascaded", (step, Stream(ours)))


def pairs(window: int, deepcot: str | None) -> Iterator[Pair]:
    """All that can be compared here; what is not installed is left out and said."""
    yield multihead(window, "full")
    yield multihead(window, "continual")
    yield torch_encoder(window)
    for package, make in (
        ("transformers", lambda _: hugging_face(window)),
        (
            "continual",
            lambda package: single_output_layers(package, "continual-inference, 2 layers", window),
        ),
    ):
        try:
            module = importlib.import_module(package)
        except ImportError:
            print(f"{package} is not installed and left out.", file=sys.stderr)
            continue
        yield make(module)
    if deepcot:
        sys.path.insert(0, deepcot)
        package = importlib.import_module("continual_dev")
        yield single_output_layers(package, "DeepCoT's code, 2 layers", window, use_stride=False)


def compare(pair: Pair, window: int, rounds: int) -> tuple[float, float, float]:
    """The largest difference over the largest output, and both medians in microseconds.

    They are compared from the third window on, where every peer has full ones.
    """
    tokens = torch.randn(3 * window + rounds, 1, EMBED_DIM)
    peer, ours = pair.steps
    worst = 0.0
    times: tuple[list[float], list[float]] = ([], [])
    for number, token in enumerate(tokens):
        outputs = []
        for step, taken in zip((peer, ours), times, strict=True):
            start = time.thread_time()
            outputs.append(step(token))
            taken.append(time.thread_time() - start)
        if number >= 3 * window:
            theirs, own = outputs
            worst = max(worst, float((theirs - own).abs().max() / theirs.abs().max()))
    medians = [1e6 * statistics.median(taken[-rounds:]) for taken in times]
    return worst, medians[0], medians[1]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--window", type=int, default=120)
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--deepcot", metavar="FOLDER")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    table = Table("peer", "ours", "difference", "peer, us", "ours, us", "times faster")
    with torch.inference_mode():
        for pair in pairs(options.window, options.deepcot):
            worst, peer_us, own_us = compare(pair, options.window, options.rounds)
            row = f"{worst:.1e}", f"{peer_us:,.0f}", f"{own_us:,.0f}", f"{peer_us / own_us:.2f}"
            table.add_row(pair.peer, pair.ours, *row)
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
