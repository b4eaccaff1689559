"""Devices read apart: what they give arrives, and a driver that crashes ends only its process."""

import numpy as np
import pytest

from cla.capture import Camera, Microphone
from cla.capture.devices import list_microphones
from cla.errors import ClaError

FAKES = """
import faulthandler, itertools, os, signal, time
import numpy as np
import cla.capture.camera as camera
import cla.capture.microphone as microphone
from types import SimpleNamespace

class Capture:
    "Stands for cv2.VideoCapture: three pictures, each of its own brightness, then BODY."
    given = itertools.count()
    def isOpened(self): return True
    def set(self, *_): return True
    def release(self): pass
    def read(self):
        index = next(self.given)
        if index == 3:
            BODY
        return True, np.full((48, 64, 3), index, np.uint8)

class Stream:
    "Stands for sounddevice.InputStream: three blocks, then BODY."
    closed = False
    def __init__(self, *, callback, blocksize, **_): self.callback, self.size = callback, blocksize
    def start(self):
        for index in range(3):
            self.callback(np.full((self.size, 1), index, np.float32), self.size, None, None)
    def close(self): self.closed = True

until = faulthandler.dump_traceback_later
faulthandler.dump_traceback_later = lambda s, exit: until(min(s, 2.0), exit=exit)
devices = [{"name": "Webcam", "max_input_channels": 1, "default_samplerate": 48000.0}]
camera._open = lambda _: Capture()
microphone._SILENT_DEVICE_S = 0.05
microphone._sounddevice = lambda: SimpleNamespace(
    default=SimpleNamespace(device=(0, 0)), query_devices=lambda: devices, InputStream=Stream,
    PortAudioError=OSError,
)
"""


@pytest.fixture
def driver_that(monkeypatch, tmp_path):
    """Lets the process find fake devices, whose camera's fourth picture does this."""

    def driver_that(body: str) -> None:
        (tmp_path / "sitecustomize.py").write_text(FAKES.replace("BODY", body))
        monkeypatch.syspath_prepend(str(tmp_path))

    return driver_that


def test_pictures_arrive_as_the_camera_gives_them(driver_that) -> None:
    driver_that("self.isOpened = lambda: False")
    with Camera(0) as camera:
        frames = [next(camera) for _ in range(3)]
    assert camera.name == "camera 0"
    assert [frame.image.shape for frame in frames] == [(48, 64, 3)] * 3
    assert [int(frame.image.max()) for frame in frames] == [0, 1, 2]
    assert frames[0].time_s == 0 <= frames[1].time_s <= frames[2].time_s
    assert list(camera) == []


def test_sound_arrives_as_the_microphone_gives_it(driver_that) -> None:
    driver_that("pass")
    assert [one.name for one in list_microphones()] == ["Webcam"]
    with Microphone() as microphone:
        assert (microphone.name, microphone.sample_rate_hz) == ("Webcam", 48_000)
        chunks = [next(microphone) for _ in range(3)]
        with pytest.raises(ClaError, match="Webcam has stopped giving sound"):
            next(microphone)
    assert [chunk.start_s for chunk in chunks] == [0.0, 0.02, 0.04]
    assert all(np.array_equal(c.samples, np.full(960, i)) for i, c in enumerate(chunks))
    with pytest.raises(ClaError, match="no microphone -1"):
        Microphone(-1)


def test_a_driver_that_crashes_ends_only_its_process(driver_that) -> None:
    driver_that("os.kill(os.getpid(), signal.SIGSEGV)")
    with Camera(0) as camera:
        assert len([next(camera) for _ in range(3)]) == 3
        with pytest.raises(ClaError, match="camera 0 makes its driver crash"):
            next(camera)
        with Camera(0) as other:
            next(other)
    assert camera._child._process.poll() is not None


def test_a_driver_that_hangs_is_stopped(driver_that) -> None:
    driver_that("time.sleep(60)")
    with Camera(0) as camera:
        assert len([next(camera) for _ in range(3)]) == 3
        with pytest.raises(ClaError, match="camera 0 has stopped answering"):
            next(camera)


@pytest.mark.parametrize("index", [-1, 2**31])
def test_a_number_that_no_camera_has_is_a_sentence(index) -> None:
    with pytest.raises(ClaError, match=f"no camera {index}"):
        Camera(index)
