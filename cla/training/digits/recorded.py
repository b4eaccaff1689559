"""Labeled recordings in a folder: single digits by their names, or streams by a table."""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cla.datasets import SAMPLE_RATE_HZ, find_audio, load_audio
from cla.errors import ClaError
from cla.training.digits.bank import Clip, trimmed_clip
from cla.training.digits.teststreams import AudioStream, with_gaps
from cla.training.digits.vocabulary import DIGITS
from cla.training.scoring import Occurrence

NAME = re.compile(r"(\d)(?:_([^_]+))?(?:_.*)?")
"""DIGIT, DIGIT_SPEAKER or DIGIT_SPEAKER_TAKE, as the Free Spoken Digit Dataset names them."""
TAKE = re.compile(r"_(\d+)$")
WORD_S = 0.6
"""A word lasts so long where a table does not say when it ends."""
REMEDY = "Name recordings DIGIT_*.wav, or give a CSV of file, digit, start_s and, if known, end_s."


@dataclass(frozen=True)
class Gaps:
    """How words are put one after the other.

    Args:
        between_s: shortest and longest silence between two words.
        run: words in a run, within which the silence is `within_s`.
        words: words in a stream.
    """

    between_s: tuple[float, float] = (0.4, 1.4)
    run: int = 1
    within_s: tuple[float, float] = (0.03, 0.2)
    words: int = 30


def single_digits(folder: Path, takes: range | None = None) -> list[Clip]:
    """The recordings of single digits below a folder, as clips whose voice is the speaker.

    Args:
        takes: those of these numbers alone.

    Raises:
        ClaError: one cannot be read.
    """
    clips = []
    for path in find_audio(folder):
        named, take = NAME.fullmatch(path.stem), TAKE.search(path.stem)
        if named is None or (takes is not None and (not take or int(take[1]) not in takes)):
            continue
        label = int(named[1]) + 1
        voice = named[2] or folder.name
        clips.append(
            trimmed_clip(load_audio(path), label=label, word=DIGITS[label - 1], voice=voice)
        )
    return clips


def streams_of(clips: Sequence[Clip], gaps: Gaps, seed: int) -> Iterator[AudioStream]:
    """All clips in random order, speaker by speaker, in streams with silence between them."""
    rng = np.random.default_rng(seed)
    for voice in sorted({clip.voice for clip in clips}):
        spoken = [clip for clip in clips if clip.voice == voice]
        order = rng.permutation(len(spoken))
        for first in range(0, len(order), gaps.words):
            group = [spoken[index] for index in order[first : first + gaps.words]]
            lengths = [
                float(rng.uniform(*(gaps.within_s if place % gaps.run else gaps.between_s)))
                for place in range(len(group))
            ]
            yield with_gaps(group, lengths)


def labeled_streams(folder: Path, gaps: Gaps, seed: int = 0) -> list[AudioStream]:
    """What a folder of recordings holds: its tables' streams, or single digits with gaps.

    Raises:
        ClaError: nothing in it is labeled, or a file or a table cannot be read.
    """
    tables = sorted(folder.glob("*.csv"))
    if tables:
        found = [stream for table in tables for stream in _of_table(table)]
    else:
        found = list(streams_of(single_digits(folder), gaps, seed))
    if not found:
        raise ClaError(f"{folder} holds no labeled recording.", REMEDY)
    return found


def _of_table(table: Path) -> Iterator[AudioStream]:
    words: dict[str, list[Occurrence]] = {}
    try:
        with table.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                start_s = float(row["start_s"])
                end_s = float(row.get("end_s") or start_s + WORD_S)
                label = _label(row["digit"])
                words.setdefault(row["file"], []).append(Occurrence(label, start_s, end_s))
    except (OSError, KeyError, ValueError, TypeError, csv.Error) as error:
        raise ClaError(f"{table} cannot be read: {error!r:.100}.", REMEDY) from error
    for name, spoken in words.items():
        samples = load_audio(table.parent / name)
        tail = np.zeros(round(1.5 * SAMPLE_RATE_HZ), np.float32)  # for the last word's event
        yield AudioStream(np.concatenate((samples, tail)), tuple(spoken))


def _label(text: str) -> int:
    """Class of a digit by its figure or its word; of other words `none`."""
    spoken = text.strip().lower()
    if spoken.isdigit() and len(spoken) == 1:
        return int(spoken) + 1
    return DIGITS.index(spoken) + 1 if spoken in DIGITS else 0
