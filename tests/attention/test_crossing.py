"""From which window on low rank needs fewer operations than exact continual attention."""

from dataclasses import replace

import pytest

from cla.attention import AttentionConfig
from cla.attention.counts import operation_count
from cla.attention.crossing import crossing, curve, exact_operations

LOW = AttentionConfig("continual_nystrom", 128, 8, window=120, num_landmarks=16)


@pytest.mark.parametrize("mode", ["fixed", "continual"])
@pytest.mark.parametrize("marks", [2, 16, 64])
def test_low_rank_needs_fewer_operations_from_the_crossing_on(mode, marks):
    config = replace(LOW, num_landmarks=marks, landmark_mode=mode)
    at = crossing(config)
    assert at is not None
    for window, fewer in ((at - 1, False), (at, True), (4 * at, True)):
        if window > marks:
            there = replace(config, window=window)
            assert (operation_count(there).average < exact_operations(there)) == fewer


@pytest.mark.parametrize("kind", ["full", "continual"])
def test_kinds_that_compute_every_token_never_need_fewer(kind):
    config = replace(LOW, kind=kind, num_landmarks=None, landmark_mode="continual")
    assert crossing(config) is None


def test_exact_attention_grows_with_the_window():
    assert exact_operations(LOW) == 33_600
    assert exact_operations(replace(LOW, window=240)) == 67_200


def test_a_curve_counts_all_layers_over_the_windows_that_can_be():
    full = replace(LOW, kind="full", num_landmarks=None, landmark_mode="continual")
    points = dict(curve((full, full)))
    assert points[120] == 2 * operation_count(full).average
    assert min(dict(curve((replace(LOW, num_landmarks=64),)))) == 120
    assert dict(curve((LOW,)))[120] == operation_count(LOW).average
