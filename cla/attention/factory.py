"""The registry of attention kinds."""

from types import MappingProxyType

from cla.attention.config import AttentionConfig
from cla.attention.continual import ContinualAttention
from cla.attention.continual_nystrom import ContinualNystromAttention
from cla.attention.full import FullAttention
from cla.attention.layer import AttentionLayer
from cla.attention.nystrom import NystromAttention

KINDS: MappingProxyType[str, type[AttentionLayer]] = MappingProxyType(
    {
        "full": FullAttention,
        "continual": ContinualAttention,
        "nystrom": NystromAttention,
        "continual_nystrom": ContinualNystromAttention,
    }
)


def make_attention(config: AttentionConfig) -> AttentionLayer:
    """A layer of the configured kind, freshly initialized."""
    return KINDS[config.kind](config)
