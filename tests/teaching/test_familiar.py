"""What taught classes sound like: unknown input is none of them, in lanes, scans and files."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny_tasks import tiny_sound_task

from cla.engine import ClipTokens, Comparison, scan_lane
from cla.errors import ClaError
from cla.models import Known, KnownClass, LaneSpec, ScoredClass, read_task_file, write_task_file
from cla.models.known import MAX_EXAMPLES, TOKENS, averaged, unit
from cla.teaching.familiar import known_classes
from cla.teaching.stretches import Stretch
from cla.types import Token

FEATURES = 96


def tokens_about(center, count=40, seed=0, spread=0.2):
    place = np.random.default_rng(center).standard_normal(FEATURES)
    noise = np.random.default_rng(seed).standard_normal((count, FEATURES))
    return (place + spread * noise).astype(np.float32)


def clips_of(center, label, count=4):
    return [
        Stretch(tokens_about(center, seed=10 * center + one), np.full(40, label))
        for one in range(count)
    ]


@pytest.fixture(scope="module")
def known():
    return known_classes([clips_of(9, 0), clips_of(1, 1), clips_of(2, 2)])


def test_classes_are_known_and_others_are_strange(known):
    assert set(known.classes) == {1, 2}
    for recent, strange in (
        (tokens_about(1, seed=99), [2]),
        (tokens_about(2, seed=99), [1]),
        (tokens_about(5), [1, 2]),
        (np.zeros((3, FEATURES), np.float32), [1, 2]),
        (np.full((3, FEATURES), np.nan, np.float32), [1, 2]),
    ):
        held = known.held_against(np.full(3, 0.25, np.float32), recent)
        assert np.flatnonzero(held == 0).tolist() == strange


def test_most_tokens_of_each_clip_are_known_by_the_others(known):
    for label in (1, 2):
        one = known.classes[label]
        assert one.examples.shape == (MAX_EXAMPLES, FEATURES)
        assert np.linalg.norm(one.examples, axis=1) == pytest.approx(1, abs=1e-5)
        new = unit(averaged(tokens_about(label, 400, seed=77)))
        assert ((new @ one.examples.T).max(1) >= one.least).mean() > 0.85


def test_few_or_quiet_clips_are_not_judged_by():
    quiet = [Stretch(one.features, np.zeros(40, int)) for one in clips_of(2, 2)]
    few = [[], clips_of(1, 1, count=3), quiet]
    assert not known_classes(few)
    assert set(known_classes(few, wanted={1, 2}).classes) == {1}


def test_a_strange_class_is_nothing(known):
    probabilities = np.array([0.1, 0.7, 0.2], np.float32)
    recent = tokens_about(2)
    assert known.held_against(probabilities, recent) == pytest.approx([0.8, 0.0, 0.2])
    assert probabilities[1] == np.float32(0.7)
    assert known.held_against(probabilities, tokens_about(5)) == pytest.approx([1, 0, 0])
    np.testing.assert_array_equal(Known().held_against(probabilities, recent), probabilities)


def test_lanes_and_scans_hold_tokens_against_the_same_examples(known):
    plain = tiny_sound_task()
    task = replace(plain, known=known)
    features = torch.from_numpy(np.concatenate([tokens_about(1), tokens_about(5), tokens_about(2)]))
    tokens = tuple(Token(i, i * 0.08, row) for i, row in enumerate(features))
    clip = ClipTokens(np.zeros(0, np.float32), tokens, ())
    lane, free = (Comparison(one, [LaneSpec("full")]) for one in (task, plain))
    scan = scan_lane(task, LaneSpec("full"), clip)
    for token, scanned in zip(tokens, scan.probabilities, strict=True):
        stepped, before = (one.step(token).lanes[0].probabilities for one in (lane, free))
        assert stepped == pytest.approx(scanned, abs=1e-5)
        recent = features[max(0, token.index + 1 - TOKENS) : token.index + 1].numpy()
        assert stepped == pytest.approx(known.held_against(before, recent), abs=1e-6)
    assert lane.step(tokens[60]).lanes[0].label == "none"


def test_known_classes_come_back_from_a_file_and_hostile_ones_are_refused(known):
    task = replace(tiny_sound_task(), known=known)
    content = write_task_file(task)
    read = read_task_file(content).known
    for place, one in known.classes.items():
        assert read.classes[place].least == one.least
        assert np.array_equal(read.classes[place].examples, one.examples)
    many = np.zeros((MAX_EXAMPLES + 1, FEATURES), np.float32)
    bad = [
        Known({1: KnownClass(many, 0.5)}),
        Known({1: KnownClass(many[:0], 0.5)}),
        Known({1: KnownClass(many[:3, :5], 0.5)}),
        Known({1: KnownClass(many[:3], 7.0)}),
        Known({9: KnownClass(many[:3], 0.5)}),
        Known({0: KnownClass(many[:3], 0.5)}),
        Known({1: KnownClass(many[:3] + np.float32(np.nan), 0.5)}),
    ]
    for one in bad:
        with pytest.raises(ClaError, match="no task that can be used"):
            read_task_file(write_task_file(replace(task, known=one)))


def test_classes_by_scores_come_back_from_a_file_and_hostile_ones_are_refused():
    signs = np.zeros(FEATURES, np.float32)
    signs[:2], signs[5:] = 1, -1
    task = replace(tiny_sound_task(), known=Known({1: ScoredClass(signs, 0.5)}))
    read = read_task_file(write_task_file(task)).known.classes[1]
    assert isinstance(read, ScoredClass)
    assert np.array_equal(read.signs, signs)
    assert read.least == 0.5
    bad = [
        Known({1: ScoredClass(np.abs(signs), 0.5)}),
        Known({1: ScoredClass(signs[:4], 0.5)}),
        Known({1: ScoredClass(signs, 5_000.0)}),
        Known({9: ScoredClass(signs, 0.5)}),
    ]
    for one in bad:
        with pytest.raises(ClaError, match="no task that can be used"):
            read_task_file(write_task_file(replace(task, known=one)))
