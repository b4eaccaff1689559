"""Lanes on a GPU, for which a device without memory stands in: they go on on the CPU and say so."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from rows import assert_rows_close
from tiny_tasks import tiny_sound_task
from torch.overrides import TorchFunctionMode

from cla.engine import Comparison, FaultRecord, Session, sound_stream
from cla.errors import ClaError
from cla.models import LaneSpec, StreamClassifier
from cla.models import task as task_module
from cla.telemetry import TokenRecord
from cla.texts.sentence import Sentence
from cla.types import Token

LANES = [LaneSpec("full"), LaneSpec("continual_nystrom", 4, "continual")]
FULL_AT = 30
"""The token at which the device has no memory left."""
TOKENS = [
    Token(index, 0.08 * index, torch.randn(96, generator=torch.Generator().manual_seed(index)))
    for index in range(60)
]


def out_of_memory(*_, **__):
    raise torch.OutOfMemoryError("CUDA out of memory.")


@pytest.fixture
def full_device(monkeypatch):
    """A device on which nothing succeeds but to put weights and a state there."""
    for name in ("step", "step_operations"):
        usual = getattr(StreamClassifier, name)

        def without_memory(self, *arguments, usual=usual, **options):
            meta = self.position_table.device.type == "meta"
            return (out_of_memory if meta else usual)(self, *arguments, **options)

        monkeypatch.setattr(StreamClassifier, name, without_memory)
    return torch.device("meta")


def probabilities(comparison, tokens):
    return np.stack([[lane.probabilities for lane in comparison.step(t).lanes] for t in tokens])


def test_a_lane_without_memory_goes_on_on_the_cpu(full_device):
    task = tiny_sound_task()
    expected = probabilities(Comparison(task, LANES), TOKENS)
    comparison = Comparison(replace(task, device=full_device), LANES)
    np.testing.assert_array_equal(probabilities(comparison, TOKENS), expected)
    assert [fault.message for fault in comparison.take_faults()] == [
        "The memory of the GPU is full. full goes on on the CPU.",
        "The memory of the GPU is full. continual_nystrom goes on on the CPU.",
    ]
    assert not comparison.take_faults()


def test_what_was_heard_on_the_device_is_not_forgotten(full_device):
    task = tiny_sound_task()
    expected = probabilities(Comparison(task, LANES), TOKENS)
    comparison = Comparison(task, LANES)
    probabilities(comparison, TOKENS[:FULL_AT])
    for lane in comparison.lanes:
        lane._device = full_device
        lane.change(lane.config)
    late = probabilities(comparison, TOKENS[FULL_AT:])
    assert_rows_close(late, expected[FULL_AT:])
    assert len(comparison.take_faults()) == len(LANES)


def test_a_device_that_is_full_from_the_start(monkeypatch):
    monkeypatch.setattr(StreamClassifier, "to", out_of_memory)
    task = replace(tiny_sound_task(), device=torch.device("meta"))
    comparison = Comparison(task, LANES)
    assert len(comparison.take_faults()) == len(LANES)
    assert np.isfinite(probabilities(comparison, TOKENS)).all()


def test_a_session_says_why_it_left_the_device(full_device):
    task = replace(tiny_sound_task(), device=full_device)
    session = Session(task, LANES, sound_stream(task, 16_000), live=False)
    for _ in range(5):
        assert session.push(np.zeros(1280, np.float32), timeout_s=60)
    session.finish()
    assert session.wait_finished(60)
    records = session.drain()
    session.close()
    faults = [record for record in records if isinstance(record, FaultRecord)]
    assert len(faults) == len(LANES)
    assert not any(fault.fatal for fault in faults)
    assert sum(isinstance(record, TokenRecord) for record in records) == 5


def test_weights_of_others_stay_where_they_are():
    task = tiny_sound_task()
    Comparison(replace(task, device=torch.device("meta")), LANES)
    assert {p.device.type for p in task.classifier.parameters()} == {"cpu"}


class NoFloat64(TorchFunctionMode):
    """Lets devices other than the CPU do without float64, as Apple's do."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        result = function(*args, **kwargs or {})
        for one in result if isinstance(result, tuple) else (result,):
            if isinstance(one, torch.Tensor) and not one.is_cpu and one.dtype == torch.float64:
                raise TypeError("Cannot convert a MPS Tensor to float64 dtype.")
        return result


def test_lanes_asked_to_step_without_float64_say_so_and_run_on_the_cpu(monkeypatch, caplog):
    monkeypatch.setattr(task_module, "AVAILABLE", {"mps": lambda: True})
    task = tiny_sound_task()
    expected = probabilities(Comparison(task, LANES), TOKENS)
    with NoFloat64():
        with pytest.raises(TypeError, match="float64"):
            Comparison(replace(task, device=torch.device("meta")), LANES)
        told = task.on("mps")
    np.testing.assert_array_equal(probabilities(Comparison(told, LANES), TOKENS), expected)
    assert caplog.messages == [Sentence("notices.no_float64")]


@pytest.mark.parametrize("device", ["tpu", "cuda:99", ""])
def test_no_other_devices(device):
    with pytest.raises(ClaError, match="There is no device"):
        tiny_sound_task().on(device)


@pytest.mark.parametrize("device", ["cuda", "mps"])
def test_no_gpu_is_said(device, monkeypatch):
    monkeypatch.setattr(task_module, "AVAILABLE", {device: lambda: False})
    with pytest.raises(ClaError, match="no GPU"):
        tiny_sound_task().on(device)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_gpu_gives_the_same_predictions():
    task = tiny_sound_task()
    expected = probabilities(Comparison(task, LANES), TOKENS)
    found = probabilities(Comparison(task.on("cuda"), LANES), TOKENS)
    assert_rows_close(found, expected, roundings=1024)  # products on it may be of shorter types
