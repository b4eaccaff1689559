"""The lanes a task is judged by, and streams through them."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from cla.attention import AttentionKind, LandmarkMode
from cla.models import StreamClassifier, TaskModel

Outputs = list[NDArray[np.float32]]
"""Class probabilities (T, C) of each stream."""
COUNTS = (2, 4, 8, 16, 32, 64)
SCANNED_TOKENS = 128
"""Tokens of all streams in one scan: what its sums need is kept at once."""


@dataclass(frozen=True)
class LaneName:
    """A lane of the evaluation."""

    kind: AttentionKind
    num_landmarks: int | None = None
    landmark_mode: LandmarkMode = "fixed"

    def __str__(self) -> str:
        if self.num_landmarks is None:
            return self.kind
        return f"{self.kind} {self.landmark_mode} M={self.num_landmarks}"


FULL = LaneName("full")
LANES = (
    FULL,
    *(LaneName("continual_nystrom", count) for count in COUNTS),
    *(LaneName("continual_nystrom", count, "continual") for count in COUNTS),
)


def make_lane(task: TaskModel, name: LaneName) -> StreamClassifier:
    """The task's weights under a lane's attention."""
    return task.with_attention(name.kind, name.num_landmarks, name.landmark_mode)


def ablations(task: TaskModel) -> dict[str, StreamClassifier]:
    """The full lane without what attention adds, and without a window."""
    silent = copy.deepcopy(task.classifier)
    for attention in silent.attentions:
        torch.nn.init.zeros_(attention.output_proj.weight)
        torch.nn.init.zeros_(attention.output_proj.bias)
    return {
        "attention zeroed": silent,
        "window 1": task.classifier.with_attention("full", window=1),
    }


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
