"""Samples of any rate in, tokens out: the whole front end of one stream."""

import numpy as np
import torch
from numpy.typing import NDArray

from cla.errors import ClaError
from cla.features.resample import Rechunker, StreamResampler
from cla.features.speech_embedding import (
    FEATURE_DIM,
    HOP_SAMPLES,
    MEL_BANDS,
    SAMPLE_RATE_HZ,
    EmbeddingState,
    shared_embedding,
)
from cla.stages import Chain, Each, Stage
from cla.types import Token

SPECTRUM_DIM = FEATURE_DIM + 2 * MEL_BANDS


class SpeechFeatures:
    """Hops of 80 ms in, tokens out, of a stream with silence before it."""

    def __init__(self) -> None:
        self._embedding = shared_embedding()
        self.reset()

    def reset(self) -> None:
        """Begins a new stream at media time 0."""
        self._state = self._embedding.init_state()
        self._count = 0

    def push(self, hop: NDArray[np.float32]) -> list[Token]:
        """The token of a hop, (1280,) at 16 kHz."""
        embedding, self._state = self._embedding.step(hop, self._state)
        features = torch.from_numpy(self._features(embedding, self._state))
        self._count += 1
        return [Token(self._count - 1, self._count * HOP_SAMPLES / SAMPLE_RATE_HZ, features)]

    def flush(self) -> list[Token]:
        """Returns no tokens: every hop has given one."""
        return []

    def _features(
        self, embedding: NDArray[np.float32], state: EmbeddingState
    ) -> NDArray[np.float32]:
        """What a token holds, once the stream is in `state`."""
        del state  # the embedding is all that speech needs
        return embedding


class SoundTokenizer(Chain[NDArray[np.float32], Token]):
    """Turns one stream of mono samples, (S,) float32 in [-1, 1], into tokens.

    The tokens do not depend on how the stream is cut into packets. What lies beyond [-1, 1] is
    clipped; a hop that the stream does not fill gives no token. `push` raises `ClaError` where the
    samples are not numbers, or not one channel.
    """

    def __init__(
        self,
        sample_rate_hz: int,
        hop_samples: int,
        features: Stage[NDArray[np.float32], Token],
    ) -> None:
        super().__init__(
            Each(checked),
            StreamResampler(sample_rate_hz, SAMPLE_RATE_HZ),
            Rechunker(hop_samples),
            features,
        )


class SpeechTokenizer(SoundTokenizer):
    """Turns one stream of samples at any rate into tokens of speech, one each 80 ms."""

    def __init__(self, sample_rate_hz: int) -> None:
        super().__init__(sample_rate_hz, HOP_SAMPLES, SpeechFeatures())


def embed_clip(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Returns the features of a clip, the same numbers as a `SpeechTokenizer` gives.

    Shapes:
        samples: (S,) float32 in [-1, 1] at 16 kHz.
        returns: (T, 96) float32 with T = S // 1280.

    Raises:
        ClaError: the samples are not numbers, or not one channel.
    """
    embedding = shared_embedding()
    state = embedding.init_state()
    features = np.empty((len(samples) // HOP_SAMPLES, FEATURE_DIM), np.float32)
    hops = checked(samples)[: features.shape[0] * HOP_SAMPLES].reshape(-1, HOP_SAMPLES)
    for index, hop in enumerate(hops):
        features[index], state = embedding.step(hop, state)
    return features


def checked(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """The samples within [-1, 1].

    Raises:
        ClaError: they are not numbers, or not one channel.
    """
    if samples.ndim != 1 or not np.issubdtype(samples.dtype, np.floating):
        raise ClaError("samples_not_mono_floats", dtype=samples.dtype, shape=samples.shape)
    if not np.isfinite(samples).all():
        raise ClaError("samples_not_finite")
    return np.clip(samples, -1.0, 1.0).astype(np.float32, copy=False)


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
