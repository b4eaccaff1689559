"""The benchmark measures what it says, and every form of its report holds all of it."""

import json
from time import sleep
from unittest.mock import Mock, patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

import cla.benchmark.run as run
import cla.benchmark.timing as timing
import cla.cli.progress as progress
from cla.benchmark import Benchmark, as_dict, markdown
from cla.benchmark.cases import FIXED, FOLLOWING, SYSTEMS, WINDOWS, Case, groups
from cla.benchmark.run import EFFORT, QUICK_EFFORT
from cla.benchmark.timing import Effort, measure, quotient
from cla.cli import main
from cla.cli.progress import BenchmarkProgress

OWN = ("full", "continual", "nystrom", FOLLOWING, FIXED)


@pytest.fixture(scope="module")
def measurement():
    return Benchmark([16, 24], quick=True, budget_s=600).run()


def test_all_kinds_are_measured_in_both_modes_alone_and_as_a_layer(measurement):
    for output in ("single_output", "retroactive"):
        for scope in ("product", "layer"):
            for system in OWN:
                timing = measurement.timings[Case(system, output, scope, 24)]
                assert timing.median_s > 0
                assert timing.worst_s >= timing.median_s / 2


def test_every_measured_case_is_in_the_json(measurement):
    found = json.loads(json.dumps(as_dict(measurement), allow_nan=False))
    assert len(found["cases"]) == len(measurement.timings)
    assert found["threads"] == 1
    assert found["versions"]["torch"]


def test_markdown_has_a_row_for_each_system_and_what_it_is_compared_with(measurement):
    text = markdown(measurement)
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    for system in {case.system for case in measurement.timings}:
        assert any(row.startswith(f"| {system} |") for row in rows)
    compared = text.partition("Times faster than torch, whole window")[2]
    assert f"| {FIXED}, single-output, layer | " in compared


def test_without_a_peer_only_its_cases_are_missing():
    alone = {case.system for group in groups(WINDOWS, lambda _: False) for case in group}
    assert alone == {name for name, system in SYSTEMS.items() if system.package is None}


@given(period=st.integers(1, 30), steps=st.integers(1, 50))
def test_turns_take_whole_periods(period, steps):
    timing = measure([lambda: lambda: None], [period], Effort(2, steps, 1.0))[0]
    assert timing.steps == 2 * period * -(-steps // period)
    assert timing.mean_s is not None


def test_a_quotient_holds_on_a_machine_that_is_slow_at_times():
    slow = (1.0, 1.8, 1.0, 1.8, 1.8)
    ours, theirs = [0.1 * factor for factor in slow], [0.4 * factor for factor in slow[:3]]
    assert quotient(theirs, ours) == pytest.approx(4)


def test_a_period_that_takes_too_long_is_not_waited_for():
    timing = measure([lambda: lambda: sleep(0.002)], [10_000], Effort(2, 3, 0.01))[0]
    assert timing.steps <= 2 * 3
    assert timing.mean_s is timing.worst_s is None
    assert timing.median_s >= 0.002


@given(
    costs_s=st.lists(st.floats(1e-6, 30.0), min_size=1, max_size=6),
    period=st.integers(1, 40),
    budget_s=st.floats(0.1, 60.0),
    effort=st.sampled_from([EFFORT, QUICK_EFFORT]),
)
def test_what_is_measured_fits_the_time_given(costs_s, period, budget_s, effort):
    clock = [0.0]

    def step_of(cost_s):
        return lambda: clock.__setitem__(0, clock[0] + cost_s)

    builders = [lambda cost_s=cost_s: step_of(cost_s) for cost_s in costs_s]
    with patch.object(timing, "time", Mock(perf_counter=lambda: clock[0])):
        found = measure(builders, [period] * len(costs_s), effort, budget_s=budget_s)
    warming_up_s = max(min(4 * cost_s, max(cost_s, 2 * timing.SLOW_S)) for cost_s in costs_s)
    assert clock[0] <= 1.001 * (budget_s + warming_up_s)
    for cost_s, one in zip(costs_s, found, strict=True):
        assert one is None or one.median_s == pytest.approx(cost_s, abs=1e-9)
    # Fast cases are never the ones that are left out, and time is not left lying about.
    if sum(costs_s) * 6 < budget_s:
        assert None not in found
    assert all(len(one.medians) >= timing.LEAST_TURNS for one in found if one)


@pytest.fixture
def two_groups(monkeypatch):
    """A benchmark of two cases; what it takes of the whole stays as it is."""
    cases = [Case(FIXED, "single_output", scope, 16) for scope in ("product", "layer")]
    monkeypatch.setattr(run, "groups", lambda *_: iter([[case] for case in cases]))


@pytest.mark.usefixtures("two_groups")
def test_what_was_measured_before_an_interruption_is_reported(monkeypatch, capsys):
    def interrupt(_, share, __):
        if share > 0:
            raise KeyboardInterrupt

    monkeypatch.setattr(BenchmarkProgress, "show", interrupt)
    assert main(["bench", "--quick", "--windows", "16", "--json"]) == 130
    found = json.loads(capsys.readouterr().out)
    assert [case["scope"] for case in found["cases"]] == ["product"]
    assert found["complete"] is False
    assert main(["bench", "--quick", "--windows", "16"]) == 130
    assert "Interrupted" in capsys.readouterr().out


@pytest.mark.usefixtures("two_groups")
def test_cases_without_time_are_named(capsys):
    assert main(["bench", "--windows", "16", "--minutes", "1e-9"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert f"left out in part or whole: {FIXED} at 16 tokens" in said


def test_without_a_terminal_a_line_comes_now_and_then(monkeypatch, capsys):
    clock = [100.0]
    monkeypatch.setattr(progress, "time", Mock(monotonic=lambda: clock[0]))
    with BenchmarkProgress() as shown:
        for second in range(60):
            clock[0] = 100.0 + second
            shown.show(second / 60, f"case {second}")
    assert capsys.readouterr().err.splitlines() == [
        "   0 s,   0%: case 0",
        "  20 s,  33%: case 20",
        "  40 s,  67%: case 40",
    ]


def test_the_command_prints_json_and_refuses_windows_it_cannot_measure(capsys):
    assert main(["bench", "--quick", "--windows", "16", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["cases"]
    assert main(["bench", "--quick", "--windows", "3"]) == 2
    assert "at least 16" in capsys.readouterr().err
    assert main(["bench", "--quick", "--windows", str(10**15)]) == 2
    assert "at most 65536" in capsys.readouterr().err
