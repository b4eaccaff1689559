"""The lanes a task is judged by, and streams through them."""

import copy
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from cla.attention import LOW_RANK, REFERENCE
from cla.models import LaneSpec, StreamClassifier, TaskModel
from cla.models.landmarks import COUNTS

Outputs = list[NDArray[np.float32]]
"""Class probabilities (T, C) of each stream."""
SCANNED_TOKENS = 128
"""Tokens of all streams in one scan: what its sums need is kept at once."""


FULL = LaneSpec(REFERENCE)
LANES = (
    FULL,
    *(LaneSpec(LOW_RANK, count) for count in COUNTS),
    *(LaneSpec(LOW_RANK, count, "continual") for count in COUNTS),
)


def row_name(lane: LaneSpec) -> str:
    """What a lane is called in cards and their tables."""
    if lane.num_landmarks is None:
        return lane.kind
    return f"{lane.kind} {lane.landmark_mode} M={lane.num_landmarks}"


def ablations(classifier: StreamClassifier) -> dict[str, StreamClassifier]:
    """Full attention without what it adds, and with a window of one token."""
    silent = copy.deepcopy(classifier)
    for attention in silent.attentions:
        torch.nn.init.zeros_(attention.output_proj.weight)
        torch.nn.init.zeros_(attention.output_proj.bias)
    return {
        "attention zeroed": silent,
        "window 1": classifier.with_attention(REFERENCE, window=1),
    }


def outputs_of(
    task: TaskModel, lane: StreamClassifier, features: Sequence[NDArray[np.floating]]
) -> Outputs:
    """What a lane of a task says: its probabilities, classes that sound otherwise taken for none.

    Shapes:
        features: (T, F) of each stream.
        returns: (T, C) of each.
    """
    said = zip(probabilities(lane, features), features, strict=True)
    return [task.known.held_along(rows, tokens.astype(np.float32)) for rows, tokens in said]


@torch.no_grad()
def probabilities(lane: StreamClassifier, features: Sequence[NDArray[np.floating]]) -> Outputs:
    """Class probabilities of each token of each stream, as steps give them, by faster scans.

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
    for span in torch.from_numpy(tokens).split(SCANNED_TOKENS, 1):
        logits, state = lane.scan(span, state)
        outputs.append(logits.softmax(-1))
    stacked = torch.cat(outputs, 1).numpy()
    return [row[: len(stream)] for row, stream in zip(stacked, features, strict=True)]
