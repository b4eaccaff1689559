"""What features of hands depend on, and what they do not; and tokens from uneven frames."""

import numpy as np
import pytest
from hand_data import expected
from hypothesis import given
from hypothesis import strategies as st

from cla.errors import ClaError
from cla.features import HAND_FEATURE_DIM, HAND_HOP_S, Hand, HandStream, SeenHands
from cla.features.hand_features import (
    HAND_DIM,
    RECENT_TOKENS,
    MovingHand,
    Pose,
    hand_features,
    hand_velocities,
)

POINTS = np.array(expected("handSrc")["static"]["points"], np.float32) * [640 / 480, 1]
SHAPE = slice(4, HAND_DIM - 9)
NEWEST, SPEED, MEAN = slice(HAND_DIM - 9, HAND_DIM - 5), HAND_DIM - 5, slice(HAND_DIM - 4, HAND_DIM)
MOVES = slice(HAND_DIM - 9, HAND_DIM)


def pose(points, handedness="left"):
    return Pose(points.astype(np.float32), handedness)


def of(points, handedness="left", velocities=()):
    moves = np.array(velocities, np.float64).reshape(-1, 4)
    return hand_features([MovingHand(pose(points, handedness), moves)])


def turned(points, angle):
    cos, sin = np.cos(angle), np.sin(angle)
    return points @ np.array([[cos, sin], [-sin, cos]])


@given(
    scale=st.floats(0.05, 20),
    shift=st.tuples(st.floats(-3, 3), st.floats(-3, 3)),
)
def test_place_and_size_do_not_matter(scale, shift):
    np.testing.assert_allclose(of(POINTS * scale + shift), of(POINTS), atol=1e-3)


@given(angle=st.floats(-3.1, 3.1))
def test_a_turn_changes_the_angle_alone(angle):
    upright, leaning = of(POINTS), of(turned(POINTS, angle))
    np.testing.assert_allclose(leaning[SHAPE], upright[SHAPE], atol=1e-3)
    # Of a left hand, which is mirrored, a clockwise turn is counterclockwise.
    turn = np.arctan2(leaning[2], leaning[3]) - np.arctan2(upright[2], upright[3])
    assert np.exp(1j * turn) == pytest.approx(np.exp(-1j * angle), abs=1e-3)


def test_a_mirrored_hand_of_the_other_side_looks_the_same():
    left, right = of(POINTS), of(POINTS * [-1, 1], "right")
    assert (left[1], right[1]) == (-1, 1)
    np.testing.assert_allclose(np.delete(left, 1), np.delete(right, 1), atol=1e-5)


@pytest.mark.parametrize("handedness", ["left", "right"])
def test_velocities_are_those_in_the_image(handedness):
    before = pose(POINTS, handedness)
    moved = pose(POINTS + np.array([0.2, 0.1]), handedness)
    across, down, growth, turn = hand_velocities(moved, before, HAND_HOP_S)
    assert across == pytest.approx(2 * down, rel=1e-3)
    assert down > 0
    assert growth == pytest.approx(0, abs=1e-3)
    assert turn == pytest.approx(0, abs=1e-3)
    grown = hand_velocities(pose(POINTS * 1.1, handedness), before, HAND_HOP_S)
    assert grown[2] == pytest.approx(np.log(1.1) / HAND_HOP_S, rel=1e-3)


def test_newest_and_mean_velocities_are_features():
    still, fast = np.zeros(4), np.array([30.0, 40.0, 1.0, -5.0])
    features = of(POINTS, velocities=[still] * 3 + [fast])
    assert np.sinh(features[SPEED]) == pytest.approx(10, rel=1e-4)
    np.testing.assert_allclose(np.sinh(features[NEWEST]), [6, 8, 2, -1], rtol=1e-4)
    mean = np.array([6, 8, 2, -1]) / RECENT_TOKENS
    np.testing.assert_allclose(np.sinh(features[MEAN]), mean, rtol=1e-4)
    features = of(POINTS, velocities=[fast] + [still] * RECENT_TOKENS)
    assert not features[MOVES].any()


def test_points_that_coincide_give_numbers():
    assert np.isfinite(of(np.zeros((21, 2)))).all()


def hand(shift=(0.0, 0.0), track=0):
    points = (POINTS / [640 / 480, 1] + shift).astype(np.float32)
    return Hand(points, "left", 0.9, track)


def features_of(tokens):
    return np.stack([token.features.numpy() for token in tokens])


@given(
    steps=st.lists(st.floats(0.02, 0.3), min_size=15, max_size=60),
    start=st.floats(0, 1e4),
)
def test_the_rate_of_frames_does_not_matter(steps, start):
    times = start + np.cumsum([0.0, *steps])
    stream = HandStream()
    tokens = [
        token
        for time_s in times
        for token in stream.push(SeenHands([hand((0.1 * (time_s - start), 0))], 640 / 480, time_s))
    ]
    due = start + np.arange(len(tokens)) * HAND_HOP_S
    np.testing.assert_allclose([token.time_s for token in tokens], due)
    assert times[-1] - HAND_HOP_S < due[-1] <= times[-1] + 1e-6
    # A steady motion gives the same velocity at each token but the first, at which it is new.
    velocities = features_of(tokens)[1:, NEWEST]
    assert velocities[:, 0].min() > 0.01
    np.testing.assert_allclose(
        velocities, np.broadcast_to(velocities[0], velocities.shape), atol=0.02
    )


def test_the_hand_that_was_there_first_has_the_first_slot():
    stream = HandStream()
    stream.push(SeenHands([hand(track=4), hand((0.5, 0), track=5)], 1.0, 0.0))
    (both,) = stream.push(SeenHands([hand((0.5, 0), track=5), hand(track=4)], 1.0, HAND_HOP_S))
    assert both.features[0] == both.features[HAND_DIM] == 1
    assert both.features[MOVES].abs().max() < 1e-3
    (one,) = stream.push(SeenHands([hand((0.6, 0), track=5)], 1.0, 2 * HAND_HOP_S))
    assert (one.features[0], one.features[HAND_DIM]) == (1, 0)
    # It keeps its own history in whichever slot it is.
    assert one.features[NEWEST][0] > 0.1
    (other,) = stream.push(SeenHands([hand(track=6), hand((0.6, 0), track=5)], 1.0, 3 * HAND_HOP_S))
    assert other.features[NEWEST].abs().max() < 1e-3
    assert other.features[HAND_DIM] == 1
    assert not other.features[HAND_DIM:][MOVES].any()


def test_frames_without_hands_are_tokens_too():
    stream = HandStream()
    tokens = [token for i in range(31) for token in stream.push(SeenHands([], 1.0, i / 30))]
    assert len(tokens) == 16
    assert features_of(tokens).shape == (16, HAND_FEATURE_DIM)
    assert not features_of(tokens).any()


def test_a_long_gap_is_not_filled():
    stream = HandStream()
    assert len(stream.push(SeenHands([hand()], 1.0, 0.0))) == 1
    (token,) = stream.push(SeenHands([hand((0.5, 0))], 1.0, 3600.0))
    assert (token.index, token.time_s) == (1, 3600.0)
    assert not token.features[MOVES].any()


def test_frames_out_of_order_give_nothing_and_do_no_harm():
    stream = HandStream()
    stream.push(SeenHands([hand()], 1.0, 10.0))
    assert stream.push(SeenHands([], 1.0, 9.0)) == []
    assert stream.push(SeenHands([], 1.0, 10.0)) == []
    assert len(stream.push(SeenHands([hand()], 1.0, 10.07))) == 1
    with pytest.raises(ClaError, match="no usable time"):
        stream.push(SeenHands([hand()], 1.0, float("nan")))
