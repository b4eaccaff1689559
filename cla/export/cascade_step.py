"""A step of a classifier as few operators."""

import torch
from torch import Tensor, nn

from cla.export.window_step import WindowStep, is_windowed
from cla.models import StreamClassifier
from cla.models.cascaded import CascadedStack


def is_cascade(model: nn.Module) -> bool:
    """Whether a model is a classifier that `CascadeStep` can take the place of."""
    return (
        isinstance(model, StreamClassifier)
        and isinstance(model.encoder, CascadedStack)
        and all(is_windowed(attention) for attention in model.attentions)
    )


class CascadeStep(nn.Module):
    """A step of a classifier of single-output layers, each as `WindowStep`.

    Attributes:
        names, initial: see `WindowStep`; of several layers, each name after the layer's.
    """

    def __init__(self, model: StreamClassifier, streams: int = 1) -> None:
        super().__init__()
        self.model = model
        self.steps = nn.ModuleList(WindowStep(one, streams) for one in model.attentions)
        first: Tensor = self._windows[0].initial[0]
        names, initial = ["position"], [torch.zeros_like(first)]
        for index, step in enumerate(self._windows):
            names += [f"layers.{index}.{name}" for name in step.names]
            initial += step.initial
        self.names, self.initial = tuple(names), tuple(initial)

    @property
    def _windows(self) -> list[WindowStep]:
        return list(self.steps)  # type: ignore[arg-type]  # a list of modules

    @property
    def token(self) -> Tensor:
        """A token of zeros, (B, F)."""
        table = self.model.position_table
        return table.new_zeros(len(self.initial[0]), self.model.config.input_dim)

    def forward(self, token: Tensor, position: Tensor, *state: Tensor) -> tuple[Tensor, ...]:
        """The logits, and the tensors of the state after the token."""
        hidden, after, held = self.model.embed(token[:, None], position)[:, 0], [], list(state)
        for layer, step in zip(self.model.encoder, self._windows, strict=True):
            count = len(step.names)
            attended, *new = step(layer.attended(hidden), *held[:count])
            hidden, held = layer.complete(hidden, attended), held[count:]
            after += new
        following = (position + 1) % self.model.config.position_period
        return (self.model.head(hidden), following, *after)
