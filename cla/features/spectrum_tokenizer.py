"""Tokens of any sound: the speech embedding, and the spectrum it was made from."""

import numpy as np
from numpy.typing import NDArray

from cla.features.speech_embedding import FEATURE_DIM, MEL_BANDS, EmbeddingState
from cla.features.tokenizer import SpeechTokenizer

SPECTRUM_DIM = FEATURE_DIM + 2 * MEL_BANDS


class SpectrumTokenizer(SpeechTokenizer):
    """Turns one stream of mono samples into tokens, one each 80 ms.

    The embedding tells words apart and hardly knows other sounds; mean and standard deviation of
    each mel band over the token's 80 ms do.
    """

    def _features(
        self, embedding: NDArray[np.float32], state: EmbeddingState
    ) -> NDArray[np.float32]:
        return np.concatenate((embedding, state.mel.mean(0), state.mel.std(0)))
