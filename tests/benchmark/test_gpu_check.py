"""The check of a GPU goes its whole way without one, at small sizes."""

import importlib.util
import json
from pathlib import Path

import pytest
import torch

from cla.attention import all_systems

PATH = Path(__file__).parents[2] / "benchmarks" / "gpu_check.py"


@pytest.fixture(scope="module")
def gpu_check():
    spec = importlib.util.spec_from_file_location("gpu_check", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_it_writes_what_it_found_of_kinds_and_of_a_served_load(gpu_check, tmp_path, monkeypatch):
    monkeypatch.setattr(gpu_check, "ROUND_S", 0.001)
    small = {"streams": (1, 3), "windows": (16,), "served": (2,), "served_s": 0.3}
    monkeypatch.setattr(gpu_check, "SMALL", small)
    out = tmp_path / "found.json"
    assert gpu_check.main(["--device", "cpu", "--no-tests", "--out", str(out)]) in (0, 1)
    found = json.loads(out.read_text())
    assert found["device"]
    assert found["torch"] == torch.__version__
    assert [row["status"] for row in found["steps"]] == ["run"] * (2 * len(list(all_systems())))
    assert all(row["us_a_step"] > 0 for row in found["steps"])
    assert {row["streams"] for row in found["steps"]} == {1, 3}
    assert all(one["tokens"] > 0 for one in found["served"])


def test_a_case_beyond_time_or_memory_is_named_and_left_out(gpu_check):
    device = gpu_check.Device("cpu")
    rows = list(gpu_check.stepped(device, (1,), (16,), None, 0.0))
    assert {row["status"] for row in rows} == {"no time"}
    device.memory_bytes = 1
    rows = list(gpu_check.stepped(device, (1,), (16,), None, 0.0))
    assert {row["status"] for row in rows} == {"no memory"}
