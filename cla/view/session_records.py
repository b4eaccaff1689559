"""Records of a session, lane by lane, ready to be drawn; its files may be damaged."""

from collections.abc import Sequence
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

from cla.engine import (
    Command,
    CommandDone,
    Correct,
    FitLandmarks,
    Manifest,
    Pause,
    Recording,
    Reset,
    Resume,
    SetLandmarkMode,
    SetLandmarks,
    SetLanes,
    SetSensitivity,
    SetWindow,
)
from cla.errors import ClaError
from cla.models import LaneSpec, Span, lane_names, parse_lane
from cla.texts import Texts
from cla.types import Event
from cla.view.clip_figures import DrawnLane
from cla.view.systems import System, system_of, title_with_landmarks

MAX_LANES = 8
MAX_TOKENS = 100_000
MAX_COLUMNS = 3_000
MAX_MARKS = 60
MARK_S = 0.05


def recorded_lanes(say: Texts, recording: Recording) -> list[DrawnLane]:
    """The lanes of a recording in the order in which they came, in at most `MAX_COLUMNS` columns.

    Raises:
        ClaError: the records are damaged.
    """
    manifest = recording.manifest
    rows: dict[str, list[tuple[int, list[float], str | None]]] = {}
    for row in recording.rows():
        name, step, values = str(row["lane"]), row["step"], row["probabilities"]
        fits = step is not None and values is not None and len(values) == len(manifest.labels)
        if not fits:
            raise ClaError("session_records_unfit")
        name = same_lane(name, manifest.lanes)
        if step >= MAX_TOKENS or (name not in rows and len(rows) == MAX_LANES):
            continue
        rows.setdefault(name, []).append((step, values, row["event"]))
    return [_lane(say, manifest, name, found) for name, found in rows.items()]


def _lane(
    say: Texts, manifest: Manifest, name: str, rows: list[tuple[int, list[float], str | None]]
) -> DrawnLane:
    times_s = (np.array([step for step, *_ in rows], np.float64) + 1) * manifest.hop_s
    values = np.array([values for _, values, _ in rows], np.float32)
    if not np.isfinite(values).all():
        raise ClaError("session_records_no_numbers")
    events = tuple(
        Event(event, float(time_s), 1.0)
        for time_s, (*_, event) in zip(times_s, rows, strict=True)
        if event in manifest.labels
    )
    starts = np.arange(0, len(rows), -(-len(rows) // MAX_COLUMNS))
    columns: NDArray[np.float32] = np.maximum.reduceat(values, starts)
    system = lane_system(name, manifest.lanes)
    title = lane_title(say, name, system)
    return DrawnLane(title, system.color, times_s[starts], columns, events)


def same_lane(name: str, begun: Sequence[LaneSpec]) -> str:
    """The name with which a lane began; it has a longer one where another of its kind runs too."""
    with suppress(ClaError):
        for first, lane in zip(lane_names(begun), begun, strict=True):
            if name in lane.names:
                return first
    return name


def lane_system(name: str, begun: Sequence[LaneSpec]) -> System:
    """A lane's system: by the lane of that name with which its session began, or by the name.

    Raises:
        ClaError: no lane is called so.
    """
    lane = parse_lane(name)
    with suppress(ClaError):
        lane = dict(zip(lane_names(begun), begun, strict=True)).get(name, lane)
    return system_of(lane)


def lane_title(say: Texts, name: str, system: System) -> str:
    """A lane in words, with the landmarks that its name holds where lanes differ in them."""
    number = parse_lane(name).num_landmarks
    return title_with_landmarks(say, system.key, number)


def marks(say: Texts, recording: Recording) -> tuple[Span, ...]:
    """When commands acted, and what they were, in words.

    Raises:
        ClaError: the log is damaged.
    """
    found: list[Span] = []
    for happening in recording.happenings():
        if isinstance(happening, CommandDone) and len(found) < MAX_MARKS:
            label = _label(say, happening.command, recording.manifest.labels)
            time_s = happening.steps * recording.manifest.hop_s
            found += [Span(label, time_s, time_s + MARK_S)] if label else []
    return tuple(found)


def _label(say: Texts, command: Command, labels: Sequence[str]) -> str:
    match command:
        case SetLandmarks(count):
            return say("page.title_landmarks", count=count)
        case SetWindow(int(window)):
            return say("page.title_window", window=window)
        case SetLandmarkMode(mode):
            return say(f"page.{mode}")
        case SetLanes() | SetWindow():
            return say("sessions.lanes_changed")
        case Reset():
            return say("page.reset")
        case Pause():
            return say("page.pause")
        case Resume():
            return say("page.resume")
        case Correct(label) if label < len(labels):
            return say("page.corrected_to", label=labels[label])
        case FitLandmarks(heard):
            return say("page.heard" if heard else "page.heard_undone")
        case SetSensitivity(enter):
            return f"{say('page.sensitivity')} {enter:g}"
        case _:
            return ""
