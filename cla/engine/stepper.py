"""A lane's classifier in the state of one stream, stepped by kernels or by PyTorch."""

import copy
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from cla.attention import attention_row, state_bytes
from cla.models import StreamClassifier, TaskModel
from cla.models.compiled_step import CompiledStep, can_compile
from cla.models.lane_spec import LaneSpec

_FINE = time.get_clock_info("thread_time").resolution < 1e-6
PROCESSOR_NS = time.thread_time_ns if _FINE else time.perf_counter_ns
"""Time of a processor: what other threads and programs take on a busy machine is not a lane's."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a classifier says of the newest token; times and operations as of `LaneRecord`.

    Shapes:
        probabilities: (C,) float32
        attention, stretches: as of `LaneRecord`
    """

    probabilities: NDArray[np.float32]
    valid_tokens: int
    ops: int | None
    compute_ms: float
    showing_ms: float
    attention: NDArray[np.float32] | None
    stretches: NDArray[np.int64] | None

    @property
    def finite(self) -> bool:
        """Whether all are numbers; a row that is none stands on a state that is none."""
        shown = self.attention
        return all_finite(self.probabilities) and (shown is None or all_finite(shown))


class Stepper:
    """One configuration of a task's weights; only one thread at a time may be in here.

    Raises:
        ClaError: the task cannot run this attention.
    """

    def __init__(
        self, task: TaskModel, config: LaneSpec, device: torch.device, *, kernels: bool
    ) -> None:
        classifier = task.lane(config)
        if device.type != "cpu":
            classifier = copy.deepcopy(classifier).to(device)  # the weights are others' too
        self.classifier: StreamClassifier = classifier
        self._landmarks = config.num_landmarks
        self._device = device
        self._clock_ns = PROCESSOR_NS if device.type == "cpu" else time.perf_counter_ns
        self.use_kernels(kernels)
        self.state: Any = None  # until its lane has made it from what was heard
        self.state_bytes = state_bytes(classifier.init_state(1, device="meta"))

    def use_kernels(self, on: bool) -> None:
        """Step by compiled kernels, where there are any for this attention, or by PyTorch."""
        self.classifier.use_kernels(on)
        self._compiled = (
            CompiledStep(self.classifier) if on and can_compile(self.classifier) else None
        )

    @torch.inference_mode()
    def state_after(self, kept: torch.Tensor, seen: int) -> Any:
        """The state after `seen` tokens, of which the last are given, (T, F)."""
        if not len(kept):
            return self.classifier.init_state(1, device=self._device)
        if len(kept) < self.classifier.receptive_field:
            seen = len(kept)
        return self.classifier.state_from_window(kept[None].to(self._device), tokens_seen=seen)

    @torch.inference_mode()
    def scan(self, tokens: torch.Tensor, state: Any) -> NDArray[np.float32]:
        """Probabilities (T, C) after each of some tokens (T, F) that follow a state."""
        logits, _ = self.classifier.scan(tokens[None].to(self._device), state)
        rows: NDArray[np.float32] = logits[0].softmax(-1).cpu().numpy()
        return rows

    @torch.inference_mode()
    def explain(
        self, window: torch.Tensor, state: Any, layer: int
    ) -> dict[str, NDArray[np.float32]]:
        """A layer's attention over the window (T, F) that a state ends in, by name."""
        emits = self.classifier.explain(window[None].to(self._device), state)[layer]
        return {name: part[0].float().cpu().numpy() for name, part in emits._asdict().items()}

    def answer(self, tokens: Sequence[torch.Tensor], *, emit: bool) -> Answer:
        """Take tokens (F,) in, and answer the last of them alone."""
        for features in tokens[:-1]:
            self.append(features)
        return self.step(tokens[-1], emit=emit)

    @torch.inference_mode()
    def append(self, features: torch.Tensor) -> None:
        """Take a token (F,) in without an answer, which is what costs."""
        self.classifier.append(features[None].to(self._device), self.state)

    @torch.inference_mode()
    def step(self, features: torch.Tensor, *, emit: bool) -> Answer:
        """Take a token (F,) and answer it."""
        ops = self.classifier.step_operations(self.state)
        start_ns = self._clock_ns()
        scores = self._compiled and self._compiled.step(features[None], self.state)
        if scores:
            probabilities, emits = scores.probabilities[0], None
        else:
            result = self.classifier.step(features[None].to(self._device), self.state, emit=emit)
            probabilities, emits = result.output[0].softmax(-1).cpu().numpy(), result.emits
        done_ns = self._clock_ns()
        attention = self._rows(emits) if emit else None
        shown_ns = self._clock_ns()
        return Answer(
            probabilities,
            int(self.state.valid_tokens[0]),
            ops,
            compute_ms=(done_ns - start_ns) / 1e6,
            showing_ms=(shown_ns - done_ns) / 1e6,
            attention=attention,
            stretches=self._stretches() if emit else None,
        )

    def _rows(self, emits: Any) -> NDArray[np.float32] | None:
        """The newest token's attention in each layer, (L, H, N), of a step or of the state."""
        if emits is None and self._compiled:
            found: NDArray[np.float32] = self._compiled.rows(self.state)[0]
            return found
        if not emits:
            return None
        rows = torch.stack([attention_row(one)[0].float() for one in emits])
        return rows.cpu().numpy()

    def _stretches(self) -> NDArray[np.int64] | None:
        """The stretch of tokens, as ages, of each landmark of the first layer, if it has one."""
        if self._landmarks is None:
            return None
        below = self.state.stack.layers[0]
        valid, window = int(below.valid_tokens[0]), self.classifier.config.window
        # Whole cycles make no difference to where the segments lie.
        seen = valid if valid < window else window + int(below.slot[0])
        kind = self.classifier.attentions[0].kind
        found = kind.stretches(seen, window, self._landmarks)
        return None if found is None else seen - np.array(found).reshape(-1, 2)


def all_finite(numbers: NDArray[np.float32]) -> bool:
    """Whether all numbers are finite, by their sum: one pass, and no array of booleans."""
    return bool(np.isfinite(np.add.reduce(numbers, axis=None)))
