"""Samples of any rate in, tokens out: the whole front end of one stream."""

import numpy as np
import torch
from numpy.typing import NDArray

from cla.errors import ClaError
from cla.features.rechunk import Rechunker
from cla.features.resample import StreamResampler
from cla.features.speech_embedding import (
    FEATURE_DIM,
    HOP_SAMPLES,
    SAMPLE_RATE_HZ,
    EmbeddingState,
    shared_embedding,
)
from cla.types import Token


class SpeechTokenizer:
    """Turns one stream of mono samples into tokens, one each 80 ms.

    The tokens do not depend on how the stream is cut into packets. A hop that the stream does not
    fill gives no token.

    Args:
        sample_rate_hz: sample rate of the stream.
    """

    def __init__(self, sample_rate_hz: int) -> None:
        self.sample_rate_hz = sample_rate_hz
        self._embedding = shared_embedding()
        self.reset()

    def reset(self) -> None:
        """Begins a new stream at media time 0, with silence before it."""
        self._resampler = StreamResampler(self.sample_rate_hz, SAMPLE_RATE_HZ)
        self._rechunker = Rechunker(HOP_SAMPLES)
        self._state = self._embedding.init_state()
        self._count = 0

    def push(self, samples: NDArray[np.float32]) -> list[Token]:
        """Takes a packet and returns the tokens it completes, oldest first.

        Shapes:
            samples: (S,) float32 in [-1, 1], with any S; what lies beyond is clipped.

        Raises:
            ClaError: the samples are not numbers, or not one channel.
        """
        return self._tokens(self._resampler.push(checked(samples)))

    def flush(self) -> list[Token]:
        """Ends the stream and returns the tokens its last samples complete."""
        return self._tokens(self._resampler.flush())

    def _tokens(self, samples: NDArray[np.float32]) -> list[Token]:
        return [self._token(hop) for hop in self._rechunker.push(samples)]

    def _token(self, hop: NDArray[np.float32]) -> Token:
        embedding, self._state = self._embedding.step(hop, self._state)
        features = self._features(embedding, self._state)
        index = self._count
        self._count += 1
        time_s = self._count * HOP_SAMPLES / SAMPLE_RATE_HZ
        return Token(index=index, time_s=time_s, features=torch.from_numpy(features))

    def _features(
        self, embedding: NDArray[np.float32], state: EmbeddingState
    ) -> NDArray[np.float32]:
        """What a token holds, once the stream is in `state`."""
        del state  # the embedding is all that speech needs
        return embedding


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
        raise ClaError(
            f"Samples must be one channel of floats, not {samples.dtype} of shape {samples.shape}.",
            "Mix the channels to one and scale the samples to [-1, 1].",
        )
    if not np.isfinite(samples).all():
        raise ClaError(
            "The sound holds samples that are not numbers.",
            "Export the recording again, as 16-bit WAV for example.",
        )
    return np.clip(samples, -1.0, 1.0).astype(np.float32, copy=False)
