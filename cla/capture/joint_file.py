"""Recordings of a body's joints, as Gesture Phase Segmentation has them, and pictures of these.

A file is a table: a position of each joint and a time in ms for each frame, and a phase or none.
"""

import csv
from collections.abc import Iterator, Sequence
from io import StringIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cla.capture.media_file import MediaLimits
from cla.capture.source import VideoSource
from cla.errors import ClaError
from cla.opencv import opencv
from cla.printable import printable
from cla.texts.sentence import Sentence
from cla.types import VideoFrame

JOINTS = ("lh", "rh", "h", "s", "lw", "rw")
"""Hands, head, spine and wrists, as they are named in files."""
COLUMNS = (*(f"{joint}{axis}" for joint in JOINTS for axis in "xyz"), "timestamp")
PUBLISHED_AT = "https://archive.ics.uci.edu/dataset/302/gesture+phase+segmentation"
MOST_BYTES = 32 * 2**20
WIDTH, HEIGHT = 320, 240
TORSO_PX = 90
"""Of a picture, from spine to head."""
_LEFT, _RIGHT, _BODY, _GROUND = (255, 176, 64), (80, 200, 255), (220, 220, 220), (24, 24, 28)
_COMMENT = b"\xff\xfe"
_MARK = b"joints"

Joints = NDArray[np.float64]


def read_table(text: str, name: str, columns: Sequence[str] | None) -> tuple[Joints, list[str]]:
    """The numbers (T, K) of some columns, or of all but the phase, and the phases or "" (T).

    Args:
        name: of the file, for what is said of it.

    Raises:
        ClaError: columns or numbers are missing.
    """
    reader = csv.reader(StringIO(text, newline=""))
    try:
        names = [one.strip().lower() for one in next(reader, [])]
        rows = [row for row in reader if row]
    except csv.Error as error:
        raise unfit(name, Sentence("gesture_layout.value", reason=error)) from error
    wanted = [one for one in names if one != "phase"] if columns is None else columns
    if missing := [one for one in wanted if one not in names]:
        raise unfit(name, Sentence("gesture_layout.column", name=missing[0]))
    places = [names.index(one) for one in wanted]
    at = names.index("phase") if "phase" in names else None
    try:
        numbers = np.array([[float(row[place]) for place in places] for row in rows])
        phases = ["" if at is None else row[at].strip().lower() for row in rows]
    except (ValueError, IndexError) as error:
        raise unfit(name, Sentence("gesture_layout.value", reason=error)) from error
    if not rows or not np.isfinite(numbers).all():
        raise unfit(name, Sentence("gesture_layout.frames"))
    return numbers, phases


def unfit(name: str, reason: Sentence) -> ClaError:
    """Why a file is none of these."""
    return ClaError("gesture_file_unfit", path=name, reason=reason, url=PUBLISHED_AT)


def is_joint_file(source: str | Path | bytes) -> bool:
    """Whether a file is such a table, by its first line, or its name where it has a path."""
    if isinstance(source, bytes):
        return source[:64].lower().lstrip(b"\xef\xbb\xbf").startswith(COLUMNS[0].encode())
    return Path(source).suffix.lower() == ".csv"


class JointFile(VideoSource):
    """A recording of joints as drawn pictures, each with its joints: an iterator of frames.

    Args:
        source: a path, or the content of an upload.

    Raises:
        ClaError: it is no such file, or beyond the limits.
    """

    joints = True

    def __init__(self, source: str | Path | bytes, limits: MediaLimits | None = None) -> None:
        super().__init__()
        limits = limits or MediaLimits()
        self.name, content = _content(source)
        if len(content) > min(limits.max_bytes, MOST_BYTES):
            most_mb = min(limits.max_bytes, MOST_BYTES) / 1e6
            raise ClaError("file_too_large", file=self.name, most_mb=most_mb)
        numbers, _ = read_table(content.decode("utf-8-sig", "replace"), self.name, COLUMNS)
        self._points = numbers[:, :-1].reshape(-1, len(JOINTS), 3)
        self._times_s = (numbers[:, -1] - numbers[0, -1]) / 1000
        if (np.diff(self._times_s) < 0).any():
            raise unfit(self.name, Sentence("gesture_layout.times"))
        self.duration_s = float(self._times_s[-1])
        if self.duration_s > limits.max_duration_s:
            most = limits.max_duration_s / 60
            raise ClaError("file_too_long", file=self.name, most_minutes=most)
        self._frames = self._drawn()

    def __next__(self) -> VideoFrame:
        return next(self._frames)

    def close(self) -> None:
        self._frames = iter(())

    def _drawn(self) -> Iterator[VideoFrame]:
        for points, time_s in zip(self._points, self._times_s, strict=True):
            yield VideoFrame(skeleton(points), float(time_s), points)


def _content(source: str | Path | bytes) -> tuple[str, bytes]:
    if isinstance(source, bytes):
        return Sentence("words.upload"), source
    name = printable(Path(source).name)
    try:
        with Path(source).open("rb") as file:
            return name, file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ClaError("file_not_opened", file=name or source, reason=reason) from error


def skeleton(points: Joints) -> NDArray[np.uint8]:
    """A picture of joints (6, 3): head, spine and both arms, as the sensor saw them.

    Shapes:
        returns: (240, 320, 3) uint8, RGB
    """
    cv2 = opencv()
    image = np.full((HEIGHT, WIDTH, 3), _GROUND, np.uint8)
    head, spine = points[2, :2], points[3, :2]
    scale = TORSO_PX / max(float(np.linalg.norm(head - spine)), 1e-6)
    placed = (points[:, :2] - spine) * scale + [WIDTH / 2, 0.65 * HEIGHT]
    pixels = placed.clip(-WIDTH, 2 * WIDTH).round().astype(int).tolist()
    left, right, top, bottom, left_wrist, right_wrist = map(tuple, pixels)
    neck = tuple(round(0.7 * a + 0.3 * b) for a, b in zip(top, bottom, strict=True))
    cv2.line(image, bottom, neck, _BODY, 3, cv2.LINE_AA)
    cv2.circle(image, top, 14, _BODY, 2, cv2.LINE_AA)
    for hand, wrist, color in ((left, left_wrist, _LEFT), (right, right_wrist, _RIGHT)):
        cv2.line(image, neck, wrist, color, 2, cv2.LINE_AA)
        cv2.line(image, wrist, hand, color, 2, cv2.LINE_AA)
        cv2.circle(image, hand, 5, color, -1, cv2.LINE_AA)
    return image


def with_joints(jpeg: bytes, joints: Joints) -> bytes:
    """A JPEG that holds joints (6, 3) in a comment."""
    content = _MARK + joints.astype("<f8").tobytes()
    return jpeg[:2] + _COMMENT + (len(content) + 2).to_bytes(2, "big") + content + jpeg[2:]


def joints_in(jpeg: bytes) -> Joints | None:
    """The joints that `with_joints` has put into a JPEG, or None."""
    size = 8 * 3 * len(JOINTS)
    if jpeg[2:4] != _COMMENT or jpeg[6 : 6 + len(_MARK)] != _MARK or len(jpeg) < 12 + size:
        return None
    joints = np.frombuffer(jpeg, "<f8", 3 * len(JOINTS), 12).reshape(-1, 3)
    return joints if np.isfinite(joints).all() else None
