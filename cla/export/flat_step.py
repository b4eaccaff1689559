"""A step as a pure function of tensors: what exporters, and other runtimes, understand."""

from typing import Any

import torch
from torch import Tensor, nn

from cla.attention import AttentionLayer, move_state
from cla.attention.state import map_state, names_of, tensors_of
from cla.models import StreamClassifier


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
