"""Plain values that pass between the layers."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:  # the process that decodes uploads starts in a tenth of the time without it
    import torch

InputKind = Literal["sound", "video"]


class AudioChunk(NamedTuple):
    """Mono samples as they left a source.

    Shapes:
        samples: (S,) float32 in [-1, 1].
    """

    samples: NDArray[np.float32]
    sample_rate_hz: int
    start_s: float


class VideoFrame(NamedTuple):
    """One picture as it left a source, upright, at the media time at which it was taken.

    Shapes:
        image: (height, width, 3) uint8, RGB.
        joints: (6, 3), of a body, where a recording of them was drawn: see `cla.features.body`.
    """

    image: NDArray[np.uint8]
    time_s: float
    joints: NDArray[np.float64] | None = None


class EncodedFrame(NamedTuple):
    """One picture as a browser sends it: a JPEG that has not been checked yet."""

    jpeg: bytes
    time_s: float


@dataclass(frozen=True, slots=True)
class Token:
    """One feature vector of a stream; `time_s` is the media time of the last input it rests on.

    Shapes:
        features: (F,) float32.
    """

    index: int
    time_s: float
    features: "torch.Tensor"


class Event(NamedTuple):
    """One label recognized once, at the media time at which it was decided."""

    label: str
    time_s: float
    probability: float


@dataclass(frozen=True, eq=False)
class Correction:
    """Tokens in a row that somebody says are an example of a label, and what was heard with them.

    Args:
        task: name of the task that misunderstood them.
        stream: tells apart what was heard in one go.
        label: its place among the task's labels.
        token: index in the stream of the last of these tokens.
        tokens: how many they are.
        newest: index in the stream of the last token of `features`.

    Shapes:
        features: (T, F) float32
    """

    task: str
    stream: int
    label: int
    token: int
    tokens: int
    newest: int
    features: NDArray[np.float32]

    @property
    def first(self) -> int:
        """Index in the stream of the first token of `features`."""
        return self.newest + 1 - len(self.features)
