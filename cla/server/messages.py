"""The messages that a page may send; types and ranges are checked."""

from typing import Annotated

from msgspec import Meta
from msgspec.json import Decoder

from cla.engine import (
    Correct,
    FitLandmarks,
    Pause,
    RequestMap,
    Reset,
    Resume,
    SetEmit,
    SetLandmarkMode,
    SetLandmarks,
    SetLanes,
    SetSensitivity,
    SetWindow,
    StepOnce,
)
from cla.errors import ClaError
from cla.schema import Count, Index, Name, Tagged, decoded
from cla.types import InputKind

MAX_TEXT = 4096
START_COST = 10.0
MAX_AMOUNT = 2**53
"""Whole numbers up to here are exact in a page."""
Amount = Annotated[int, Meta(ge=0, le=MAX_AMOUNT)]


class Sample(Tagged, frozen=True, tag="sample"):
    """Play a clip that comes with the package."""

    clip: Name


class Listen(Tagged, frozen=True, tag="microphone"):
    """Sound of the page's microphone follows."""

    sample_rate_hz: Count
    task: Name | None = None


class Watch(Tagged, frozen=True, tag="camera"):
    """Pictures of the page's camera follow."""

    task: Name | None = None


class Give(Tagged, frozen=True, tag="features"):
    """Features follow, as many float32 as a token has for each."""

    task: Name | None = None


class OpenDevice(Tagged, frozen=True, tag="device"):
    """Take sound or pictures from a device of this machine."""

    kind: InputKind
    index: Index
    task: Name | None = None


class Upload(Tagged, frozen=True, tag="upload"):
    """The bytes of a file follow."""

    size_bytes: Amount
    name: Name
    task: Name


class Lost(Tagged, frozen=True, tag="lost"):
    """So many samples of the microphone were lost on their way."""

    samples: Amount


class EndSource(Tagged, frozen=True, tag="end"):
    """Nothing more follows of the client's device: `ended` is said once all has been worked on."""


class SetFast(Tagged, frozen=True, tag="fast"):
    """Play files as fast as they can be worked on, or at their own pace."""

    fast: bool


class NameLanes(Tagged, frozen=True, tag="named_lanes"):
    """Run the lanes that an address names."""

    text: Name


class FillWindows(Tagged, frozen=True, tag="fill"):
    """Put the clip that was uploaded, or one that comes with the package, before the stream."""


class SetRecording(Tagged, frozen=True, tag="record"):
    """Begin or end a recording."""

    on: bool


class Stop(Tagged, frozen=True, tag="stop"):
    """End the source."""

    task: Name | None = None


Start = Sample | Listen | Watch | Give | OpenDevice | Upload
"""What makes a new session, with all that costs."""
PageCommand = (
    SetLandmarks
    | SetLandmarkMode
    | SetWindow
    | SetLanes
    | SetSensitivity
    | FitLandmarks
    | Pause
    | Resume
    | StepOnce
    | Reset
    | RequestMap
    | SetEmit
    | Correct
)
"""What a page may ask of its session; the session knows more."""
LaneChange = SetLandmarks | SetLandmarkMode | SetWindow | SetLanes
Message = (
    Start | Lost | EndSource | SetFast | NameLanes | FillWindows | SetRecording | Stop | PageCommand
)

_DECODER: Decoder[Message] = Decoder(Message)


def read_message(text: str) -> Message:
    """What a page's text says.

    Raises:
        ClaError: it says nothing that a page may ask.
    """
    if len(text) > MAX_TEXT:
        raise ClaError("page_message_too_long", count=len(text))
    return decoded(
        _DECODER, text, lambda reason: ClaError("page_message_unreadable", reason=reason)
    )


def cost_of(message: Message) -> float:
    """What a message asks for, in changes of lanes."""
    if isinstance(message, Start | FillWindows | FitLandmarks):
        return START_COST
    return float(isinstance(message, LaneChange | NameLanes))
