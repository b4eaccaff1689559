"""One model of the comparison, stepping on tokens."""

import time
from collections import deque
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from cla.attention import AttentionKind, LandmarkMode, attention_row, state_bytes
from cla.attention.cuts import stretches, window_stretches
from cla.errors import ClaError
from cla.models import EventDetector, TaskModel
from cla.telemetry import LaneRecord
from cla.types import Token


@dataclass(frozen=True)
class LaneConfig:
    """Which attention a lane runs; `window` and `num_layers` are the task's when not given."""

    kind: AttentionKind
    num_landmarks: int | None = None
    landmark_mode: LandmarkMode = "fixed"
    window: int | None = None
    num_layers: int | None = None

    @property
    def name(self) -> str:
        """The name in records: the kind, which is unique in a comparison."""
        return self.kind


class Lane:
    """A classifier with the state of one stream and the tokens needed to rebuild that state.

    Args:
        task: weights, labels and event settings, shared by all lanes.
        config: the lane's attention.
        name: the name in records.

    Raises:
        ClaError: the task cannot run this attention.
    """

    def __init__(self, task: TaskModel, config: LaneConfig, name: str | None = None) -> None:
        self.task = task
        self.name = name or config.name
        self._configure(config)
        self.reset()

    @torch.inference_mode()
    def reset(self) -> None:
        """Forget everything heard and count from zero."""
        self._state = self._classifier.init_state(1)
        self._detector = EventDetector(self.task.labels, self.task.event_config)
        # Landmark segments reach at most one more window back, whatever their number.
        length = 2 * self.task.window * self.task.classifier.config.num_layers
        self._history: deque[torch.Tensor] = deque(maxlen=length)
        self._tokens_seen = 0
        self._total_ops = 0
        self._rebuilds = 0

    def set_landmarks(self, num_landmarks: int) -> None:
        """Use another number of landmarks from the next token on, without a gap."""
        if self.config.num_landmarks is not None:
            self.change(replace(self.config, num_landmarks=num_landmarks))

    def set_landmark_mode(self, mode: LandmarkMode) -> None:
        """Use fixed or continual landmarks from the next token on, without a gap."""
        if self.config.kind == "continual_nystrom":
            self.change(replace(self.config, landmark_mode=mode))

    def set_window(self, window: int) -> None:
        """Attend to another number of tokens from the next token on, without a gap."""
        self.change(replace(self.config, window=window))

    @torch.inference_mode()
    def step(self, token: Token, *, emit: bool = False) -> LaneRecord:
        """Take one token. Non-finite results make the lane rebuild and are never reported."""
        features = token.features[None]
        ops = self._classifier.step_operations(self._state)
        start = time.perf_counter_ns()
        result = self._classifier.step(features, self._state, emit=emit)
        probabilities = result.output[0].softmax(-1).numpy()
        compute_ms = (time.perf_counter_ns() - start) / 1e6
        self._tokens_seen += 1
        self._total_ops += ops
        attention = None
        if emit and result.emits:
            rows = [attention_row(emits)[0].float() for emits in result.emits]
            attention = torch.stack(rows).numpy()
        # What is shown counts too: a row that is no number stands on a state that is none.
        shown = (probabilities,) if attention is None else (probabilities, attention)
        if all(np.isfinite(part).all() for part in shown):
            self._history.append(token.features)
        else:
            self._recover(token.features)
            probabilities, attention = self._nothing(), None
        leader = int(probabilities.argmax())
        return LaneRecord(
            lane=self.name,
            label=self.task.labels[leader],
            probability=float(probabilities[leader]),
            probabilities=probabilities,
            valid_tokens=int(self._state.valid_tokens[0]),
            compute_ms=compute_ms,
            ops=ops,
            total_ops=self._total_ops,
            event=self._detector.push(token.time_s, probabilities),
            rebuilds=self._rebuilds,
            attention=attention,
            stretches=self._stretches() if emit else None,
            state_bytes=self._state_bytes,
        )

    @torch.inference_mode()
    def explain(self, layer: int = 0) -> dict[str, NDArray[np.float32]]:
        """A layer's attention map, or the factors of a low-rank one, by name.

        Raises:
            ClaError: there is no such layer.
        """
        if not 0 <= layer < self._classifier.config.num_layers:
            raise ClaError(
                f"The lane {self.name} has no layer {layer}.",
                f"It has {self._classifier.config.num_layers}, counted from 0.",
            )
        if not self._history:
            return {}
        window = torch.stack(list(self._history))[None]
        emits = self._classifier.explain(window, self._state)[layer]
        return {name: part[0].float().numpy() for name, part in emits._asdict().items()}

    @property
    def operations_formula(self) -> dict[str, float]:
        """Multiply-adds a token: ours on average, and the published closed form."""
        count = self._classifier.operations
        return {"average": count.average, "published": count.published}

    def _configure(self, config: LaneConfig) -> None:
        self._classifier = self.task.with_attention(
            config.kind,
            config.num_landmarks,
            config.landmark_mode,
            config.window,
            config.num_layers,
        )
        self.config = config
        self._state_bytes = state_bytes(self._classifier.init_state(1))

    def join(self, other: "Lane") -> None:
        """Begin with all that another lane has heard."""
        self._history = other._history.copy()
        self._tokens_seen = other._tokens_seen
        self._rebuild()

    def count_anew(self) -> None:
        """Let the total of operations begin at zero."""
        self._total_ops = 0

    def change(self, config: LaneConfig) -> None:
        """Run another attention from the next token on, without a gap."""
        self._configure(config)
        self._rebuild()

    @torch.inference_mode()
    def _rebuild(self) -> None:
        """Make the state anew from the tokens kept; the phase of the stream is kept too."""
        if not self._history:
            self._state = self._classifier.init_state(1)
            return
        window = torch.stack(list(self._history))[None]
        kept = window.shape[1]
        seen = self._tokens_seen if kept >= self.task.window else kept
        self._state = self._classifier.state_from_window(window, tokens_seen=seen)

    def _stretches(self) -> NDArray[np.int64] | None:
        """What the first layer's landmarks stand for, as ages in tokens; None if for no stretch."""
        config = self.config
        fixed = config.kind == "continual_nystrom" and config.landmark_mode == "fixed"
        if config.num_landmarks is None or fixed:
            return None
        below = self._state.stack.layers[0]
        valid, window = int(below.valid_tokens[0]), self._classifier.config.window
        # Whole cycles make no difference to where the segments lie.
        seen = valid if valid < window else window + int(below.slot[0])
        cut = window_stretches if config.kind == "nystrom" else stretches
        return seen - np.array(cut(seen, window, config.num_landmarks)).reshape(-1, 2)

    def _recover(self, features: torch.Tensor) -> None:
        """Leave a bad token out; where a good one gave bad numbers, begin again."""
        self._rebuilds += 1
        if features.isfinite().all():
            self._history.clear()
        self._rebuild()

    def _nothing(self) -> NDArray[np.float32]:
        """Probabilities that say that nothing happened."""
        probabilities = np.zeros(len(self.task.labels), dtype=np.float32)
        probabilities[0] = 1.0
        return probabilities
