"""Tokens of any sound: the speech embedding, and the spectrum it was made from."""

import numpy as np
from numpy.typing import NDArray

from cla.features.speech_embedding import FEATURE_DIM, HOP_SAMPLES, MEL_BANDS, EmbeddingState
from cla.features.tokenizer import SoundTokenizer, SpeechFeatures

SPECTRUM_DIM = FEATURE_DIM + 2 * MEL_BANDS


class SpectrumFeatures(SpeechFeatures):
    """Hops of 80 ms in, tokens of any sound out.

    The embedding tells words apart and hardly knows other sounds; mean and standard deviation of
    each mel band over the token's 80 ms do.
    """

    def _features(
        self, embedding: NDArray[np.float32], state: EmbeddingState
    ) -> NDArray[np.float32]:
        return np.concatenate((embedding, state.mel.mean(0), state.mel.std(0)))


class SpectrumTokenizer(SoundTokenizer):
    """Turns one stream of samples at any rate into tokens of any sound, one each 80 ms."""

    def __init__(self, sample_rate_hz: int) -> None:
        super().__init__(sample_rate_hz, HOP_SAMPLES, SpectrumFeatures())
