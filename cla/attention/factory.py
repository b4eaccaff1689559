"""From a configuration to a layer."""

from importlib import import_module
from typing import Any

from cla.attention.config import AttentionConfig
from cla.attention.layer import AttentionLayer
from cla.attention.registry import KINDS


def make_attention(
    config: AttentionConfig, sharing: AttentionLayer | None = None
) -> AttentionLayer:
    """A layer of the configured kind.

    Args:
        sharing: a layer whose projections, the same objects, become those of the new one; they are
            made and initialized anew if not given.
    """
    kind: Any = KINDS[config.kind].layer
    if isinstance(kind, str):
        module, name = kind.rsplit(".", 1)
        kind = getattr(import_module(f"cla.attention.{module}"), name)
    layer: AttentionLayer = kind(config) if sharing is None else kind.sharing(config, sharing)
    return layer
