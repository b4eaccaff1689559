"""What an encoder layer does to a token around its attention: embedding, norms, networks, head."""

from math import erf

import numpy as np

from cla.attention.kernels.compiled import entry, kernel
from cla.attention.kernels.vectors import dot_rows, sum_of

NORM_EPSILON = 1e-5
"""Of `nn.LayerNorm`, unless it is told another."""


@entry()
def embed(x, active, around, table, position, hidden):
    """Embed a token of each active stream: normalized, projected, encoded by its position.

    Shapes:
        x: (B, F) float32
        active: (B,), or (0,) for all
        around: (P,) float32, weights of a layer; first those of the embedding
        table: (P, E) float32
        position: (B,), phase of the encoding, to be advanced
        hidden: (B, E) float32, to be written
    """
    inner, wide = np.empty(x.shape[1]), np.empty(hidden.shape[1])
    for stream in range(len(x)):
        if len(active) and not active[stream]:
            continue
        place = position[stream]
        for column in range(len(inner)):
            inner[column] = x[stream, column]
        linear(wide, inner, around, norm(inner, around, 0))
        for column in range(len(wide)):
            hidden[stream, column] = wide[column] + table[place, column]
        position[stream] = (place + 1) % len(table)


@entry()
def complete(hidden, attended, around, at, classes, out):
    """Outputs for tokens and what the attention gave for them, as `EncoderLayer.complete`.

    Args:
        around: weights of the layer; from `at` on what comes after the embedding.
        classes: C of the classifier that follows, or 0.

    Shapes:
        hidden, attended: (B, E) float32
        out: (B, 2 C) float32, to be written: logits, then probabilities; or (B, E), the output
    """
    size = hidden.shape[1]
    inner = (len(around) - at - 5 * size - classes * (size + 1)) // (2 * size + 1)
    x, wide, changed, logits = np.empty(size), np.empty(inner), np.empty(size), np.empty(classes)
    for stream in range(len(hidden)):
        for column in range(size):
            x[column] = hidden[stream, column] + attended[stream, column]
        after = linear(wide, x, around, norm(x, around, at))
        for column in range(inner):
            wide[column] *= 0.5 * (1.0 + erf(wide[column] * 0.7071067811865476))
        after = linear(changed, wide, around, after)
        for column in range(size):
            x[column] += changed[column]
        after = norm(x, around, after)
        if not classes:
            for column in range(size):
                out[stream, column] = x[column]
            continue
        linear(logits, x, around, after)
        highest, total = logits[0], 0.0
        for index in range(1, classes):
            highest = max(highest, logits[index])
        for index in range(classes):
            total += np.exp(logits[index] - highest)
        for index in range(classes):
            out[stream, index] = logits[index]
            out[stream, classes + index] = np.exp(logits[index] - highest) / total


@kernel()
def norm(x, around, at):
    """Layer normalization in place by the weights from `at` on; returns where they end."""
    size, square = len(x), 0.0
    mean = sum_of(x) / size
    for column in range(size):
        square += (x[column] - mean) ** 2
    scale = 1.0 / np.sqrt(square / size + NORM_EPSILON)
    weight, bias = around[at : at + size], around[at + size : at + 2 * size]
    for column in range(size):
        x[column] = (x[column] - mean) * scale * weight[column] + bias[column]
    return at + 2 * size


@kernel()
def linear(out, x, around, at):
    """out = W x + b by the weights from `at` on, matrix and bias; returns where they end."""
    after = at + len(out) * len(x)
    dot_rows(out, around[at:after].reshape((len(out), len(x))), x)
    for row in range(len(out)):
        out[row] += around[after + row]
    return after + len(out)
