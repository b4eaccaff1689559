"""The four projections that all attention kinds own, and how tokens are cut into heads."""

from typing import Any, Self

import torch
from torch import Tensor, nn

from cla.attention.config import AttentionConfig
from cla.attention.plain import apply, is_plain
from cla.attention.projected import Projected, mark_bad

PROJECTIONS = ("query_proj", "key_proj", "value_proj", "output_proj")


class Projections(nn.Module):
    """Query, key, value and output projection of a layer, on whole embeddings of E numbers.

    Each may be replaced by any module that maps E numbers to E numbers; it is called as a module,
    with its hooks. Kernels are used only while all four are plain layers (`plain.is_plain`).
    """

    query_proj: nn.Linear
    key_proj: nn.Linear
    value_proj: nn.Linear
    output_proj: nn.Linear

    def __init__(self, config: AttentionConfig) -> None:
        given = self.__dict__.pop("_given", None)
        super().__init__()
        self.config = config
        size, bias = config.embed_dim, config.bias
        for name in PROJECTIONS:
            setattr(self, name, getattr(given, name) if given else nn.Linear(size, size, bias))

    @classmethod
    def sharing(cls, config: AttentionConfig, projections: "Projections") -> Self:
        """A layer whose projections are those of another, the same objects; it makes none."""
        layer = cls.__new__(cls)
        layer.__dict__["_given"] = projections
        layer.__init__(config)  # type: ignore[misc]  # as calling the class would
        return layer

    @property
    def like(self) -> Tensor:
        """A tensor on the device and of the type of this layer's tokens."""
        weight = getattr(self.query_proj, "weight", None)
        if isinstance(weight, Tensor) and weight.is_floating_point():
            return weight
        floating = (part for part in self.parameters() if part.is_floating_point())
        return next(floating, torch.empty(0))

    @property
    def plain(self) -> bool:
        """Whether kernels that read the weights compute what calling the projections does."""
        modules: Any = self._modules  # `getattr` would take twice as long
        return is_plain(
            modules["query_proj"], modules["key_proj"], modules["value_proj"],
            modules["output_proj"],
        )  # fmt: skip

    def project(self, x: Tensor, dtype: torch.dtype) -> Projected:
        """Queries, keys and values of tokens, of type `dtype`; bad ones see `mark_bad`.

        Shapes:
            x: (B, T, E)
        """
        scale = self.config.head_dim**-0.25
        queries, keys, values = (
            self._split_heads(apply(layer, x, dtype))
            for layer in (self.query_proj, self.key_proj, self.value_proj)
        )
        return mark_bad(Projected(queries * scale, keys * scale, values))

    def finish(self, context: Tensor) -> Tensor:
        """Join the heads and apply the output projection; a single output loses its time axis.

        Shapes:
            context: (B, H, T, D)
            returns: (B, T, E), or (B, E)
        """
        output = self.merge_heads(context)
        return output if self.config.retroactive else output[:, 0]

    def finish_columns(self, columns: Tensor) -> Tensor:
        """Output projection of contexts stored in columns, (B, E, N) to (B, N, E); no gradient."""
        # From dictionaries: after a kernel that went through all rows, nothing of what is called
        # here is in the caches.
        layer: Any = self._modules["output_proj"]
        weight, bias = layer._parameters["weight"], layer._parameters["bias"]
        return torch.bmm(columns.mT, weight.t().expand(len(columns), -1, -1)).add_(bias)

    def merge_heads(self, context: Tensor) -> Tensor:
        """Join the heads of tokens and apply the output projection.

        Shapes:
            context: (..., H, T, D)
            returns: (..., T, E)
        """
        joined = context.transpose(-3, -2).flatten(-2)
        return self.output_proj(joined.to(self.like.dtype))  # type: ignore[no-any-return]

    def _split_heads(self, x: Tensor) -> Tensor:
        heads, size = self.config.num_heads, self.config.head_dim
        return x.reshape(*x.shape[:2], heads, size).transpose(1, 2)

    def extra_repr(self) -> str:
        return str(self.config)
