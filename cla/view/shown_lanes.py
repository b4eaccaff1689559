"""The lanes that a page shows, with what their operations come to by formula."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from cla.attention import LandmarkMode
from cla.engine import LaneConfig, lane_names
from cla.errors import ClaError
from cla.models import TaskModel

DEFAULT_LANDMARKS = 16
FEWEST, MOST = 2, 4
DEFAULT_LANES = (LaneConfig("full"), LaneConfig("continual_nystrom", DEFAULT_LANDMARKS))


class ShownLanes:
    """Two to four lanes of one task, changed all at once or not at all.

    Raises:
        ClaError: the task cannot run one of them.
    """

    def __init__(self, task: TaskModel, configs: Sequence[LaneConfig] = DEFAULT_LANES) -> None:
        self._set(task, configs)

    @property
    def configs(self) -> tuple[LaneConfig, ...]:
        """The lanes' attention."""
        return self._configs

    def set_task(self, task: TaskModel) -> None:
        """Run the lanes on another task, with landmarks that it offers."""
        self._set(task, [_offered(task, config) for config in self._configs])

    def set_lanes(self, configs: Sequence[LaneConfig]) -> None:
        """Run these lanes.

        Raises:
            ClaError: too few, too many, two alike, or one that the task cannot run.
        """
        if not FEWEST <= len(configs) <= MOST:
            raise ClaError(
                f"{len(configs)} lanes cannot be shown.", f"Choose {FEWEST} to {MOST} of them."
            )
        self._set(self._task, configs)

    def set_landmarks(self, num_landmarks: int) -> None:
        """Use another number of landmarks in every low-rank lane."""
        self._change(num_landmarks=num_landmarks)

    def set_landmark_mode(self, mode: LandmarkMode) -> None:
        """Use fixed or continual landmarks in every low-rank lane."""
        self._change(landmark_mode=mode)

    def as_dict(self) -> dict[str, Any]:
        """What the page is told."""
        low_rank = [config for config in self._configs if config.num_landmarks]
        return {
            "lanes": self._shown,
            "num_landmarks": low_rank[0].num_landmarks if low_rank else None,
            "landmark_mode": low_rank[0].landmark_mode if low_rank else None,
        }

    def _change(self, **changes: Any) -> None:
        self._set(
            self._task,
            [
                replace(config, **changes) if config.num_landmarks else config
                for config in self._configs
            ],
        )

    def _set(self, task: TaskModel, configs: Sequence[LaneConfig]) -> None:
        self._shown = [
            _shown(task, config, name)
            for config, name in zip(configs, lane_names(configs), strict=True)
        ]
        self._task, self._configs = task, tuple(configs)


def _offered(task: TaskModel, config: LaneConfig) -> LaneConfig:
    """The lane with what is nearest to it of the task's window, layers and fitted landmarks."""
    sizes = task.classifier.config
    if config.window is not None and config.window >= sizes.window:
        config = replace(config, window=None)
    if config.num_layers is not None and config.num_layers >= sizes.num_layers:
        config = replace(config, num_layers=None)
    wanted = config.num_landmarks
    if wanted is None or not task.landmark_counts:
        return config
    return replace(config, num_landmarks=min(task.landmark_counts, key=lambda m: abs(m - wanted)))


def _shown(task: TaskModel, config: LaneConfig, name: str) -> dict[str, Any]:
    lane = task.with_attention(
        config.kind, config.num_landmarks, config.landmark_mode, config.window, config.num_layers
    )
    count = lane.operations
    return {
        "name": name,
        "kind": config.kind,
        "num_landmarks": config.num_landmarks,
        "landmark_mode": config.landmark_mode,
        "window": config.window,
        "num_layers": config.num_layers,
        "average": count.average,
        "published": count.published,
    }
