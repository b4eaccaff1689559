"""A lane: one classifier that steps on the tokens of a stream."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from cla.attention import summed
from cla.attention.crossing import crossing, curve, exact_operations
from cla.engine.beside import AnswerToCome
from cla.engine.history import History
from cla.engine.pace import Pace
from cla.engine.records import FaultRecord, LanePast, RunningLane
from cla.engine.stepper import Answer, Stepper
from cla.errors import ClaError
from cla.models import EventDetector, FixedLandmarks, StreamClassifier, TaskModel
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
        curve=curve(tuple(layers)),
    )


class Lane:
    """A classifier with the state of one stream.

    The state can be rebuilt from the stream's newest tokens (`history`): after a change of the
    attention, after a step whose results are not finite, and on the CPU when the GPU has no memory
    left. A slow lane appends every token and reads every k-th, on another thread: see `thin`.

    Args:
        task: weights, labels and event settings, shared by all lanes.
        config: the lane's attention.
        history: the stream's newest finite tokens; each is added after the lanes stepped on it.
        name: the name in records; the kind's where not given.
        kernels: whether it steps by compiled kernels, see `use_kernels`.

    Attributes:
        fault: why it has moved to the CPU; None again once that has been reported.
        pace: measures its answers.
        every: k, where it answers every k-th token on another thread; 0 where it answers in `step`.
        coming: the answer that is being computed on another thread.

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
        self.every = 0
        self.coming: AnswerToCome | None = None
        self._waiting: list[Token] = []
        self._history = history
        self._device = task.device
        self._kernels = kernels
        self._events = task.event_config
        self._total_ops: int | None = 0
        self._forget()
        self.change(config)

    def reset(self) -> None:
        """Forget everything heard and count from zero."""
        self._total_ops = 0
        self._forget()
        self._begin()

    def _forget(self) -> None:
        self._detector = EventDetector(self.task.labels, self._events)
        self._begins = 0
        """Tokens of the history from before this lane began."""
        self._rebuilds = 0
        self._time_s = 0.0
        self._last = LaneRecord(
            self.name, self.task.labels[0], 1.0, self._nothing(), valid_tokens=0, compute_ms=0.0,
            ops=0, total_ops=0,
        )  # fmt: skip

    def step(self, token: Token, *, emit: bool = False) -> LaneRecord:
        """Take one token. Results that are not finite are not reported: the state is rebuilt."""
        if not self.every:
            answer = self._in_memory(lambda: self._stepper.step(token.features, emit=emit))
            self.pace.took((answer.compute_ms + answer.showing_ms) / 1e3)
            return self._told(answer, token)
        record, coming = None, self.coming
        if coming:
            coming.due -= 1
            record = self._take(coming, token) if coming.due <= 0 else None
        if token.features.isfinite().all():
            self._waiting.append(token)
        if not self.coming and self._waiting:
            tokens = [one.features for one in self._waiting]
            compute = partial(self._stepper.answer, tokens, emit=emit)
            self.coming = AnswerToCome(self._waiting[-1], self.every, compute)
            self._waiting = []
        return record or self._silent()

    def thin(self, every: int) -> None:
        """Append each token from now on, and answer one of `every` on another thread.

        An answer is in the record of the token `every` later, so that records do not depend on when
        it was done. One that is being computed is put off by at least a token, unless `every` got
        smaller. With 0 each token is answered in `step`.
        """
        if self.coming and every >= self.every:
            self.coming.due += max(every - self.every, 1)
        self.every = every
        if not every:
            self._settle()
            self.coming = None
            for token in self._waiting:
                self._stepper.append(token.features)
            self._waiting = []

    def _settle(self) -> None:
        """Wait for the answer that is being computed."""
        if self.coming:
            self.coming.settle()

    def _take(self, coming: AnswerToCome, token: Token) -> LaneRecord | None:
        """The record of an answer that is due; None if its device had no memory for it."""
        self.coming = None
        try:
            answer, took_s = coming.wait()
        except torch.OutOfMemoryError:
            self._leave_device()
            return None
        self.pace.took(took_s)
        return self._told(answer, coming.token, age=token.index - coming.token.index)

    def _told(self, answer: Answer, token: Token, *, age: int = 0) -> LaneRecord:
        """The record of an answer to a token that came `age` tokens ago."""
        self._time_s = token.time_s
        self._total_ops = summed([self._total_ops, answer.ops])
        if answer.finite:
            probabilities, attention = self._known(answer, token, age), answer.attention
            valid = answer.valid_tokens
        else:
            self._recover(token, told_later=age > 0)
            probabilities, attention = self._nothing(), None
            valid = int(self._stepper.state.valid_tokens[0])
        leader = int(probabilities.argmax())
        self._last = LaneRecord(
            lane=self.name,
            label=self.task.labels[leader],
            probability=float(probabilities[leader]),
            probabilities=probabilities,
            valid_tokens=valid,
            compute_ms=answer.compute_ms,
            showing_ms=answer.showing_ms,
            ops=answer.ops,
            total_ops=self._total_ops,
            event=self._detector.detect(token.time_s, probabilities),
            rebuilds=self._rebuilds,
            attention=attention,
            stretches=answer.stretches,
            state_bytes=self._stepper.state_bytes,
            reads_every=max(self.every, 1),
            age=age,
        )
        return self._last

    def _silent(self) -> LaneRecord:
        """The record of a token without an answer: it repeats the last answer."""
        return replace(
            self._last,
            lane=self.name,
            compute_ms=0.0,
            showing_ms=0.0,
            ops=None if self._last.ops is None else 0,
            total_ops=self._total_ops,
            event=None,
            attention=None,
            stretches=None,
            answered=False,
            reads_every=self.every,
            age=0,
        )

    def explain(self, layer: int = 0) -> dict[str, NDArray[np.float32]]:
        """A layer's attention map, or the factors of a low-rank one, by name.

        Raises:
            ClaError: there is no such layer, or more in it than can be looked at.
        """
        stepper = self._stepper
        if not 0 <= layer < stepper.classifier.config.num_layers:
            raise ClaError(
                "lane_layer_unknown",
                lane=self.name,
                layer=layer,
                count=stepper.classifier.config.num_layers,
            )
        if not self._heard_count:
            return {}
        config = stepper.classifier.attentions[layer].config
        numbers = config.window * config.num_heads * (config.num_landmarks or config.window)
        if numbers > MOST_SHOWN:
            raise ClaError("map_too_large", lane=self.name, millions=numbers / 1e6)

        def explained() -> dict[str, NDArray[np.float32]]:
            window, stepper = self._window(), self._stepper
            # The state of a lane that is thinned lags behind, and is another thread's.
            own = stepper.state_after(window, self._heard_count) if self.every else stepper.state
            return stepper.explain(window, own, layer)

        return self._in_memory(explained)

    @property
    def about(self) -> RunningLane:
        """The description of the lane, as clients get it."""
        return running_lane(self.name, self.config, self._stepper.classifier)

    def join(self, other: "Lane") -> None:
        """Begin where another lane has begun; operations are counted from here on."""
        self._begins, self._time_s = other._begins, other._time_s
        self._begin()

    def fill(self, count: int) -> None:
        """Go on as if the `count` tokens had come that were put before the stream."""
        if self._begins:  # it began anew since
            self._begins += count
        self._begin()

    def take_over(self, before: "Lane") -> None:
        """Go on with the events and the total of operations of the lane that this one replaces."""
        self._detector, self._total_ops = before._detector, before._total_ops

    def past(self) -> LanePast:
        """Probabilities and events of the last window, as if the lane had run over it.

        The oldest rows are computed from the tokens that the history still holds: their landmarks
        can differ from those of a lane that ran then.
        """
        stepper = self._stepper
        heard = self._heard(stepper.classifier.receptive_field + self.task.window)
        before, shown = heard[: -self.task.window], heard[-self.task.window :]
        self._detector = EventDetector(self.task.labels, self._events)
        if not len(shown):
            return LanePast((), np.zeros((0, len(self.task.labels)), np.float32))
        rows = stepper.scan(shown, stepper.state_after(before, self._heard_count - len(shown)))
        events = []
        for at, row in enumerate(rows):
            row[:] = self._held(row, heard[: len(before) + at + 1][-TOKENS:])
            age = len(rows) - 1 - at
            if event := self._detector.detect(self._time_s - age * self.task.hop_s, row):
                events.append((age, event.label))
        return LanePast(tuple(events), rows)

    def use_kernels(self, on: bool) -> None:
        """Step by compiled kernels or by PyTorch from the next token on, in the same state."""
        self._kernels = on
        self._settle()
        self._stepper.use_kernels(on)

    def set_sensitivity(self, enter: float) -> None:
        """Set the probability from which a label is an event; a running event is not cut off."""
        self._events = self._detector.config = self.task.event_config.from_probability(enter)

    def use_landmarks(self, landmarks: Mapping[int, Sequence[FixedLandmarks]]) -> None:
        """Take other fixed landmarks from the next token on, where the lane has such."""
        self.task = replace(self.task, landmarks=landmarks)
        if self.config.num_landmarks and self.config.landmark_mode == "fixed":
            self.change(self.config)

    def change(self, config: LaneSpec) -> None:
        """Run another attention from the next token on, without a gap."""
        self._stepper = self._in_memory(lambda: self._new_stepper(config))
        self.config, self.coming = config, None
        count = self._stepper.classifier.operations
        self.pace = Pace(self.task.hop_s, count.average if count else None)
        self._begin()

    def _new_stepper(self, config: LaneSpec) -> Stepper:
        stepper = Stepper(self.task, config, self._device, kernels=self._kernels)
        if stepper.classifier.receptive_field > self._history.capacity:
            raise ClaError("window_beyond_history", lane=config, kept=self._history.capacity)
        return stepper

    def _begin(self) -> None:
        """Rebuild the state, and answer in `step`; an answer that is being computed is dropped."""
        if self.coming:  # the stepper is another thread's until its answer is there
            self._stepper = self._in_memory(lambda: self._new_stepper(self.config))
        self.coming, self.every = None, 0
        self._in_memory(self._make_state)

    def _make_state(self) -> None:
        """Rebuild the state from the history, at the same position in the stream."""
        self._waiting = []
        self._stepper.state = self._stepper.state_after(self._window(), self._heard_count)

    def _known(self, answer: Answer, token: Token, age: int) -> NDArray[np.float32]:
        """Probabilities after a comparison with the examples of classes that a user has taught."""
        if not self.task.known:
            return answer.probabilities
        kept = self._heard(TOKENS - 1 + age)
        recent = torch.cat([kept[: len(kept) - age], token.features[None]])
        return self._held(answer.probabilities, recent)

    def _held(
        self, probabilities: NDArray[np.float32], recent: torch.Tensor
    ) -> NDArray[np.float32]:
        if not self.task.known:
            return probabilities
        return self.task.known.held_against(probabilities, recent.float().numpy())

    @property
    def _heard_count(self) -> int:
        """Tokens of the stream, which set the phase of cycles and positions."""
        return max(self._history.count - self._begins, 0)

    def _heard(self, most: int) -> torch.Tensor:
        """The newest tokens, (T, F)."""
        return self._history.newest(min(most, self._heard_count))

    def _window(self) -> torch.Tensor:
        """All that the lane's state rests on, (T, F)."""
        return self._heard(self._stepper.classifier.receptive_field)

    def _in_memory(self, act: Callable[[], Result]) -> Result:
        """Call what needs memory of the device; if there is none left, move to the CPU."""
        try:
            return act()
        except torch.OutOfMemoryError:
            self._leave_device()
            return act()

    def _leave_device(self) -> None:
        self._device = torch.device("cpu")
        self.fault = FaultRecord(ClaError("gpu_memory_full", lane=self.name))
        self._stepper = self._new_stepper(self.config)
        self._make_state()

    def _recover(self, token: Token, *, told_later: bool) -> None:
        """Rebuild the state without a token that is not finite; if it was finite, begin anew."""
        self._rebuilds += 1
        if token.features.isfinite().all():
            # With the newest token, which is not in the history yet, unless it was that one.
            self._begins = self._history.count + (not told_later)
        self._in_memory(self._make_state)

    def _nothing(self) -> NDArray[np.float32]:
        """Probabilities of a token at which nothing was recognized."""
        probabilities = np.zeros(len(self.task.labels), dtype=np.float32)
        probabilities[0] = 1.0
        return probabilities
