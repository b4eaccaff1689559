"""Streams of hands: their clips, motions and labels, and the recipe on tiny data."""

from functools import partial

import numpy as np
import pytest
import torch
from hand_data import recorded_hands

from cla.errors import ClaError
from cla.features import HAND_FEATURE_DIM, HAND_HOP_S
from cla.models import ClassifierConfig, read_task
from cla.training.recipe import Run, build_streams, read_streams
from cla.training.train import TrainConfig
from recipes.hands import main
from recipes.hands.card import model_card
from recipes.hands.clips import CLIP_HZ, absence, carried, joined, played, transition
from recipes.hands.evaluate import evaluate
from recipes.hands.labels import (
    FIRST_MOTION,
    KIND_SHARES,
    expected,
    labeled,
    landmark_weights,
)
from recipes.hands.motions import motion, other_motion
from recipes.hands.odd import OddHands
from recipes.hands.recipe import (
    SETS,
    _made,
    make_landmarks,
    make_weights,
    refine_weights,
    refining_phase,
    widen_weights,
    widening_phases,
)
from recipes.hands.shapes import turned, upright, varied
from recipes.hands.streams import HandsStream, StreamConfig, StreamMaker
from recipes.hands.tracking import TrackingConfig, tracked
from recipes.hands.vocabulary import LABELS, MOTIONS, SIGNS, label_index


@pytest.fixture(scope="module")
def recordings():
    return recorded_hands()


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def middles(clip):
    return clip.points.mean(1)


def test_laying_upright_undoes_place_size_and_turn(recordings):
    hand = recordings["5"][0]
    moved = turned(hand, 0.7) * 3 + np.array([5, -2])
    np.testing.assert_allclose(upright(moved), upright(hand), atol=1e-3)


def test_odd_hands_are_no_sign(recordings, rng):
    odd = OddHands(recordings)
    hands = [odd.draw(rng) for _ in range(100)]
    assert {hand.shape for hand in hands} == {(21, 2)}
    # Thumbs that point sideways have the shape of a sign.
    assert np.mean([odd.is_odd(hand) for hand in hands]) > 0.75
    assert not any(odd.is_odd(recordings[sign][0]) for sign in SIGNS)
    assert odd.frames(50, rng).shape == (50, 21, 2)


def test_another_persons_hand_is_the_same_in_all_frames(recordings, rng):
    frames = np.repeat(recordings["3"][:1], 4, axis=0)
    changed = varied(frames, rng)
    assert np.ptp(changed, axis=0).max() < 1e-6
    assert 0.01 < np.abs(changed - frames).mean() < 0.3


def test_recordings_are_played_in_order(recordings, rng):
    frames = played(recordings["Ok"], 300, rng)
    steps = np.abs(np.diff(frames, axis=0)).max()
    assert steps < np.abs(np.diff(recordings["Ok"], axis=0)).max() * 30 / CLIP_HZ + 1e-5


@pytest.mark.parametrize("name", MOTIONS)
def test_a_motion_holds_its_label_after_its_end(recordings, rng, name):
    for _ in range(20):
        clip = motion(name, recordings["5"], label_index("5"), rng)
        named = np.flatnonzero(clip.labels == label_index(name))
        assert len(named) >= 0.2 * CLIP_HZ
        assert (np.diff(named) == 1).all()
        assert clip.decided[named[0] : named[0] + 8].all()
        assert not clip.decided[named[0] - 1]
        assert set(np.unique(clip.labels)) <= {label_index(name), label_index("5")}
        # Motions begin and end without a jump.
        assert np.abs(np.diff(middles(clip), axis=0)).max() < 0.9


@pytest.mark.parametrize(("name", "way"), [("swipe left", 1), ("swipe right", -1)])
def test_left_is_the_persons_own_left(recordings, rng, name, way):
    clip = motion(name, recordings["5"], label_index("5"), rng)
    known = np.flatnonzero(clip.labels == label_index(name))[0]
    across = middles(clip)[known, 0] - middles(clip)[0, 0]
    assert across * way > 2


def test_a_push_grows_and_a_circle_comes_back(recordings, rng):
    push = motion("push", recordings["Stop"], label_index("Stop"), rng)
    extent = np.ptp(push.points[:, :, 1], axis=1)
    assert extent[-1] > 1.3 * extent[0]
    circle = motion("circle", recordings["1"], label_index("1"), rng)
    across = np.ptp(circle.points[:, 8], axis=0)
    assert across.min() > 0.5
    # The fingertip goes all around, the wrist goes as far or less far.
    assert (np.ptp(circle.points[:, 0], axis=0) < across + 0.5).all()


def test_other_moves_keep_their_sign(recordings, rng):
    clip = other_motion(recordings["2"], label_index("2"), rng)
    assert set(clip.labels) == {label_index("2")}


def test_joined_clips_do_not_jump(recordings, rng):
    held = carried(played(recordings["1"], 60, rng), rng)
    from recipes.hands.clips import Clip

    first = Clip.of(held, label_index("1"))
    second = Clip.of(held + 50, label_index("2"))
    whole = joined([first, absence(0.5), second])
    there = np.isfinite(whole.points[:, 0, 0])
    assert 20 < (~there).sum() < 40
    assert np.abs(np.diff(middles(whole)[there], axis=0)).max() < 0.5
    between = transition(held[0], held[-1], 0.5)
    assert not between.labels.any()


def test_tracking_keeps_time_and_loses_hands(recordings, rng):
    points = np.repeat(recordings["5"][:1], 10 * CLIP_HZ, axis=0)
    points[5 * CLIP_HZ :] = np.nan
    config = TrackingConfig(frame_rates_hz=(20, 20), lost=0, outliers=0, confused=0)
    features, times_s = tracked([points], config, rng)
    np.testing.assert_allclose(np.diff(times_s), HAND_HOP_S)
    present = features[:, 0] == 1
    assert present[times_s < 4.8].all()
    assert not present[times_s > 5.2].any()


def test_streams_hold_what_they_say(recordings):
    stream = StreamMaker(recordings, StreamConfig(seconds=60)).make(np.random.default_rng(0))
    assert stream.features.shape == (len(stream.labels), HAND_FEATURE_DIM)
    assert np.isfinite(stream.features).all()
    assert 0.6 < stream.decided.mean() < 1
    wanted, shown = expected(stream)
    assert {one.label for one in wanted if one.label >= FIRST_MOTION}
    assert all(one.label < FIRST_MOTION for one in shown)
    (training,) = labeled([stream])
    assert training.weights[~stream.decided].max() < training.weights.max()


def test_motions_count_most_where_landmarks_are_fitted(recordings):
    maker = StreamMaker(recordings, StreamConfig(seconds=40))
    streams = [maker.make(np.random.default_rng(seed)) for seed in range(3)]
    weights = landmark_weights(streams)
    assert [len(each) for each in weights] == [len(stream.labels) for stream in streams]
    total = sum(each.sum() for each in weights)
    named = sum(
        each[stream.labels >= FIRST_MOTION].sum()
        for each, stream in zip(weights, streams, strict=True)
    )
    absent = sum(
        each[stream.features[:, 0] == 0].sum()
        for each, stream in zip(weights, streams, strict=True)
    )
    assert 0.3 < named / total <= KIND_SHARES[3]
    assert absent / total == pytest.approx(KIND_SHARES[0])


def test_what_must_be_found_and_what_may_be():
    wave, five = label_index("wave"), label_index("5")
    labels = np.repeat([0, five, wave, five, 0, five, 0], [5, 20, 12, 20, 5, 30, 5])
    shown = np.repeat([0, five, 0, five, 0], [5, 52, 5, 30, 5])
    decided = np.ones(len(labels), bool)
    decided[20:25] = False
    stream = HandsStream(np.zeros((len(labels), 1)), labels, decided, shown)
    wanted, tolerated = expected(stream)
    assert [one.label for one in wanted] == [wave, five]
    assert wanted[0].onset_s == pytest.approx(21 * HAND_HOP_S)
    assert wanted[1].onset_s == pytest.approx(63 * HAND_HOP_S)
    assert [one.label for one in tolerated] == [five, five]


@pytest.mark.timeout(200)
def test_the_recipe_on_tiny_data(recordings, tmp_path):
    classifier = ClassifierConfig(
        HAND_FEATURE_DIM, len(LABELS), embed_dim=32, num_heads=2, feed_forward_dim=32,
        window=64, position_harmonics=8,
    )  # fmt: skip
    config = TrainConfig(
        classifier, steps=60, scan_streams=2, scan_tokens=80, windows=4, warmup_steps=8,
        average=0.8,
    )  # fmt: skip
    run = Run(tmp_path, tmp_path / "model", tmp_path, config)
    for name in ("train", "hard", "wide", "tune", "tune-odd", "tune-circles"):
        maker = StreamMaker(recordings, StreamConfig(seconds=15))
        build_streams(run.streams(name), 2, partial(_made, maker, SETS[name].seed))
    make_weights(run)
    make_landmarks(run)
    fitted = read_task(run.out)
    refine_weights(run)
    refined = read_task(run.out)
    assert not torch.equal(fitted.classifier.head.weight, refined.classifier.head.weight)
    assert all(
        torch.equal(before.keys, after.keys)
        for count, layers in fitted.landmarks.items()
        for before, after in zip(layers, refined.landmarks[count], strict=True)
    )
    widen_weights(run)
    task = read_task(run.out)
    assert not torch.equal(task.landmarks[4][0].keys, refined.landmarks[4][0].keys)
    assert (task.name, task.input, task.labels) == ("hands", "video", LABELS)
    assert task.landmark_counts == (2, 4, 8, 16, 32, 64)
    figures = evaluate(task, {"tiny": read_streams(run.streams("tune"), HandsStream)}, ())
    assert figures["tiny"]["full"]["agreement_with_full"] == 1
    assert set(figures["tiny: ablation"]) == {"full", "attention zeroed", "window 1"}
    card = model_card(
        figures, [config, refining_phase(config), *widening_phases(config)], [2, 2, 2]
    )
    assert card["figures"] is figures
    assert card["refinement"]["guidance"] == 1


def test_a_stage_without_its_streams_is_explained(tmp_path):
    with pytest.raises(ClaError, match="no streams"):
        main(["--work-dir", str(tmp_path), "--recordings", str(tmp_path), "--only", "train"])
