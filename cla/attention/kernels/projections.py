"""Projections of single tokens: float32 weights of which no wider copy is made, summed in float64.

Gamma's inverse multiplies the rounding errors of queries and keys.
"""

import numpy as np
import torch
from torch import Tensor

from cla.attention.kernels.arrays import Weights
from cla.attention.kernels.compiled import entry, kernel
from cla.attention.kernels.vectors import dot_rows
from cla.attention.projected import LARGEST


def project_token(x: Tensor, weights: Weights, num_heads: int) -> Tensor:
    """Scaled queries and keys, and values, of a token (B, E) each, (B, 3, H, 1, D) float64."""
    batch, embed = x.shape
    tokens = np.empty((batch, 1, 3, num_heads, embed // num_heads))
    project(x.detach().numpy(), *weights[:6], tokens)
    return torch.from_numpy(tokens).permute(0, 2, 3, 1, 4)


@entry()
def project(x, query, query_bias, key, key_bias, value, value_bias, tokens):
    """Scaled queries and keys, and values, of a token each.

    Shapes:
        x: (B, E) float32
        query, key, value: (E, E) float32, of which the biases are (E)
        tokens: (B, 1, 3, H, D) float64, to be written
    """
    size = tokens.shape[4]
    wide = np.empty(x.shape[1])
    for stream in range(x.shape[0]):
        for column in range(x.shape[1]):
            wide[column] = x[stream, column]
        good = _project(query, query_bias, size**-0.25, wide, tokens[stream, 0, 0])
        good &= _project(key, key_bias, size**-0.25, wide, tokens[stream, 0, 1])
        good &= _project(value, value_bias, 1.0, wide, tokens[stream, 0, 2])
        if not good:  # as `cla.attention.projected.mark_bad`
            tokens[stream] = np.nan


@kernel()
def _project(weight, bias, scale, x, token):
    """(W x + b) * scale; returns whether all of it are numbers that bear to be multiplied."""
    out, good = token.reshape(-1), True
    dot_rows(out, weight, x)
    for row in range(len(out)):
        out[row] = (out[row] + bias[row]) * scale
        good &= abs(out[row]) <= LARGEST
    return good


@kernel()
def finish(context, weight, bias, out):
    """Output projection, W context + b.

    Shapes:
        context: (E) float64
        weight: (E, E) float32, of which the bias is (E)
        out: (E) float32, to be written
    """
    wide = np.empty(len(out))
    dot_rows(wide, weight, context)
    for row in range(len(out)):
        out[row] = wide[row] + bias[row]
