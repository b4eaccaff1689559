"""Log-mel patches of a clip, one each hop, as a stream with silence before it has them."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cla.features.log_mel import (
    CONTEXT_SAMPLES,
    FRAME_HOP_SAMPLES,
    MEL_BANDS,
    PATCH_FRAMES,
    LogMel,
)
from cla.features.tokenizer import checked

_BATCH = 64


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
