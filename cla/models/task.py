"""A trained task: its classifier, labels, landmarks and event settings."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor

from cla.attention.config import AttentionKind
from cla.attention.kinds.registry import KINDS, LandmarkMode
from cla.errors import ClaError
from cla.features import FrontEnd, ImageFrontEnd, front_end
from cla.models.classifier import StreamClassifier
from cla.models.events import EventConfig
from cla.models.known import Known
from cla.models.lane_spec import LONGEST_WINDOW, LaneSpec
from cla.texts.sentence import Sentence
from cla.types import InputKind

CPU = torch.device("cpu")
AVAILABLE: Mapping[str, Callable[[], bool]] = MappingProxyType(
    {
        "cpu": lambda: True,
        "cuda": torch.cuda.is_available,
        "mps": torch.backends.mps.is_available,
    }
)
"""Devices by name, and whether they are there."""

_LOG = logging.getLogger(__name__)


def lane_device(name: str) -> tuple[torch.device, Sentence | None]:
    """Where lanes step that are asked to step on `cpu`, `cuda` or `mps`; why, if it is elsewhere.

    Raises:
        ClaError: there is no such device here.
    """
    if name not in AVAILABLE:
        raise ClaError("device_unknown", name=name, choices=", ".join(AVAILABLE))
    if not AVAILABLE[name]():
        raise ClaError("gpu_missing")
    return (CPU, Sentence("notices.no_float64")) if name == "mps" else (torch.device(name), None)


@dataclass(frozen=True)
class FixedLandmarks:
    """Fitted landmarks of one count and layer.

    Shapes:
        queries, keys: (H, M, D), scaled
    """

    queries: Tensor
    keys: Tensor


@dataclass(frozen=True)
class TaskModel:
    """Everything needed to run one task on a stream of its feature tokens.

    Args:
        labels: class names; the first means that nothing happened.
        landmarks: fitted fixed landmarks of each layer, by their count.
        hop_s: media time between tokens.
        card: data, licenses, figures and limits.
        features: name of the front end that makes its tokens.
        device: where lanes step; the weights here stay on the CPU.
        known: what taught classes sound like; what is far from that is none of them.
    """

    name: str
    labels: tuple[str, ...]
    classifier: StreamClassifier
    landmarks: Mapping[int, Sequence[FixedLandmarks]]
    event_config: EventConfig
    hop_s: float
    card: Mapping[str, Any]
    features: str = "speech"
    device: torch.device = CPU
    known: Known = field(default_factory=Known)

    def on(self, device: str) -> "TaskModel":
        """The task with lanes that step on `cpu` or `cuda`; asked for `mps`, says why on `cpu`.

        Raises:
            ClaError: there is no such device here.
        """
        chosen, note = lane_device(device)
        if note:
            _LOG.warning(note)
        return replace(self, device=chosen)

    @property
    def front_end(self) -> FrontEnd:
        """What makes its tokens."""
        return front_end(self.features)

    @property
    def input(self) -> InputKind:
        """What its tokens are made from."""
        return self.front_end.input

    @property
    def joints(self) -> bool:
        """Whether it reads joints, which recordings hold and no camera's pictures do."""
        return isinstance(self.front_end, ImageFrontEnd) and self.front_end.joints

    @property
    def window(self) -> int:
        """N of the training."""
        return self.classifier.config.window

    @property
    def landmark_counts(self) -> tuple[int, ...]:
        """Counts for which fixed landmarks were fitted."""
        return tuple(sorted(self.landmarks))

    def with_attention(
        self,
        kind: AttentionKind,
        num_landmarks: int | None = None,
        landmark_mode: LandmarkMode = "fixed",
        window: int | None = None,
        num_layers: int | None = None,
    ) -> StreamClassifier:
        """The task's weights under another attention, ready to run.

        For a kind without a choice of `landmark_mode` it means nothing. A window may be longer than
        that of the training: positions recur as trained.
        `num_layers` is for weights of several layers, see `StreamClassifier.with_attention`.

        Raises:
            ClaError: an impossible configuration, or fixed landmarks that were never fitted.
        """
        if window is not None and window > LONGEST_WINDOW:
            raise ClaError("window_beyond_longest", window=window, most=LONGEST_WINDOW)
        modes = KINDS[kind].landmark_modes if kind in KINDS else ()
        mode = landmark_mode if landmark_mode in modes else (*modes, "continual")[0]
        lane = self.classifier.with_attention(kind, num_landmarks, mode, window, num_layers)
        if modes and mode == "fixed":
            fitted = self.landmarks.get(num_landmarks or 0)
            if fitted is None:
                offered = ", ".join(map(str, self.landmark_counts)) or "none"
                raise ClaError("landmarks_not_fitted", num_landmarks=num_landmarks, offered=offered)
            use_landmarks(lane, fitted)
        return lane

    def lane(self, spec: LaneSpec) -> StreamClassifier:
        """The task's weights under a lane's attention, as of `with_attention`.

        Raises:
            ClaError: as of `with_attention`.
        """
        return self.with_attention(
            spec.kind, spec.num_landmarks, spec.landmark_mode, spec.window, spec.num_layers
        )


def use_landmarks(classifier: StreamClassifier, fitted: Sequence[FixedLandmarks]) -> None:
    """Give each layer of a lane with fixed landmarks its own; a lane may run the lowest alone."""
    for attention, landmarks in zip(classifier.attentions, fitted, strict=False):
        attention.set_landmarks(landmarks.queries, landmarks.keys)
