"""Labeled recordings in a folder: single digits by their names, or streams by a table."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from cla.datasets import SAMPLE_RATE_HZ, find_audio, load_audio
from cla.errors import ClaError
from cla.evaluation.audio_streams import AudioStream, Clip, Gaps, streams_of, trimmed_clip
from cla.evaluation.digits import DIGITS
from cla.evaluation.streams import Occurrence

NAME = re.compile(r"(\d)(?:_([^_]+))?(?:_.*)?")
"""DIGIT, DIGIT_SPEAKER or DIGIT_SPEAKER_TAKE, as the Free Spoken Digit Dataset names them."""
TAKE = re.compile(r"_(\d+)$")
WORD_S = 0.6
"""A word lasts so long where a table does not say when it ends."""


def single_digits(folder: Path, takes: range | None = None) -> list[Clip]:
    """The recordings of single digits below a folder, as clips whose voice is the speaker.

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
        raise ClaError("labeled_recordings_missing", folder=folder)
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
        raise ClaError("labels_table_unreadable", table=table, reason=repr(error)[:100]) from error
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
