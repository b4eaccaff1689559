"""Lanes in lockstep: each gets the identical token, in the same order, and is timed alone."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch

from cla.engine.commands import (
    FitLandmarks,
    LaneCommand,
    SetEmit,
    SetLandmarkMode,
    SetLandmarks,
    SetLanes,
    SetSensitivity,
    SetWindow,
    Thin,
    UseKernels,
)
from cla.engine.history import History
from cla.engine.lane import Lane
from cla.engine.records import FaultRecord, LanePast, LanesRecord
from cla.errors import ClaError
from cla.models import FixedLandmarks, TaskModel
from cla.models.landmarks import TOKENS_PER_LANDMARK, HeardLandmarks
from cla.models.lane_spec import LaneSpec, lane_names
from cla.telemetry import TokenRecord
from cla.types import Token

MOST_HEARD = 3_000
"""The newest tokens that landmarks are fitted to: minutes of any task."""


class Comparison:
    """The synchronous core of a session and of the command line.

    Args:
        kernels: whether lanes step by compiled kernels, or by PyTorch until they are told to.

    Raises:
        ClaError: no lanes, or one that the task cannot run.
    """

    def __init__(
        self, task: TaskModel, lane_configs: Sequence[LaneSpec], *, kernels: bool = True
    ) -> None:
        self._task = task
        self.kernels = kernels
        self._own, self._heard = task.landmarks, 0
        self.history = History(task)
        self.lanes = tuple(
            Lane(task, config, self.history, name, kernels=kernels)
            for config, name in zip(lane_configs, lane_names(lane_configs), strict=True)
        )
        self.emit = False
        self.enter: float | None = None
        """The probability from which labels are events, where it is not the task's own."""

    def warm_up(self) -> None:
        """Let every lane step on silence and forget it: first steps load compiled code."""
        self.step(Token(0, 0.0, torch.zeros(self._task.classifier.config.input_dim)))
        self.reset()

    def step(self, token: Token) -> TokenRecord:
        """Let every lane take the token."""
        records = tuple(lane.step(token, emit=self.emit) for lane in self.lanes)
        features = token.features.numpy()
        if np.isfinite(features).all():
            self.history.add(features)
        return TokenRecord(token.index, token.time_s, records)

    def thinning(self, *, in_time: bool) -> list[Thin]:
        """What lanes that are slow ask for before the next token, by what they have measured.

        Args:
            in_time: tokens come at their own pace, and no answer is waited for. Else all are, here,
                and the last one is told with the next token.
        """
        asked = []
        for lane in self.lanes:
            coming = lane.coming
            if in_time and coming and coming.late:
                asked.append(Thin(lane.name, lane.pace.late(lane.every, coming.since_s)))
                continue
            every = lane.pace.wanted(lane.every)
            if not in_time:
                every = min(every, 1)
                if coming:
                    coming.settle()
            if every != lane.every:
                asked.append(Thin(lane.name, every))
        return asked

    def take_faults(self) -> list[FaultRecord]:
        """Why lanes have left their device since the last call."""
        faults = [lane.fault for lane in self.lanes if lane.fault]
        for lane in self.lanes:
            lane.fault = None
        return faults

    @property
    def published(self) -> LanesRecord:
        """The lanes as clients get them, with their names, which are made nowhere else."""
        return LanesRecord(tuple(lane.about for lane in self.lanes), heard=self._heard)

    def apply(self, command: LaneCommand) -> LanesRecord | None:
        """Change the lanes from the next token on; returns them where they may be others now.

        Raises:
            ClaError: a lane cannot be changed so; then none is.
        """
        if isinstance(command, SetEmit):
            self.emit = command.emit
            return None
        if isinstance(command, SetSensitivity):
            self.enter = command.enter
            for lane in self.lanes:
                lane.set_sensitivity(command.enter)
            return None
        if isinstance(command, FitLandmarks):
            self._fit() if command.heard else self._use(self._own, 0)
            return self.published
        if isinstance(command, UseKernels):
            self.kernels = command.on
            for lane in self.lanes:
                lane.use_kernels(command.on)
            return None
        if isinstance(command, Thin):
            self.lane(command.lane).thin(command.every)
            return None
        configs = changed([lane.config for lane in self.lanes], command)
        names = lane_names(configs)
        past = {}
        if isinstance(command, SetLanes):
            past = self._set_lanes(configs)
        else:
            self._change(configs)
        for lane, name in zip(self.lanes, names, strict=True):
            lane.name = name
        told = {lane.name: past[lane] for lane in self.lanes if lane in past}
        return replace(self.published, past=told)

    def _fit(self) -> None:
        """Fit fixed landmarks to the newest tokens.

        Raises:
            ClaError: too little was heard.
        """
        heard = self.history.newest(MOST_HEARD).numpy()
        counts = tuple(sorted(self._own))
        needed = TOKENS_PER_LANDMARK * max(counts, default=1)
        if len(heard) < needed:
            hop_s = self._task.hop_s
            raise ClaError("heard_too_little", heard=len(heard) * hop_s, needed=needed * hop_s)
        self._use(HeardLandmarks(self._task.classifier, heard, counts), len(heard))

    def _use(self, landmarks: Mapping[int, Sequence[FixedLandmarks]], heard: int) -> None:
        self._task, self._heard = replace(self._task, landmarks=landmarks), heard
        for lane in self.lanes:
            lane.use_landmarks(landmarks)

    def _change(self, configs: Sequence[LaneSpec]) -> None:
        """All lanes go on with another attention, or none does."""
        before = [lane.config for lane in self.lanes]
        try:
            for lane, config in zip(self.lanes, configs, strict=True):
                if lane.config != config:
                    lane.change(config)
        except ClaError:
            for lane, config in zip(self.lanes, before, strict=True):
                if lane.config != config:
                    lane.change(config)
            raise

    def _set_lanes(self, configs: Sequence[LaneSpec]) -> dict[Lane, LanePast]:
        """Run these lanes; those that join are made of what the others heard: their past.

        One of another configuration goes on in the place of one of its kind, as if it had changed.
        """
        running = {lane.config: lane for lane in self.lanes}
        past, lanes = {}, []
        for at, config in enumerate(configs):
            lane = running.get(config)
            if lane is None:
                lane = Lane(self._task, config, self.history, kernels=self.kernels)
                lane.join(self.lanes[0])
                if self.enter is not None:
                    lane.set_sensitivity(self.enter)
                before = self._changed(at, configs)
                if before:
                    lane.take_over(before)
                else:
                    past[lane] = lane.past()
            lanes.append(lane)
        self.lanes = tuple(lanes)
        return past

    def _changed(self, at: int, configs: Sequence[LaneSpec]) -> Lane | None:
        """The lane that the one at this place of `configs` is another configuration of."""
        if len(configs) != len(self.lanes):
            return None
        lane = self.lanes[at]
        goes_on = lane.config in configs or lane.config.kind != configs[at].kind
        return None if goes_on else lane

    def fill(self, features: torch.Tensor, count: int) -> dict[str, LanePast]:
        """Put `count` tokens before the stream, rows of `features` (R, F), in all lanes.

        Returns:
            what the lanes, by name, would have said of the newest tokens
        """
        self.history.put_before(features, count)
        for lane in self.lanes:
            lane.fill(count)
        return {lane.name: lane.past() for lane in self.lanes}

    def reset(self) -> None:
        """Forget everything heard, and what was fitted to it; the lanes keep their attention."""
        self.history.clear()
        if self._heard:
            self._use(self._own, 0)
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
        raise ClaError("lane_unknown", name=name, choices=names)


def changed(configs: Sequence[LaneSpec], command: LaneCommand) -> tuple[LaneSpec, ...]:
    """What lanes run after a command; whether a task can is seen when it does."""
    match command:
        case SetLanes(others):
            return others
        case SetLandmarks(num_landmarks):
            return tuple(replace(config, num_landmarks=num_landmarks) for config in configs)
        case SetLandmarkMode(mode):
            return tuple(replace(config, landmark_mode=mode) for config in configs)
        case SetWindow(window):
            return tuple(replace(config, window=window) for config in configs)
        case SetEmit() | SetSensitivity() | FitLandmarks() | UseKernels() | Thin():
            return tuple(configs)
