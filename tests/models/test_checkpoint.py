"""Tasks survive the disk, and damaged ones are refused."""

import json
from types import MappingProxyType

import pytest
import torch

from cla.errors import ClaError
from cla.models import (
    ClassifierConfig,
    EventConfig,
    FixedLandmarks,
    StreamClassifier,
    TaskModel,
    load_task,
    read_task,
    write_task,
)


@pytest.fixture
def task():
    config = ClassifierConfig(
        6, 3, embed_dim=16, num_heads=2, feed_forward_dim=8, window=12, position_harmonics=2
    )
    landmarks = {m: (FixedLandmarks(torch.randn(2, m, 8), torch.randn(2, m, 8)),) for m in (2, 4)}
    return TaskModel(
        "tiny", ("none", "a", "b"), StreamClassifier(config).eval(), landmarks,
        EventConfig(hold_tokens=3), 0.08, MappingProxyType({}),
    )  # fmt: skip


def test_round_trip(task, tmp_path):
    write_task(task, tmp_path, {"limits": "tiny"})
    again = read_task(tmp_path)
    assert again.labels == task.labels
    assert again.event_config == task.event_config
    assert again.landmark_counts == (2, 4)
    assert again.card["limits"] == "tiny"
    x = torch.randn(1, 6)
    for lane in (("full",), ("continual_nystrom", 4)):
        ours, theirs = task.with_attention(*lane), again.with_attention(*lane)
        expected = ours.step(x, ours.init_state(1)).output
        assert torch.equal(theirs.step(x, theirs.init_state(1)).output, expected)


def test_damaged_weights_are_refused(task, tmp_path):
    write_task(task, tmp_path, {})
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\1")
    with pytest.raises(ClaError, match="checksum"):
        read_task(tmp_path)


def test_missing_or_broken_card_is_refused(task, tmp_path):
    with pytest.raises(ClaError, match="cannot be read"):
        read_task(tmp_path)
    write_task(task, tmp_path, {})
    (tmp_path / "card.json").write_text("{")
    with pytest.raises(ClaError, match="cannot be read"):
        read_task(tmp_path)


def test_wrong_names_and_counts_are_refused(task):
    with pytest.raises(ClaError, match="no task 'letters'"):
        load_task("letters")
    with pytest.raises(ClaError, match="num_landmarks=3"):
        task.with_attention("continual_nystrom", 3)
    with pytest.raises(ClaError, match="num_landmarks=13"):
        task.with_attention("continual_nystrom", 13, "continual")
    assert task.with_attention("continual_nystrom", 3, "continual").config.window == 12


def test_the_card_is_plain_json(task, tmp_path):
    write_task(task, tmp_path, {})
    card = json.loads((tmp_path / "card.json").read_text())
    assert card["classifier"]["window"] == 12
