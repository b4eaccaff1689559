"""From a configuration to a layer."""

from importlib import import_module

from cla.attention.config import KINDS, AttentionConfig
from cla.attention.layer import AttentionLayer


def make_attention(config: AttentionConfig) -> AttentionLayer:
    """A layer of the configured kind, freshly initialized."""
    module, name = KINDS[config.kind].layer.rsplit(".", 1)
    layer: AttentionLayer = getattr(import_module(f"cla.attention.{module}"), name)(config)
    return layer
