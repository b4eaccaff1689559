"""A step as a pure function of tensors: what exporters, and other runtimes, understand."""

from typing import Any

import torch
from torch import Tensor, nn

from cla.attention import AttentionLayer, move_state
from cla.attention.state import map_state, names_of, tensors_of
from cla.export.sums_step import SumsStep, is_summed
from cla.export.window_step import WindowStep, is_windowed
from cla.models import StreamClassifier
from cla.models.cascaded import CascadedStack


class FlatStep(nn.Module):
    """A step of a layer or classifier whose state goes in and comes out as tensors.

    What `step` writes in place is copied first, so that nothing given is changed; a step therefore
    costs a copy of the window. Tensors without entries, of parts that a configuration does not
    need, are left out.

    Attributes:
        names: of the state's tensors, dotted.
        initial: these tensors, of streams that have seen nothing.
    """

    def __init__(self, model: AttentionLayer | StreamClassifier, streams: int = 1) -> None:
        super().__init__()
        self.model = model
        state = model.init_state(streams)
        self._like = move_state(state, device="meta")  # shapes alone: no constants to be exported
        pairs = zip(names_of(state), tensors_of(state), strict=True)
        kept = [(name, tensor) for name, tensor in pairs if tensor.numel()]
        self.names = tuple(name for name, _ in kept)
        self.initial = tuple(tensor for _, tensor in kept)

    @property
    def token(self) -> Tensor:
        """A token of zeros, (B, E) or (B, F)."""
        config = self.model.config
        size = getattr(config, "input_dim", config.embed_dim)
        weight = next(self.model.parameters())
        return torch.zeros(len(self.initial[0]), size, dtype=weight.dtype, device=weight.device)

    def forward(self, token: Tensor, *state: Tensor) -> tuple[Tensor, ...]:
        """The output, and the tensors of the state after it."""
        given = iter(state)

        def part(like: Tensor) -> Tensor:
            if like.numel():
                return next(given).clone()
            return torch.empty(like.shape, dtype=like.dtype, device=token.device)

        before: Any = map_state(self._like, part)
        output, after, _ = self.model.step(token, before)
        return (output, *(tensor for tensor in tensors_of(after) if tensor.numel()))


def step_of(layer: AttentionLayer, streams: int) -> WindowStep | SumsStep:
    """The step of a layer of this package that has the fewest operators."""
    return SumsStep(layer, streams) if is_summed(layer) else WindowStep(layer, streams)


def is_cascade(model: nn.Module) -> bool:
    """Whether a model is a classifier that `CascadeStep` can take the place of."""
    return (
        isinstance(model, StreamClassifier)
        and isinstance(model.encoder, CascadedStack)
        and all(is_windowed(attention) for attention in model.attentions)
    )


class CascadeStep(nn.Module):
    """A step of a classifier of single-output layers, each as `step_of` has it.

    Attributes:
        names, initial: of the state's tensors; of several layers, each name after the layer's.
    """

    def __init__(self, model: StreamClassifier, streams: int = 1) -> None:
        super().__init__()
        self.model = model
        self.steps = nn.ModuleList(step_of(one, streams) for one in model.attentions)
        first: Tensor = self._steps[0].initial[0]
        names, initial = ["position"], [torch.zeros_like(first)]
        for index, step in enumerate(self._steps):
            names += [f"layers.{index}.{name}" for name in step.names]
            initial += step.initial
        self.names, self.initial = tuple(names), tuple(initial)

    @property
    def _steps(self) -> list[WindowStep | SumsStep]:
        return list(self.steps)  # type: ignore[arg-type]  # a list of modules

    @property
    def token(self) -> Tensor:
        """A token of zeros, (B, F)."""
        table = self.model.position_table
        return table.new_zeros(len(self.initial[0]), self.model.config.input_dim)

    def forward(self, token: Tensor, position: Tensor, *state: Tensor) -> tuple[Tensor, ...]:
        """The logits, and the tensors of the state after the token."""
        hidden, after, held = self.model.embed(token[:, None], position)[:, 0], [], list(state)
        for layer, step in zip(self.model.encoder, self._steps, strict=True):
            count = len(step.names)
            attended, *new = step(layer.attended(hidden), *held[:count])
            hidden, held = layer.complete(hidden, attended), held[count:]
            after += new
        following = (position + 1) % self.model.config.position_period
        return (self.model.head(hidden), following, *after)
