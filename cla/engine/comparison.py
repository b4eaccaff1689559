"""Lanes in lockstep: each gets the identical token, in the same order, and is timed alone."""

from collections.abc import Sequence

import torch

from cla.engine.commands import LaneCommand, SetEmit, SetLandmarkMode, SetLandmarks, SetWindow
from cla.engine.lane import Lane, LaneConfig
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
        if not lane_configs:
            raise ClaError("There are no lanes to run.", "Name at least one, for example full.")
        self.lanes = tuple(
            Lane(task, config, name)
            for config, name in zip(lane_configs, lane_names(lane_configs), strict=True)
        )
        self.emit = False
        self._input_dim = task.classifier.config.input_dim

    def warm_up(self) -> None:
        """Let every lane step on silence and forget it: first steps load compiled code."""
        self.step(Token(0, 0.0, torch.zeros(self._input_dim)))
        self.reset()

    def step(self, token: Token) -> TokenRecord:
        """Let every lane take the token."""
        records = tuple(lane.step(token, emit=self.emit) for lane in self.lanes)
        return TokenRecord(token.index, token.time_s, records)

    def apply(self, command: LaneCommand) -> None:
        """Change the lanes from the next token on.

        Raises:
            ClaError: a lane cannot be changed so; then none is.
        """
        before = [lane.config for lane in self.lanes]
        try:
            for lane in self.lanes:
                _apply(lane, command)
        except ClaError:
            for lane, config in zip(self.lanes, before, strict=True):
                if lane.config != config:
                    lane.change(config)
            raise
        if isinstance(command, SetEmit):
            self.emit = command.emit

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
        case SetEmit():
            pass


def lane_names(configs: Sequence[LaneConfig]) -> list[str]:
    """The kinds, with the number of landmarks where a kind occurs twice.

    Raises:
        ClaError: two lanes would have the same name.
    """
    kinds = [config.kind for config in configs]
    names = [
        config.name if kinds.count(config.kind) == 1 else f"{config.name}:{config.num_landmarks}"
        for config in configs
    ]
    if len(set(names)) < len(names):
        raise ClaError(
            f"A lane is named twice in {', '.join(names)}.",
            "Give each lane once, or with different numbers of landmarks.",
        )
    return names
