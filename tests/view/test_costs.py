"""The numbers that the Cost page draws."""

from dataclasses import replace

import pytest

from cla.attention import operation_count
from cla.texts import Texts
from cla.view.costs import PAPER, SWEEPS, cost, curves, ratio, sweep_points
from cla.view.systems import SYSTEMS, Sizes

SAY = Texts("en")


def test_the_papers_example():
    assert ratio(PAPER, "published") == (348_480, 208)
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
    chart = curves(SAY, PAPER, sweep, quantity)
    assert chart.layout.xaxis.type == chart.layout.yaxis.type == "log"
    assert chart.layout.title.text
    assert "log" in chart.layout.xaxis.title.text
    full = next(trace for trace in chart.data if trace.name == "full")
    expected = [getattr(cost(SYSTEMS["full"], p), quantity) for p in sweep_points(PAPER, sweep)]
    assert list(full.y) == expected
    lines = [(trace.line.color, trace.line.dash, trace.marker.symbol) for trace in chart.data[:5]]
    for part in zip(*lines, strict=True):
        assert len(set(part)) == 5, "systems must differ in color, dash and mark"


def test_no_curve_has_more_landmarks_than_tokens():
    chart = curves(SAY, replace(PAPER, landmarks=64), "window", "counted")
    fixed = next(trace for trace in chart.data if "fixed" in (trace.name or ""))
    assert min(fixed.x) == 120
