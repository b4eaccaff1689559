"""The spectrogram on which all features of a spectrum stand."""

from torch import Tensor

from cla.torch_audio import torch_audio


def magnitudes(samples: Tensor, window: Tensor, fft_samples: int, hop_samples: int) -> Tensor:
    """Magnitudes of whole frames, each a window long and padded with zeros to an FFT.

    Shapes:
        samples: (..., S)
        window: (W,)
        returns: (..., fft_samples // 2 + 1, T) with T = 1 + (S - W) // hop_samples.
    """
    spectrum: Tensor = torch_audio().functional.spectrogram(
        samples,
        pad=(fft_samples - len(window)) // 2,  # the window lies in the middle of the FFT's
        window=window,
        n_fft=fft_samples,
        hop_length=hop_samples,
        win_length=len(window),
        power=1.0,
        normalized=False,
        center=False,
    )
    return spectrum
