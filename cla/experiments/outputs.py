"""Class probabilities of recordings as they stream by, and of their windows as wholes."""

from collections.abc import Sequence
from itertools import groupby

import torch
from torch import Tensor

from cla.datasets import TokenSequence
from cla.models import StreamClassifier

BATCH = 128


@torch.no_grad()
def stream_outputs(lane: StreamClassifier, sequences: Sequence[TokenSequence]) -> list[Tensor]:
    """Class probabilities (T, C) of each sequence as it streams by, many streams at once."""
    outputs: list[Tensor] = []
    for start in range(0, len(sequences), BATCH):
        batch = sequences[start : start + BATCH]
        tokens = torch.nn.utils.rnn.pad_sequence(
            [torch.from_numpy(one.features).float() for one in batch], batch_first=True
        )
        logits, _ = lane.scan(tokens, lane.init_state(len(tokens)))
        rows = zip(logits.softmax(-1), batch, strict=True)
        outputs += [row[: len(one.labels)] for row, one in rows]
    return outputs


@torch.no_grad()
def window_outputs(lane: StreamClassifier, sequences: Sequence[TokenSequence]) -> list[Tensor]:
    """Class probabilities (1, C) of the window that each sequence ends with, run as a whole."""
    size = lane.config.window
    windows = [torch.from_numpy(one.features[-size:]).float() for one in sequences]
    outputs: list[Tensor] = []
    for _, alike in groupby(windows, len):  # of one length at once
        for some in torch.stack(list(alike)).split(BATCH):
            outputs += lane(some).softmax(-1).split(1)
    return outputs
