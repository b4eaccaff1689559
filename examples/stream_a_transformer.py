"""Stream a Transformer of PyTorch's: the same weights and numbers, one token at a time."""

import torch
from torch import nn

from cla.models import from_torch

model = nn.TransformerEncoder(
    nn.TransformerEncoderLayer(64, 4, dim_feedforward=128, batch_first=True), num_layers=2
).eval()
streaming = from_torch(model, kind="continual", window=32)

tokens = torch.randn(1, 32, 64)
state = streaming.init_state(1)
with torch.inference_mode():
    for time in range(tokens.shape[1]):
        output, state, _ = streaming.step(tokens[:, time], state)
    whole_window = model(tokens)

print(f"largest difference {(output - whole_window[:, -1]).abs().max():.0e}")
