"""Steppers of other implementations, each in the form that is fastest for what it does.

Their states are random instead of filled token by token: a step takes as long whatever they hold.
"""

from collections.abc import Callable
from itertools import cycle
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from cla.attention.config import OutputMode
from cla.benchmark.sizes import EMBED_DIM, HEAD_DIM, HEADS, TOKENS


def continual_inference(
    window: int, output: OutputMode, scope: Literal["product", "layer"]
) -> Callable[[], object]:
    """Multi-head attention of the package continual-inference.

    Source: arXiv 2201.06268, by its authors.
    """
    import continual

    single = output == "single_output"
    kind = (
        continual.SingleOutputMultiheadAttention
        if single
        else continual.RetroactiveMultiheadAttention
    )
    layer = kind(
        EMBED_DIM, HEADS, batch_first=True, sequence_len=window, forward_returns_attn_mask=False
    ).eval()
    state = layer._sdpa_default_state(1, init_fn=torch.rand)
    tokens = torch.randn(TOKENS, 1, EMBED_DIM)
    if scope == "layer":
        layer.set_state((*state, torch.tensor(0)))
        whole = cycle(tokens.unbind())
        return lambda: layer.forward_step(next(whole))
    heads = cycle(tokens.reshape(TOKENS, HEADS, HEAD_DIM).unbind())

    def step() -> object:
        nonlocal state
        token = next(heads)
        context, state = layer._sdpa_step(state, token, token, token)
        return context

    return step


class _Rings:
    """A cache of keys and values, and of queries, written in place."""

    def __init__(self, window: int) -> None:
        self.window = window
        self.queries, self.keys, self.values = torch.randn(3, 1, HEADS, window, HEAD_DIM)
        self.slot = 0

    def write(self, projected: Tensor, *, query: bool) -> Tensor:
        """Put a token (3, H, 1, D) in its place; returns its query (1, H, 1, D)."""
        place = slice(self.slot, self.slot + 1)
        if query:
            self.queries[0, :, place] = projected[0]
        self.keys[0, :, place] = projected[1]
        self.values[0, :, place] = projected[2]
        self.slot = (self.slot + 1) % self.window
        return projected[:1]


def torch_window(
    window: int, output: OutputMode, scope: Literal["product", "layer"]
) -> Callable[[], object]:
    """PyTorch's scaled dot-product attention of the whole window, all of it anew at every token.

    The product alone is given what is projected already, in rings.
    """
    if scope == "product":
        return torch_kept(window, output, scope)
    inward, outward = nn.Linear(EMBED_DIM, 3 * EMBED_DIM), nn.Linear(EMBED_DIM, EMBED_DIM)
    tokens, ring = cycle(torch.randn(TOKENS, EMBED_DIM).unbind()), torch.randn(window, EMBED_DIM)
    slots = cycle(range(window))

    def step() -> Tensor:
        newest = next(slots)
        ring[newest] = next(tokens)
        heads = inward(ring).view(1, window, 3, HEADS, HEAD_DIM).permute(2, 0, 3, 1, 4)
        context = scaled_dot_product_attention(*heads)
        rows = context if output == "retroactive" else context[:, :, newest : newest + 1]
        joined: Tensor = outward(rows.transpose(1, 2).flatten(2))
        return joined

    return step


def torch_kept(
    window: int, output: OutputMode, scope: Literal["product", "layer"]
) -> Callable[[], object]:
    """The same, with cached projections of older tokens."""
    rings = _Rings(window)

    def attend(projected: Tensor) -> Tensor:
        newest = rings.slot
        rings.write(projected, query=True)
        context = scaled_dot_product_attention(rings.queries, rings.keys, rings.values)
        return context if output == "retroactive" else context[:, :, newest : newest + 1]

    return _stepper(attend, scope)


def torch_newest(
    window: int,
    output: OutputMode,  # noqa: ARG001  # there is but one
    scope: Literal["product", "layer"],
) -> Callable[[], object]:
    """PyTorch's scaled dot-product attention of the newest query, with a key/value cache."""
    rings = _Rings(window)

    def attend(projected: Tensor) -> Tensor:
        query = rings.write(projected, query=False)
        return scaled_dot_product_attention(query, rings.keys, rings.values)

    return _stepper(attend, scope)


def _stepper(
    attend: Callable[[Tensor], Tensor], scope: Literal["product", "layer"]
) -> Callable[[], Any]:
    """Steps of the product alone, or with one joint input projection and the output projection."""
    if scope == "product":
        projected = cycle(torch.randn(TOKENS, 3, HEADS, 1, HEAD_DIM).unbind())
        return lambda: attend(next(projected))
    inward, outward = nn.Linear(EMBED_DIM, 3 * EMBED_DIM), nn.Linear(EMBED_DIM, EMBED_DIM)
    tokens = cycle(torch.randn(TOKENS, 1, EMBED_DIM).unbind())

    def step() -> Tensor:
        context = attend(inward(next(tokens)).view(3, HEADS, 1, HEAD_DIM))
        joined: Tensor = outward(context.transpose(1, 2).flatten(2))
        return joined

    return step
