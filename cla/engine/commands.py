"""What a user can ask of a running session; each acts between two tokens.

Each is a JSON object too, for the wire and for files: `type` names it, and what is read is bounded.
"""

from typing import Annotated

from msgspec import Meta, field

from cla.attention import LandmarkMode
from cla.models.lane_spec import LaneSpec
from cla.schema import Count, Index, Name, Share, Tagged

MAX_LANES = 64


class SetLandmarks(Tagged, frozen=True, tag="landmarks"):
    """Use this many landmarks in every low-rank lane."""

    num_landmarks: Count


class SetLandmarkMode(Tagged, frozen=True, tag="landmark_mode"):
    """Let landmarks follow the stream, or use the fitted ones."""

    mode: LandmarkMode


class SetWindow(Tagged, frozen=True, tag="window"):
    """Attend to this many tokens in every lane; None is as many as in the training."""

    window: Count | None


class SetLanes(Tagged, frozen=True, tag="lanes"):
    """Run these lanes. A new one joins with all that the others heard, and counts from then on."""

    configs: Annotated[tuple[LaneSpec, ...], Meta(max_length=MAX_LANES)] = field(name="lanes")


class SetEmit(Tagged, frozen=True, tag="emit"):
    """Whether records carry attention rows."""

    emit: bool


class FitLandmarks(Tagged, frozen=True, tag="fit"):
    """Fit fixed landmarks to what was heard, in every lane, or take the task's own again."""

    heard: bool


class SetSensitivity(Tagged, frozen=True, tag="sensitivity"):
    """Take a label for an event from this probability on, in every lane; it acts on events only."""

    enter: Share


class Correct(Tagged, frozen=True, tag="correct"):
    """Take tokens of the stream as an example of a label; the lanes go on as they are.

    Args:
        label: its place among the task's labels.
        token: index of the last of these tokens.
        tokens: how many they are.
    """

    label: Index
    token: Index
    tokens: Count


class UseKernels(Tagged, frozen=True, tag="kernels"):
    """Whether lanes step by compiled kernels or by PyTorch; state and stream go on."""

    on: bool


class Fill(Tagged, frozen=True, tag="fill"):
    """Put tokens before the stream, so that long windows are full at once.

    Args:
        rows: different tokens, which are repeated.
        size: numbers of each.
        tokens: how many there are to be.
    """

    rows: Count
    size: Count
    tokens: Count


class Thin(Tagged, frozen=True, tag="thin"):
    """Let a lane answer one of so many tokens, beside the others, or each within its step (0).

    A session gives it by what it measures; a replay, by what was recorded.
    """

    lane: Name
    every: Index


class Pause(Tagged, frozen=True, tag="pause"):
    """Stop taking tokens."""


class Resume(Tagged, frozen=True, tag="resume"):
    """Go on taking tokens."""


class StepOnce(Tagged, frozen=True, tag="step"):
    """Take exactly one token while paused."""


class Reset(Tagged, frozen=True, tag="reset"):
    """Forget everything heard and count from zero."""


class RequestMap(Tagged, frozen=True, tag="map"):
    """Send one lane's whole attention map in a layer, or its factors."""

    lane: Name
    layer: Index = 0


LaneCommand = (
    SetLandmarks
    | SetLandmarkMode
    | SetWindow
    | SetLanes
    | SetEmit
    | SetSensitivity
    | FitLandmarks
    | UseKernels
    | Thin
)
Command = LaneCommand | Pause | Resume | StepOnce | Reset | RequestMap | Fill | Correct
