"""Sound files of any container and codec, as chunks of mono samples."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, cast

import av
import numpy as np
from av.audio.stream import AudioStream
from av.codec.codec import Properties
from av.container import InputContainer
from numpy.typing import NDArray

from cla.capture.chained import parts
from cla.capture.container import open_container
from cla.capture.media_clock import SoundClock, with_next
from cla.capture.media_file import MediaFile, MediaLimits
from cla.capture.mono import Findings, MonoConverter, full_scale
from cla.capture.source import SoundSource
from cla.errors import ClaError
from cla.texts.sentence import Sentence
from cla.types import AudioChunk

NOTED_GAP_S = 0.5
"""Sound that is missing is noted where it is longer."""
_FLOATS = ("flt", "dbl")


@dataclass(frozen=True)
class AudioLimits(MediaLimits):
    """What a sound file may be."""

    min_sample_rate_hz: int = 4_000
    max_sample_rate_hz: int = 192_000
    max_channels: int = 16


class AudioFile(MediaFile[AudioChunk], SoundSource):
    """An open sound file.

    Where a file changes its sample rate or its channels, what follows is converted. Sound that is
    missing by the file's timestamps is silence.
    """

    kind: ClassVar[str] = "sound"
    _limits: AudioLimits
    _stream: AudioStream

    @property
    def formats(self) -> Sentence:
        return Sentence("words.sound_formats")

    def _find_stream(self, container: InputContainer) -> AudioStream:
        stream = container.streams.best("audio")
        if not isinstance(stream, AudioStream):
            raise ClaError("sound_missing", file=self.name, formats=self.formats)
        return stream

    def _check_stream(self) -> None:
        context = self._stream.codec_context
        self.sample_rate_hz = self.sample_rate_hz or context.sample_rate
        self._check_sound(context.sample_rate, context.channels)

    def _check_sound(self, rate_hz: int, channels: int) -> None:
        limits = self._limits
        if not limits.min_sample_rate_hz <= rate_hz <= limits.max_sample_rate_hz:
            raise ClaError(
                "sample_rate_out_of_range",
                file=self.name,
                rate_hz=rate_hz,
                least=limits.min_sample_rate_hz,
                most=limits.max_sample_rate_hz,
            )
        if not 1 <= channels <= limits.max_channels:
            raise ClaError(
                "channels_out_of_range", file=self.name, channels=channels, most=limits.max_channels
            )

    def _end_s(self, chunk: AudioChunk) -> float:
        return chunk.start_s + len(chunk.samples) / chunk.sample_rate_hz

    def _decode(self) -> Iterator[AudioChunk]:
        rate_hz, samples_read = self.sample_rate_hz, 0
        for samples in self._mono():
            self._check_time((samples_read + len(samples)) / rate_hz)
            if len(samples):
                yield AudioChunk(samples, rate_hz, samples_read / rate_hz)
            samples_read += len(samples)
        if samples_read == 0:
            raise ClaError("sound_not_decodable", file=self.name, formats=self.formats)

    def _mono(self) -> Iterator[NDArray[np.float32]]:
        scale = self._full_scale()
        clock = SoundClock(restarts=self._clock_restarts)
        found = Findings()
        converter: MonoConverter | None = None
        for frame, following in with_next(self._sound()):
            next_s = following.time if following else None
            gap_s = clock.gap_s(frame.time, frame.samples / frame.sample_rate, next_s)
            if converter and (gap_s or not converter.takes(frame)):
                yield converter.flush()
                if not converter.takes(frame):
                    self._check_sound(frame.sample_rate, frame.layout.nb_channels)
                    found.changed_at_s = found.changed_at_s or clock.media_s
                converter = None
            if gap_s:
                self._check_time(clock.media_s)
                yield from self._silence(gap_s)
            converter = converter or MonoConverter(frame, self.sample_rate_hz, scale, found)
            yield converter.convert(frame)
        if converter:
            yield converter.flush()
        self._note_found(found, clock)

    def _sound(self) -> Iterator[av.AudioFrame]:
        for frame in self._frames():
            if isinstance(frame, av.AudioFrame) and frame.samples and frame.sample_rate:
                yield frame

    def _silence(self, length_s: float) -> Iterator[NDArray[np.float32]]:
        left = round(length_s * self.sample_rate_hz)
        while left > 0:
            samples = min(left, self.sample_rate_hz)
            yield np.zeros(samples, np.float32)
            left -= samples

    def _full_scale(self) -> float:
        """What counts as 1 in this file, which is read once more if that can be anything."""
        context = self._stream.codec_context
        lossless = context.codec.properties & cast(int, Properties.LOSSLESS.value)
        if not (lossless and context.format and context.format.name.startswith(_FLOATS)):
            return 1.0
        scale = full_scale(frame.to_ndarray() for frame in self._again())
        if scale != 1:
            self.notices.append(Sentence("notices.beyond_full_scale", file=self.name, scale=scale))
        return scale

    def _again(self) -> Iterator[av.AudioFrame]:
        """All frames, read apart from those that are read next."""
        container = open_container(
            parts(self._file, self._size_bytes)[0], ignore_length=self._told.understated
        )
        if container is None:
            return
        with suppress(av.FFmpegError), container:
            left = self._limits.max_duration_s * self.sample_rate_hz
            for frame in container.decode(self._find_stream(container)):
                yield frame
                left -= frame.samples
                if left < 0:
                    break

    def _note_found(self, found: Findings, clock: SoundClock) -> None:
        if clock.missing_s > NOTED_GAP_S:
            self.notices.append(
                Sentence(
                    "notices.sound_lacking",
                    file=self.name,
                    seconds=clock.missing_s,
                    first_s=clock.missing_at_s,
                )
            )
        if self._told.understated:
            self.notices.append(Sentence("notices.header_says_less", file=self.name))
        self._note_restart(clock.restarted_at_s)
        if found.changed_at_s:
            self.notices.append(
                Sentence("notices.sound_changes", file=self.name, at_s=found.changed_at_s)
            )
        if found.no_numbers:
            self.notices.append(
                Sentence("notices.samples_not_finite", file=self.name, count=found.no_numbers)
            )
        if found.cancelled:
            self.notices.append(Sentence("notices.channels_cancel", file=self.name))


def open_audio(source: str | Path | bytes, *, limits: AudioLimits | None = None) -> AudioFile:
    """Opens a sound file, given by its path or by its content.

    Raises:
        ClaError: no such file, empty, too large, too long, or not sound. What can only be seen
            while decoding is raised while iterating.
    """
    return AudioFile(source, limits or AudioLimits())
