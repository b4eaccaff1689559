"""Five corrections of a digit that is missed: how much of it is heard then, and of all else.

Run: PYTHONPATH=. python benchmarks/corrections.py FOLDER WEIGHTS

FOLDER holds recordings of single digits, named DIGIT_SPEAKER_TAKE; WEIGHTS those of a task that
none of these speakers was heard by. Of each speaker's words one half is said first: the first five
times that a digit is missed it is corrected. The other half, of all speakers, is what is judged.
"""

import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from cla.engine import CORRECTION_TOKENS
from cla.evaluation.audio_streams import Gaps, streams_of
from cla.evaluation.digits import DIGITS, JUDGED_LANES, LABELS, SCORER
from cla.evaluation.lanes import probabilities, row_name
from cla.evaluation.recorded import single_digits
from cla.evaluation.streams import TokenStream
from cla.models import LaneSpec, Span, TaskModel, match_events, read_task
from cla.models.events import Matches
from cla.teaching import corrected
from cla.types import Correction
from recipes.digits.dataset import embedded

CORRECTIONS = 5
MISSED = 0.6
"""Digits of which less is found are corrected."""
LATE_TOKENS, TOKENS = 6, 7
"""Tokens after a word's end up to which its stretch reaches, and how many those are."""
CLICK_S = 0.1
"""A visitor sees a word's end no more exactly than that."""


class Words(NamedTuple):
    """Words that were said, by label: all, and those that were found; and wrong events."""

    said: Counter[str]
    found: Counter[str]
    wrong: int

    def share(self, labels: Sequence[str]) -> float:
        """Of these words, those found, in percent."""
        return 100 * sum(self.found[one] for one in labels) / sum(self.said[one] for one in labels)


def matches(task: TaskModel, lane: LaneSpec, streams: Sequence[TokenStream]) -> Iterator[Matches]:
    """What a lane finds in each stream."""
    outputs = probabilities(task.lane(lane), [stream.features for stream in streams])
    for said, stream in zip(outputs, streams, strict=True):
        words = [Span(LABELS[one.label], one.onset_s, one.end_s) for one in stream.occurrences]
        yield match_events(SCORER.detect(said, task.event_config), words)


def words(task: TaskModel, lane: LaneSpec, streams: Sequence[TokenStream]) -> Words:
    """What a lane finds in some streams."""
    found = list(matches(task, lane, streams))
    heard = Counter(word.label for one in found for word in one.found)
    missed = Counter(word.label for one in found for word in one.missed)
    return Words(heard + missed, heard, sum(len(one.false_events) for one in found))


def corrections(task: TaskModel, streams: Sequence[TokenStream], label: str) -> list[Correction]:
    """The first misses of a digit, as a visitor would mark them."""
    found: list[Correction] = []
    rng = np.random.default_rng(0)
    for place, (stream, match) in enumerate(
        zip(streams, matches(task, JUDGED_LANES[0], streams), strict=True)
    ):
        for word in match.missed:
            if word.label != label or len(found) == CORRECTIONS:
                continue
            seen = word.end_s + rng.uniform(-CLICK_S, CLICK_S)
            end = min(round(seen / task.hop_s) + LATE_TOKENS, len(stream.features) - 1)
            heard = stream.features[: end + 1][-CORRECTION_TOKENS:].astype(np.float32)
            found.append(Correction(task.name, place, LABELS.index(label), end, TOKENS, end, heard))
    return found


def main() -> None:
    """Correct every digit that is missed, and print what came of it."""
    folder, weights = map(Path, sys.argv[1:3])
    torch.set_num_threads(1)
    task = read_task(weights)
    clips = single_digits(folder)
    speakers = sorted({clip.voice for clip in clips})
    streams = {
        name: [
            embedded(one)
            for one in streams_of([clip for clip in clips if clip.voice == name], Gaps(), 0)
        ]
        for name in speakers
    }
    first = {name: own[: len(own) // 2] for name, own in streams.items()}
    judged = {name: own[len(own) // 2 :] for name, own in streams.items()}
    everybody = [stream for own in judged.values() for stream in own]
    for name in speakers:
        whole = words(task, JUDGED_LANES[0], streams[name])
        for label in DIGITS:
            if whole.share([label]) >= 100 * MISSED:
                continue
            given = corrections(task, first[name], label)
            began_s = time.process_time()
            taught = corrected(task, given)
            took_s = time.process_time() - began_s
            print(f"{name}, {label}: {len(given)} corrections, {took_s:.1f} s")
            for lane in JUDGED_LANES:
                rows = []
                for each in (task, taught):
                    own, every = words(each, lane, judged[name]), words(each, lane, everybody)
                    other = every.said - Counter({label: own.said[label]})
                    heard = every.found - Counter({label: own.found[label]})
                    share = 100 * heard.total() / other.total()
                    rest = f"{share:.1f} % of {other.total()} others, {every.wrong} wrong"
                    rows.append(f"{own.share([label]):.0f} % of it, {rest}")
                print(f"  {row_name(lane)}: {' -> '.join(rows)}", flush=True)


if __name__ == "__main__":
    main()
