"""Sound files of any container and codec, as chunks of mono samples."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import InputContainer
from numpy.typing import NDArray

from cla.capture.media_file import MediaFile, MediaLimits
from cla.errors import ClaError
from cla.types import AudioChunk


@dataclass(frozen=True)
class AudioLimits(MediaLimits):
    """What a sound file may be."""

    min_sample_rate_hz: int = 4_000
    max_sample_rate_hz: int = 192_000
    max_channels: int = 16


class AudioFile(MediaFile[AudioChunk]):
    """An open sound file.

    Attributes:
        sample_rate_hz: sample rate of every chunk.
    """

    kind: ClassVar[str] = "sound"
    formats: ClassVar[str] = "Give a sound file such as WAV, FLAC, OGG, MP3 or M4A."
    _limits: AudioLimits
    _stream: AudioStream

    def _find_stream(self, container: InputContainer) -> AudioStream:
        stream = container.streams.best("audio")
        if not isinstance(stream, AudioStream):
            raise ClaError(f"{self.name} holds no sound.", self.formats)
        return stream

    def _check_stream(self) -> None:
        limits, context = self._limits, self._stream.codec_context
        self.sample_rate_hz = context.sample_rate
        if not limits.min_sample_rate_hz <= self.sample_rate_hz <= limits.max_sample_rate_hz:
            raise ClaError(
                f"{self.name} has a sample rate of {self.sample_rate_hz} Hz.",
                f"Convert it to a rate from {limits.min_sample_rate_hz} to "
                f"{limits.max_sample_rate_hz} Hz, best 16000 Hz.",
            )
        if not 1 <= context.channels <= limits.max_channels:
            raise ClaError(
                f"{self.name} has {context.channels} channels.",
                f"Mix it down to one channel; at most {limits.max_channels} are read.",
            )

    def _decode(self, container: InputContainer) -> Iterator[AudioChunk]:
        samples_read = 0
        for frame in self._frames(container):
            assert isinstance(frame, av.AudioFrame)
            start_s = samples_read / self.sample_rate_hz
            if frame.sample_rate != self.sample_rate_hz:
                raise ClaError(
                    f"{self.name} changes its sample rate at {start_s:.1f} s.",
                    "Convert it to one sample rate.",
                )
            samples_read += frame.samples
            self._check_time(samples_read / self.sample_rate_hz)
            if frame.samples:
                yield AudioChunk(_mono(frame), self.sample_rate_hz, start_s)
        if samples_read == 0:
            raise ClaError(f"{self.name} holds no sound that can be decoded.", self.formats)


def open_audio(source: str | Path | bytes, *, limits: AudioLimits | None = None) -> AudioFile:
    """Opens a sound file, given by its path or by its content.

    Raises:
        ClaError: no such file, empty, too large, too long, or not sound. What can only be seen
            while decoding is raised while iterating.
    """
    return AudioFile(source, limits or AudioLimits())


def _mono(frame: av.AudioFrame) -> NDArray[np.float32]:
    """Returns the mean of the channels, scaled to [-1, 1]."""
    samples = frame.to_ndarray()
    if not frame.format.is_planar:
        samples = samples.reshape(frame.samples, -1).T
    mono: NDArray[np.float32] = samples.mean(axis=0, dtype=np.float32)
    if samples.dtype.kind == "f":
        return mono
    full_scale = 2.0 ** (8 * samples.dtype.itemsize - 1)
    offset = full_scale if samples.dtype.kind == "u" else 0.0
    return (mono - np.float32(offset)) / np.float32(full_scale)
