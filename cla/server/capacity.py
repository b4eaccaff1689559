"""What lanes may take of this machine: the time of a landmark tick, and memory."""

import time
from collections.abc import Sequence
from functools import cache

import torch

from cla.attention import AttentionConfig, state_bytes
from cla.attention.pseudo_inverse import pseudo_inverse
from cla.errors import ClaError
from cla.models import LaneSpec, StreamClassifier, TaskModel

MOST_LANDMARKS = 256
"""That follow the stream."""
UNMEASURED = 64
"""A tick of so many landmarks takes some milliseconds anywhere."""
MOST_BYTES = 256 * 2**20
"""Of the states of all lanes of a page."""


def check_capacity(task: TaskModel, lanes: Sequence[tuple[LaneSpec, StreamClassifier]]) -> None:
    """Refuse lanes that would hold up others.

    Raises:
        ClaError: a tick would take more than half of the time between tokens, or the states of all
            lanes more memory than a page may have.
    """
    for spec, classifier in lanes:
        count = spec.num_landmarks or 0
        if spec.landmark_mode == "continual" and count > UNMEASURED:
            if count > MOST_LANDMARKS:
                raise ClaError("landmarks_too_many", count=count, most=MOST_LANDMARKS)
            took_s = inverse_s(classifier.attentions[0].config)
            if took_s > task.hop_s / 2:
                raise ClaError(
                    "landmarks_too_slow", count=count, took=1e3 * took_s, hop=1e3 * task.hop_s
                )
    total = sum(state_bytes(classifier.init_state(1, device="meta")) for _, classifier in lanes)
    if total > MOST_BYTES:
        raise ClaError("lanes_too_large", size=total / 2**20, most=MOST_BYTES / 2**20)


@cache
def inverse_s(config: AttentionConfig) -> float:
    """Seconds that gamma's inverses take in a landmark tick, which is most of it; measured once."""
    shape = (config.num_heads, config.landmarks, config.landmarks)
    gamma = torch.randn(shape, dtype=torch.float64).softmax(-1)
    taken = []
    for _ in range(2):  # the first loads what it needs
        start_s = time.perf_counter()
        pseudo_inverse(gamma, config.pseudo_inverse)
        taken.append(time.perf_counter() - start_s)
    return min(taken)
