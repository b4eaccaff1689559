"""What features of hands depend on, and what they do not; and tokens from uneven frames."""

import numpy as np
import pytest
from hand_data import expected
from hypothesis import given
from hypothesis import strategies as st

from cla.errors import ClaError
from cla.features import HAND_FEATURE_DIM, HAND_HOP_S, Hand, HandStream, Pose, hand_features
from cla.features.hand_features import HAND_DIM

POINTS = np.array(expected("handSrc")["static"]["points"], np.float32) * [640 / 480, 1]
VELOCITIES = slice(HAND_DIM - 5, HAND_DIM)
SHAPE = slice(4, HAND_DIM - 5)


def of(points, handedness="left", before=None):
    now = Pose(points.astype(np.float32), handedness)
    return hand_features([now, None], [before, None], HAND_HOP_S)


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
    before = Pose(POINTS.astype(np.float32), handedness)
    across, down, speed, growth, turn = of(POINTS + np.array([0.2, 0.1]), handedness, before)[
        VELOCITIES
    ]
    assert across > down > 0
    assert np.sinh(speed) == pytest.approx(np.hypot(np.sinh(across), np.sinh(down)), rel=1e-4)
    assert growth == pytest.approx(0, abs=1e-3)
    assert turn == pytest.approx(0, abs=1e-3)
    assert of(POINTS * 1.1, handedness, before)[VELOCITIES][3] > 0


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
        for token in stream.push([hand((0.1 * (time_s - start), 0))], 640 / 480, time_s)
    ]
    due = start + np.arange(len(tokens)) * HAND_HOP_S
    np.testing.assert_allclose([token.time_s for token in tokens], due)
    assert times[-1] - HAND_HOP_S < due[-1] <= times[-1] + 1e-6
    # A steady motion gives the same velocity at each token but the first, at which it is new.
    velocities = features_of(tokens)[1:, VELOCITIES]
    assert velocities[:, 0].min() > 0.01
    np.testing.assert_allclose(
        velocities, np.broadcast_to(velocities[0], velocities.shape), atol=0.02
    )


def test_a_hand_keeps_its_slot():
    stream = HandStream()
    stream.push([hand(track=4), hand(track=5)], 1.0, 0.0)
    (both,) = stream.push([hand(track=5), hand(track=4)], 1.0, HAND_HOP_S)
    assert both.features[0] == both.features[HAND_DIM] == 1
    assert both.features[VELOCITIES].abs().max() < 1e-3
    (one,) = stream.push([hand(track=5)], 1.0, 2 * HAND_HOP_S)
    assert (one.features[0], one.features[HAND_DIM]) == (0, 1)
    (other,) = stream.push([hand(track=5), hand((0.5, 0), track=6)], 1.0, 3 * HAND_HOP_S)
    assert other.features[0] == 1
    assert not other.features[VELOCITIES].any()


def test_frames_without_hands_are_tokens_too():
    stream = HandStream()
    tokens = [token for i in range(31) for token in stream.push([], 1.0, i / 30)]
    assert len(tokens) == 16
    assert features_of(tokens).shape == (16, HAND_FEATURE_DIM)
    assert not features_of(tokens).any()


def test_a_long_gap_is_not_filled():
    stream = HandStream()
    assert len(stream.push([hand()], 1.0, 0.0)) == 1
    (token,) = stream.push([hand((0.5, 0))], 1.0, 3600.0)
    assert (token.index, token.time_s) == (1, 3600.0)
    assert not token.features[VELOCITIES].any()


def test_frames_out_of_order_give_nothing_and_do_no_harm():
    stream = HandStream()
    stream.push([hand()], 1.0, 10.0)
    assert stream.push([], 1.0, 9.0) == []
    assert stream.push([], 1.0, 10.0) == []
    assert len(stream.push([hand()], 1.0, 10.07)) == 1
    with pytest.raises(ClaError, match="no usable time"):
        stream.push([hand()], 1.0, float("nan"))
