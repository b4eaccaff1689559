"""Which landmarks serve at which time: fixed ones, those of a stream, those of every window."""

from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from cla.attention.config import AttentionConfig
from cla.attention.cuts import Cuts, segments
from cla.attention.landmarks import Landmarks, make_landmarks, segment_means
from cla.attention.timeline import Timeline


class Serving(NamedTuple):
    """Landmarks, and which M of them serve each token of a chunk.

    Shapes:
        queries, keys: (B, H, I, D)
        rows: (S, M) int64, the landmarks of each span of tokens
        lengths: (S,) int64, tokens of each span; they sum to the chunk's
        gamma_inv: (B, H, S, M, M)
    """

    queries: Tensor
    keys: Tensor
    rows: Tensor
    lengths: Tensor
    gamma_inv: Tensor

    @property
    def spans(self) -> Tensor:
        """The span of each token, (C,)."""
        return torch.repeat_interleave(self.lengths)

    def each_token(self) -> Landmarks:
        """The landmarks of every token, (B, H, C, M, ...)."""
        spans = self.spans
        pair = _taken(self.queries, self.keys, self.rows[spans])
        return Landmarks(*pair, self.gamma_inv.index_select(2, spans))


class ServingAt(Protocol):
    """The landmarks that serve the new tokens from `start` to before `stop`."""

    inverses: int
    """How many matrices each head inverts for all new tokens, about."""

    def __call__(self, start: int, stop: int) -> Serving: ...


class FixedLandmarks:
    """The same at all times."""

    inverses = 0

    def __init__(self, landmarks: Landmarks) -> None:
        self._landmarks = landmarks

    def __call__(self, start: int, stop: int) -> Serving:
        queries, keys, gamma_inv = self._landmarks
        rows = torch.arange(keys.shape[2], device=keys.device)[None]
        lengths = torch.tensor([stop - start], device=keys.device)
        return Serving(queries, keys, rows, lengths, gamma_inv[:, :, None])


class WindowLandmarks:
    """The segment means of each window; windows that overlap share most of them."""

    def __init__(self, timeline: Timeline, config: AttentionConfig) -> None:
        self._timeline, self._config = timeline, config
        self.inverses = timeline.new

    def __call__(self, start: int, stop: int) -> Serving:
        cuts = segments(self._config.window, self._config.landmarks)
        tokens, _ = self._timeline.span(start, stop)
        length, device = stop - start, tokens.keys.device
        first = torch.tensor(cuts.starts, device=device)
        if cuts.longer_count:  # the means of shorter segments lie behind those of all longer ones
            first[cuts.longer_count :] += length - cuts.shorter - 1
        rows = torch.arange(length, device=device)[:, None] + first
        queries, keys = (_means(part, length, cuts) for part in (tokens.queries, tokens.keys))
        return _served(queries, keys, rows, torch.ones_like(rows[:, 0]), self._config)


def _means(tokens: Tensor, length: int, cuts: Cuts) -> Tensor:
    """The means of the longer segments of `length` windows, then those of the shorter ones."""
    long, short, longer = cuts.shorter + 1, cuts.shorter, cuts.longer_count
    parts = [tokens[:, :, longer * long :].unfold(2, short, 1)]
    if longer:
        parts.insert(0, tokens[:, :, : length - 1 + longer * long].unfold(2, long, 1))
    return torch.cat([part.mean(-1) for part in parts], 2)


class StreamLandmarks:
    """Landmarks that enter at the ticks of a stream, each for N tokens.

    Args:
        initial: those in use before, by their segments; those of the first full window, if None.
        slot: ring place of the first new token.
        first: the first new token that they serve.

    Shapes:
        initial: query and key landmarks, (B, H, M, D)
    """

    def __init__(
        self,
        timeline: Timeline,
        initial: tuple[Tensor, Tensor] | None,
        slot: int,
        first: int,
        config: AttentionConfig,
    ) -> None:
        self._config, window = config, config.window
        cuts, device = segments(window, config.landmarks), timeline.tokens.keys.device
        place = (slot + torch.arange(timeline.new, device=device)) % window
        part, _ = cuts.locate(place)
        ticks = cuts.start(part) + cuts.length(part) == place + 1
        self._last = (int(part[-1]) + int(ticks[-1])) % cuts.count
        pair = timeline.tokens.queries, timeline.tokens.keys
        if initial is None:
            window_of_first = slice(first + 1, first + 1 + window)
            oldest = [segment_means(each[:, :, window_of_first], cuts.count) for each in pair]
            ticks[: first + 1] = False
        else:
            oldest = [torch.roll(each, -int(part[0]), 2) for each in initial]
        self._entered = ticks.cumsum(0)
        lengths = cuts.length(part[ticks])
        self.inverses = len(lengths) + 1
        last = window + int(ticks.nonzero()[-1]) if len(lengths) else 0
        begin = last + 1 - int(lengths.sum())
        owner = torch.repeat_interleave(lengths)
        self._pair = []
        for landmarks, tokens in zip(oldest, pair, strict=True):
            sums = tokens.new_zeros(*tokens.shape[:2], len(lengths), tokens.shape[3])
            sums = sums.index_add(2, owner, tokens[:, :, begin : begin + len(owner)])
            self._pair.append(torch.cat([landmarks, sums / lengths[:, None]], 2))

    def __call__(self, start: int, stop: int) -> Serving:
        entered = self._entered[start:stop]
        first, last = int(entered[0]), int(entered[-1])
        lengths = torch.bincount(entered - first)
        landmarks = self._config.landmarks
        rows = torch.arange(len(lengths), device=lengths.device)[:, None] + torch.arange(
            landmarks, device=lengths.device
        )
        queries, keys = (part[:, :, first : last + landmarks] for part in self._pair)
        return _served(queries, keys, rows, lengths, self._config)

    def newest(self) -> Landmarks:
        """Those in use after the last token, by their segments."""
        landmarks = self._config.landmarks
        queries, keys = (torch.roll(part[:, :, -landmarks:], self._last, 2) for part in self._pair)
        return make_landmarks(queries, keys, self._config.pseudo_inverse)


def _served(
    queries: Tensor, keys: Tensor, rows: Tensor, lengths: Tensor, config: AttentionConfig
) -> Serving:
    landmarks = make_landmarks(*_taken(queries, keys, rows), config.pseudo_inverse)
    return Serving(queries, keys, rows, lengths, landmarks.gamma_inv)


def _taken(queries: Tensor, keys: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
    """Landmarks by their rows, (B, H, I, D) to (B, H, S, M, D)."""
    shape, rows = rows.shape, rows.flatten()
    return queries.index_select(2, rows).unflatten(2, shape), keys.index_select(2, rows).unflatten(
        2, shape
    )
