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
    """Class probabilities (T, C) of each sequence as it streams by, many streams at once.

    These are the numbers of steps, found sooner where that can be.
    """
    outputs: list[Tensor] = []
    for start in range(0, len(sequences), BATCH):
        batch = sequences[start : start + BATCH]
        tokens = torch.nn.utils.rnn.pad_sequence(
            [torch.from_numpy(one.features).float() for one in batch], batch_first=True
        )
        rows = zip(_stream_logits(lane, tokens).softmax(-1), batch, strict=True)
        outputs += [row[: len(one.labels)] for row, one in rows]
    return outputs


def _stream_logits(lane: StreamClassifier, tokens: Tensor) -> Tensor:
    """Logits (B, T, C) of a batch of streams."""
    config = lane.config
    if config.num_layers == 1 or config.stack_mode != "retroactive":
        return lane.scan(tokens, lane.init_state(len(tokens)))[0]
    # What a retroactive stack says at a token depends on the window alone, but for landmarks of
    # earlier windows, and there are none until the first window is full.
    length = tokens.shape[1]
    alone = min(length, config.window) if lags(lane) else length
    logits = [
        lane(tokens[:, max(0, end - config.window) : end], tokens_seen=end)
        for end in range(1, alone + 1)
    ]
    if alone < length:  # the scan of such a stack holds more than steps do, and takes longer
        state = lane.state_from_window(tokens[:, :alone])
        logits += [lane.step(token, state).output for token in tokens[:, alone:].unbind(1)]
    return torch.stack(logits, 1)


def lags(lane: StreamClassifier) -> bool:
    """Whether any landmarks of a lane are those of earlier windows, as continual ones are."""
    return any(one.receptive_field > one.config.window for one in lane.attentions)


@torch.no_grad()
def window_outputs(
    lane: StreamClassifier, sequences: Sequence[TokenSequence], *, last_only: bool
) -> list[Tensor]:
    """Class probabilities of each sequence's windows, every one run as a whole.

    Shapes:
        returns: (1, C) of each sequence if `last_only`, else (T - N + 1, C), its first tokens left
            out
    """
    size = lane.config.window
    every = [
        tokens.unfold(0, min(size, len(tokens)), 1).transpose(1, 2)
        for tokens in (torch.from_numpy(one.features).float() for one in sequences)
    ]
    if not last_only:
        return [_by_batches(lane, windows) for windows in every]
    outputs: list[Tensor] = []
    for _, alike in groupby((windows[-1] for windows in every), len):  # of one length at once
        outputs += _by_batches(lane, torch.stack(list(alike))).split(1)
    return outputs


def _by_batches(lane: StreamClassifier, windows: Tensor) -> Tensor:
    return torch.cat([lane(some).softmax(-1) for some in windows.split(BATCH)])
