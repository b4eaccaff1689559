"""What ways of fitting landmarks earn, on streams of speakers that they were not fitted to.

FOLDER holds recordings of single digits, named DIGIT_SPEAKER_TAKE. Of each speaker's words, one
after the other with pauses, the first half is heard and the second is judged: how many tokens a
lane names as full attention does, and words found. Landmarks are those of the package, or centers
of k-means of other speakers' tokens, or of what was heard of this one.

Run: python benchmarks/landmark_fitting.py FOLDER
"""

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from cla.engine.comparison import MOST_HEARD
from cla.evaluation.audio_streams import Gaps, streams_of
from cla.evaluation.digits import SCORER
from cla.evaluation.lanes import FULL, probabilities
from cla.evaluation.recorded import single_digits
from cla.evaluation.scoring import EventScore
from cla.evaluation.streams import TokenStream
from cla.models import FixedLandmarks, LaneSpec, TaskModel, load_task
from cla.models.landmarks import fit_landmarks
from recipes.digits.dataset import embedded

COUNTS = (2, 4, 8, 16, 32)


class Way(NamedTuple):
    """How landmarks are fitted; without tokens they are those of the package."""

    name: str
    tokens: int | None = None
    others: bool = True
    pairs: bool = False


WAYS = (
    Way("of the package"),
    Way("others, apart, 1,000 tokens", 1_000),
    Way("others, apart, 3,000", 3_000),
    Way("others, apart, 12,000", 12_000),
    Way("others, pairs, 12,000", 12_000, pairs=True),
    Way("heard, apart, 300", 300, others=False),
    Way("heard, apart, 1,000", 1_000, others=False),
    Way("heard, apart, 3,000", MOST_HEARD, others=False),
    Way("heard, pairs, 3,000", MOST_HEARD, others=False, pairs=True),
)
Features = Sequence[NDArray[np.floating]]
Fitted = Mapping[int, Sequence[FixedLandmarks]]


class Half(NamedTuple):
    """What was heard of a speaker, and what is judged."""

    heard: list[TokenStream]
    judged: list[TokenStream]


def features(streams: Sequence[TokenStream]) -> list[NDArray[np.float32]]:
    return [one.features.astype(np.float32) for one in streams]


def fitted_to(task: TaskModel, way: Way, others: Features, own: Features) -> Fitted:
    """Landmarks by a way of fitting them, from others' tokens or what was heard of this speaker."""
    if way.tokens is None:
        return task.landmarks
    given = others if way.others else [np.concatenate(own)[-way.tokens :]]
    return fit_landmarks(task.classifier, given, 0, way.tokens, COUNTS, pairs=way.pairs)


def judged(
    task: TaskModel, lane: LaneSpec, halves: Sequence[Half], fitted: Sequence[Fitted]
) -> str:
    """Percent of tokens named as by full attention, and of words found, over all speakers."""
    same, found = [], []
    for half, landmarks in zip(halves, fitted, strict=True):
        streams = features(half.judged)
        full = probabilities(task.lane(FULL), streams)
        said = probabilities(replace(task, landmarks=landmarks).lane(lane), streams)
        same += [a.argmax(-1) == b.argmax(-1) for a, b in zip(full, said, strict=True)]
        found.append(SCORER.score(said, half.judged, task.event_config))
    heard = 100 * sum(found, EventScore()).recall
    return f"{100 * np.concatenate(same).mean():.1f}, {heard:.1f}"


def main() -> None:
    """Print the table."""
    torch.set_num_threads(1)
    task = load_task("digits")
    clips = single_digits(Path(sys.argv[1]))
    halves = []
    for name in sorted({clip.voice for clip in clips}):
        own = [clip for clip in clips if clip.voice == name]
        streams = [embedded(one) for one in streams_of(own, Gaps(), 0)]
        halves.append(Half(streams[: len(streams) // 2], streams[len(streams) // 2 :]))
    tokens = [sum(len(one.features) for one in half.heard) for half in halves]
    print(f"heard of each speaker: {tokens} tokens; words: full attention finds "
          f"{judged(task, FULL, halves, [task.landmarks] * len(halves))}")  # fmt: skip
    print("| landmarks | " + " | ".join(f"M = {count}" for count in COUNTS) + " | s |")
    print("|---|" + "---:|" * (len(COUNTS) + 1))
    for way in WAYS:
        began_s = time.process_time()
        fitted = []
        for half in halves:
            others = [one for other in halves if other is not half for one in other.heard]
            fitted.append(fitted_to(task, way, features(others), features(half.heard)))
        took_s = (time.process_time() - began_s) / len(halves)
        cells = [judged(task, LaneSpec("continual_nystrom", m), halves, fitted) for m in COUNTS]
        print(f"| {way.name} | {' | '.join(cells)} | {took_s:.1f} |", flush=True)
    own_segments = [
        judged(task, LaneSpec("continual_nystrom", m, "continual"), halves, [{}] * len(halves))
        for m in COUNTS
    ]
    print(f"| continual: means of segments | {' | '.join(own_segments)} | |")


if __name__ == "__main__":
    main()
