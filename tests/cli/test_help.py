"""Help and tables fit the terminal; what can be trained is listed."""

import io
import json

import pytest
from rich.console import Console

from cla.capture import sample_clips
from cla.cli import main
from cla.cli.main import COMMANDS
from cla.cli.tables import print_rows, wrapped

HEADINGS = ("lane", "tokens", "median ms", "agrees")
LONG = "continual_nystrom/continual:16@120"
ROWS = [["full", "1,000", "0.31", "100.0%"], [LONG, "1,000", "0.1", "98%"]]


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS), ["train", "esc10"]])
def test_help_has_80_columns_at_most_and_examples(command, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    assert main([*command, "--help"]) == 0
    said = capsys.readouterr().out
    assert max(map(len, said.splitlines())) <= 80
    assert f"usage: {' '.join(['cla', *command[:1]])}" in said
    assert "examples:\n  cla " in said


def test_what_can_be_trained_is_listed(capsys):
    assert main(["train"]) == 0
    said = capsys.readouterr().out
    assert "digits, hands, sounds, key, gestures" in said
    assert "esc10, gtzan" in said


def printed(columns):
    console = Console(file=io.StringIO(), width=columns)
    print_rows(console, HEADINGS, ROWS)
    lines = console.file.getvalue().splitlines()
    assert max(map(len, lines)) <= columns
    return "\n".join(lines)


def test_a_table_wraps_names_at_words_then_leaves_columns_out():
    assert LONG in printed(80)
    narrow = printed(50)
    assert "agrees" in narrow
    assert "continual_\n" not in narrow
    assert "Left out" not in narrow
    assert printed(40).endswith("Left out of 40 columns: agrees.")
    assert "Left out of 24 columns: median ms, agrees." in " ".join(printed(24).split())


def test_a_name_breaks_behind_its_marks():
    assert wrapped("continual_nystrom/continual:16", 20) == "continual_nystrom/\ncontinual:16"
    assert wrapped("full", 2) == "full"


def test_rows_on_standard_output_leave_the_table_to_standard_error(capfdbinary):
    assert main(["run", str(sample_clips()[0].path), "--seconds", "1", "--out", "-"]) == 0
    said, aside = capfdbinary.readouterr()
    rows = [json.loads(line) for line in said.splitlines()]
    assert {row["lane"] for row in rows} == {"full", "continual_nystrom"}
    assert len(rows) == 2 * 12
    assert b"median ms" in aside


def test_two_outputs_at_one_place_are_refused(capsys):
    assert main(["run", "clip.wav", "--json", "--out", "-"]) == 2
    assert "choose one" in capsys.readouterr().err
