"""What an encoder layer does to a token around its attention: embedding, norms, networks, head."""

from math import erf

import numpy as np

from cla.attention.kernels.compiled import entry, kernel

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
    inner = np.empty(x.shape[1], np.float32)
    for stream in range(len(x)):
        if len(active) and not active[stream]:
            continue
        place = position[stream]
        linear(hidden[stream], inner, around, norm(inner, x[stream], around, 0))
        for column in range(hidden.shape[1]):
            hidden[stream, column] += table[place, column]
        position[stream] = (place + 1) % len(table)


@entry()
def complete(hidden, attended, around, at, classes, out):
    """Outputs for tokens and what the attention gave for them, as `EncoderLayer.complete`.

    Args:
        around: weights of the layer; from `at` on what comes after the embedding.
        classes: C of the classifier that follows, or 0.

    Shapes:
        hidden, attended: (B, E) float32, the latter to be written over
        out: (B, 2 C) float32, to be written: logits, then probabilities; or (B, E), the output
    """
    size = hidden.shape[1]
    inner = (len(around) - at - 5 * size - classes * (size + 1)) // (2 * size + 1)
    wide, changed = np.empty(inner, np.float32), np.empty(size, np.float32)
    for stream in range(len(hidden)):
        x, given = attended[stream], out[stream]
        for column in range(size):
            x[column] += hidden[stream, column]
        after = linear(wide, x, around, norm(x, x, around, at))
        for column in range(inner):
            wide[column] *= np.float32(0.5 * (1.0 + erf(wide[column] * 0.7071067811865476)))
        after = linear(changed, wide, around, after)
        for column in range(size):
            x[column] += changed[column]
        if not classes:
            norm(given, x, around, after)
            continue
        linear(given[:classes], x, around, norm(x, x, around, after))
        highest, total = given[0], np.float32(0.0)
        for index in range(classes):
            highest = max(highest, given[index])
        for index in range(classes):
            given[classes + index] = np.exp(given[index] - highest)
            total += given[classes + index]
        for index in range(classes):
            given[classes + index] /= total


@kernel()
def norm(out, x, around, at):
    """Layer normalization by the weights from `at` on; returns where they end."""
    size, mean, square = len(x), np.float32(0.0), np.float32(0.0)
    for column in range(size):
        mean += x[column]
    mean /= np.float32(size)
    for column in range(size):
        square += (x[column] - mean) * (x[column] - mean)
    scale = np.float32(1.0 / np.sqrt(square / size + NORM_EPSILON))
    for column in range(size):
        out[column] = (x[column] - mean) * scale * around[at + column] + around[at + size + column]
    return at + 2 * size


@kernel()
def linear(out, x, around, at):
    """out = W x + b by the weights from `at` on, matrix and bias; returns where they end."""
    rows, columns = len(out), len(x)
    after = at + rows * columns
    for row in range(rows):
        total = np.float32(0.0)
        for column in range(columns):
            total += around[at + row * columns + column] * x[column]
        out[row] = total + around[after + row]
    return after + rows
