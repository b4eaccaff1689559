"""What an encoder layer does to a token around its attention: embedding, norms, networks, head."""

from math import erf

import numpy as np

from cla.attention.kernels.compiled import kernel
from cla.attention.kernels.projections import finish, project

NORM_EPSILON = 1e-5
"""Of `nn.LayerNorm`, unless it is told another."""


@kernel()
def take_in(
    x, active, around, table, position, hidden,
    query, query_bias, key, key_bias, value, value_bias, tokens,
):  # fmt: skip
    """Project a token of each stream, see `project`; `embed` it first, with weights around."""
    if len(around):
        embed(x, active, around, table, position, hidden)
        x = hidden
    project(x, query, query_bias, key, key_bias, value, value_bias, tokens)


@kernel()
def give_out(context, output, output_bias, around, at, classes, hidden, stream, out):
    """The output of a stream's contexts: projected and, with weights around, `complete`d.

    Shapes:
        context: (H, D) float64
        out: (E, 1) float32, to be written, or what `complete` writes
    """
    context, out = context.reshape(-1), out.reshape(-1)
    if not len(around):
        finish(context, output, output_bias, out)
        return
    attended = np.empty(len(context), np.float32)
    finish(context, output, output_bias, attended)
    complete(hidden[stream], attended, around, at, classes, out)


@kernel()
def embed(x, active, around, table, position, hidden):
    """Embed a token of each active stream: normalized, projected, encoded by its position.

    Args:
        around: weights of a layer; first those of the embedding, if there is one.

    Shapes:
        x: (B, F) float32
        table: (P, E) float32; without rows x is the embedding
        position: (B,), phase of the encoding, to be advanced
        hidden: (B, E) float32, to be written
    """
    size, embed_dim = x.shape[1], hidden.shape[1]
    inner = np.empty(size, np.float32)
    for stream in range(len(x)):
        if len(active) and not active[stream]:
            continue
        if not len(table):
            for column in range(embed_dim):
                hidden[stream, column] = x[stream, column]
            continue
        place = position[stream]
        linear(hidden[stream], inner, around, norm(inner, x[stream], around, 0))
        for column in range(embed_dim):
            hidden[stream, column] += table[place, column]
        position[stream] = (place + 1) % len(table)


@kernel()
def embedding_numbers(x, table):
    """How many of a layer's weights are those of its embedding; none without a table."""
    size, embed_dim = x.shape[1], table.shape[1]
    return 2 * size + embed_dim * (size + 1) if len(table) else 0


@kernel()
def complete(hidden, attended, around, at, classes, out):
    """A layer's output for a token and what its attention gave for it, as `EncoderLayer.complete`.

    Args:
        around: weights of the layer; from `at` on what comes after the embedding.
        classes: C of the classifier that follows, or 0.

    Shapes:
        hidden, attended: (E) float32
        out: (2 C) float32, to be written: logits, then probabilities; or (E), the output
    """
    size = len(hidden)
    inner = (len(around) - at - 5 * size - classes * (size + 1)) // (2 * size + 1)
    wide, changed = np.empty(inner, np.float32), np.empty(size, np.float32)
    for column in range(size):
        attended[column] += hidden[column]
    at = norm(attended, attended, around, at)
    at = linear(wide, attended, around, at)
    for column in range(inner):
        wide[column] *= np.float32(0.5 * (1.0 + erf(wide[column] * 0.7071067811865476)))
    at = linear(changed, wide, around, at)
    for column in range(size):
        attended[column] += changed[column]
    if not classes:
        norm(out, attended, around, at)
        return
    at = norm(attended, attended, around, at)
    linear(out[:classes], attended, around, at)
    highest, total = out[0], np.float32(0.0)
    for index in range(classes):
        highest = max(highest, out[index])
    for index in range(classes):
        out[classes + index] = np.exp(out[index] - highest)
        total += out[classes + index]
    for index in range(classes):
        out[classes + index] /= total


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
