"""What a session records beside tokens."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cla.errors import ClaError
from cla.features import Hand
from cla.models.lane_spec import LaneSpec
from cla.telemetry import TokenRecord
from cla.texts.sentence import Sentence
from cla.types import Correction

SOUND_STEP_S = 0.01


@dataclass(frozen=True)
class RunningLane:
    """The description of a lane, as clients get it.

    Args:
        name: its name in all other records.
        average, published: multiply-adds a token, ours on average and by the published closed form;
            None of a kind that does not count them, or has none.
        exact: those of exact continual attention over the same window.
        crossing: the window from which on the lane needs fewer than that; None where there is none,
            or where its layers are several.
        curve: `average` over windows, (window, multiply-adds).
    """

    name: str
    config: LaneSpec
    average: float | None
    published: float | None
    exact: float
    crossing: int | None
    curve: tuple[tuple[int, float], ...] = ()


@dataclass(frozen=True, eq=False)
class LanePast:
    """What a lane would have said of the newest tokens, had it been there to hear them.

    Args:
        events: what it would have recognized: (age in tokens, 0 for the newest; label).

    Shapes:
        probabilities: (T, C) float32, oldest first
    """

    events: tuple[tuple[int, str], ...]
    probabilities: NDArray[np.float32]


@dataclass(frozen=True)
class LanesRecord:
    """The lanes of every record from here on, up to the next of these.

    Args:
        past: of lanes that have just joined, by name; the others go on.
        heard: to how many tokens of the stream fixed landmarks are fitted; 0 for the task's own.
    """

    lanes: tuple[RunningLane, ...]
    past: Mapping[str, LanePast] = field(default_factory=dict)
    heard: int = 0


@dataclass(frozen=True)
class FrameRecord:
    """The newest picture, and the hands that were found in it.

    Args:
        time_s: media time, counted from the stream's first picture.
        taken_s: when it was taken, by its source's own clock.
        picture: a small JPEG of it, for pages that do not have the picture themselves.
    """

    time_s: float
    taken_s: float
    hands: tuple[Hand, ...]
    picture: bytes | None = None


@dataclass(frozen=True)
class SoundRecord:
    """How loud the newest sound is.

    Args:
        time_s: media time at its end.

    Shapes:
        peaks: (P,) float32, largest sample of each `SOUND_STEP_S`, oldest first
    """

    time_s: float
    peaks: NDArray[np.float32]


@dataclass(frozen=True)
class MapRecord:
    """One lane's whole attention map ("attention") or its factors, by name."""

    lane: str
    factors: dict[str, NDArray[np.float32]]


@dataclass(frozen=True)
class FillRecord:
    """How far the tokens are that are to be put before the stream; at 1 they are there.

    Args:
        past: of all lanes by name, once the tokens are there.
    """

    share: float
    past: Mapping[str, LanePast] = field(default_factory=dict)


@dataclass(frozen=True)
class FaultRecord:
    """A command or packet that could not be handled; if `fatal`, the session has ended."""

    error: ClaError
    fatal: bool = False

    @property
    def message(self) -> Sentence:
        """What happened."""
        return self.error.message

    @property
    def remedy(self) -> Sentence:
        """What to do about it."""
        return self.error.remedy


@dataclass(frozen=True)
class NoticeRecord:
    """A sentence on what a source holds that is not as it should be, and what was made of it."""

    message: Sentence


@dataclass(frozen=True)
class RecordingRecord:
    """A recording has begun or ended.

    Args:
        name: of its folder.
        duration_s: media time in it.
        reason: why it ended, where nobody asked for that.
    """

    name: str
    running: bool
    duration_s: float = 0.0
    reason: ClaError | None = None


Record = (
    LanesRecord
    | TokenRecord
    | FrameRecord
    | SoundRecord
    | MapRecord
    | FillRecord
    | FaultRecord
    | NoticeRecord
    | RecordingRecord
    | Correction
)
