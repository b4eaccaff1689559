"""Landmarks that are given to a layer, and the pseudo-inverse of their gamma."""

from typing import Any, cast

import torch
from torch import Tensor, nn

from cla.attention.config import AttentionConfig
from cla.attention.landmarks import Landmarks, make_landmarks
from cla.attention.state import map_state
from cla.errors import ClaError


class GivenLandmarks(nn.Module):
    """Query and key landmarks as buffers, (H, M, D); NaN until they are set."""

    query_landmarks: Tensor
    key_landmarks: Tensor

    def __init__(self, config: AttentionConfig) -> None:
        super().__init__()
        shape = (config.num_heads, config.landmarks, config.head_dim)
        for name in ("query_landmarks", "key_landmarks"):
            self.register_buffer(name, torch.full(shape, torch.nan))
        self._method = config.pseudo_inverse
        # Follows from the landmarks; not a buffer, which a narrow type of the layer would spoil.
        self._gamma_inv: Tensor | None = None
        self.register_load_state_dict_post_hook(_forget_inverse)  # type: ignore[no-untyped-call]  # torch's

    def _apply(self, fn: Any, recurse: bool = True) -> Any:
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]  # torch's
        if self._gamma_inv is not None:
            self._gamma_inv = self._gamma_inv.to(self.query_landmarks.device)
        return self

    def set(self, query_landmarks: Tensor, key_landmarks: Tensor) -> None:
        """See `AttentionLayer.set_landmarks`."""
        for name, given in (("query_landmarks", query_landmarks), ("key_landmarks", key_landmarks)):
            buffer = cast(Tensor, getattr(self, name))
            if given.shape != buffer.shape or not bool(given.isfinite().all()):
                raise ClaError(
                    "landmarks_unfit",
                    name=name,
                    shape=tuple(given.shape),
                    expected=tuple(buffer.shape),
                )
            buffer.copy_(given)
        self._gamma_inv = self._inverse()

    def landmarks(self, like: Tensor) -> Landmarks:
        """They and the inverse, (H, M, ...), of the type and on the device of `like`.

        Raises:
            ClaError: they have not been set.
        """
        if self._gamma_inv is None:
            if bool(self.query_landmarks.isnan().any()):
                raise ClaError("landmarks_not_set")
            self._gamma_inv = self._inverse()
        landmarks = (self.query_landmarks, self.key_landmarks, self._gamma_inv)
        return Landmarks(*(part.to(like) for part in landmarks))

    def repeated(self, batch_size: int, like: Tensor) -> Landmarks:
        """The same for each stream, (B, H, M, ...), copied."""
        each = self.landmarks(like)
        return cast(
            Landmarks, map_state(each, lambda part: part.expand(batch_size, *part.shape).clone())
        )

    @torch.no_grad()
    def _inverse(self) -> Tensor:
        pair = (self.query_landmarks.double(), self.key_landmarks.double())
        return make_landmarks(*pair, self._method).gamma_inv


def _forget_inverse(given: GivenLandmarks, _: object) -> None:
    given._gamma_inv = None
