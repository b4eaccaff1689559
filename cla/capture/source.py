"""What sources have in common: each is an iterator of chunks, and closed as a context manager."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Generic, Self, TypeVar

from cla.texts.sentence import Sentence
from cla.types import AudioChunk, VideoFrame

Chunk = TypeVar("Chunk")


class Source(ABC, Generic[Chunk]):
    """An open source of chunks, to be used once.

    Attributes:
        name: what it is called, safe to print.
        duration_s: how long it says that it is; None where it does not say, or is live.
        sample_rate_hz: of every chunk of sound.
        damaged_packets: packets so far that could not be decoded and were left out.
        notices: sentences so far on what is not as it should be, and what was made of it; a few
            at most.
    """

    name: str
    duration_s: float | None = None
    sample_rate_hz: int = 0
    damaged_packets: int = 0

    def __init__(self) -> None:
        self.notices: list[Sentence] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[Chunk]:
        return self

    @abstractmethod
    def __next__(self) -> Chunk: ...

    @abstractmethod
    def close(self) -> None:
        """Gives back what is open; may be called again. Iterating on raises StopIteration."""


class SoundSource(Source[AudioChunk]):
    """A source of sound."""


class VideoSource(Source[VideoFrame]):
    """A source of pictures.

    Attributes:
        joints: whether its pictures are drawn of joints, which they carry.
    """

    joints: bool = False
