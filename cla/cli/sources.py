"""What commands run on: lanes, files, and devices of this machine and of the network."""

import argparse

from cla.attention import DEFAULT_LANDMARKS, LOW_RANK, REFERENCE
from cla.capture import Camera, MediaLimits, Microphone, is_camera_address, open_file
from cla.cli.terminal import warn
from cla.engine import RecordingLimits, Source
from cla.errors import ClaError
from cla.models import LaneSpec, TaskModel, parse_lane
from cla.printable import printable
from cla.texts.sentence import Sentence

DEFAULT_DEVICE = -1
DEFAULT_LANES = f"{REFERENCE},{LOW_RANK}"


def add_source_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments that name a source."""
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "input",
        nargs="?",
        metavar="INPUT",
        help="any sound or video file, or the address (rtsp:// or http://) of a camera",
    )
    source.add_argument("--camera", type=int, metavar="INDEX", help="a camera of this machine")
    source.add_argument(
        "--microphone",
        type=int,
        nargs="?",
        const=DEFAULT_DEVICE,
        metavar="INDEX",
        help="a microphone of this machine; without an index the default one",
    )


def default_task(options: argparse.Namespace) -> str:
    """The task meant when none is named."""
    return "digits" if options.camera is None and not _address(options) else "hands"


def source_name(options: argparse.Namespace) -> str:
    """The source as it was named, safe to print and to store."""
    if options.input is not None:
        return printable(options.input)
    return "microphone" if options.camera is None else f"camera {options.camera}"


def open_source(options: argparse.Namespace, task: TaskModel) -> Source:
    """Opens what was named.

    Raises:
        ClaError: it cannot be opened, or the task has no use for it.
    """
    if options.camera is not None or _address(options):
        _check(task, "video", "a camera")
        return Camera(options.camera if options.camera is not None else options.input)
    if options.microphone is not None:
        _check(task, "sound", "a microphone")
        return Microphone(None if options.microphone == DEFAULT_DEVICE else options.microphone)
    return open_file(task.input, options.input)


def say_limits(source: Source, *, recorded: bool) -> None:
    """Say before the work begins where it will end, if that is not known otherwise.

    A file that says that it is longer than the limit has been refused.
    """
    if not is_live(source) and source.duration_s is None:
        hours = MediaLimits().max_duration_s / 3_600
        warn(f"{source.name} does not say how long it is; at most {hours:g} hours of it are taken.")
    if recorded and is_live(source):
        hours = RecordingLimits().max_s / 3_600
        warn(f"The recording ends after {hours:g} hours at the latest.")


def is_live(source: Source) -> bool:
    """Whether the source is a device, which cannot wait."""
    return isinstance(source, Camera | Microphone)


def _address(options: argparse.Namespace) -> bool:
    return options.input is not None and is_camera_address(options.input)


def _check(task: TaskModel, needed: str, source: str) -> None:
    if task.input != needed:
        raise ClaError(
            "source_of_another_medium",
            task=task.name,
            medium=Sentence(f"words.{task.input}"),
            source=source,
            given=Sentence(f"words.{needed}"),
        )


def add_lane_arguments(parser: argparse.ArgumentParser, default: str | None) -> None:
    """The arguments that name lanes; without a default they may be missing."""
    parser.add_argument(
        "--lanes",
        default=default,
        help=f"attention kinds, comma separated; {LOW_RANK}/continual:8@60 sets a lane's own "
        f"mode, landmarks and window (default: {default or 'those recorded'})",
    )
    parser.add_argument(
        "--landmarks",
        type=int,
        default=DEFAULT_LANDMARKS,
        metavar="COUNT",
        help="landmarks (default: %(default)s)",
    )
    parser.add_argument("--landmark-mode", choices=["fixed", "continual"], default="fixed")
    parser.add_argument(
        "--window", type=int, metavar="TOKENS", help="tokens attended (default: the task's)"
    )


def lanes_of(options: argparse.Namespace) -> list[LaneSpec]:
    """The lanes named on the command line.

    Raises:
        ClaError: one of them is not a lane.
    """
    return [
        parse_lane(
            text,
            num_landmarks=options.landmarks,
            landmark_mode=options.landmark_mode,
            window=options.window,
        )
        for text in options.lanes.split(",")
    ]
