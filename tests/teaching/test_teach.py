"""Classes that are taught: what is held out, how well they are told apart, what is refused."""

import sys

import numpy as np
import pytest
import torch

from cla.capture import open_audio, sample_clips
from cla.engine import Comparison
from cla.errors import ClaError
from cla.features import front_end
from cla.models import LaneSpec, read_task_file, write_task_file
from cla.teaching import Material, TaughtClass, TaughtClip, read_taught_clip, scores_of, teach
from cla.teaching.material import HELD_TOKENS, quiet_tokens
from cla.teaching.others import unlike_classes
from cla.teaching.stretches import GUARD_TOKENS, StreamJoiner, split
from cla.types import Token

HAND = front_end("hands")


@pytest.fixture(scope="module", autouse=True)
def few_steps():
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("cla.teaching.fit.ENCODER_STEPS", 4)
        yield


def clip_of(center, tokens=150, seed=0, spread=0.3):
    """A clip of tokens about one point."""
    rng = np.random.default_rng(seed)
    place = np.random.default_rng(center).standard_normal(HAND.feature_dim)
    features = place + spread * rng.standard_normal((tokens, HAND.feature_dim))
    return TaughtClip(features.astype(np.float32), np.zeros(tokens, bool))


def classes_of(*centers):
    return tuple(TaughtClass(f"class {center}", (clip_of(center),)) for center in centers)


def material(*centers):
    return Material("hands", classes_of(*centers))


@pytest.fixture(scope="module")
def taught():
    return teach(material(1, 2, 3), "three")


def test_classes_are_told_apart_by_every_attention(taught):
    assert taught.task.labels == ("none", "class 1", "class 2", "class 3")
    lanes = {score.lane: score for score in taught.scores}
    assert {"full", "continual", "continual_nystrom fixed M=4"} <= set(lanes)
    assert all(score.accuracy > 0.9 for score in taught.scores)
    assert lanes["continual"].agreement > 0.99
    assert taught.task.card["fitted"] in ("head", "head and encoder")


def test_what_is_taught_runs_live_and_unknown_input_is_something_else(taught):
    lane = taught.task.with_attention("continual_nystrom", 4)
    state = lane.init_state(1)
    said = []
    for features in np.concatenate([clip_of(2, 40, seed=9).features, np.zeros((40, 110))]):
        output = lane.step(torch.from_numpy(features[None].astype(np.float32)), state).output
        said.append(taught.task.labels[int(output.argmax())])
    assert said[30:40] == ["class 2"] * 10
    assert said[70:] == ["none"] * 10  # no hand in sight


def test_with_clips_enough_what_is_far_from_a_class_is_not_named_so(monkeypatch):
    monkeypatch.setattr(sys.modules["cla.teaching.teach"], "FEATURES", {"hands"})
    clips = {
        center: tuple(clip_of(center, 60, seed=seed) for seed in range(4)) for center in (1, 2)
    }
    classes = tuple(TaughtClass(f"class {center}", clips[center]) for center in clips)
    taught = teach(Material("hands", classes), "two")
    assert set(taught.task.known.classes) == {1, 2}
    assert taught.scores[0].accuracy > 0.85
    lanes = Comparison(taught.task, [LaneSpec("continual_nystrom", 4)])
    said = []
    for center in (2, 6):
        rows = clip_of(center, 40, seed=9).features
        said += [
            lanes.step(Token(i, 0.0, torch.from_numpy(row))).lanes[0].label
            for i, row in enumerate(rows)
        ]
    assert said[20:40] == ["class 2"] * 20
    assert said[-20:] == ["none"] * 20


def test_the_file_holds_the_scores(taught):
    read = read_task_file(write_task_file(taught.task))
    scores = scores_of(read)
    assert [score.lane for score in scores] == [score.lane for score in taught.scores]
    assert np.array_equal(scores[0].confusion, taught.scores[0].confusion)


def test_bad_scores_in_a_file_are_refused(taught):
    for scores in ("none", [1], [{"lane": "full", "confusion": [[1]], "agreement": 1}]):
        task = read_task_file(write_task_file(taught.task))
        object.__setattr__(task, "card", {"scores": scores})
        with pytest.raises(ClaError, match="scores"):
            scores_of(task)


def test_what_is_held_out_comes_later_and_not_at_once():
    clip = TaughtClip(np.arange(100, dtype=np.float32)[:, None], np.zeros(100, bool))
    one = Material("hands", (TaughtClass("a", (clip,)), TaughtClass("b", (clip,) * 4)))
    trained, held = split(one, [])
    assert trained[1][0].features[-1] == 75 - GUARD_TOKENS - 1
    assert held[1][0].features[0] == 75
    assert (len(trained[2]), len(held[2])) == (3, 1)  # of four clips a whole one


def test_joined_streams_hold_every_label_and_count_changes_little():
    trained, _ = split(material(1, 2), [clip_of(7)])
    stream = StreamJoiner(trained, np.random.default_rng(0), crossed=0.5).join(600)
    assert set(stream.labels) == {0, 1, 2}
    changes = np.flatnonzero(np.diff(stream.labels)) + 1
    assert (stream.weights[changes] < 1).all()
    assert stream.features.shape == (600, HAND.feature_dim)


def test_what_resembles_a_class_is_not_something_else():
    alike, other = clip_of(1, 48, seed=5), clip_of(9, 48)
    kept = unlike_classes([alike, other], material(1, 2))
    assert len(kept) == 1
    assert np.array_equal(kept[0].features, other.features)


def test_quiet_parts_of_a_sound_hold_nothing_of_it():
    levels = np.full(60, -60.0)
    levels[[10, 11, 30]] = -10.0
    heard = np.flatnonzero(~quiet_tokens(levels))
    assert set(heard) == {*range(10, 12 + HELD_TOKENS), *range(30, 31 + HELD_TOKENS)}
    assert quiet_tokens(np.full(20, -90.0)).all()


def test_a_clip_is_read_up_to_the_limit():
    sample = sample_clips()[0].path
    with open_audio(sample) as audio:
        clip = read_taught_clip(front_end("spectrum"), audio, max_s=2.0)
    assert clip.features.shape[1] == 160
    assert 20 <= len(clip.features) <= 27
    assert clip.quiet.any()
    assert not clip.quiet.all()
    with open_audio(sample) as audio, pytest.raises(ClaError, match="is no video"):
        read_taught_clip(HAND, audio)


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (["a"], "1 classes"),
        (list("abcdefghi"), "9 classes"),
        (["a", "A"], "Two classes"),
        (["a", "none"], "everything else"),
        (["a", ""], "cannot be named"),
        (["a", "b\x1b[2J"], "cannot be named"),
        (["a", "b" * 31], "cannot be named"),
    ],
)
def test_classes_that_cannot_be_taught_are_refused(names, reason):
    with pytest.raises(ClaError, match=reason):
        Material("hands", tuple(TaughtClass(name) for name in names))


def test_a_class_of_too_little_is_refused():
    short = TaughtClass("class 2", (clip_of(2, 20),))
    with pytest.raises(ClaError, match=r"'class 2' has 1\.3 s"):
        teach(Material("hands", (*classes_of(1), short)), "short")
