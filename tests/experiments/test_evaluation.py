"""Scores by their definitions, streams against windows, the table, the figure, the commands."""

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import torch
from rows import assert_rows_close
from tiny_arrays import SMALL, write_arrays

pytest.importorskip("lightning", reason="the extra `paper` is not installed")

import yaml

from cla.cli.main import main
from cla.datasets import TokenSequence, TokenSet
from cla.errors import ClaError
from cla.evaluation.lanes import ablations
from cla.experiments.config import ExperimentConfig, ModelConfig
from cla.experiments.costs import costs_of
from cla.experiments.evaluation import evaluate, stream_score
from cla.experiments.figure import figure_of
from cla.experiments.lanes import LaneSpec, all_lanes, lane_of, system_name
from cla.experiments.metrics import clip_score, frame_score, stream_outputs, window_outputs
from cla.experiments.presets import preset
from cla.experiments.run_one import do_run
from cla.experiments.runs import Run
from cla.experiments.shipped import rows_of_task
from cla.experiments.table import cells, markdown, summarize, write_table
from cla.models import ClassifierConfig, FixedLandmarks, StackMode, StreamClassifier, load_task


def small_classifier(layers: int = 1, mode: StackMode = "retroactive") -> StreamClassifier:
    torch.manual_seed(0)
    sizes = ClassifierConfig(
        5, 3, embed_dim=16, num_heads=2, feed_forward_dim=8, window=8, position_period=16,
        position_harmonics=4, num_layers=layers, stack_mode=mode,
    )  # fmt: skip
    return StreamClassifier(sizes).eval().requires_grad_(False)


def sequences(*lengths: int) -> list[TokenSequence]:
    rng = np.random.default_rng(1)
    return [
        TokenSequence("", rng.standard_normal((one, 5)).astype(np.float32), np.zeros(one, np.int64))
        for one in lengths
    ]


def test_clips_count_by_their_last_token_and_tokens_after_the_first_second():
    outputs = [torch.eye(3)[[2, 0, 0, 1]], torch.eye(3)[[1, 1, 1, 1]]]
    labels = [np.zeros(4, np.int64), np.ones(4, np.int64)]
    found = clip_score(outputs, labels, hop_s=0.5)  # the first two tokens do not count
    assert (found.clips, found.tokens) == (50.0, 75.0)


def test_average_precision_is_its_definition_and_calibration_weighs_negatives():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 4, 200)
    outputs = torch.from_numpy(rng.dirichlet(np.ones(4), 200)).float()
    found = frame_score([outputs], [labels], background=0, ignored=3)
    kept = labels != 3
    plain, calibrated, f1 = [], [], []
    for label in (1, 2):
        order = np.argsort(-outputs[kept][:, label].numpy(), kind="stable")
        hits = (labels[kept] == label)[order]
        true, false = np.cumsum(hits), np.cumsum(~hits)
        ratio = (~hits).sum() / hits.sum()
        plain.append((true / (true + false))[hits].mean())
        calibrated.append((ratio * true / (ratio * true + false))[hits].mean())
        named = outputs[kept].argmax(1).numpy() == label
        both = (named & (labels[kept] == label)).sum()
        f1.append(2 * both / (named.sum() + (labels[kept] == label).sum()))
    assert found.average_precision == pytest.approx(100 * np.mean(plain), abs=1e-2)
    assert found.calibrated == pytest.approx(100 * np.mean(calibrated), abs=1e-2)
    assert found.f1 == pytest.approx(100 * np.mean(f1), abs=1e-2)


@pytest.mark.parametrize("lane", all_lanes((2, 4)), ids=str)
def test_windows_give_what_steps_give_at_the_end_of_a_cycle(lane: LaneSpec):
    if lane.landmark_mode == "fixed":
        pytest.skip("whole windows take their landmarks from the lane in both ways")
    made = lane_of(small_classifier(), lane)
    clips = sequences(8, 8)
    by_steps, by_windows = stream_outputs(made, clips), window_outputs(made, clips)
    for stepped, window in zip(by_steps, by_windows, strict=True):
        assert_rows_close(stepped[-1:], window)


@pytest.mark.parametrize("mode", get_args(StackMode))
@pytest.mark.parametrize("lane", all_lanes((2, 4)), ids=str)
def test_a_stack_is_judged_by_the_numbers_of_its_steps(lane: LaneSpec, mode: StackMode):
    generator = torch.Generator().manual_seed(0)
    fitted = {
        count: [
            FixedLandmarks(*(torch.randn(2, count, 8, generator=generator) for _ in "qk"))
            for _ in range(2)
        ]
        for count in (2, 4)
    }
    made = lane_of(small_classifier(2, mode), lane, fitted)
    clips = sequences(8, 19, 5, 19)  # a window, more than two, less than one
    for clip, outputs in zip(clips, stream_outputs(made, clips), strict=True):
        state = made.init_state(1)
        steps = [made.step(token[None], state).output for token in torch.from_numpy(clip.features)]
        assert_rows_close(outputs, torch.cat(steps).softmax(-1))


@pytest.mark.parametrize("layers", [1, 2])
def test_windows_of_many_sequences_are_those_of_each(layers: int):
    made = lane_of(small_classifier(layers), LaneSpec("nystrom", 4))
    clips = sequences(12, 8, 5, 5, 12)
    last = window_outputs(made, clips)
    for clip, found in zip(clips, last, strict=True):
        window = torch.from_numpy(clip.features[-8:])[None]
        assert_rows_close(found, made(window).softmax(-1))


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("length", [8, 12], ids=["no longer than the window", "longer"])
def test_every_lane_of_many_has_the_scores_of_its_own_streams(
    length: int, layers: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("cla.experiments.costs.TIMED_STEPS", 4)
    config = ExperimentConfig("tiny", Path(), model=ModelConfig(layers=layers))
    run = Run(config, ("a", "b", "c"), small_classifier(layers))
    test = [one._replace(labels=one.labels + index % 3)
            for index, one in enumerate(sequences(*[length] * 40))]  # fmt: skip
    data = TokenSet("tiny", run.labels, tuple(test), 0.25, 8)
    lanes = [lane for lane in all_lanes((2, 4)) if lane.landmark_mode == "continual"]
    found = evaluate(run, data, test, lanes)
    assert [row["system"] for row in found[2:]] == [system_name(lane) for lane in lanes]
    for lane, row in zip(lanes, found[2:], strict=True):
        expected = stream_score(lane_of(run.classifier, lane), data, test)
        assert {name: row[f"stream_{name}"] for name in expected} == expected


def test_streams_of_uneven_length_do_not_disturb_each_other():
    made = small_classifier(2)
    clips = sequences(12, 5)
    together = stream_outputs(made, clips)
    assert [len(one) for one in together] == [12, 5]
    assert_rows_close(together[1], stream_outputs(made, clips[1:])[0])


def test_the_ablation_leaves_only_the_token_itself():
    made = ablations(small_classifier())["attention zeroed"]
    first, second = sequences(6, 6)
    joined = np.concatenate([first.features[:5], second.features[5:]])
    mixed = second._replace(features=joined)
    outputs = stream_outputs(made, [second, mixed])
    assert_rows_close(outputs[0][-1], outputs[1][-1])


def test_costs_are_those_of_the_lane():
    lanes = (LaneSpec("full"), LaneSpec("continual_nystrom", 2, "continual"))
    full, low = costs_of([lane_of(small_classifier(), one) for one in lanes])
    assert full.published == 2 * (2 * 8 * 8 * 8 + 2 * 8 * 8)
    assert (
        low.parameters
        == full.parameters
        == sum(one.numel() for one in small_classifier().parameters())
    )
    assert full.step_us > 0
    assert low.state_bytes > 0


def rows() -> list[dict]:
    common = {
        "dataset": "d",
        "window": 8,
        "layers": 1,
        "stack": "",
        "trained_with": "any",
        "landmarks": 0,
    }
    return [
        {**common, "system": "full", "seed": seed, "fold": fold, "stream_clips": clips,
         "operations": 100.0, "step_us": 5.0 + seed}
        for seed, fold, clips in ((0, 0, 80.0), (0, 1, 90.0), (1, 0, 90.0), (1, 1, 94.0))
    ]  # fmt: skip


def test_the_table_has_the_mean_and_deviation_over_seeds_of_all_folds(tmp_path: Path):
    (line,) = summarize(rows())
    assert line.values["stream_clips"].mean == 88.5  # seeds: 85 and 92
    assert line.values["stream_clips"].deviation == pytest.approx(np.std([85, 92], ddof=1))
    assert "88.5 ± 4.9" in markdown([line])
    for name in ("t.csv", "t.md", "t.tex"):
        write_table([line], tmp_path / name)
    (read,) = csv.DictReader((tmp_path / "t.csv").open())
    assert (read["stream_clips"], read["runs"]) == ("88.5", "4")
    assert r"88.5 $\pm$ 4.9 & 100" in (tmp_path / "t.tex").read_text()
    with pytest.raises(ClaError, match=r"\.tex"):
        write_table([line], tmp_path / "t.xls")
    (trace,) = figure_of([line]).data
    assert (list(trace.x), list(trace.y)) == ([100.0], [88.5])


def test_a_cascade_and_several_windows_have_lines_and_curves_of_their_own():
    (one, *_) = rows()
    deep = {**one, "layers": 2, "stack": "cascaded"}
    floor = {**one, "window": 1, "layers": 0, "system": "MLP", "operations": None}
    lines = summarize([one, {**one, "window": 16}, deep, floor])
    assert [row[:2] for row in cells(lines)] == [
        ["1", "0"], ["8", "1"], ["8", "2, cascaded"], ["16", "1"]
    ]  # fmt: skip
    assert [curve.name for curve in figure_of(lines).data] == [
        "full, 1 layer, N = 8", "full, 2 layers (cascaded), N = 8", "full, 1 layer, N = 16",
    ]  # fmt: skip


@pytest.mark.parametrize("kind", ["logistic", "mlp"])
def test_a_floor_learns_what_the_newest_token_tells(kind: str, tmp_path: Path, monkeypatch):
    monkeypatch.setattr("cla.experiments.floors.STEPS", 200)
    data = write_arrays(tmp_path / "data")
    config = preset("arrays", data)
    config = replace(config, model=replace(config.model, kind=kind))
    (row,) = do_run(config, tmp_path / "run", tmp_path / "tokens")
    assert (row["window"], row["layers"], row["operations"]) == (1, 0, None)
    assert row["stream_clips"] > 60  # of three classes, from noisy tokens
    assert row["parameters"] == {"logistic": 5 * 3 + 3, "mlp": (5 + 1) * 64 + (64 + 1) * 3}[kind]
    assert do_run(config, tmp_path / "run", tmp_path / "tokens") == [row]


def test_commands_train_and_print(tmp_path: Path, capsys):
    data, work = write_arrays(tmp_path / "data"), tmp_path / "work"
    settings = tmp_path / "small.yaml"
    settings.write_text(yaml.safe_dump(SMALL))
    where = ["--data", str(data), "--work-dir", str(work)]
    train = ["train", "arrays", *where, "--config", str(settings), "--quiet", "--kind", "full"]
    assert main([*train, "--epochs", "2"]) == 0
    run = Path(capsys.readouterr().out.splitlines()[-1])
    systems = [row["system"] for row in json.loads((run / "rows.json").read_text())]
    assert systems[:3] == ["attention zeroed", "window of 1", "full"]
    assert systems[-1] == "continual_nystrom, fixed"  # no attention has weights of its own
    assert (run / "train" / "csv").is_dir()
    assert list((run / "train" / "tensorboard").rglob("events*"))
    table, figure = tmp_path / "out" / "t.md", tmp_path / "out" / "f.json"
    evaluate = ["evaluate", str(work), "--table", str(table), "--figure", str(figure)]
    assert main(evaluate) == 0
    assert "attention zeroed" in table.read_text()
    rows = [{**row, "step_us": -1.0} for row in json.loads((run / "rows.json").read_text())]
    (run / "rows.json").write_text(json.dumps(rows))
    csv_table = table.with_suffix(".csv")
    assert main([*evaluate, "--time-steps", "--table", str(csv_table)]) == 0
    timed = {(row["system"], row["landmarks"]): row["step_us"]
             for row in csv.DictReader(csv_table.open())}  # fmt: skip
    assert timed.pop(("attention zeroed", "0")) == timed.pop(("window of 1", "0")) == "-1.0"
    assert min(map(float, timed.values())) > 0
    assert json.loads(figure.read_text())["data"][0]["name"] == "full, 1 layer"
    assert main([*train, "--kind", "nystrom"]) == 2
    assert "landmarks" in capsys.readouterr().err
    assert main(["evaluate", str(data)]) == 2


def test_the_shipped_tasks_have_the_same_table(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("cla.experiments.costs.TIMED_STEPS", 4)
    task = load_task("hands")
    found = {(row["system"], row["landmarks"]): row for row in rows_of_task(task)}
    figures = task.card["figures"]["other hands"]
    row = found["continual_nystrom, fixed", 4]
    assert row["stream_found"] == 100 * figures["continual_nystrom fixed M=4"]["recall"]
    heads, size, marks = 8, task.classifier.config.embed_dim // 8, 4
    assert row["published"] == heads * (8 * marks * size + marks**2 + 6 * marks)
    assert found["full", 0]["operations"] > row["operations"]
    assert "operations" not in found["attention zeroed", 0]
