"""What is taught: two to eight classes, and how clips of each become tokens."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from cla.capture import SoundSource, VideoSource
from cla.errors import ClaError
from cla.features import FrontEnd, ImageFrontEnd, SoundFrontEnd
from cla.texts.sentence import Sentence
from cla.types import AudioChunk, Token

FEWEST_CLASSES, MOST_CLASSES = 2, 8
MIN_CLASS_S, GOOD_CLASS_S, MAX_CLASS_S = 4.0, 10.0, 60.0
"""A class needs so much, should have so much, and is given no more."""
MAX_NAME = 30
NOTHING = "none"
"""The first label of every task: nothing, or something else."""


QUIET_DB = 25.0
"""Sound this far below the loud parts of its clip holds nothing of its class."""
SILENT_DB = -70.0
"""Nor does any sound below this level, relative to full scale."""
HELD_TOKENS = 5
"""Tokens still hold the sound of this many tokens ago: features look back 0.8 s."""


@dataclass(frozen=True)
class TaughtClip:
    """A clip as tokens.

    Shapes:
        features: (T, F) float32
        quiet: (T,) bool, where the clip holds nothing of its class
    """

    features: NDArray[np.float32]
    quiet: NDArray[np.bool_]


@dataclass(frozen=True)
class TaughtClass:
    """A class and its clips."""

    name: str
    clips: tuple[TaughtClip, ...] = ()

    @property
    def tokens(self) -> int:
        """Tokens that hold something of the class."""
        return sum(int((~clip.quiet).sum()) for clip in self.clips)


@dataclass(frozen=True)
class Material:
    """Everything that is taught.

    Args:
        features: name of the front end that made the tokens.
        background: clips in which nothing of the classes is heard or seen; may be empty.

    Raises:
        ClaError: the classes are too few, too many, or named badly.
    """

    features: str
    classes: tuple[TaughtClass, ...]
    background: tuple[TaughtClip, ...] = ()

    def __post_init__(self) -> None:
        check_names([each.name for each in self.classes])

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of the task that is taught."""
        return (NOTHING, *(each.name for each in self.classes))


def check_names(names: Sequence[str]) -> None:
    """Raise `ClaError` unless classes may be named so."""
    if not FEWEST_CLASSES <= len(names) <= MOST_CLASSES:
        raise ClaError(
            "classes_wrong_count", count=len(names), fewest=FEWEST_CLASSES, most=MOST_CLASSES
        )
    taken: set[str] = {NOTHING}
    for name in names:
        check_name(name)
        if name.casefold() in taken:
            if name.casefold() == NOTHING:
                raise ClaError("class_named_nothing", name=NOTHING)
            raise ClaError("class_named_twice", name=name)
        taken.add(name.casefold())


def check_name(name: str) -> None:
    """Raise `ClaError` unless a class may have this name."""
    if not 0 < len(name) <= MAX_NAME or not name.isprintable() or name != name.strip():
        raise ClaError("class_name_unfit", name=name[:MAX_NAME], most=MAX_NAME)


def read_taught_clip(
    front_end: FrontEnd,
    file: SoundSource | VideoSource,
    max_s: float = MAX_CLASS_S,
) -> TaughtClip:
    """The first `max_s` seconds of an open clip, as the tokens that a live stream of it would give.

    Raises:
        ClaError: it cannot be decoded, is shorter than a token, or of another medium.
    """
    match front_end, file:
        case SoundFrontEnd(), SoundSource():
            clip = _sound(front_end, file, max_s)
        case ImageFrontEnd(), VideoSource():
            clip = _pictures(front_end, file, max_s)
        case _:
            raise ClaError(
                "clip_of_another_medium",
                file=file.name,
                medium=Sentence(f"words.{front_end.input}"),
            )
    if not np.isfinite(clip.features).all():
        raise ClaError("features_not_finite", file=file.name)
    return clip


def quiet_tokens(levels_db: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Which tokens of a sound hold nothing of it, from the level of each hop.

    Shapes:
        levels_db: (T,), relative to full scale.
    """
    loud = levels_db > max(float(np.quantile(levels_db, 0.98)) - QUIET_DB, SILENT_DB)
    heard = loud.copy()
    for back in range(1, HELD_TOKENS + 1):
        heard[back:] |= loud[:-back]
    return ~heard


def _sound(front_end: SoundFrontEnd, audio: SoundSource, max_s: float) -> TaughtClip:
    tokenizer = front_end.open(audio.sample_rate_hz)
    tokens: list[Token] = []
    samples: list[NDArray[np.float32]] = []
    for chunk in _until(audio, max_s):
        tokens += tokenizer.push(chunk.samples)
        samples.append(chunk.samples)
    tokens += tokenizer.flush()
    features = _stacked(tokens, audio.name)
    hop = audio.sample_rate_hz * front_end.hop_s
    sound = np.square(np.concatenate(samples).astype(np.float64))
    edges = np.minimum((np.arange(len(tokens)) * hop).astype(int), len(sound) - 1)
    power = np.add.reduceat(sound, edges) / hop
    return TaughtClip(features, quiet_tokens(10 * np.log10(power + 1e-12)))


def _until(audio: Iterator[AudioChunk], end_s: float) -> Iterator[AudioChunk]:
    for chunk in audio:
        if chunk.start_s >= end_s:
            return
        yield chunk


def _pictures(front_end: ImageFrontEnd, video: VideoSource, max_s: float) -> TaughtClip:
    tokenizer = front_end.open()
    tokens: list[Token] = []
    for frame in video:
        if frame.time_s >= max_s:
            break
        tokens += tokenizer.push(frame)
    features = _stacked(tokens, video.name)
    # A token without a hand is all zeros; one of a picture never is.
    return TaughtClip(features, np.logical_not(features.any(-1)))


def _stacked(tokens: list[Token], name: str) -> NDArray[np.float32]:
    if not tokens:
        raise ClaError("clip_shorter_than_token", file=name)
    return torch.stack([token.features for token in tokens]).numpy()
