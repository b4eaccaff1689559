"""Sequences split into those to train on and those to be judged by, and windows of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset, Sampler

from cla.datasets import TokenSequence, TokenSet
from cla.errors import ClaError
from cla.experiments.config import ExperimentConfig

TEST_SHARE = 0.1
NOT_COUNTED = -100
"""Label of tokens that no loss counts, as PyTorch has it."""


@dataclass(frozen=True)
class Split:
    """Sequences of a data set by what they are for."""

    train: tuple[TokenSequence, ...]
    test: tuple[TokenSequence, ...]


def split(data: TokenSet, config: ExperimentConfig) -> Split:
    """Split by the data set's own folds, or else draw a tenth of each class for the test.

    The validation share is drawn too, and left out.

    Raises:
        ClaError: the data set has no such fold, or a part would be empty.
    """
    rng = np.random.default_rng(config.data_seed)
    if all(sequence.fold is not None for sequence in data.sequences):
        folds = {sequence.fold for sequence in data.sequences}
        if config.fold not in folds:
            raise ClaError("fold_unknown", data=data.name, fold=config.fold, choices=folds)
        test = [one for one in data.sequences if one.fold == config.fold]
        rest = [one for one in data.sequences if one.fold != config.fold]
    else:
        rest, test = _parted(data.sequences, TEST_SHARE, rng)
    train, _ = _parted(rest, config.training.validation_share, rng)
    if not train or not test:
        raise ClaError("data_too_small_to_split", data=data.name, count=len(data.sequences))
    return Split(tuple(train), tuple(test))


def _parted(
    sequences: Sequence[TokenSequence], share: float, rng: np.random.Generator
) -> tuple[list[TokenSequence], list[TokenSequence]]:
    """Most of the sequences, and a share of those of each class (of the most frequent label)."""
    classes: dict[int, list[TokenSequence]] = {}
    for sequence in sequences:
        classes.setdefault(int(np.bincount(sequence.labels).argmax()), []).append(sequence)
    kept: list[TokenSequence] = []
    taken: list[TokenSequence] = []
    for _, members in sorted(classes.items()):
        order = rng.permutation(len(members))
        count = round(share * len(members))
        taken += [members[index] for index in order[:count]]
        kept += [members[index] for index in order[count:]]
    return kept, taken


def with_variants(parts: Split, data: TokenSet, config: ExperimentConfig) -> Split:
    """The training sequences and as many variants of each as the settings ask for, drawn.

    Raises:
        ClaError: the data set makes none.
    """
    if not config.training.variants:
        return parts
    if data.variant is None:
        raise ClaError("variants_missing", data=data.name)
    rng = np.random.default_rng((config.seed, config.fold))
    made = [data.variant(one, rng) for _ in range(config.training.variants) for one in parts.train]
    return replace(parts, train=(*parts.train, *made))


def class_weights(sequences: Sequence[TokenSequence], classes: int, balance: float) -> Tensor:
    """How much a token of each class counts, 1 on average over the tokens, (C,)."""
    labels = np.concatenate([sequence.labels for sequence in sequences])
    shares = np.bincount(labels, minlength=classes) / len(labels)
    weights = np.where(shares > 0, shares.clip(1e-9) ** -balance, 0.0)
    return torch.from_numpy(weights / (shares * weights).sum()).float()


def reduced(parts: Split, count: int) -> Split:
    """All parts by principal components of the training tokens, each scaled to unit variance."""
    from sklearn.decomposition import PCA

    analysis = PCA(count, svd_solver="covariance_eigh")
    analysis.fit(np.concatenate([one.features for one in parts.train]).astype(np.float32))
    scale = np.sqrt(analysis.explained_variance_) + 1e-3

    def reduce(sequences: Sequence[TokenSequence]) -> tuple[TokenSequence, ...]:
        return tuple(
            one._replace(features=analysis.transform(one.features.astype(np.float32)) / scale)
            for one in sequences
        )

    return Split(reduce(parts.train), reduce(parts.test))


class Windows(Dataset[tuple[Tensor, Tensor]]):
    """Windows of N tokens: one every `stride` tokens, each sequence's last one among them.

    Sequences shorter than N are filled up at their end with tokens that do not count.

    Shapes:
        item: features (N, F), labels (N,)
    """

    def __init__(
        self, sequences: Sequence[TokenSequence], window: int, stride: int, ignored: int | None
    ) -> None:
        self._sequences = sequences
        self._window = window
        self._ignored = ignored
        self._places = [
            (index, start)
            for index, sequence in enumerate(sequences)
            for start in range(max(0, len(sequence.labels) - window), -1, -stride)
        ]

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, place: int) -> tuple[Tensor, Tensor]:
        index, start = self._places[place]
        sequence = self._sequences[index]
        span = slice(start, start + self._window)
        features = torch.from_numpy(sequence.features[span].astype(np.float32))
        labels = torch.from_numpy(sequence.labels[span].copy())
        if self._ignored is not None:
            labels[labels == self._ignored] = NOT_COUNTED
        missing = self._window - len(labels)
        features = torch.nn.functional.pad(features, (0, 0, 0, missing))
        return features, torch.nn.functional.pad(labels, (0, missing), value=NOT_COUNTED)


class EpochSampler(Sampler[int]):
    """A new order in each epoch, the same one whenever that epoch is run again."""

    def __init__(self, count: int, seed: int) -> None:
        self._count = count
        self._seed = seed
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Called by the trainer."""
        self._epoch = epoch

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[int]:
        rng = np.random.default_rng((self._seed, self._epoch))
        return iter(rng.permutation(self._count).tolist())
