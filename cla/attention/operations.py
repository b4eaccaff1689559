"""What parts of attention cost, per head: what kinds count their steps by."""

from typing import NamedTuple

from cla.attention.config import AttentionConfig
from cla.attention.pseudo_inverse import ITERATIONS

SOFTMAX = 3
"""Operations per softmax entry: exponential, sum, quotient."""

SVD_FACTOR = 26
"""Multiply-adds of a pseudo-inverse by singular values in units of M^3: an estimate, the only part
that is not counted product by product."""


class Part(NamedTuple):
    """Multiply-adds of one head.

    Args:
        products: matrix products.
        other: everything else.
    """

    products: int
    other: int

    @property
    def total(self) -> int:
        return self.products + self.other


def softmax_rows(rows: int, tokens: int, size: int) -> Part:
    """Some rows of softmax attention."""
    return Part(2 * rows * tokens * size, SOFTMAX * rows * tokens)


def cut_rows(config: AttentionConfig, tokens: int, rows: int) -> Part:
    """Landmarks cut anew from the tokens seen, and `rows` rows of the product."""
    landmarks, size = config.landmarks, config.head_dim
    inverse = inverse_of(config)
    products = 2 * rows * landmarks * size + 2 * landmarks * tokens * size + 2 * landmarks**2 * size
    other = 2 * tokens * size + SOFTMAX * (rows * landmarks + landmarks * tokens + landmarks**2)
    if rows == 1:  # it is mixed from the left
        products += landmarks**2 - landmarks**2 * size
    return Part(products + inverse.products, other + inverse.other)


def inverse_of(config: AttentionConfig) -> Part:
    """Gamma's pseudo-inverse."""
    landmarks = config.landmarks
    if config.pseudo_inverse == "exact":
        return Part(0, SVD_FACTOR * landmarks**3)
    if config.pseudo_inverse == "ridge":
        # Cholesky's factor and two triangular solutions of M right sides; roughness and penalty.
        return Part(
            landmarks**3 + 2 * landmarks**2, landmarks**3 // 6 + landmarks**3 + 8 * landmarks**2
        )
    return Part(4 * ITERATIONS * landmarks**3, 4 * ITERATIONS * landmarks**2 + 3 * landmarks**2)
