"""The lanes that a page asks for: what its next session begins with."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from cla.attention import DEFAULT_LANDMARKS, LOW_RANK, REFERENCE
from cla.engine import LaneCommand, LanesRecord, changed, running_lane
from cla.errors import ClaError
from cla.models import LaneSpec, TaskModel, lane_names, parse_lane
from cla.server.capacity import check_capacity

FEWEST, MOST = 2, 4
DEFAULT_LANES = (LaneSpec(REFERENCE), LaneSpec(LOW_RANK, DEFAULT_LANDMARKS))


class ShownLanes:
    """Two to four lanes of one task, changed all at once or not at all.

    A session that runs tells of its lanes itself.

    Raises:
        ClaError: the task cannot run one of them.
    """

    def __init__(self, task: TaskModel, configs: Sequence[LaneSpec] = DEFAULT_LANES) -> None:
        self._set(task, configs)

    @property
    def configs(self) -> tuple[LaneSpec, ...]:
        """The lanes' attention."""
        return tuple(lane.config for lane in self.record.lanes)

    def set_task(self, task: TaskModel) -> None:
        """Run the lanes on another task, with landmarks that it offers."""
        self._set(task, [_offered(task, config) for config in self.configs])

    def apply(self, command: LaneCommand) -> None:
        """Change the lanes, as a session does.

        Raises:
            ClaError: too few, too many, two alike, or one that the task cannot run.
        """
        configs = changed(self.configs, command)
        if not FEWEST <= len(configs) <= MOST:
            raise ClaError("lanes_wrong_count", count=len(configs), fewest=FEWEST, most=MOST)
        self._set(self._task, configs)

    def as_dict(self) -> dict[str, Any]:
        """What the page's controls for all lanes show."""
        low_rank = [config for config in self.configs if config.num_landmarks]
        return {
            "num_landmarks": low_rank[0].num_landmarks if low_rank else None,
            "landmark_mode": low_rank[0].landmark_mode if low_rank else None,
            "window": max(config.window or self._task.window for config in self.configs),
        }

    def _set(self, task: TaskModel, configs: Sequence[LaneSpec]) -> None:
        names = lane_names(configs)
        lanes = [(config, task.lane(config)) for config in configs]
        check_capacity(task, lanes)
        self.record = LanesRecord(
            tuple(running_lane(name, *lane) for name, lane in zip(names, lanes, strict=True))
        )
        self._task = task


def lanes_of(text: str) -> tuple[LaneSpec, ...]:
    """The lanes that an address names, separated by commas.

    Raises:
        ClaError: one of them is not a lane.
    """
    return tuple(parse_lane(one, num_landmarks=DEFAULT_LANDMARKS) for one in text.split(","))


def _offered(task: TaskModel, config: LaneSpec) -> LaneSpec:
    """The lane with what is nearest to it of the task's window, layers and fitted landmarks."""
    sizes = task.classifier.config
    if config.window == sizes.window:
        config = replace(config, window=None)
    if config.num_layers is not None and config.num_layers >= sizes.num_layers:
        config = replace(config, num_layers=None)
    wanted = config.num_landmarks
    if wanted is None or not task.landmark_counts:
        return config
    return replace(config, num_landmarks=min(task.landmark_counts, key=lambda m: abs(m - wanted)))
