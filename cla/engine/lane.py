"""A lane: one classifier that steps on the tokens of a stream."""

import copy
import time
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from cla.attention import attention_row, state_bytes, summed
from cla.attention.crossing import crossing, exact_operations
from cla.engine.history import History
from cla.engine.records import FaultRecord, LanePast, RunningLane
from cla.errors import ClaError
from cla.models import EventDetector, StreamClassifier, TaskModel
from cla.models.compiled_step import CompiledStep, can_compile
from cla.models.known import TOKENS
from cla.models.lane_spec import LaneSpec
from cla.telemetry import LaneRecord
from cla.types import Token

MOST_SHOWN = 4_000_000
"""Size of the largest attention map, or factor of one, that is computed to be shown."""

Result = TypeVar("Result")


def running_lane(name: str, config: LaneSpec, classifier: StreamClassifier) -> RunningLane:
    """The description of a lane, as clients get it."""
    count = classifier.operations
    layers = [attention.config for attention in classifier.attentions]
    return RunningLane(
        name,
        config,
        count.average if count else None,
        count.published if count else None,
        exact=sum(map(exact_operations, layers)),
        crossing=crossing(layers[0]) if len(layers) == 1 else None,
    )


class Lane:
    """A classifier with the state of one stream.

    The state can be rebuilt from the stream's newest tokens (`history`): after a change of the
    attention, after a step whose results are not finite, and on the CPU when the GPU has no memory
    left.

    Args:
        task: weights, labels and event settings, shared by all lanes.
        config: the lane's attention.
        history: the stream's newest finite tokens; each is added before the lanes step on it.
        name: the name in records; the kind's where not given.
        kernels: whether it steps by compiled kernels, see `use_kernels`.

    Attributes:
        fault: why it has moved to the CPU; None again once that has been reported.

    Raises:
        ClaError: the task cannot run this attention.
    """

    def __init__(
        self,
        task: TaskModel,
        config: LaneSpec,
        history: History,
        name: str | None = None,
        *,
        kernels: bool = True,
    ) -> None:
        self.task = task
        self.name = name or config.kind
        self.config = config
        self.fault: FaultRecord | None = None
        self._history = history
        self._device = task.device
        self._kernels = kernels
        self._events = task.event_config
        self._forget()
        self.change(config)

    def reset(self) -> None:
        """Forget everything heard and count from zero."""
        self._forget()
        self._rebuild()

    def _forget(self) -> None:
        self._detector = EventDetector(self.task.labels, self._events)
        self._begins = 0
        """Tokens of the history from before this lane began."""
        self._total_ops: int | None = 0
        self._rebuilds = 0
        self._time_s = 0.0

    @torch.inference_mode()
    def step(self, token: Token, *, emit: bool = False) -> LaneRecord:
        """Take one token. Results that are not finite are not reported: the state is rebuilt."""
        ops, compute_ms, probabilities, emits = self._in_memory(
            lambda: self._classify(token.features, emit=emit)
        )
        start_ns = time.perf_counter_ns()
        attention = self._rows(emits) if emit else None
        showing_ms = (time.perf_counter_ns() - start_ns) / 1e6
        self._time_s = token.time_s
        self._total_ops = summed([self._total_ops, ops])
        # What is shown counts too: a row that is no number stands on a state that is none.
        if all_finite(probabilities) and (attention is None or all_finite(attention)):
            probabilities = self._known(probabilities, self._heard(TOKENS))
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
            showing_ms=showing_ms,
            ops=ops,
            total_ops=self._total_ops,
            event=self._detector.detect(token.time_s, probabilities),
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
                "lane_layer_unknown",
                lane=self.name,
                layer=layer,
                count=self._classifier.config.num_layers,
            )
        if not self._heard_count:
            return {}
        config = self._classifier.attentions[layer].config
        numbers = config.window * config.num_heads * (config.num_landmarks or config.window)
        if numbers > MOST_SHOWN:
            raise ClaError("map_too_large", lane=self.name, millions=numbers / 1e6)
        window = self._window()[None]
        emits = self._in_memory(
            lambda: self._classifier.explain(window.to(self._device), self._state)[layer]
        )
        return {name: part[0].float().cpu().numpy() for name, part in emits._asdict().items()}

    @property
    def about(self) -> RunningLane:
        """The description of the lane, as clients get it."""
        return running_lane(self.name, self.config, self._classifier)

    def join(self, other: "Lane") -> None:
        """Begin where another lane has begun; operations are counted from here on."""
        self._begins, self._time_s = other._begins, other._time_s
        self._rebuild()

    def take_over(self, before: "Lane") -> None:
        """Go on with the events and the total of operations of the lane that this one replaces."""
        self._detector, self._total_ops = before._detector, before._total_ops

    @torch.inference_mode()
    def past(self) -> LanePast:
        """Probabilities and events of the last window, as if the lane had run over it.

        The oldest rows are computed from the tokens that the history still holds: their landmarks
        can differ from those of a lane that ran then.
        """
        heard = self._heard(self._classifier.receptive_field + self.task.window)
        before, shown = heard[: -self.task.window], heard[-self.task.window :]
        self._detector = EventDetector(self.task.labels, self._events)
        if not len(shown):
            return LanePast((), np.zeros((0, len(self.task.labels)), np.float32))
        start = self._state_after(before, self._heard_count - len(shown))
        scores, _ = self._classifier.scan(shown[None].to(self._device), start)
        rows = scores[0].softmax(-1).cpu().numpy()
        events = []
        for at, row in enumerate(rows):
            row[:] = self._known(row, heard[: len(before) + at + 1][-TOKENS:])
            age = len(rows) - 1 - at
            if event := self._detector.detect(self._time_s - age * self.task.hop_s, row):
                events.append((age, event.label))
        return LanePast(tuple(events), rows)

    def use_kernels(self, on: bool) -> None:
        """Step by compiled kernels or by PyTorch from the next token on, in the same state."""
        self._kernels = on
        self._classifier.use_kernels(on)
        self._compile()

    def set_sensitivity(self, enter: float) -> None:
        """Set the probability from which a label is an event; a running event is not cut off."""
        self._events = self._detector.config = self.task.event_config.from_probability(enter)

    def change(self, config: LaneSpec) -> None:
        """Run another attention from the next token on, without a gap."""
        self._in_memory(lambda: self._configure(config))
        self._rebuild()

    @torch.inference_mode()
    def _configure(self, config: LaneSpec) -> None:
        classifier = self.task.lane(config)
        if classifier.receptive_field > self._history.capacity:
            raise ClaError("window_beyond_history", lane=config, kept=self._history.capacity)
        if self._device.type != "cpu":
            classifier = copy.deepcopy(classifier).to(self._device)  # the weights are others' too
        classifier.use_kernels(self._kernels)
        self._state_bytes = state_bytes(classifier.init_state(1))
        self._classifier, self.config = classifier, config
        self._compile()

    def _compile(self) -> None:
        """Take whole steps by kernels, where there are any for this attention."""
        can = self._kernels and can_compile(self._classifier)
        self._compiled = CompiledStep(self._classifier) if can else None

    def _rebuild(self) -> None:
        """Rebuild the state from the history, at the same position in the stream."""
        self._in_memory(self._make_state)

    @torch.inference_mode()
    def _make_state(self) -> None:
        self._state = self._state_after(self._window(), self._heard_count)

    def _state_after(self, kept: torch.Tensor, seen: int) -> Any:
        """The state after `seen` tokens, of which the last are given, (T, F)."""
        if not len(kept):
            return self._classifier.init_state(1, device=self._device)
        if len(kept) < self._classifier.receptive_field:
            seen = len(kept)
        return self._classifier.state_from_window(kept[None].to(self._device), tokens_seen=seen)

    def _known(
        self, probabilities: NDArray[np.float32], recent: torch.Tensor
    ) -> NDArray[np.float32]:
        """Probabilities after a comparison with the examples of classes that a user has taught."""
        if not self.task.known:
            return probabilities
        return self.task.known.held_against(probabilities, recent.float().numpy())

    @property
    def _heard_count(self) -> int:
        """Tokens of the stream, which set the phase of cycles and positions."""
        return self._history.count - self._begins

    def _heard(self, most: int) -> torch.Tensor:
        """The newest tokens, (T, F)."""
        return self._history.newest(min(most, self._heard_count))

    def _window(self) -> torch.Tensor:
        """All that the lane's state rests on, (T, F)."""
        return self._heard(self._classifier.receptive_field)

    def _classify(
        self, features: torch.Tensor, *, emit: bool
    ) -> tuple[int | None, float, NDArray[np.float32], Any]:
        """A step's operations, milliseconds, probabilities and, if PyTorch took it, emits."""
        ops = self._classifier.step_operations(self._state)
        start_ns = time.perf_counter_ns()
        scores = self._compiled and self._compiled.step(features[None], self._state)
        if scores:
            probabilities, emits = scores.probabilities[0], None
        else:
            result = self._classifier.step(features[None].to(self._device), self._state, emit=emit)
            probabilities, emits = result.output[0].softmax(-1).cpu().numpy(), result.emits
        return ops, (time.perf_counter_ns() - start_ns) / 1e6, probabilities, emits

    def _rows(self, emits: Any) -> NDArray[np.float32] | None:
        """The newest token's attention in each layer, (L, H, N), of a step or of the state."""
        if emits is None and self._compiled:
            found: NDArray[np.float32] = self._compiled.rows(self._state)[0]
            return found
        if not emits:
            return None
        rows = torch.stack([attention_row(one)[0].float() for one in emits])
        return rows.cpu().numpy()

    def _in_memory(self, act: Callable[[], Result]) -> Result:
        """Call what needs memory of the device; if there is none left, move to the CPU."""
        try:
            return act()
        except torch.OutOfMemoryError:
            self._device = torch.device("cpu")
            self.fault = FaultRecord(ClaError("gpu_memory_full", lane=self.name))
            self._configure(self.config)
            self._make_state()
            return act()

    def _stretches(self) -> NDArray[np.int64] | None:
        """The stretch of tokens, as ages, of each landmark of the first layer, if it has one."""
        config = self.config
        if config.num_landmarks is None:
            return None
        below = self._state.stack.layers[0]
        valid, window = int(below.valid_tokens[0]), self._classifier.config.window
        # Whole cycles make no difference to where the segments lie.
        seen = valid if valid < window else window + int(below.slot[0])
        kind = self._classifier.attentions[0].kind
        found = kind.stretches(seen, window, config.num_landmarks)
        return None if found is None else seen - np.array(found).reshape(-1, 2)

    def _recover(self, features: torch.Tensor) -> None:
        """Rebuild the state without a token that is not finite; if it was finite, begin anew."""
        self._rebuilds += 1
        if features.isfinite().all():
            self._begins = self._history.count
        self._rebuild()

    def _nothing(self) -> NDArray[np.float32]:
        """Probabilities of a token at which nothing was recognized."""
        probabilities = np.zeros(len(self.task.labels), dtype=np.float32)
        probabilities[0] = 1.0
        return probabilities


def all_finite(numbers: NDArray[np.float32]) -> bool:
    """Whether all numbers are finite, by their sum: one pass, and no array of booleans."""
    return bool(np.isfinite(np.add.reduce(numbers, axis=None)))
