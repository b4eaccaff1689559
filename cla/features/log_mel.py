"""The log-mel spectrogram that VGGish and YAMNet share, and its patches of a clip."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cla.features.spectrogram import magnitudes
from cla.features.tokenizer import checked
from cla.torch_audio import torch_audio

FRAME_SAMPLES = 400
FRAME_HOP_SAMPLES = 160
MEL_BANDS = 64
PATCH_FRAMES = 96
CONTEXT_SAMPLES = FRAME_SAMPLES - FRAME_HOP_SAMPLES
"""Samples before its own hop that a frame rests on."""

_RATE_HZ = 16_000
_FFT_SAMPLES = 512
_LOW_HZ, _HIGH_HZ = 125.0, 7_500.0
_NO_WARP = (100.0, -500.0, 1.0)
"""Of the vocal tract: the bands as they are."""
_BATCH = 64


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
        audio = torch_audio()
        # Triangles on the mel scale, as both networks have them; torchaudio's other filter bank,
        # `melscale_fbanks`, has them on the scale of Hz. None of them reaches the highest bin.
        filters, _ = audio.compliance.kaldi.get_mel_banks(
            MEL_BANDS, _FFT_SAMPLES, float(_RATE_HZ), _LOW_HZ, _HIGH_HZ, *_NO_WARP
        )
        window = torch.hann_window(FRAME_SAMPLES, periodic=True)
        self.register_buffer("window", window, persistent=False)
        self.register_buffer("filters", filters, persistent=False)

    def forward(self, samples: Tensor) -> Tensor:
        spectrum = magnitudes(samples, self.window, _FFT_SAMPLES, FRAME_HOP_SAMPLES)
        bands = self.filters @ spectrum[..., :-1, :]
        return torch.log(bands + self.offset).transpose(-1, -2)


def silent_patch(log_mel: LogMel) -> Tensor:
    """The patch of digital silence, (96, 64)."""
    return torch.full((PATCH_FRAMES, MEL_BANDS), log_mel.offset).log()


@torch.no_grad()
def embed_patches(
    samples: NDArray[np.float32],
    log_mel: LogMel,
    embed: Callable[[Tensor], Tensor],
    hop_samples: int,
) -> Tensor:
    """Features of a clip, one row for every hop that it fills.

    Args:
        embed: features (B, F) of patches (B, 96, 64).
        hop_samples: a multiple of the 160 samples between frames.

    Shapes:
        samples: (S,) float32 in [-1, 1] at 16 kHz.
        returns: (T, F) with T = S // hop_samples.

    Raises:
        ClaError: the samples are not numbers, or not one channel.
    """
    hop_frames = hop_samples // FRAME_HOP_SAMPLES
    whole = len(samples) - len(samples) % hop_samples
    heard = torch.from_numpy(checked(samples)[:whole])
    frames = log_mel(torch.cat((torch.zeros(CONTEXT_SAMPLES), heard)))
    frames = torch.cat((silent_patch(log_mel)[hop_frames:], frames))
    patches = frames.unfold(0, PATCH_FRAMES, hop_frames).transpose(1, 2)
    return torch.cat([embed(part.contiguous()) for part in patches.split(_BATCH)])
