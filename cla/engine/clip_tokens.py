"""A whole clip as tokens, as fast as the machine can."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from cla.capture import AudioFile, IsolatedAudio
from cla.errors import ClaError
from cla.features import SAMPLE_RATE_HZ, SpeechTokenizer, StreamResampler
from cla.types import Token

Progress = Callable[[float], object]
"""Is told, now and then, which share of the work is done (0 to 1)."""


@dataclass(frozen=True)
class ClipTokens:
    """The sound of a clip and its tokens.

    Shapes:
        samples: (S,) float32 at `SAMPLE_RATE_HZ`
    """

    samples: NDArray[np.float32]
    tokens: tuple[Token, ...]

    @property
    def duration_s(self) -> float:
        """Length of the sound."""
        return len(self.samples) / SAMPLE_RATE_HZ

    @property
    def features(self) -> torch.Tensor:
        """All tokens, (T, F)."""
        return torch.stack([token.features for token in self.tokens])

    @property
    def times_s(self) -> NDArray[np.float64]:
        """Media time of each token, (T,)."""
        return np.array([token.time_s for token in self.tokens])


def read_clip(audio: AudioFile | IsolatedAudio, progress: Progress = lambda _: None) -> ClipTokens:
    """Decode a sound file and turn it into tokens, the same as a live session's.

    Raises:
        ClaError: it cannot be decoded, or is shorter than a token.
    """
    tokenizer = SpeechTokenizer(audio.sample_rate_hz)
    resampler = StreamResampler(audio.sample_rate_hz, SAMPLE_RATE_HZ)
    samples: list[NDArray[np.float32]] = []
    tokens: list[Token] = []
    for chunk in audio:
        samples.append(resampler.push(chunk.samples))
        tokens += tokenizer.push(chunk.samples)
        if audio.duration_s:
            progress(min(chunk.start_s / audio.duration_s, 1.0))
    samples.append(resampler.flush())
    tokens += tokenizer.flush()
    if not tokens:
        raise ClaError(f"{audio.name} is shorter than one token.", "Give at least a second of it.")
    progress(1.0)
    return ClipTokens(np.concatenate(samples), tuple(tokens))
