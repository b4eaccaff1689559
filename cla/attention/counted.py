"""Matrix products of a step as PyTorch's own counter sees them: a check on the closed forms."""

from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode, sdpa_flop_count

from cla.attention.config import AttentionConfig
from cla.attention.kinds.registry import kind_class
from cla.attention.layer import AttentionLayer, make_attention

LARGEST_TENSOR = 2**24
"""Elements of the largest product that counting may really compute."""


def counted_products(config: AttentionConfig) -> float | None:
    """Multiply-adds of the matrix products of a step, on average over a cycle, all heads.

    The layer really runs, in plain PyTorch, with a full window; its projections are left out.

    Returns:
        None where the step is too large to be run for this.
    """
    if largest_tensor(config) > LARGEST_TENSOR:
        return None
    layer = make_attention(config).eval()
    layer.use_fused = False
    if layer.takes_landmarks:
        shape = (config.num_heads, config.landmarks, config.head_dim)
        layer.set_landmarks(torch.randn(shape), torch.randn(shape))
    between = _count(layer, config.window)
    if kind_class(config).tick_operations(config) is None:
        return between
    # The first segment of a cycle is the longest one; its last token makes a landmark enter.
    longest = -(-config.window // config.landmarks)
    at_tick = _count(layer, config.window + longest - 1)
    return between + (at_tick - between) * config.landmarks / config.window


def product_counter() -> FlopCounterMode:
    """PyTorch's counter, that of its fused attention on the CPU included, which it does not know.

    Counted are all products with keys and values, as where they are not fused.
    """
    fused = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu

    def count(query: Any, key: Any, value: Any, *_: Any, **__: Any) -> int:
        found: int = sdpa_flop_count(query, key, value)
        return found

    return FlopCounterMode(display=False, custom_mapping={fused: count})


def _count(layer: AttentionLayer, tokens_seen: int) -> int:
    embed_dim = layer.config.embed_dim
    state = layer.state_from_window(torch.randn(1, tokens_seen, embed_dim), tokens_seen=tokens_seen)
    with product_counter() as counter:
        layer.step(torch.randn(1, embed_dim), state)
    rows = layer.config.window if layer.config.retroactive else 1
    projections = (3 + rows) * embed_dim**2
    return int(counter.get_total_flops()) // 2 - projections


def largest_tensor(config: AttentionConfig) -> int:
    """Elements of the largest product in a step."""
    whole = kind_class(config).recomputes and not config.landmarks
    columns = config.window if whole else config.landmarks + config.head_dim
    return config.num_heads * config.window * columns
