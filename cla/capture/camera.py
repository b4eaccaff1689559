"""A camera of the machine this runs on, or one on the network by its address, read in this process.

Drivers crash: `cla.capture.devices` reads it in a process of its own.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cla.capture.pictures import MIN_SIDE, fitted
from cla.capture.source import VideoSource
from cla.errors import ClaError
from cla.opencv import opencv
from cla.texts.sentence import Sentence
from cla.types import VideoFrame

SCHEMES = ("rtsp", "rtsps", "http", "https")
_DEVICES = Path("/sys/class/video4linux")
_OPEN_TIMEOUT_MS = 8_000
_SILENT_CAMERA_S = 5.0
_RETRY_S = 0.02
_MAX_INDEX = 99
"""Greater numbers mean other things to OpenCV, and negative ones make it crash."""
_MAX_ADDRESS = 2_000


@dataclass(frozen=True)
class CameraInfo:
    """One camera; `index` is what a camera is opened by."""

    index: int
    name: str


def is_camera_address(text: str) -> bool:
    """Whether the text is an address at which there may be a camera."""
    return text.partition("://")[0].lower() in SCHEMES and "://" in text


def list_cameras() -> tuple[CameraInfo, ...]:
    """Returns the cameras of this machine; none is switched on to find out.

    Raises:
        ClaError: the system does not tell.
    """
    if not _DEVICES.is_dir():
        raise ClaError("cameras_not_listed")
    return tuple(sorted(_listed(_DEVICES), key=lambda camera: camera.index))


class CameraReader(VideoSource):
    """An open camera, which gives pictures without end.

    Times are those of arrival, counted from the first picture. Pictures are not mirrored.

    Args:
        source: an index from `list_cameras`, or an RTSP or HTTP address.

    Raises:
        ClaError: there is no such camera, or it cannot be opened.
    """

    def __init__(self, source: int | str) -> None:
        super().__init__()
        self.name = camera_name(source)
        _check(source)
        self._first_s: float | None = None
        self._cv2 = opencv()
        self._capture = _open(source)
        if not self._capture.isOpened():
            self._capture.release()
            if isinstance(source, int):
                raise ClaError("camera_not_opened", camera=self.name)
            raise ClaError("camera_address_not_opened", camera=self.name)
        # Where a driver keeps pictures back, an old one would be taken for now.
        self._capture.set(self._cv2.CAP_PROP_BUFFERSIZE, 1)

    def __next__(self) -> VideoFrame:
        give_up_s = time.monotonic() + _SILENT_CAMERA_S
        while self._capture.isOpened():
            ok, image = self._capture.read()
            now_s = time.monotonic()
            if ok and min(image.shape[:2]) >= MIN_SIDE:
                if self._first_s is None:
                    self._first_s = now_s
                rgb = self._cv2.cvtColor(fitted(image), self._cv2.COLOR_BGR2RGB)
                return VideoFrame(np.asarray(rgb, np.uint8), now_s - self._first_s)
            if now_s > give_up_s:
                raise ClaError("camera_silent", camera=self.name)
            time.sleep(_RETRY_S)
        raise StopIteration

    def close(self) -> None:
        self._capture.release()


def camera_name(source: int | str) -> str:
    """What to call a camera in a sentence; a password in its address is left out."""
    if isinstance(source, int):
        return Sentence("words.camera_number", index=source)
    return _without_password(source)


def _check(source: int | str) -> None:
    if isinstance(source, int):
        if not 0 <= source <= _MAX_INDEX:
            raise ClaError("camera_unknown", index=source, most=_MAX_INDEX)
    elif len(source) > _MAX_ADDRESS or not (is_camera_address(source) and source.isprintable()):
        raise ClaError("camera_address_unfit", address=source[:_MAX_ADDRESS])


def _open(source: int | str) -> Any:
    """Opens without OpenCV's own words on the terminal: ours say what to do."""
    cv2 = opencv()
    level = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        if isinstance(source, int):
            return cv2.VideoCapture(source)
        timeouts = (cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, cv2.CAP_PROP_READ_TIMEOUT_MSEC)
        parameters = [value for name in timeouts for value in (name, _OPEN_TIMEOUT_MS)]
        return cv2.VideoCapture(source, cv2.CAP_FFMPEG, parameters)
    finally:
        cv2.utils.logging.setLogLevel(level)


def _listed(devices: Path) -> Iterator[CameraInfo]:
    """Linux names its devices; a camera's further nodes, for metadata, are no cameras."""
    for device in devices.glob("video*"):
        try:
            first = (device / "index").read_text().strip() == "0"
            name = (device / "name").read_text().strip()
        except OSError:
            continue
        number = device.name.removeprefix("video")
        if first and number.isdecimal():
            yield CameraInfo(int(number), name or f"Camera {number}")


def _without_password(address: str) -> str:
    scheme, _, rest = address.partition("://")
    host = rest.rpartition("@")[2] if "@" in rest.partition("/")[0] else rest
    return f"camera at {scheme}://{host}"
