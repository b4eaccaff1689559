"""Sound files of any container and codec, as chunks of mono samples.

A file is not trusted: nothing it says is believed beyond the limits, it can open nothing else, and
memory stays bounded however long it is.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, NoReturn, Self

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import InputContainer
from numpy.typing import NDArray

from cla.errors import ClaError
from cla.types import AudioChunk

_FORMATS = "Give a sound file such as WAV, FLAC, OGG, MP3 or M4A."


@dataclass(frozen=True)
class AudioLimits:
    """What a sound file may be.

    The defaults are for a file the user names on their own machine.
    """

    max_duration_s: float = 7_200.0
    max_bytes: int = 4 * 2**30
    min_sample_rate_hz: int = 4_000
    max_sample_rate_hz: int = 192_000
    max_channels: int = 16


class AudioFile:
    """An open sound file: an iterator of chunks, to be used once, and a context manager.

    Attributes:
        name: the file's name, safe to print.
        sample_rate_hz: sample rate of every chunk.
        duration_s: what the file says it lasts, or None where it does not say.
        damaged_packets: packets so far that could not be decoded and were left out.
    """

    def __init__(self, file: BinaryIO, name: str, limits: AudioLimits) -> None:
        self.name = name
        self.damaged_packets = 0
        self._limits = limits
        self._file = file
        self._container: InputContainer | None = None
        try:
            self._container = _open_container(file, name)
            self._stream = _sound_stream(self._container, name)
            self.sample_rate_hz = self._stream.codec_context.sample_rate
            self.duration_s = _duration_s(self._container, self._stream)
            self._check_limits()
        except BaseException:
            self.close()
            raise
        self._chunks = self._decode(self._container)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[AudioChunk]:
        return self

    def __next__(self) -> AudioChunk:
        return next(self._chunks)

    def close(self) -> None:
        """Closes the file; may be called again. Iterating on raises StopIteration."""
        if self._container is not None:
            self._chunks = iter(())
            self._container.close()
            self._container = None
        self._file.close()

    def _check_limits(self) -> None:
        limits = self._limits
        if not limits.min_sample_rate_hz <= self.sample_rate_hz <= limits.max_sample_rate_hz:
            raise ClaError(
                f"{self.name} has a sample rate of {self.sample_rate_hz} Hz.",
                f"Convert it to a rate from {limits.min_sample_rate_hz} to "
                f"{limits.max_sample_rate_hz} Hz, best 16000 Hz.",
            )
        if not 1 <= self._stream.codec_context.channels <= limits.max_channels:
            raise ClaError(
                f"{self.name} has {self._stream.codec_context.channels} channels.",
                f"Mix it down to one channel; at most {limits.max_channels} are read.",
            )
        if self.duration_s is not None and self.duration_s > limits.max_duration_s:
            self._refuse_duration()

    def _refuse_duration(self) -> NoReturn:
        raise ClaError(
            f"{self.name} is longer than {self._limits.max_duration_s / 60:g} minutes.",
            "Cut it to a shorter piece.",
        )

    def _decode(self, container: InputContainer) -> Iterator[AudioChunk]:
        samples_read = 0
        for frame in self._frames(container):
            start_s = samples_read / self.sample_rate_hz
            if frame.sample_rate != self.sample_rate_hz:
                raise ClaError(
                    f"{self.name} changes its sample rate at {start_s:.1f} s.",
                    "Convert it to one sample rate.",
                )
            samples_read += frame.samples
            if samples_read > self._limits.max_duration_s * self.sample_rate_hz:
                self._refuse_duration()
            if frame.samples:
                yield AudioChunk(_mono(frame), self.sample_rate_hz, start_s)
        if samples_read == 0:
            raise ClaError(f"{self.name} holds no sound that can be decoded.", _FORMATS)

    def _frames(self, container: InputContainer) -> Iterator[av.AudioFrame]:
        """Yields what can be decoded; like a player it goes on behind a damaged packet."""
        packets = container.demux(self._stream)
        while True:
            try:
                frames = next(packets).decode()
            except StopIteration:
                return
            except av.FFmpegError:
                # Where the fault is in reading, not in decoding, `packets` has ended with it.
                self.damaged_packets += 1
                continue
            yield from frames


def open_audio(source: str | Path | bytes, *, limits: AudioLimits | None = None) -> AudioFile:
    """Opens a sound file, given by its path or by its content.

    Raises:
        ClaError: no such file, empty, too large, too long, or not sound. What can only be seen
            while decoding is raised while iterating.
    """
    limits = limits or AudioLimits()
    if isinstance(source, bytes):
        name, size_bytes = "The upload", len(source)
        file: BinaryIO = BytesIO(source)
    else:
        path = Path(source)
        # A name may hold line breaks and terminal commands.
        name = "".join(c if c.isprintable() else "?" for c in path.name)
        try:
            file = path.open("rb")
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise ClaError(
                f"{name or path} cannot be opened: {reason}.", "Check the path of the file."
            ) from error
        size_bytes = os.fstat(file.fileno()).st_size
    try:
        if size_bytes == 0:
            raise ClaError(f"{name} is empty.", _FORMATS)
        if size_bytes > limits.max_bytes:
            raise ClaError(
                f"{name} is larger than {limits.max_bytes / 1e6:,.0f} MB.",
                "Cut it to a shorter piece, or compress it, for example as OGG or MP3.",
            )
        return AudioFile(file, name, limits)
    except BaseException:
        file.close()
        raise


def _open_container(file: BinaryIO, name: str) -> InputContainer:
    try:
        # A playlist inside the file must not make the decoder read other files or the network.
        return av.open(
            file,
            mode="r",
            container_options={"protocol_whitelist": "none"},
            metadata_errors="replace",
            io_open=_open_nothing_else,
        )
    except (av.FFmpegError, ClaError) as error:
        raise ClaError(f"{name} is not a sound file, or it is damaged.", _FORMATS) from error


def _open_nothing_else(url: str, *_: object) -> NoReturn:
    raise ClaError(f"A sound file must not refer to another one ({url!r}).", _FORMATS)


def _sound_stream(container: InputContainer, name: str) -> AudioStream:
    stream = container.streams.best("audio")
    if not isinstance(stream, AudioStream):
        raise ClaError(f"{name} holds no sound.", _FORMATS)
    stream.codec_context.thread_count = 1
    return stream


def _duration_s(container: InputContainer, stream: AudioStream) -> float | None:
    if stream.duration is not None and stream.time_base is not None:
        duration_s = float(stream.duration * stream.time_base)
    elif container.duration is not None:
        duration_s = container.duration / av.time_base
    else:
        return None
    return duration_s if duration_s > 0 else None


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
