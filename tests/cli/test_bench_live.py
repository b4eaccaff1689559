"""`cla bench --live` says of each goal of live sessions whether it holds."""

import json
from unittest.mock import patch

import pytest

from cla.cli import bench_live, main
from cla.cli.bench_live import Goal

HELD, FAILED = Goal("a lane", 60.0, 70.0, "us"), Goal("a served token", 2.0, 1.5, "ms")


@pytest.mark.parametrize(("found", "status"), [((HELD,), 0), ((HELD, FAILED), 1)])
def test_it_ends_with_0_when_all_hold(found, status, capsys):
    with patch.object(bench_live, "goals", return_value=iter(found)):
        assert main(["bench", "--live"]) == status
    verdicts = [line.split()[-1] for line in capsys.readouterr().out.splitlines()]
    assert verdicts == ["holds" if goal.met else "fails" for goal in found]


def test_as_markdown_and_as_json(capsys):
    with patch.object(bench_live, "goals", side_effect=lambda **_: iter((HELD, FAILED))):
        main(["bench", "--live", "--markdown"])
        rows = capsys.readouterr().out.splitlines()[-2:]
        main(["bench", "--live", "--json"])
        told = json.loads(capsys.readouterr().out)["goals"]
    assert [row.split("|")[-2].strip() for row in rows] == ["holds", "fails"]
    assert [goal["met"] for goal in told] == [True, False]
    assert told[1]["found"] == FAILED.found


@pytest.mark.slow
def test_every_goal_is_measured():
    found = list(bench_live.goals(quick=True))
    assert len({goal.what for goal in found}) == len(found) == 15
    assert all(goal.found > 0 for goal in found if goal.unit != "ms")
