"""One encoder layer: attention, then what is done to each token alone."""

from dataclasses import dataclass

from torch import Tensor, nn

from cla.attention import AttentionConfig, make_attention


@dataclass(frozen=True)
class EncoderSizes:
    """Sizes of an encoder layer beside those of its attention."""

    feed_forward_dim: int
    dropout: float


class EncoderLayer(nn.Module):
    """Attention and feed-forward network, each with a residual path and normalized after it."""

    def __init__(self, attention: AttentionConfig, sizes: EncoderSizes) -> None:
        super().__init__()
        embed = attention.embed_dim
        self.attention = make_attention(attention)
        self.attention_norm = nn.LayerNorm(embed)
        self.feed_forward = nn.Sequential(
            nn.Linear(embed, sizes.feed_forward_dim),
            nn.GELU(),
            nn.Dropout(sizes.dropout),
            nn.Linear(sizes.feed_forward_dim, embed),
        )
        self.feed_forward_norm = nn.LayerNorm(embed)
        self.dropout = nn.Dropout(sizes.dropout)

    def complete(self, tokens: Tensor, attended: Tensor) -> Tensor:
        """The layer's outputs for tokens and what attention made of them, (..., E)."""
        hidden = self.attention_norm(tokens + self.dropout(attended))
        output: Tensor = self.feed_forward_norm(hidden + self.dropout(self.feed_forward(hidden)))
        return output

    def with_attention(self, config: AttentionConfig) -> "EncoderLayer":
        """The same parameters (the same objects) under another attention."""
        attention = make_attention(config, self.attention)
        twin = EncoderLayer.__new__(EncoderLayer)
        nn.Module.__init__(twin)
        for name, module in self.named_children():
            setattr(twin, name, attention if name == "attention" else module)
        return twin.train(self.training)
