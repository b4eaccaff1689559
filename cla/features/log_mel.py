"""The log-mel spectrogram that VGGish and YAMNet share."""

import numpy as np
import torch
from torch import Tensor

FRAME_SAMPLES = 400
FRAME_HOP_SAMPLES = 160
MEL_BANDS = 64
PATCH_FRAMES = 96
PATCH_SAMPLES = (PATCH_FRAMES - 1) * FRAME_HOP_SAMPLES + FRAME_SAMPLES
CONTEXT_SAMPLES = FRAME_SAMPLES - FRAME_HOP_SAMPLES
"""Samples before its own hop that a frame rests on."""

_RATE_HZ = 16_000
_FFT_SAMPLES = 512
_LOW_HZ, _HIGH_HZ = 125.0, 7_500.0


class LogMel(torch.nn.Module):
    """Frames of 25 ms every 10 ms: magnitude spectrum, 64 bands of 125 to 7,500 Hz, logarithm.

    Shapes:
        samples: (..., S) in [-1, 1] at 16 kHz
        output: (..., 1 + (S - 400) // 160, 64)

    Source: Hershey et al., "CNN Architectures for Large-Scale Audio Classification"
    (arXiv 1609.09430).

    Args:
        offset: added before the logarithm: 0.01 in VGGish, 0.001 in YAMNet.
    """

    window: Tensor
    filters: Tensor

    def __init__(self, offset: float) -> None:
        super().__init__()
        self.offset = offset
        window = torch.hann_window(FRAME_SAMPLES, periodic=True)
        self.register_buffer("window", window, persistent=False)
        self.register_buffer("filters", mel_filters(), persistent=False)

    def forward(self, samples: Tensor) -> Tensor:
        frames = samples.unfold(-1, FRAME_SAMPLES, FRAME_HOP_SAMPLES) * self.window
        spectrum = torch.fft.rfft(frames, _FFT_SAMPLES).abs()
        return torch.log(spectrum @ self.filters + self.offset)


def mel_filters() -> Tensor:
    """Weights (257, 64) of spectrum bins in bands: triangles on the mel scale, none for 0 Hz."""

    def mel(hz: np.ndarray | float) -> np.ndarray:
        return np.asarray(1127.0 * np.log1p(np.asarray(hz) / 700.0))

    bins = mel(np.linspace(0.0, _RATE_HZ / 2, _FFT_SAMPLES // 2 + 1))[:, np.newaxis]
    edges = np.linspace(mel(_LOW_HZ), mel(_HIGH_HZ), MEL_BANDS + 2)
    low, center, high = edges[:-2], edges[1:-1], edges[2:]
    rising = (bins - low) / (center - low)
    falling = (high - bins) / (high - center)
    weights = np.maximum(0.0, np.minimum(rising, falling))
    weights[0] = 0.0
    return torch.from_numpy(weights.astype(np.float32))
