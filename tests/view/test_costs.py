"""The numbers that the Cost page draws."""

from dataclasses import replace

import numpy as np
import pytest

from cla.attention import operation_count
from cla.benchmark import Timing
from cla.texts import Texts
from cla.view.costs import PAPER, SWEEPS, WINDOWS, at, cost, crossing, curves, sweep_points
from cla.view.systems import EXACT_SYSTEM, FIXED_SYSTEM, SYSTEMS, Sizes

SAY = Texts("en")


def test_the_papers_example():
    assert at(SYSTEMS["full"], PAPER, "published", {}) == 348_480
    assert at(SYSTEMS["fixed"], PAPER, "published", {}) == 208
    assert cost(SYSTEMS["full"], PAPER).products == 2 * 120**2 * 12


@pytest.mark.parametrize("key", SYSTEMS)
@pytest.mark.parametrize("sizes", [PAPER, Sizes(24, 5, 4, 2, 3), Sizes(8, 7, 3)])
def test_our_products_are_those_that_torch_counts(key, sizes):
    found = cost(SYSTEMS[key], sizes, run=True)
    assert found.torch == pytest.approx(found.products)


def test_a_step_too_large_to_run_is_not_run():
    found = cost(SYSTEMS["full"], replace(PAPER, window=65_536), run=True)
    assert found.torch is None
    assert found.counted > 1e11


def test_layers_add_up():
    deep = SYSTEMS["continual"].configs(replace(PAPER, layers=3))
    assert [config.output_mode for config in deep] == ["retroactive"] * 2 + ["single_output"]
    assert cost(SYSTEMS["continual"], replace(PAPER, layers=3)).published == sum(
        operation_count(config).published for config in deep
    )


@pytest.mark.parametrize("sweep", SWEEPS)
@pytest.mark.parametrize("quantity", ["published", "counted"])
def test_curves_hold_the_costs(sweep, quantity):
    chart = curves(SAY, PAPER, sweep, quantity, {})
    assert chart.layout.xaxis.type == chart.layout.yaxis.type == "log"
    assert chart.layout.title.text
    assert "log" in chart.layout.xaxis.title.text
    full = next(trace for trace in chart.data if trace.name == "Full attention")
    expected = [getattr(cost(SYSTEMS["full"], p), quantity) for p in sweep_points(PAPER, sweep)]
    assert list(full.y) == expected
    lines = [(trace.line.color, trace.line.dash, trace.marker.symbol) for trace in chart.data[:5]]
    for part in zip(*lines, strict=True):
        assert len(set(part)) == 5, "systems must differ in color, dash and mark"


def test_no_curve_has_more_landmarks_than_tokens():
    chart = curves(SAY, replace(PAPER, landmarks=64), "window", "counted", {})
    fixed = next(trace for trace in chart.data if "fixed" in (trace.name or ""))
    assert min(fixed.x) == 120


def timed(microseconds):
    """A measurement of these medians, by system and window."""
    return {
        (system.key, replace(PAPER, window=window)): Timing(*[us * 1e-6] * 4, 1, (), ())
        for system, row in microseconds.items()
        for window, us in row.items()
    }


def test_low_rank_wins_from_where_the_drawn_curves_cross():
    found = timed({EXACT_SYSTEM: {16: 5, 64: 10, 256: 40}, FIXED_SYSTEM: {16: 20, 64: 20, 256: 20}})
    assert crossing(PAPER, "measured", found) == pytest.approx(128)
    assert at(EXACT_SYSTEM, replace(PAPER, window=64), "measured", found) == pytest.approx(10)
    chart = curves(SAY, PAPER, "window", "measured", found)
    mark = chart.layout.annotations[-1]
    assert "from 128 tokens on" in mark.text
    assert mark.x == pytest.approx(np.log10(128)), "else it stands far beyond the longest window"
    assert len(chart.data) == 2, "what was not measured has no curve"


def test_low_rank_wins_everywhere_or_nowhere():
    less, more = dict.fromkeys(WINDOWS, 1), dict.fromkeys(WINDOWS, 2)
    assert crossing(PAPER, "measured", timed({EXACT_SYSTEM: more, FIXED_SYSTEM: less})) == 16
    assert crossing(PAPER, "measured", timed({EXACT_SYSTEM: less, FIXED_SYSTEM: more})) is None
    assert crossing(PAPER, "measured", {}) is None
