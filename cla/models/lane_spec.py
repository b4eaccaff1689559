"""Which attention a lane runs: one description for pages, wire, command line, files and sweeps.

As text a lane is its kind, then what it chooses of its own, in this order: `/` its mode, `:` its
landmarks, `@` its window in tokens, `*` its layers; `continual_nystrom/continual:16@60*1` has all.
As JSON it is the object of its fields.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from cla.attention import KINDS, LandmarkMode, all_systems
from cla.errors import ClaError
from cla.schema import Count, Name
from cla.texts import FALLBACK, catalogue

LONGEST_WINDOW = 4_096
"""Tokens that a lane may attend to, whatever the window of its training."""

_TEXT = re.compile(
    r"(?P<kind>[^\s/:@*,]+)(/(?P<mode>\w+))?(:(?P<landmarks>\d{1,6}))?"
    r"(@(?P<window>\d{1,6}))?(\*(?P<layers>\d{1,6}))?"
)
_ROW = re.compile(r"(\S+) (\w+) M=(\d+)")
"""Names of lanes in cards."""


@dataclass(frozen=True)
class LaneSpec:
    """Which attention a lane runs; `window` and `num_layers` are the task's when not given.

    What a kind does not have is left out, so that two lanes are equal where they run the same: a
    kind without landmarks has no number of them, and one with a single mode has that mode.
    """

    kind: Name
    num_landmarks: Count | None = None
    landmark_mode: LandmarkMode = "fixed"
    window: Count | None = None
    num_layers: Count | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            return  # refused by whoever makes its attention
        modes = KINDS[self.kind].landmark_modes
        if not modes:
            object.__setattr__(self, "num_landmarks", None)
            object.__setattr__(self, "landmark_mode", "fixed")
        elif self.landmark_mode not in modes:
            object.__setattr__(self, "landmark_mode", modes[0])

    @property
    def names(self) -> tuple[str, ...]:
        """The names that the lane may have beside others, from the shortest to the longest."""
        several = self.kind in KINDS and len(KINDS[self.kind].landmark_modes) > 1
        marks = f":{self.num_landmarks}" if self.num_landmarks else ""
        mode = f"{self.kind}/{self.landmark_mode}" if several else self.kind
        window = f"{mode}{marks}@{self.window}" if self.window else mode + marks
        layers = f"{window}*{self.num_layers}" if self.num_layers else window
        return self.kind, self.kind + marks, mode + marks, window, layers

    def __str__(self) -> str:
        return self.names[-1]


def lane_names(lanes: Sequence[LaneSpec]) -> list[str]:
    """The lanes' names beside each other: each the shortest that no other has.

    Raises:
        ClaError: there are no lanes, or two are the same.
    """
    if not lanes:
        raise ClaError("lanes_missing")
    if len(set(lanes)) < len(lanes):
        raise ClaError("lane_twice")
    same_depth = [list(depth) for depth in zip(*(lane.names for lane in lanes), strict=True)]
    return [
        next((name for name, all_names in zip(lane.names, same_depth, strict=True)
              if all_names.count(name) == 1), str(lane))
        for lane in lanes
    ]  # fmt: skip


def parse_lane(
    text: str,
    *,
    num_landmarks: int | None = None,
    landmark_mode: LandmarkMode = "fixed",
    window: int | None = None,
) -> LaneSpec:
    """The lane that a text names; what it leaves out is as given.

    Raises:
        ClaError: it names none.
    """
    found = _TEXT.fullmatch(text.strip())
    kind = found["kind"] if found else ""
    if found is None or kind not in KINDS:
        raise ClaError("lane_spec_unknown", text=text.strip(), choices=", ".join(KINDS))
    modes = KINDS[kind].landmark_modes
    if found["landmarks"] and not modes:
        raise ClaError("lane_without_landmarks", kind=kind)
    if found["mode"] and found["mode"] not in modes:
        raise ClaError("lane_mode_unknown", kind=kind, mode=found["mode"])
    return LaneSpec(
        kind,
        int(found["landmarks"]) if found["landmarks"] else num_landmarks,
        next((mode for mode in modes if mode == found["mode"]), landmark_mode),
        int(found["window"]) if found["window"] else window,
        int(found["layers"]) if found["layers"] else None,
    )


def lane_title(name: str, language: str = FALLBACK) -> str:
    """A lane's name in words: "Continual low-rank attention, 8 fixed landmarks"; others stay."""
    found = _TEXT.fullmatch(_ROW.sub(r"\1/\2:\3", name))
    kind = found["kind"] if found else ""
    if found is None or kind not in KINDS:
        return name
    say = catalogue(language)
    title = say.get(f"page.lane_{kind}")
    if title is None:
        title = next(system.label for system in all_systems() if system.kind == kind)
    several = len(KINDS[kind].landmark_modes) > 1
    marks = say.get(f"system.{found['mode']}") if several else None
    count = found["landmarks"]
    if count:
        marks = f"{count} {marks}" if marks else say["page.title_landmarks"].format(count=count)
    chosen = [say[f"page.title_{part}"].format(**{part: found[part]})
              for part in ("window", "layers") if found[part]]  # fmt: skip
    return ", ".join(filter(None, [title, marks, *chosen]))
