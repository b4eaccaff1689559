"""A step of fixed landmarks by the sums of their window, as few operators, however long it is."""

import torch
from torch import Tensor, nn

from cla.attention import AttentionLayer
from cla.attention.projected import with_ones
from cla.attention.window_sums import Places, places, slide, total_rows, window_total
from cla.export.layer_step import LayerStep


def is_summed(model: nn.Module) -> bool:
    """Whether a model is a layer that `SumsStep` can take the place of."""
    if not isinstance(model, AttentionLayer):
        return False
    return model.kind.rests_on == "given" and not model.config.retroactive


class SumsStep(LayerStep):
    """A step of a single-output layer with fixed landmarks as a pure function of tensors.

    Where it finds its sums is looked up by the place in the ring: nothing else is done with that,
    so that where it is bound as input and output its successor cannot be written too early. The
    state's tensors are some of the layer's own.
    """

    at: Tensor

    def __init__(self, layer: AttentionLayer, streams: int = 1) -> None:
        super().__init__(layer)
        state, window = layer.init_state(streams), layer.config.window
        self.names = ("slot", "keys", "values", "sums")
        self.initial = tuple(getattr(state, name) for name in self.names)
        self._give(state.landmarks)
        slots = torch.arange(window, device=layer.like.device)
        following = (slots + 1) % window
        parts = (*places(window, slots), total_rows(window, following), following[:, None])
        self.lengths = [part.shape[1] for part in parts]
        self.register_buffer("at", torch.cat(parts, 1))

    def forward(
        self, token: Tensor, slot: Tensor, keys: Tensor, values: Tensor, sums: Tensor
    ) -> tuple[Tensor, ...]:
        """The output, and the tensors of the state after it."""
        new = self.project(token)
        tokens, read, written, whole, following = self.at[slot].split(self.lengths, 1)
        here = tokens[:, None, :1, None]
        keys, values = (
            ring.scatter(2, here.expand(-1, ring.shape[1], -1, ring.shape[3]), part)
            for ring, part in ((keys, new.keys), (values, with_ones(new.values)))
        )
        sums = sums.clone()
        at = Places(tokens, read, written)
        slide(sums, self.given_queries, (keys, values), at, None)
        total = window_total(sums, whole)
        means = total[:, :, :-1] / total[:, :, -1:]
        beta = (new.queries @ self.given_keys.mT).softmax(-1)
        context = (beta @ self.given_inverse) @ means.mT
        return (self.model.finish(context), following[:, 0], keys, values, sums)
