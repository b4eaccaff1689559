"""Media time from timestamps that jump, go back, or are missing."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cla.capture.media_clock import PictureClock, SoundClock, with_next

PIECE_S = 0.02


def sound(times_s, *, restarts=False):
    """Where each piece begins, and the clock."""
    clock = SoundClock(restarts=restarts)
    starts_s = []
    for time_s, next_s in with_next(times_s):
        clock.gap_s(time_s, PIECE_S, next_s)
        starts_s.append(clock.media_s)
    return starts_s, clock


def steady(begin_s, count, step_s=PIECE_S):
    return [begin_s + i * step_s for i in range(count)]


def test_with_next_gives_each_with_the_one_behind() -> None:
    assert list(with_next("abc")) == [("a", "b"), ("b", "c"), ("c", None)]
    assert list(with_next("")) == []


@given(st.lists(st.floats(-0.04, 0.04), min_size=1, max_size=100), st.floats(-1e4, 1e4))
def test_sound_with_rounded_timestamps_is_not_moved(errors_s, begin_s) -> None:
    times_s = [begin_s + i * PIECE_S + error_s for i, error_s in enumerate(errors_s)]
    starts_s, clock = sound(times_s)
    assert starts_s == pytest.approx(steady(0, len(times_s)), abs=1e-6)
    assert clock.missing_s == 0


def test_a_gap_keeps_the_clock() -> None:
    starts_s, clock = sound([*steady(5, 10), *steady(9.2, 10)])
    assert starts_s == pytest.approx([*steady(0, 10), *steady(4.2, 10)])
    assert (clock.missing_s, clock.missing_at_s) == pytest.approx((4.0, 0.2))
    assert clock.restarted_at_s is None


def test_many_lost_pieces_keep_the_clock() -> None:
    times_s = [time_s for i, time_s in enumerate(steady(0, 1_000)) if i % 3]
    starts_s, _ = sound(times_s)
    assert starts_s[-1] == pytest.approx(times_s[-1] - times_s[0], abs=0.1)


def test_a_restart_goes_on_from_where_it_was() -> None:
    starts_s, clock = sound([*steady(100, 100), *steady(3, 10)])
    assert starts_s == pytest.approx(steady(0, 110))
    assert clock.restarted_at_s == pytest.approx(2.0)


def test_a_leap_is_a_restart_where_the_clock_may_begin_anew() -> None:
    times_s = [*steady(0, 10), *steady(5_000, 10)]
    assert sound(times_s, restarts=True)[0] == pytest.approx(steady(0, 20))
    assert sound(times_s)[0][-1] == pytest.approx(times_s[-1])


@pytest.mark.parametrize("wrong_s", [900.0, -900.0, None])
def test_a_single_wrong_timestamp_moves_no_sound(wrong_s) -> None:
    times_s = [*steady(0, 10), wrong_s, *steady(11 * PIECE_S, 10)]
    assert sound(times_s)[0] == pytest.approx(steady(0, 21))


def test_sound_without_timestamps_is_as_long_as_it_is() -> None:
    assert sound([None] * 5)[0] == pytest.approx(steady(0, 5))


def pictures(times_s, *, restarts=False):
    clock = PictureClock(0.04, restarts=restarts)
    return [clock.shown_s(time_s, next_s) for time_s, next_s in with_next(times_s)], clock


def test_pictures_keep_their_times_from_the_first_on() -> None:
    assert pictures([5.0, 5.3, 14.0, 60.0, 61.0])[0] == pytest.approx([0, 0.3, 9.0, 55.0, 56.0])
    assert pictures([None, None, 0.1])[0] == pytest.approx([0, 0.04, 0.1])


def test_a_picture_out_of_order_is_left_out() -> None:
    assert pictures([0.0, 0.1, 0.05, 0.2])[0] == pytest.approx([0, 0.1, None, 0.2])
    assert pictures([0.0, 0.1, 0.1, 0.2])[0] == pytest.approx([0, 0.1, None, 0.2])
    assert pictures([0.0, 0.1, 900.0, 0.2])[0] == pytest.approx([0, 0.1, None, 0.2])
    assert pictures([50.0, 50.1, 0.0, 50.2])[0] == pytest.approx([0, 0.1, None, 0.2])


def test_pictures_go_on_behind_a_restart() -> None:
    shown_s, clock = pictures([3.0, 4.0, 5.0, 1.0, 1.5, 2.0])
    assert shown_s == pytest.approx([0, 1, 2, 2.04, 2.54, 3.04])
    assert clock.restarted_at_s == pytest.approx(2.0)
    leap, clock = pictures([0.0, 1.0, 5_000.0, 5_001.0], restarts=True)
    assert leap == pytest.approx([0, 1, 1.04, 2.04])
    assert clock.restarted_at_s == pytest.approx(1.0)


@given(st.lists(st.floats(-1e5, 1e5), max_size=50), st.booleans())
def test_any_times_rise(times_s, restarts) -> None:
    shown_s = [time_s for time_s in pictures(times_s, restarts=restarts)[0] if time_s is not None]
    assert shown_s == sorted(set(shown_s))
    starts_s, _ = sound(times_s, restarts=restarts)
    assert all(b - a >= PIECE_S - 1e-6 for a, b in pairwise(starts_s))
