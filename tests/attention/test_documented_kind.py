"""The kind that the documentation adds: its file alone makes it run everywhere."""

import json

import pytest
import torch
from contract import check_contract
from documented import blocks
from hypothesis import given, settings
from hypothesis import strategies as st
from rows import assert_rows_close

from cla.attention import (
    KINDS,
    AttentionConfig,
    WindowKind,
    load_kinds,
    make_attention,
    operation_count,
    register_kind,
    step_operations,
)
from cla.attention.kinds.registry import forget_kind
from cla.capture import sample_clips
from cla.cli.main import main
from cla.engine import Comparison, Recording
from cla.errors import ClaError
from cla.models import LaneSpec, load_task
from cla.texts import Texts
from cla.view.costs import PAPER, cost, curves
from cla.view.live_page import live_data
from cla.view.systems import systems

CLIP = str(sample_clips()[0].path)


@pytest.fixture(scope="module", autouse=True)
def kinds_file(tmp_path_factory):
    """The documented file, loaded as the command line and the app load it."""
    path = tmp_path_factory.mktemp("own") / "mean.py"
    program = blocks("docs/attention.md")[-1]
    assert len(program.splitlines()) <= 40
    path.write_text(program, "utf-8")
    load_kinds({"CLA_KINDS": str(path)})
    yield path
    forget_kind("mean")


@settings(max_examples=15)
@given(window=st.integers(1, 20), cycles=st.floats(0.5, 3), data=st.data())
def test_it_keeps_the_contract(window, cycles, data):
    output = data.draw(st.sampled_from(["single_output", "retroactive"]))
    config = AttentionConfig("mean", 12, 2, window, output_mode=output)
    check_contract(config, max(1, round(cycles * window)))


def test_it_is_the_mean():
    layer = make_attention(AttentionConfig("mean", 12, 2, 5))
    stream = torch.randn(1, 9, 12)
    with torch.no_grad():
        outputs, _ = layer.scan(stream, layer.init_state(1))
        expected = layer.output_proj(layer.value_proj(stream[:, 4:]).mean(1))
    assert_rows_close(outputs[:, -1], expected)


def test_its_operations_are_its_own():
    config = AttentionConfig("mean", 12, 2, 5)
    assert step_operations(config, 0, 9) == operation_count(config).average == 2 * 5 * 6
    assert operation_count(config).published is None


def test_a_classifier_runs_it_on_trained_weights():
    classifier = load_task().with_attention("mean")
    tokens = torch.randn(1, 7, classifier.config.input_dim)
    state, steps = classifier.init_state(1), []
    for token in tokens.unbind(1):
        steps.append(classifier.step(token, state, emit=True).output)
    with torch.inference_mode():
        scanned, _ = classifier.scan(tokens, classifier.init_state(1))
    assert_rows_close(torch.stack(steps, 1), scanned)
    assert classifier.operations.average == 120 * classifier.config.embed_dim


def test_the_command_line_runs_records_and_replays_it(tmp_path, capsys):
    folder = str(tmp_path / "session")
    lanes = ["--lanes", "full,mean", "--json", "--seconds", "2"]
    assert main(["run", CLIP, *lanes, "--record", folder]) == 0
    ran = json.loads(capsys.readouterr().out)["lanes"]["mean"]
    assert ran["ops_per_token"] == 120 * load_task().classifier.config.embed_dim
    assert main(["replay", folder, "--compare", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["replay"]["equal"] is True
    counted = {row["ops"] for row in Recording(folder).rows() if row["lane"] == "mean"}
    assert counted == {ran["ops_per_token"]}


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_pages_show_it(language):
    say = Texts(language)
    told = live_data(say)
    assert {"name": "mean", "modes": ()} in told["kinds"]
    assert any(look["kind"] == "mean" for look in told["systems"])
    assert told["texts"]["lane_mean"] == "mean of the window"
    found = cost(systems()["mean"], PAPER, run=True)
    assert (found.published, found.counted) == (None, PAPER.window * PAPER.head_dim)
    drawn = [{line.name for line in curves(say, PAPER, "window", what, {}).data} for what in
             ("published", "counted")]  # fmt: skip
    assert ["mean of the window" in names for names in drawn] == [False, True]


def test_what_cannot_be_a_kind_is_refused(tmp_path):
    for name in ("full", "Two:words"):
        with pytest.raises(ClaError, match="cannot be called"):
            register_kind(name, WindowKind)
    broken = tmp_path / "broken.py"
    broken.write_text("1 / 0", "utf-8")
    for named in (str(broken), str(tmp_path / "none.py")):
        with pytest.raises(ClaError, match="CLA_KINDS"):
            load_kinds({"CLA_KINDS": named})


@pytest.fixture
def uncounted():
    mean = KINDS["mean"].classes[None]
    register_kind("uncounted", type("Uncounted", (WindowKind,), {"weights": mean.weights}))
    yield "uncounted"
    forget_kind("uncounted")


def test_a_kind_that_counts_nothing_says_so(uncounted, capsys):
    assert operation_count(AttentionConfig(uncounted, 12, 2, 5)) is None
    assert main(["run", CLIP, "--lanes", f"full,{uncounted}", "--json", "--seconds", "1"]) == 0
    assert json.loads(capsys.readouterr().out)["lanes"][uncounted]["ops_per_token"] is None
    assert cost(systems()[uncounted], PAPER).counted is None
    lanes = Comparison(load_task(), [LaneSpec(uncounted)])
    assert lanes.published.lanes[0].average is None
