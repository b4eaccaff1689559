"""Data sets as models take them: sequences of tokens with a label each."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cla.datasets.clips import Clip, ClipSet
from cla.errors import ClaError
from cla.files import make_folder, write_file

Measure = Literal["accuracy", "average_precision"]


class TokenSequence(NamedTuple):
    """A recording as tokens.

    Shapes:
        features: (T, F)
        labels: (T,) int64
    """

    name: str
    features: NDArray[np.floating]
    labels: NDArray[np.int64]
    fold: int | None = None


@dataclass(frozen=True)
class TokenSet:
    """A data set of token sequences.

    Args:
        hop_s: media time between tokens.
        window: N that the data set is used with.
        measure: by which it is judged: clips named right, or each frame's classes ranked.
        background: label of frames on which nothing happens, which is not ranked.
        ignored: label of frames that do not count.
        variant: makes of a sequence what another person or sensor might have given, to train on.
    """

    name: str
    labels: tuple[str, ...]
    sequences: tuple[TokenSequence, ...]
    hop_s: float
    window: int
    measure: Measure = "accuracy"
    background: int | None = None
    ignored: int | None = None
    variant: Callable[[TokenSequence, np.random.Generator], TokenSequence] | None = None


@dataclass(frozen=True)
class Extractor:
    """What turns a recording into tokens.

    Args:
        embed: the features (T, F) of the recording at a path.
        clip_s: length of the clips it was chosen for; they are cut or filled up with silence.
    """

    name: str
    hop_s: float
    embed: Callable[[Path], NDArray[np.float32]]


def extract(
    clips: ClipSet,
    extractor: Extractor,
    cache: Path,
) -> TokenSet:
    """Tokens of every clip, computed once and kept in `cache` as .npy.

    Raises:
        ClaError: a clip cannot be read, or there is none.
    """
    if not clips.clips:
        raise ClaError("clips_missing", folder=clips.name)
    folder = cache / clips.name / extractor.name
    make_folder(folder)
    sequences = []
    for clip in clips.clips:
        features = _features(clip, extractor, folder)
        labels = np.full(len(features), clip.label, np.int64)
        sequences.append(TokenSequence(str(clip.path), features, labels, clip.fold))
    window = max(len(sequence.labels) for sequence in sequences)
    return TokenSet(
        clips.name,
        clips.labels,
        tuple(sequences),
        extractor.hop_s,
        window,
    )


def _features(clip: Clip, extractor: Extractor, folder: Path) -> NDArray[np.float16]:
    # A file that was changed is another one.
    stat = clip.path.stat()
    key = f"{clip.path.resolve()} {stat.st_size} {stat.st_mtime_ns}"
    path = folder / f"{sha256(key.encode()).hexdigest()[:24]}.npy"
    if path.exists():
        kept: NDArray[np.float16] = np.load(path, allow_pickle=False)
        return kept
    features = extractor.embed(clip.path).astype(np.float16)
    content = io.BytesIO()
    np.save(content, features)
    write_file(path, content.getvalue())
    return features
