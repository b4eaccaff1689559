"""Pictures over the live route: the page's camera, uploads, and the devices of the machine."""

import math
import struct
import time

import cv2
import numpy as np
import pytest
from live_connection import ORIGIN, connect, receive, receive_until, send, serving
from tiny_tasks import tiny_video_task
from videos import gradient, write_video

from cla.capture import LocalDevices, VideoSource
from cla.capture.camera import CameraInfo
from cla.engine import SetLandmarks
from cla.errors import ClaError
from cla.models import load_task
from cla.server import connection, live_server, sources, visit
from cla.server.limits import TokenBucket
from cla.server.messages import Watch
from cla.server.stage import Stage
from cla.texts.sentence import Sentence
from cla.types import VideoFrame

JPEG = cv2.imencode(".jpg", gradient(320, 240)[..., ::-1])[1].tobytes()


def frame(time_s, jpeg=JPEG):
    return struct.pack("<d", time_s) + jpeg


def test_the_pages_camera_becomes_tokens():
    with serving() as (server, client), connect(client, server.invite().key) as socket:
        send(socket, type="camera")
        settings = receive_until(socket, "settings")
        assert (settings["source"], settings["task"]) == ("camera", "hands")
        # Times that lie in the future are brought back to now.
        for i in range(12):
            socket.send_bytes(frame(1e12 if i % 2 else i / 10))
            time.sleep(0.1)
        found = {}
        while not {"frame", "token"} <= set(found):
            message = receive(socket)
            found.setdefault(message["type"], message)
        first, token = found["frame"], found["token"]
        assert first["taken_s"] < 4
        assert (first["hands"], first["picture"]) == ([], None)
        assert token["time_s"] < 4
        assert "dropped_frames" in token


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "time"),
        (b"\0" * 8, "time"),
        (frame(math.nan), "time"),
        (frame(math.inf), "time"),
        (frame(0.1, b"garbage"), "JPEG"),
        (frame(0.1, cv2.imencode(".jpg", np.zeros((1, 1, 3), np.uint8))[1].tobytes()), "1 by 1"),
    ],
)
def test_a_wrong_picture_is_explained_and_the_session_goes_on(data, word):
    with serving() as (server, client), connect(client, server.invite().key) as socket:
        send(socket, type="camera")
        socket.send_bytes(data)
        fault = receive_until(socket, "fault")
        assert word in fault["message"]
        assert not fault["fatal"]
        time.sleep(0.05)
        socket.send_bytes(frame(0.05))
        assert receive_until(socket, "token")["token"] == 0


def test_a_torrent_of_pictures_ends_the_connection_politely(monkeypatch):
    # However slow this machine is, it sends more than that.
    monkeypatch.setattr(connection, "message_bucket", lambda: TokenBucket(100, 0.1))
    with serving() as (server, client), connect(client, server.invite().key) as socket:
        send(socket, type="camera")
        for i in range(200):
            socket.send_bytes(frame(i / 1_000, b"\xff\xd8"))
        while not (fault := receive_until(socket, "fault"))["fatal"]:
            pass
        assert "too much" in fault["message"]


def upload(socket, content, name):
    send(socket, type="upload", size_bytes=len(content), name=name, task="hands")
    for start in range(0, len(content), 50_000):
        socket.send_bytes(content[start : start + 50_000])


def test_an_uploaded_video_is_shown_with_its_pictures(tmp_path):
    content = write_video(tmp_path / "a.webm", [gradient(320, 240)] * 10).read_bytes()
    with serving() as (server, client), connect(client, server.invite().key) as socket:
        send(socket, type="fast", fast=True)
        upload(socket, content, "a.webm")
        assert receive_until(socket, "frame")["picture"]
        receive_until(socket, "ended")


def test_a_sound_file_is_no_video():
    with serving() as (server, client), connect(client, server.invite().key) as socket:
        upload(socket, b"RIFF garbage", "a.wav")
        assert receive_until(socket, "fault")["remedy"]


def test_the_machines_devices_are_for_pages_on_the_machine_alone(monkeypatch):
    devices = LocalDevices(
        cameras=(CameraInfo(0, "Webcam"),), no_microphone=ClaError("microphone_missing")
    )
    monkeypatch.setattr(visit, "local_devices", lambda: devices)
    with serving() as (server, client), connect(client, server.invite().key, ORIGIN) as socket:
        assert receive(socket)["local"] is None
        send(socket, type="device", kind="video", index=0)
        assert "not for this page" in receive_until(socket, "fault")["message"]
    monkeypatch.setattr(live_server, "is_local", lambda _: True)
    with serving() as (server, client), connect(client, server.invite().key) as socket:
        assert receive(socket)["local"]["cameras"] == [{"index": 0, "name": "Webcam"}]


def test_why_something_cannot_run_is_said_in_the_pages_language(monkeypatch):
    devices = LocalDevices(no_camera=ClaError("camera_missing"))
    monkeypatch.setattr(visit, "local_devices", lambda: devices)
    monkeypatch.setattr(live_server, "is_local", lambda _: True)
    problem = ClaError("yamnet_not_fetched")
    note = Sentence("notices.no_float64")
    with serving() as (server, client):
        server.host.offer.shown = [{"name": "sounds", "problem": problem}]
        server.host.device_note = note
        for language, said, missing, noted in (
            ("en", str(problem), "This machine has no camera. Connect one", note),
            (
                "de",
                "YAMNet, das Geräusche",
                "Diese Maschine hat keine Kamera. Schließen Sie eine an",
                "Apples GPUs kennen kein float64, in dem die Attention summiert wird: "
                "Die Spuren laufen auf dem Prozessor.",
            ),
        ):
            with connect(client, f"{server.invite().key}&lang={language}") as socket:
                hello = receive(socket)
            assert hello["tasks"][0]["problem"].startswith(said)
            assert "`cla fetch yamnet`" in hello["tasks"][0]["problem"]
            assert hello["local"]["no_camera"].startswith(missing)
            assert hello["device_note"] == noted


class FakeCamera(VideoSource):
    """A camera of the machine that gives three pictures and is then unplugged."""

    def __init__(self, index):
        super().__init__()
        self.name = f"camera {index}"
        self.times_s = iter(i / 15 for i in range(3))

    def __next__(self):
        for time_s in self.times_s:
            time.sleep(0.1)
            return VideoFrame(gradient(), time_s)
        raise ClaError("camera_silent", camera="camera 0")

    def close(self):
        pass


def test_a_local_camera_is_shown_and_its_loss_explained(monkeypatch):
    monkeypatch.setattr(sources, "Camera", FakeCamera)
    monkeypatch.setattr(live_server, "is_local", lambda _: True)
    with serving() as (server, client), connect(client, server.invite().key) as socket:
        send(socket, type="device", kind="video", index=0)
        settings = receive_until(socket, "settings")
        assert (settings["source"], settings["device_name"]) == ("device", "camera 0")
        found = {}
        while not {"frame", "fault"} <= set(found):  # a slow machine tells of the loss first
            message = receive(socket)
            found.setdefault(message["type"], message)
        assert found["frame"]["picture"]
        assert "stopped giving pictures" in found["fault"]["message"]


def test_landmarks_fit_the_task_that_is_chosen():
    stage = Stage({"digits": load_task(), "hands": tiny_video_task()}, lambda: None)
    stage.do(SetLandmarks(64))
    stage.do(Watch())
    assert stage.settings()["num_landmarks"] == 16
    stage.close()
    assert stage.settings()["source"] is None
