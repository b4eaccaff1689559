"""The microphones and cameras of this machine, or why there are none."""

from dataclasses import dataclass

from cla.capture.camera import CameraInfo, list_cameras
from cla.capture.microphone import MicrophoneInfo, list_microphones
from cla.errors import ClaError


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
    microphones: tuple[MicrophoneInfo, ...] = ()
    no_microphone = no_camera = ""
    try:
        microphones = list_microphones()
        no_microphone = "" if microphones else "The machine has no microphone."
    except ClaError as error:
        no_microphone = str(error)
    cameras: tuple[CameraInfo, ...] = ()
    try:
        cameras = list_cameras()
        no_camera = "" if cameras else "The machine has no camera."
    except ClaError as error:
        no_camera = str(error)
    return LocalDevices(microphones, cameras, no_microphone, no_camera)
