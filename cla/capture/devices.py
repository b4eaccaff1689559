"""The microphones and cameras of this machine, or why there are none."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from cla.capture.camera import CameraInfo, list_cameras
from cla.capture.microphone import MicrophoneInfo, list_microphones
from cla.errors import ClaError

Device = TypeVar("Device")


@dataclass(frozen=True)
class LocalDevices:
    """What can be opened on this machine.

    Args:
        no_microphone, no_camera: why there is none, in a sentence; empty where there is one.
    """

    microphones: tuple[MicrophoneInfo, ...] = ()
    cameras: tuple[CameraInfo, ...] = ()
    no_microphone: str = ""
    no_camera: str = ""


def local_devices() -> LocalDevices:
    """Looks for devices; never fails."""
    microphones, no_microphone = _found(list_microphones, "microphone")
    cameras, no_camera = _found(list_cameras, "camera")
    return LocalDevices(microphones, cameras, no_microphone, no_camera)


def _found(search: Callable[[], tuple[Device, ...]], name: str) -> tuple[tuple[Device, ...], str]:
    """What a search finds, or why it finds nothing."""
    try:
        devices = search()
    except ClaError as error:
        return (), str(error)
    return devices, "" if devices else f"The machine has no {name}."
