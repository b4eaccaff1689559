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
    window, length = config.window, tokens.shape[1]
    filling = range(1, min(window, length) + 1)
    logits = [lane(tokens[:, :end], tokens_seen=end) for end in filling]
    if length <= window:
        return torch.stack(logits, 1)
    if not lags(lane):
        return torch.cat([torch.stack(logits, 1), _full_windows(lane, tokens)], 1)
    state = lane.state_from_window(tokens[:, :window])
    # The scan of such a stack holds more than steps do, and takes longer.
    logits += [lane.step(token, state).output for token in tokens[:, window:].unbind(1)]
    return torch.stack(logits, 1)


def _full_windows(lane: StreamClassifier, tokens: Tensor) -> Tensor:
    """Logits (B, T - N, C) of every whole window of streams but the first, many at once."""
    size, period = lane.config.window, lane.config.position_period
    windows = tokens.unfold(1, size, 1).transpose(2, 3)[:, 1:]  # (B, T - N, N, F)
    starts = torch.arange(1, 1 + windows.shape[1]).expand(len(tokens), -1) % period
    pairs = zip(windows.flatten(0, 1).split(BATCH), starts.flatten().split(BATCH), strict=True)
    logits: list[Tensor] = [lane.head(lane.encoder(lane.embed(*pair))) for pair in pairs]
    joined: Tensor = torch.cat(logits).unflatten(0, windows.shape[:2])
    return joined


def lags(lane: StreamClassifier) -> bool:
    """Whether any landmarks of a lane are those of earlier windows, as continual ones are."""
    return any(one.receptive_field > one.config.window for one in lane.attentions)


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
