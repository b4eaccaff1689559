"""Microphones and cameras, read in a process of their own: a driver that crashes ends only that."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from cla.capture.camera import CameraInfo, camera_name, list_cameras
from cla.capture.child import Child, ChildSource, nameless_file
from cla.capture.messages import STOPPED, Microphones, Picture, Sound
from cla.capture.microphone import MicrophoneInfo
from cla.capture.source import Chunk, SoundSource, VideoSource
from cla.errors import ClaError
from cla.texts.sentence import Sentence
from cla.types import AudioChunk, VideoFrame

Device = TypeVar("Device")
PIPE_BYTES = 2**20
"""A picture of the largest size, which then takes one turn of each process and not fifteen."""


class IsolatedDevice(ChildSource[Chunk]):
    """An open device, which gives chunks without end.

    Raises:
        ClaError: there is no such device, or it cannot be opened.
    """

    def __init__(self, name: str, kind: str, which: int | str | None) -> None:
        super().__init__(_child(name, kind, which))
        self.name = self.opened_name


class Microphone(IsolatedDevice[AudioChunk], SoundSource):
    """An open microphone.

    Sound that is not read within 10 s is lost; `start_s` of the next chunk shows the gap.

    Args:
        index: which one, from `list_microphones`; without it the default one.
    """

    _gives = Sound

    def __init__(self, index: int | None = None) -> None:
        name = (
            Sentence("words.microphone")
            if index is None
            else Sentence("words.microphone_number", index=index)
        )
        super().__init__(name, "microphone", index)


class Camera(IsolatedDevice[VideoFrame], VideoSource):
    """An open camera.

    Times are those of arrival, counted from the first picture. Pictures are not mirrored.

    Args:
        source: an index from `list_cameras`, or an RTSP or HTTP address.
    """

    _gives = Picture

    def __init__(self, source: int | str) -> None:
        super().__init__(camera_name(source), "camera", source)


def list_microphones() -> tuple[MicrophoneInfo, ...]:
    """Returns the microphones, the default one first.

    Raises:
        ClaError: microphones cannot be reached from here at all.
    """
    child = _child(Sentence("words.list_of_microphones"), "microphones")
    try:
        return child.read(Microphones).found
    finally:
        child.close()


@dataclass(frozen=True)
class LocalDevices:
    """What can be opened on this machine.

    Args:
        no_microphone, no_camera: the reason if none can be opened, else None.
    """

    microphones: tuple[MicrophoneInfo, ...] = ()
    cameras: tuple[CameraInfo, ...] = ()
    no_microphone: ClaError | None = None
    no_camera: ClaError | None = None


def local_devices() -> LocalDevices:
    """Looks for devices; never fails."""
    microphones, no_microphone = _found(list_microphones, ClaError("microphone_missing"))
    cameras, no_camera = _found(list_cameras, ClaError("camera_missing"))
    return LocalDevices(microphones, cameras, no_microphone, no_camera)


def _found(
    search: Callable[[], tuple[Device, ...]], missing: ClaError
) -> tuple[tuple[Device, ...], ClaError | None]:
    """What a search finds, or why it finds nothing."""
    try:
        devices = search()
    except ClaError as error:
        return (), error
    return devices, None if devices else missing


def _child(name: str, kind: str, which: int | str | None = None) -> Child:
    """The process that reads a device, or lists those of its kind."""

    def failed(status: int | None) -> ClaError:
        if status == STOPPED:
            return ClaError("device_hangs", device=name)
        return ClaError("device_crashes", device=name)

    try:
        # By a file: a camera's address may hold a password, and a command line is for all to see.
        with nameless_file(json.dumps(which).encode()) as given:
            # The environment says where the system's sound is, and how OpenCV is to open cameras.
            return Child(
                kind,
                given=given,
                environment=os.environ,
                failed=failed,
                pipe_bytes=PIPE_BYTES,
            )
    except OSError as error:
        raise ClaError("device_not_started", device=name, reason=error.strerror) from error
