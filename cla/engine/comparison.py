"""Lanes in lockstep: each gets the identical token, in the same order, and is timed alone."""

from collections.abc import Sequence

import torch

from cla.engine.commands import (
    LaneCommand,
    SetEmit,
    SetLandmarkMode,
    SetLandmarks,
    SetLanes,
    SetWindow,
)
from cla.engine.lane import Lane, LaneConfig
from cla.engine.records import FaultRecord
from cla.errors import ClaError
from cla.models import TaskModel
from cla.telemetry import TokenRecord
from cla.types import Token


class Comparison:
    """The synchronous core of a session and of the command line.

    Raises:
        ClaError: no lanes, or one that the task cannot run.
    """

    def __init__(self, task: TaskModel, lane_configs: Sequence[LaneConfig]) -> None:
        self._task = task
        self.lanes = tuple(
            Lane(task, config, name)
            for config, name in zip(lane_configs, lane_names(lane_configs), strict=True)
        )
        self.emit = False

    def warm_up(self) -> None:
        """Let every lane step on silence and forget it: first steps load compiled code."""
        self.step(Token(0, 0.0, torch.zeros(self._task.classifier.config.input_dim)))
        self.reset()

    def step(self, token: Token) -> TokenRecord:
        """Let every lane take the token."""
        records = tuple(lane.step(token, emit=self.emit) for lane in self.lanes)
        return TokenRecord(token.index, token.time_s, records)

    def take_faults(self) -> list[FaultRecord]:
        """Why lanes have left their device since the last call."""
        faults = [lane.fault for lane in self.lanes if lane.fault]
        for lane in self.lanes:
            lane.fault = None
        return faults

    def apply(self, command: LaneCommand) -> None:
        """Change the lanes from the next token on.

        Raises:
            ClaError: a lane cannot be changed so; then none is.
        """
        if isinstance(command, SetLanes):
            self._set_lanes(command.configs)
            return
        before = [lane.config for lane in self.lanes]
        try:
            for lane in self.lanes:
                _apply(lane, command)
            names = lane_names([lane.config for lane in self.lanes])
        except ClaError:
            for lane, config in zip(self.lanes, before, strict=True):
                if lane.config != config:
                    lane.change(config)
            raise
        for lane, name in zip(self.lanes, names, strict=True):
            lane.name = name
        if isinstance(command, SetEmit):
            self.emit = command.emit

    def _set_lanes(self, configs: Sequence[LaneConfig]) -> None:
        """A lane that stays goes on in its state; the others are made of what it heard."""
        running = {lane.config: lane for lane in self.lanes}
        names = lane_names(configs)
        lanes = [
            running.get(config) or Lane(self._task, config, name)
            for config, name in zip(configs, names, strict=True)
        ]
        for lane, name in zip(lanes, names, strict=True):
            lane.name = name
            if lane not in self.lanes:
                lane.join(self.lanes[0])
            lane.count_anew()
        self.lanes = tuple(lanes)

    def reset(self) -> None:
        """Forget everything heard; the lanes keep their attention."""
        for lane in self.lanes:
            lane.reset()

    def lane(self, name: str) -> Lane:
        """The lane of that name.

        Raises:
            ClaError: there is none.
        """
        for lane in self.lanes:
            if lane.name == name:
                return lane
        names = ", ".join(lane.name for lane in self.lanes)
        raise ClaError(f"There is no lane {name!r}.", f"Choose one of {names}.")


def _apply(lane: Lane, command: LaneCommand) -> None:
    match command:
        case SetLandmarks(num_landmarks):
            lane.set_landmarks(num_landmarks)
        case SetLandmarkMode(mode):
            lane.set_landmark_mode(mode)
        case SetWindow(window):
            lane.set_window(window)
        case SetEmit() | SetLanes():
            pass


def lane_names(configs: Sequence[LaneConfig]) -> list[str]:
    """The kinds; landmarks, mode, window and layers are named where lanes differ in them alone.

    Raises:
        ClaError: there are no lanes, or two are the same.
    """
    if not configs:
        raise ClaError("There are no lanes to run.", "Name at least one, for example full.")
    if len(set(configs)) < len(configs):
        raise ClaError("A lane is named twice.", "Let each lane differ from the others.")
    names = [names_of(config) for config in configs]
    return [
        next(
            (name for depth, name in enumerate(own) if [n[depth] for n in names].count(name) == 1),
            own[-1],
        )
        for own in names
    ]


def names_of(config: LaneConfig) -> list[str]:
    """The names that a lane may have beside others, from the shortest to the longest."""
    marks = f"{config.kind}:{config.num_landmarks}" if config.num_landmarks else config.kind
    mode = f"{marks}:{config.landmark_mode}" if config.num_landmarks else marks
    window = f"{mode}:{config.window}" if config.window else mode
    layers = f"{window}:L{config.num_layers}" if config.num_layers else window
    return [config.kind, marks, mode, window, layers]
