"""From a configuration to a layer."""

from importlib import import_module

from cla.attention.config import AttentionConfig
from cla.attention.layer import AttentionLayer
from cla.attention.registry import KINDS


def make_attention(config: AttentionConfig) -> AttentionLayer:
    """A layer of the configured kind, freshly initialized."""
    kind = KINDS[config.kind].layer
    if not isinstance(kind, str):
        return kind(config)
    module, name = kind.rsplit(".", 1)
    layer: AttentionLayer = getattr(import_module(f"cla.attention.{module}"), name)(config)
    return layer
