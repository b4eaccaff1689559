"""The microphone of the machine this runs on, read in this process.

Drivers crash: `cla.capture.devices` reads it in a process of its own.
"""

import queue
from contextlib import suppress
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cla.capture.source import SoundSource
from cla.errors import ClaError
from cla.types import AudioChunk

_BLOCK_S = 0.02
_QUEUE_BLOCKS = 500  # 10 s: what a reader may be late before sound is lost
_SILENT_DEVICE_S = 5.0


@dataclass(frozen=True)
class MicrophoneInfo:
    """One microphone; `index` is what a microphone is opened by."""

    index: int
    name: str
    sample_rate_hz: int


def find_microphones() -> tuple[MicrophoneInfo, ...]:
    """Returns the microphones, the default one first.

    Raises:
        ClaError: microphones cannot be reached from here at all.
    """
    sounddevice = _sounddevice()
    default = sounddevice.default.device[0]
    found = [
        MicrophoneInfo(index, str(device["name"]), int(device["default_samplerate"]))
        for index, device in enumerate(sounddevice.query_devices())
        if device["max_input_channels"] > 0
    ]
    return tuple(sorted(found, key=lambda microphone: microphone.index != default))


class MicrophoneReader(SoundSource):
    """An open microphone, which gives chunks without end.

    Sound that is not read within 10 s is lost; `start_s` of the next chunk shows the gap.

    Args:
        index: which one, from `find_microphones`; without it the default one.

    Raises:
        ClaError: there is no microphone, or it cannot be opened.
    """

    def __init__(self, index: int | None = None) -> None:
        super().__init__()
        sounddevice = _sounddevice()
        microphones = {microphone.index: microphone for microphone in find_microphones()}
        if not microphones:
            raise ClaError("microphone_missing")
        if index is not None and index not in microphones:
            raise ClaError("microphone_unknown", index=index, choices=sorted(microphones))
        self._info = microphones[index] if index is not None else next(iter(microphones.values()))
        self.name = self._info.name
        self.sample_rate_hz = self._info.sample_rate_hz
        self._samples_heard = 0
        self._blocks: queue.Queue[tuple[int, NDArray[np.float32]]] = queue.Queue(_QUEUE_BLOCKS)
        try:
            self._stream = sounddevice.InputStream(
                device=self._info.index,
                channels=1,
                samplerate=self.sample_rate_hz,
                blocksize=round(_BLOCK_S * self.sample_rate_hz),
                dtype="float32",
                callback=self._take,
            )
        except sounddevice.PortAudioError as error:
            raise self._unavailable(error) from error
        try:
            self._stream.start()
        except sounddevice.PortAudioError as error:
            self._stream.close()
            raise self._unavailable(error) from error

    def _unavailable(self, error: Exception) -> ClaError:
        return ClaError("microphone_not_opened", microphone=self.name, reason=error)

    def __next__(self) -> AudioChunk:
        if self._stream.closed:
            raise StopIteration
        try:
            first_sample, samples = self._blocks.get(timeout=_SILENT_DEVICE_S)
        except queue.Empty:
            raise ClaError("microphone_silent", microphone=self.name) from None
        return AudioChunk(samples, self.sample_rate_hz, first_sample / self.sample_rate_hz)

    def close(self) -> None:
        self._stream.close()

    def _take(self, block: NDArray[np.float32], frames: int, *_: Any) -> None:
        """Called by PortAudio, on its own thread, with a buffer it will use again."""
        first_sample = self._samples_heard
        self._samples_heard += frames
        with suppress(queue.Full):
            self._blocks.put_nowait((first_sample, block[:, 0].copy()))


def _sounddevice() -> ModuleType:
    try:
        import sounddevice
    except OSError as error:
        raise ClaError("portaudio_missing") from error
    return sounddevice  # type: ignore[no-any-return]  # it publishes no types
