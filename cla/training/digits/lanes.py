"""Streams through lanes, all streams of a set stepping together."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from cla.models import StreamClassifier


@torch.no_grad()
def probabilities(
    lane: StreamClassifier, features: Sequence[NDArray[np.floating]]
) -> list[NDArray[np.float32]]:
    """Class probabilities of each token of each stream, by steps as in use.

    Shapes:
        features: (T, F) each, T may differ.
        returns: (T, C) each.
    """
    longest = max(len(stream) for stream in features)
    tokens = np.zeros((len(features), longest, features[0].shape[1]), np.float32)
    for row, stream in enumerate(features):
        tokens[row, : len(stream)] = stream
    state = lane.init_state(len(features))
    outputs = []
    for token in torch.from_numpy(tokens).unbind(1):
        step = lane.step(token, state)
        state = step.state
        outputs.append(step.output.softmax(-1))
    stacked = torch.stack(outputs, 1).numpy()
    return [row[: len(stream)] for row, stream in zip(stacked, features, strict=True)]
