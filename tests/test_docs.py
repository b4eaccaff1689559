"""The code in the documentation runs, and does what is said."""

import re
from pathlib import Path

import numpy as np
import torch
import yaml
from documented import ROOT, blocks, run
from PIL import Image

import cla
from cla.capture import sample_clips
from cla.cli import main


def test_the_readme_runs():
    (code,) = blocks("README.md")
    assert len(code.replace("\n\n", "\n").splitlines()) <= 10
    run(code)


def test_features_stream_through_a_layer(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    stream, states, layers, streams, *_ = blocks("docs/attention.md")
    assert len(stream.strip().splitlines()) <= 10
    names = run(stream)
    assert names["output"].shape == (1, 64)
    assert int(names["state"].valid_tokens) == 120
    run(states, names)
    assert names["both"].valid_tokens.tolist() == [120, 120]
    assert names["outputs"].shape == (1, 500, 64)
    assert run(layers)["logits"].shape == (1, 300, 5)
    names = run(streams)
    assert names["state"].valid_tokens.tolist() == [51, 0, 0]
    assert names["output"].isfinite().all()
    assert names["lane"].attentions[0].query_landmarks.isfinite().all()


def test_a_transformer_of_pytorchs_streams_and_comes_back():
    whole, low, attention = blocks("docs/transformers.md")
    names = run(low, run(whole))
    assert isinstance(names["trained"], torch.nn.Sequential)
    assert names["low"].attentions[0].query_proj.weight.grad.isfinite().all()
    assert run(attention, names)["rows"].shape == (1, 120, 64)


def test_an_exported_task_runs_by_onnxruntime(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["export", "digits.onnx"]) == 0
    session, layer = blocks("docs/export.md")
    names = run(session)
    assert names["label"] in names["labels"]
    state = {name.rpartition(".")[2]: value for name, value in names["state"].items()}
    assert state["slot"].tolist() == [300 % 120]
    assert (state["values"][..., -1] == 1).all()  # every place of the ring holds a token
    assert np.isfinite(names["logits"]).all()
    run(layer)
    assert Path("layer.onnx").exists()


def test_a_recorded_session_is_replayed(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["run", str(sample_clips()[0].path), "--seconds", "1", "--record", "monday"]) == 0
    assert run(*blocks("docs/sessions.md"))["check"].equal
    assert "True None" in capsys.readouterr().out


def test_the_api_has_a_page_for_each_package_that_offers_something():
    offering = {
        path.parent.name
        for path in (ROOT / "cla").glob("*/__init__.py")
        if "__all__" in path.read_text("utf-8")
    }
    pages = {path.stem for path in (ROOT / "docs" / "api").glob("*.md")} - {"index", "base"}
    assert pages == offering - {"cli", "view"}  # programs


def test_the_moving_picture_moves_and_is_small():
    picture = ROOT / "docs" / "screenshots" / "live.webp"
    assert picture.stat().st_size <= 1_500_000
    with Image.open(picture) as frames:
        assert 900 <= frames.width <= 1000
        assert frames.n_frames > 20


def test_what_is_cited_is_this_version():
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))["version"] == cla.__version__
    assert f"\n## {cla.__version__} " in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_what_runs_on_every_change_is_the_command_that_readers_are_given():
    (command,) = re.findall(r"^pip install .*pytest$", (ROOT / "README.md").read_text(), re.M)
    assert f"\n{command} " in (ROOT / ".ci/run").read_text()
