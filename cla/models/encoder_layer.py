"""One encoder layer: attention, then what is done to each token alone."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor, nn

from cla.attention import AttentionConfig, make_attention


@dataclass(frozen=True)
class EncoderSizes:
    """Of an encoder layer, what is not of its attention.

    Args:
        norm_first: normalized is what attention and feed-forward network are given, not what comes
            out of them.
        activation: makes that of the feed-forward network.
    """

    feed_forward_dim: int
    dropout: float
    norm_first: bool = False
    activation: Callable[[], nn.Module] = nn.GELU


class EncoderLayer(nn.Module):
    """Attention and feed-forward network, each with a residual path and normalized before or after.

    Attributes:
        after: what else is done to each output alone; nothing, unless set.
    """

    after: nn.Module

    def __init__(self, attention: AttentionConfig, sizes: EncoderSizes) -> None:
        super().__init__()
        embed, bias = attention.embed_dim, attention.bias
        self.norm_first = sizes.norm_first
        self.attention = make_attention(attention)
        self.attention_norm = nn.LayerNorm(embed, bias=bias)
        self.feed_forward = nn.Sequential(
            nn.Linear(embed, sizes.feed_forward_dim, bias),
            sizes.activation(),
            nn.Dropout(sizes.dropout),
            nn.Linear(sizes.feed_forward_dim, embed, bias),
        )
        self.feed_forward_norm = nn.LayerNorm(embed, bias=bias)
        self.dropout = nn.Dropout(sizes.dropout)
        self.after = nn.Identity()

    def attended(self, tokens: Tensor) -> Tensor:
        """What the attention is given of the layer's tokens, (..., E)."""
        return self.attention_norm(tokens) if self.norm_first else tokens

    def complete(self, tokens: Tensor, attended: Tensor) -> Tensor:
        """The layer's outputs for its tokens and what attention gave for them, (..., E)."""
        hidden = tokens + self.dropout(attended)
        if self.norm_first:
            change = self.feed_forward(self.feed_forward_norm(hidden))
            output: Tensor = self.after(hidden + self.dropout(change))
            return output
        hidden = self.attention_norm(hidden)
        output = self.feed_forward_norm(hidden + self.dropout(self.feed_forward(hidden)))
        return self.after(output)  # type: ignore[no-any-return]  # a module

    def with_attention(self, config: AttentionConfig) -> "EncoderLayer":
        """The same parameters (the same objects) under another attention."""
        attention = make_attention(config, self.attention)
        twin = EncoderLayer.__new__(EncoderLayer)
        nn.Module.__init__(twin)
        twin.norm_first = self.norm_first
        for name, module in self.named_children():
            setattr(twin, name, attention if name == "attention" else module)
        return twin.train(self.training)
