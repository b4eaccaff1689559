"""The local camera, with OpenCV's capture replaced: the test is the device."""

import http.server
import threading

import cv2
import numpy as np
import pytest
from videos import gradient

from cla.capture import Camera, local_devices
from cla.capture import camera as module
from cla.capture.camera import CameraInfo, CameraReader, list_cameras
from cla.errors import ClaError


class FakeCapture:
    """Stands for `cv2.VideoCapture`."""

    def __init__(self, images) -> None:
        self.images = list(images)
        self.opened = True

    def isOpened(self) -> bool:
        return self.opened

    def set(self, *_: object) -> bool:
        return True

    def read(self):
        return (True, self.images.pop(0)) if self.images else (False, None)

    def release(self) -> None:
        self.opened = False


@pytest.fixture
def device(monkeypatch):
    fake = FakeCapture([gradient()[..., ::-1], gradient(1_280, 960)[..., ::-1]])
    monkeypatch.setattr(module, "_open", lambda _: fake)
    monkeypatch.setattr(module, "_SILENT_CAMERA_S", 0.05)
    return fake


def test_pictures_come_in_rgb_and_of_moderate_size(device) -> None:
    with CameraReader(0) as camera:
        first, second = next(camera), next(camera)
        assert camera.name == "camera 0"
    np.testing.assert_array_equal(first.image, gradient())
    assert second.image.shape == (480, 640, 3)
    assert first.time_s == 0
    assert second.time_s > 0
    assert not device.opened
    assert list(camera) == []


def test_a_camera_unplugged_mid_stream_is_reported(device) -> None:
    with CameraReader(0) as camera, pytest.raises(ClaError, match="stopped giving pictures"):
        list(camera)
    assert not device.opened


@pytest.mark.parametrize("index", [-1, 100, 2**31, 2**64, -(2**31)])
def test_a_number_that_no_camera_has_does_not_reach_opencv(index, monkeypatch) -> None:
    monkeypatch.setattr(module, "_open", lambda _: pytest.fail("OpenCV was asked"))
    with pytest.raises(ClaError, match=f"no camera {index}"):
        CameraReader(index)


def test_a_camera_that_is_not_there_is_reported(capfd) -> None:
    with pytest.raises(ClaError, match="camera 97 cannot be opened") as caught:
        Camera(97)
    assert "connected" in caught.value.remedy
    assert "error" not in capfd.readouterr().err.lower()


@pytest.mark.parametrize(
    "address",
    ["file:///etc/passwd", "clip.mp4", "ftp://host/x", "", "rtsp://a\0b", "http://a\ud800"],
)
def test_only_addresses_of_cameras_are_opened(address) -> None:
    with pytest.raises(ClaError, match="no address of a camera"):
        CameraReader(address)


def test_a_password_is_not_shown() -> None:
    with pytest.raises(ClaError) as caught:
        Camera("rtsp://user:secret@127.0.0.1:9/stream")
    assert "127.0.0.1:9/stream cannot be opened" in caught.value.message
    assert "secret" not in str(caught.value)


class MovingPictures(http.server.BaseHTTPRequestHandler):
    """A network camera: JPEG pictures, one after the other, for ever."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=next")
        self.end_headers()
        jpeg = cv2.imencode(".jpg", gradient(320, 240)[..., ::-1])[1].tobytes()
        head = f"--next\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
        try:
            for _ in range(200):
                self.wfile.write(head.encode() + jpeg + b"\r\n")
        except OSError:
            return

    def log_message(self, *_: object) -> None:
        pass


def test_a_camera_on_the_network_is_read() -> None:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), MovingPictures) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with Camera(f"http://127.0.0.1:{server.server_port}/video.mjpg") as camera:
            image = next(camera).image
        server.shutdown()
    assert image.shape == (240, 320, 3)
    assert np.abs(image.astype(int) - gradient(320, 240)).mean() < 6


def test_linux_names_its_cameras(tmp_path, monkeypatch) -> None:
    for node, index, name in (("video0", 0, "Webcam"), ("video1", 1, "Webcam"), ("video2", 0, "")):
        (tmp_path / node).mkdir()
        (tmp_path / node / "index").write_text(f"{index}\n")
        (tmp_path / node / "name").write_text(f"{name}\n")
    (tmp_path / "video9").mkdir()
    monkeypatch.setattr(module, "_DEVICES", tmp_path)
    assert list_cameras() == (CameraInfo(0, "Webcam"), CameraInfo(2, "Camera 2"))


def test_elsewhere_no_camera_is_switched_on_to_find_out(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(module, "_DEVICES", tmp_path / "none")
    monkeypatch.setattr(module, "_open", lambda _: pytest.fail("a camera was opened"))
    with pytest.raises(ClaError, match="does not tell"):
        list_cameras()
    assert "does not tell" in str(local_devices().no_camera)


def test_devices_that_are_missing_have_a_reason(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(module, "_DEVICES", tmp_path)
    devices = local_devices()
    assert devices.cameras == ()
    assert devices.no_camera.message == "This machine has no camera."
    assert bool(devices.microphones) != bool(devices.no_microphone)
