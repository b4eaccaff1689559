"""Sound on its way into a session: nothing is lost inside 2 s; behind that, it jumps to now."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from cla.engine.records import SOUND_STEP_S, SoundRecord
from cla.engine.stream import Arrival, Stream, Taken
from cla.features import Rechunker, SpeechTokenizer
from cla.stages import Stage
from cla.types import Token

MAX_BEHIND_S = 2.0
INT16_SCALE = 32768.0

Samples = NDArray[np.int16] | NDArray[np.float32]


class SoundStream(Stream[Samples]):
    """Mono samples, int16 or float32 in [-1, 1].

    Media time goes on over sound that was dropped.

    Args:
        tokenizer: opened for this sample rate; that of speech where none is given.
        preview: whether to add records of its loudness.
    """

    def __init__(
        self,
        sample_rate_hz: int,
        tokenizer: Stage[NDArray[np.float32], Token] | None = None,
        *,
        preview: bool = False,
    ) -> None:
        super().__init__(capacity=round(MAX_BEHIND_S * sample_rate_hz), size=len)
        self.sample_rate_hz = sample_rate_hz
        self._tokenizer = tokenizer or SpeechTokenizer(sample_rate_hz)
        self._preview = preview
        self._start()

    def _start(self) -> None:
        self._skipped_s = 0.0
        self._steps = Rechunker(round(SOUND_STEP_S * self.sample_rate_hz))
        self._heard_s = 0.0

    @property
    def behind_s(self) -> float:
        return self._waiting_size / self.sample_rate_hz

    def take(self, arrival: Arrival[Samples]) -> Taken:
        self._skipped_s += arrival.skipped / self.sample_rate_hz
        samples = as_float(arrival.packet)
        seen = self._loudness(samples) if self._preview else None
        return Taken(self._in_time(self._tokenizer.push(samples)), seen=seen)

    def flush(self) -> list[Token]:
        return self._in_time(self._tokenizer.flush())

    def reset(self) -> None:
        self._tokenizer.reset()
        self._start()

    def _loudness(self, samples: NDArray[np.float32]) -> SoundRecord | None:
        steps = self._steps.push(samples)
        if not steps:
            return None
        self._heard_s += len(steps) * self._steps.hop_samples / self.sample_rate_hz
        return SoundRecord(self._heard_s + self._skipped_s, np.abs(steps).max(-1))

    def _in_time(self, tokens: list[Token]) -> list[Token]:
        return [replace(token, time_s=token.time_s + self._skipped_s) for token in tokens]


def as_float(samples: Samples) -> NDArray[np.float32]:
    """Samples as float32 in [-1, 1]."""
    if samples.dtype == np.int16:
        return samples.astype(np.float32) / np.float32(INT16_SCALE)
    return samples.astype(np.float32, copy=False)
