"""What steps of a layer share as pure functions of tensors."""

import torch
from torch import Tensor, nn

from cla.attention import AttentionLayer
from cla.attention.landmarks import Landmarks
from cla.attention.projected import LARGEST, Projected


class LayerStep(nn.Module):
    """A step of a layer as a pure function of tensors, its weights and what is given beside them.

    Attributes:
        names: of the state's tensors.
        initial: these tensors, of streams that have seen nothing.
    """

    names: tuple[str, ...]
    initial: tuple[Tensor, ...]
    given_queries: Tensor
    given_keys: Tensor
    given_inverse: Tensor

    def __init__(self, layer: AttentionLayer) -> None:
        super().__init__()
        self.model = layer
        self.project = JoinedProjection(layer)

    @property
    def token(self) -> Tensor:
        """A token of zeros, (B, E)."""
        return self.model.like.new_zeros(len(self.initial[0]), self.model.config.embed_dim)

    def _give(self, landmarks: Landmarks) -> None:
        """Keep fixed landmarks, those of the first stream, as a part of the graph."""
        for name, part in zip(("queries", "keys", "inverse"), landmarks, strict=True):
            self.register_buffer(f"given_{name}", part[:1].contiguous())


class JoinedProjection(nn.Module):
    """`Projections.project` of one token of each stream, in few operators.

    Where a projection is no plain layer, that itself.
    """

    weight: Tensor
    bias: Tensor

    def __init__(self, layer: AttentionLayer) -> None:
        super().__init__()
        self.layer, config = layer, layer.config
        self.dtype = layer.kind.state_dtype(layer.like.dtype)
        self.joined = layer.plain
        if not self.joined:
            return
        scale = config.head_dim**-0.25
        weights, biases = [], []
        for module, factor in (
            (layer.query_proj, scale),
            (layer.key_proj, scale),
            (layer.value_proj, 1.0),
        ):
            weights.append(module.weight.detach().to(self.dtype).T * factor)
            bias = torch.zeros_like(weights[-1][0]) if module.bias is None else module.bias.detach()
            biases.append(bias.to(self.dtype) * factor)
        self.register_buffer("weight", torch.cat(weights, 1))
        self.register_buffer("bias", torch.cat(biases))

    def forward(self, token: Tensor) -> Projected:
        """
        Shapes:
            token: (B, E)
            returns: each (B, H, 1, D)
        """
        if not self.joined:
            return self.layer.project(token[:, None], self.dtype)
        config = self.layer.config
        tokens = token.to(self.dtype) @ self.weight + self.bias
        # As `mark_bad`: false for what is no number.
        good = tokens.abs().amax(-1, keepdim=True) <= LARGEST
        tokens = torch.where(good, tokens, torch.nan)
        heads = tokens.reshape(-1, 3 * config.num_heads, 1, config.head_dim)
        return Projected(*heads.chunk(3, 1))
