"""Class probabilities of recordings and of their windows, and what a run is judged by."""

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import f1_score, precision_recall_curve
from torch import Tensor

from cla.datasets import TokenSequence
from cla.models import StreamClassifier

BATCH = 128


SETTLED_S = 1.0
"""Media time from which on the tokens of a clip count."""


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


class ClipScore(NamedTuple):
    """Shares in percent."""

    clips: float
    tokens: float


def clip_score(
    outputs: Sequence[Tensor], labels: Sequence[NDArray[np.int64]], hop_s: float
) -> ClipScore:
    """Accuracies of clips of one class each.

    Shapes:
        outputs: (T, C) of each clip
        labels: (T,) of each clip
    """
    first = round(SETTLED_S / hop_s)
    settled = [output[first:] for output in outputs], [one[first:] for one in labels]
    return ClipScore(last_right(outputs, labels), _right(*settled))


def last_right(outputs: Sequence[Tensor], labels: Sequence[NDArray[np.int64]]) -> float:
    """Percent of clips named right by their last token."""
    return _right([output[-1:] for output in outputs], [one[-1:] for one in labels])


def _right(outputs: Sequence[Tensor], labels: Sequence[NDArray[np.int64]]) -> float:
    named = torch.cat(list(outputs)).argmax(-1).numpy()
    return 100 * float((named == np.concatenate(list(labels))).mean())


class FrameScore(NamedTuple):
    """Means over the classes that occur, in percent.

    Args:
        average_precision: per-frame mean average precision (mAP).
        calibrated: the same with false positives weighted so that each class is as frequent as
            all others together (mcAP).
        f1: of the classes that frames are named (macro F1).
    """

    average_precision: float
    calibrated: float
    f1: float


def frame_score(
    outputs: Sequence[Tensor],
    labels: Sequence[NDArray[np.int64]],
    background: int | None,
    ignored: int | None,
) -> FrameScore:
    """How well frames are ranked by each class, and named.

    Shapes:
        outputs: class probabilities (T, C) of each recording
        labels: (T,) of each recording

    Source: De Geest et al., "Online Action Detection" (arXiv 1604.06506), for the calibration.
    """
    probabilities = torch.cat(list(outputs)).numpy()
    wanted = np.concatenate(list(labels))
    if ignored is not None:
        probabilities, wanted = probabilities[wanted != ignored], wanted[wanted != ignored]
    ranked = [one for one in np.unique(wanted).tolist() if one not in (background, ignored)]
    plain, calibrated = [], []
    for label in ranked:
        hits = wanted == label
        precision, recall, _ = precision_recall_curve(hits, probabilities[:, label])
        plain.append(_area(precision, recall))
        # precision = TP / (TP + FP), so FP / TP = 1 / precision - 1; calibrated: FP / ratio.
        ratio = max(float((~hits).sum() / hits.sum()), 1e-12)
        false_to_true = 1 / precision.clip(1e-12) - 1
        calibrated.append(_area(1 / (1 + false_to_true / ratio), recall))
    named = probabilities.argmax(-1)
    f1 = f1_score(wanted, named, labels=ranked, average="macro", zero_division=0)
    return FrameScore(*(100 * float(mean) for mean in (np.mean(plain), np.mean(calibrated), f1)))


def _area(precision: NDArray[np.floating], recall: NDArray[np.floating]) -> float:
    """Average precision: each rise of recall weighted with the precision there."""
    return float(-np.diff(recall) @ precision[:-1])
