"""Corrections: what is learned of them, and that all else stays as it was."""

from dataclasses import replace

import numpy as np
import pytest

from cla.attention import LOW_RANK
from cla.capture import open_audio, sample_clips
from cla.errors import ClaError
from cla.evaluation.lanes import FULL, probabilities
from cla.models import LaneSpec, load_task, read_task_file, write_task_file
from cla.teaching import corrected, read_taught_clip
from cla.teaching.corrections import UNSURE, joined
from cla.types import Correction

NOBODY = UNSURE - 1


def correction(token, label=1, tokens=3, newest=29, heard=20, stream=1):
    rows = np.arange(newest + 1 - heard, newest + 1, dtype=np.float32)[:, None]
    return Correction("digits", stream, label, token, tokens, newest, rows)


def test_what_was_heard_with_several_corrections_is_there_once():
    given = [correction(20), correction(45, label=2, newest=49, heard=30), correction(9, stream=2)]
    first, second = joined(given[::-1])
    assert first.features[:, 0].tolist() == list(range(10, 50))
    assert first.labels[8:11].tolist() == [1, 1, 1]
    assert first.labels[33:36].tolist() == [2, 2, 2]
    assert set(first.labels[[2, 7, 11, 16, 27, 32, 36]]) == {UNSURE}
    assert set(first.labels[[0, 1, 17, 26]]) == {NOBODY}
    assert len(second.features) == 20


def test_what_lies_apart_is_not_joined_and_the_newest_word_counts():
    apart = joined([correction(20), correction(80, newest=89)])
    assert [len(each.features) for each in apart] == [20, 20]
    (one,) = joined([correction(20, label=1), correction(21, label=3)])
    assert one.labels[8:12].tolist() == [1, 3, 3, 3]


@pytest.fixture(scope="module")
def heard():
    """The tokens of a count from zero to nine."""
    task = load_task()
    return read_taught_clip(task.front_end, open_audio(sample_clips()[0].path)).features


def test_what_is_corrected_is_learned_by_every_lane_and_nothing_else_changes(heard):
    task = load_task()
    five = task.labels.index("five")
    said = probabilities(task.lane(FULL), [heard])[0].argmax(-1)
    threes = np.flatnonzero(said == task.labels.index("three"))
    token = int(threes[-1])
    given = Correction("digits", 1, five, token, len(threes), len(heard) - 1, heard)
    learned = corrected(task, [given])
    for lane in (FULL, LaneSpec(LOW_RANK, 16), LaneSpec(LOW_RANK, 16, "continual")):
        before, after = (
            probabilities(each.lane(lane), [heard])[0].argmax(-1) for each in (task, learned)
        )
        assert (after[threes] == five).mean() > 0.8
        others = np.setdiff1d(np.arange(len(heard)), np.arange(threes[0] - 6, token + 7))
        assert (after[others] == before[others]).mean() > 0.97
    assert np.array_equal(probabilities(task.lane(FULL), [heard])[0].argmax(-1), said)
    again = read_task_file(write_task_file(replace(learned, name="mine")))
    assert again.card["corrections"] == 1


def test_what_fits_no_task_is_refused(heard):
    for given in ([], [correction(20)], [Correction("digits", 1, 99, 20, 3, 29, heard[:30])]):
        with pytest.raises(ClaError, match="no corrections that fit"):
            corrected(load_task(), given)
