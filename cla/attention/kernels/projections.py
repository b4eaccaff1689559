"""Projections of single tokens: float32 weights of which no wider copy is made, summed in float64.

Gamma's inverse multiplies the rounding errors of queries and keys.
"""

import numpy as np

from cla.attention.kernels.compiled import entry, inlined, kernel
from cla.attention.kernels.vectors import dot_rows
from cla.attention.projected import LARGEST


@entry()
def project(x, query, query_bias, key, key_bias, value, value_bias, tokens):
    """Scaled queries and keys, and values, of a token each.

    Shapes:
        x: (B, E) float32
        query, key, value: (E, E) float32, of which the biases are (E)
        tokens: (B, 1, 3, H, D) float64, to be written
    """
    scale = tokens.shape[4] ** -0.25
    wide = np.empty(x.shape[1])
    for stream in range(x.shape[0]):
        for column in range(x.shape[1]):
            wide[column] = x[stream, column]
        good = _project(query, query_bias, scale, wide, tokens[stream, 0, 0])
        good &= _project(key, key_bias, scale, wide, tokens[stream, 0, 1])
        good &= _project(value, value_bias, 1.0, wide, tokens[stream, 0, 2])
        if not good:  # as `cla.attention.projected.mark_bad`
            tokens[stream] = np.nan


@inlined()
def _project(weight, bias, scale, x, token):
    """(W x + b) * scale; returns whether all of it are numbers that bear to be multiplied."""
    out, good = token.reshape(-1), True
    dot_rows(out, weight, x)
    for row in range(len(out)):
        out[row] = (out[row] + bias[row]) * scale
        good &= abs(out[row]) <= LARGEST
    return good


@entry()
def finish_all(contexts, weight, bias, out):
    """`finish` of the contexts (B, E) of a token each; `out` is (B, E)."""
    for stream in range(len(contexts)):
        finish(contexts[stream], weight, bias, out[stream])


@kernel()
def finish(context, weight, bias, out):
    """Output projection of a token, W context + b; the context as it is without a weight.

    Shapes:
        context: (E) float64
        weight: (E, E) float32, of which the bias is (E), or (0, 0)
        out: (E) float32, to be written
    """
    wide = context
    if len(weight):
        wide = np.empty(len(out))
        dot_rows(wide, weight, context)
        for row in range(len(wide)):
            wide[row] += bias[row]
    for row in range(len(wide)):
        out[row] = wide[row]
