"""Google's speech embedding: 96 numbers for the last 775 ms of speech, each 80 ms."""

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cla.onnx_network import onnx_network
from cla.resources import verified_asset

SAMPLE_RATE_HZ = 16_000
HOP_SAMPLES = 1_280
HOP_S = HOP_SAMPLES / SAMPLE_RATE_HZ
FEATURE_DIM = 96

FRAMES_PER_HOP = 8  # mel frames, 10 ms apart
_WINDOW_FRAMES = 76  # mel frames one token rests on
MEL_BANDS = 32
_CONTEXT_SAMPLES = 512 - 160  # a mel frame reads 512 samples, frames are 160 samples apart
_INT16_SCALE = 32_767.0
# The mel network gives -100 dB for digital silence, 110 dB below any microphone's noise, which
# makes a token of speech change with whether a pause is quiet or muted. Cut off at 20 dB
# (white noise at -76 dBFS), a pause below -80 dBFS and a muted one give the same token.
_FLOOR_DB = 20.0


class EmbeddingState(NamedTuple):
    """What a stream carries from hop to hop.

    Shapes:
        context: (352,) float32, the newest samples, in [-1, 1].
        mel: (8, 32) float32, the newest mel frames, oldest first.
        rows: (1, channels, 2, bands) float32 for each convolution along time, the newest rows of
            its input.
    """

    context: NDArray[np.float32]
    mel: NDArray[np.float32]
    rows: tuple[NDArray[np.float32], ...]


class SpeechEmbedding:
    """The two shipped networks: samples to mel frames, mel frames to an embedding.

    Holds no state of a stream and may be used by many threads at once. What the embedding has
    computed of earlier frames is kept, not computed again.

    Source: google/speech_embedding (Apache-2.0), as ONNX files; see assets/NOTICE.md.
    """

    def __init__(self) -> None:
        self._mel = onnx_network(verified_asset("features/melspectrogram.onnx"))
        self._embedding = onnx_network(verified_asset("features/continual_embedding.onnx"))
        _, *rows = self._embedding.get_inputs()
        self._rows = [one.name for one in rows]
        silence = np.full((FRAMES_PER_HOP, MEL_BANDS), _FLOOR_DB / 10.0 + 2.0, np.float32)
        state = EmbeddingState(
            np.zeros(_CONTEXT_SAMPLES, np.float32),
            silence,
            tuple(np.zeros(one.shape, np.float32) for one in rows),
        )
        for _ in range(-(-_WINDOW_FRAMES // FRAMES_PER_HOP)):
            _, state = self._embed(silence, state)
        self._silent = state

    def init_state(self) -> EmbeddingState:
        """Returns the state of a stream before which there was only silence.

        With it the first token is there after 80 ms and no word at the start is lost.
        """
        return self._silent  # a step writes to none that it is given

    def step(
        self, hop: NDArray[np.float32], state: EmbeddingState
    ) -> tuple[NDArray[np.float32], EmbeddingState]:
        """Advances by one hop.

        Shapes:
            hop: (1280,) float32 in [-1, 1], 80 ms at 16 kHz.
            returns: (96,) float32 and the next state; the state given is left as it is.
        """
        samples = np.concatenate((state.context, hop))
        # One call per hop, also for clips: the network cuts off what lies 80 dB below the loudest
        # band of the call, so the extent of a call is part of what it computes.
        (power_db,) = self._mel.run(None, {"input": samples[np.newaxis] * _INT16_SCALE})
        frames = np.maximum(power_db.reshape(FRAMES_PER_HOP, MEL_BANDS), _FLOOR_DB)
        mel = frames / 10.0 + 2.0
        return self._embed(mel, state._replace(context=samples[-_CONTEXT_SAMPLES:]))

    def _embed(
        self, mel: NDArray[np.float32], state: EmbeddingState
    ) -> tuple[NDArray[np.float32], EmbeddingState]:
        """The embedding once these frames have come, (96,), and the next state."""
        given = dict(zip(self._rows, state.rows, strict=True))
        embedding, *rows = self._embedding.run(None, given | {"frames": mel[None, None]})
        return embedding[0], EmbeddingState(state.context, mel, tuple(rows))


@cache
def shared_embedding() -> SpeechEmbedding:
    """Returns the one instance all streams of this process share."""
    return SpeechEmbedding()
