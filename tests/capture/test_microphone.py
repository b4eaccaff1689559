import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from cla.capture import microphone as module
from cla.capture.microphone import MicrophoneReader, find_microphones
from cla.errors import ClaError


class PortAudioError(Exception):
    pass


class FakeStream:
    """Stands for `sounddevice.InputStream`; the test is the device."""

    opened: list["FakeStream"]

    def __init__(self, *, callback: Callable[..., None], **settings: Any) -> None:
        self.callback = callback
        self.settings = settings
        self.closed = False
        FakeStream.opened.append(self)

    def start(self) -> None:
        if self.settings["device"] == 3:
            raise PortAudioError("Device unavailable")

    def close(self) -> None:
        self.closed = True

    def hear(self, samples: np.ndarray) -> None:
        self.callback(samples[:, np.newaxis], len(samples), None, None)


DEVICES = [
    {"name": "Speaker", "max_input_channels": 0, "default_samplerate": 44_100.0},
    {"name": "Webcam", "max_input_channels": 2, "default_samplerate": 32_000.0},
    {"name": "Headset", "max_input_channels": 1, "default_samplerate": 48_000.0},
    {"name": "Busy", "max_input_channels": 1, "default_samplerate": 48_000.0},
]


@pytest.fixture
def devices(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    found = [dict(device) for device in DEVICES]
    FakeStream.opened = []
    fake = SimpleNamespace(
        default=SimpleNamespace(device=(2, 0)),
        query_devices=lambda: found,
        InputStream=FakeStream,
        PortAudioError=PortAudioError,
    )
    monkeypatch.setitem(sys.modules, "sounddevice", fake)
    return found


@pytest.mark.usefixtures("devices")
def test_microphones_are_listed_the_default_first() -> None:
    found = find_microphones()
    assert [microphone.name for microphone in found] == ["Headset", "Webcam", "Busy"]
    assert found[0].sample_rate_hz == 48_000


@pytest.mark.usefixtures("devices")
def test_blocks_arrive_in_order_and_are_copies() -> None:
    with MicrophoneReader(1) as microphone:
        (stream,) = FakeStream.opened
        assert stream.settings["samplerate"] == microphone.sample_rate_hz == 32_000
        buffer = np.arange(640, dtype=np.float32)
        stream.hear(buffer)
        buffer += 640
        stream.hear(buffer)
        first, second = next(microphone), next(microphone)
    np.testing.assert_array_equal(first.samples, np.arange(640))
    np.testing.assert_array_equal(second.samples, np.arange(640, 1_280))
    assert (first.start_s, second.start_s) == (0.0, 0.02)
    assert stream.closed
    assert list(microphone) == []


@pytest.mark.usefixtures("devices")
def test_what_nobody_reads_is_bounded_and_leaves_a_gap() -> None:
    with MicrophoneReader(1) as microphone:
        (stream,) = FakeStream.opened
        for _ in range(600):
            stream.hear(np.zeros(640, np.float32))
        starts = [next(microphone).start_s for _ in range(500)]
        stream.hear(np.zeros(640, np.float32))
        assert starts[-1] == pytest.approx(499 * 0.02)
        assert next(microphone).start_s == pytest.approx(600 * 0.02)


@pytest.mark.usefixtures("devices")
def test_a_device_that_falls_silent_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SILENT_DEVICE_S", 0.01)
    with MicrophoneReader() as microphone, pytest.raises(ClaError, match="Headset has stopped"):
        next(microphone)


@pytest.mark.usefixtures("devices")
def test_a_busy_device_is_reported_and_given_back() -> None:
    with pytest.raises(ClaError, match="Busy cannot be opened: Device unavailable"):
        MicrophoneReader(3)
    assert all(stream.closed for stream in FakeStream.opened)


@pytest.mark.usefixtures("devices")
def test_a_wrong_index_is_refused() -> None:
    with pytest.raises(ClaError, match="no microphone 0") as caught:
        MicrophoneReader(0)
    assert "[1, 2, 3]" in caught.value.remedy


def test_no_microphone_is_reported(devices: list[dict[str, Any]]) -> None:
    del devices[1:]
    assert find_microphones() == ()
    with pytest.raises(ClaError, match="no microphone"):
        MicrophoneReader()


def test_without_portaudio_one_sentence_names_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    monkeypatch.setattr("ctypes.util.find_library", lambda _: None)
    with pytest.raises(ClaError, match="needs the PortAudio library") as caught:
        find_microphones()
    assert "libportaudio2" in caught.value.remedy
