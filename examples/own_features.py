"""Stream features of your own through attention: a constant cost a token, whatever the window."""

import torch

from cla.attention import AttentionConfig, make_attention

config = AttentionConfig(
    "continual_nystrom", embed_dim=64, num_heads=4, window=1_000, num_landmarks=16
)
layer = make_attention(config)


def stream(count: int) -> torch.Tensor:
    """Stands for your features: one token after the other, (T, 1, E)."""
    return torch.randn(count, 1, config.embed_dim)


# Live: one token at a time. Two streams at once would be a batch of two.
state = layer.init_state(batch_size=1)
with torch.inference_mode():
    for token in stream(2_000):
        output, state, _ = layer.step(token, state)  # (1, E), of the newest token

# A recording: the same numbers, vectorized over time, and with gradients for training.
outputs, state = layer.scan(stream(500).transpose(0, 1), state)  # (1, 500, E)
outputs.square().mean().backward()

print(tuple(output.shape), tuple(outputs.shape), layer.receptive_field)
