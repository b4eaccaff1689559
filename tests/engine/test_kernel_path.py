"""Lanes begin by PyTorch and change over to compiled kernels; replays follow."""

import json
import threading
from contextlib import closing

import numpy as np
import pytest

from cla.attention import kernels as attention_kernels
from cla.attention.kernels.ahead import Stopped, compile_all
from cla.engine import (
    Comparison,
    Kernels,
    KernelStatus,
    Recorder,
    Recording,
    ReplayCheck,
    ReplayConfig,
    Session,
    SetLandmarkMode,
    SetLandmarks,
    SetLanes,
    SoundStream,
    UseKernels,
    replay,
)
from cla.engine.recording.log import CommandDone
from cla.models import LaneSpec
from cla.telemetry import TokenRecord

LANES = (LaneSpec("full"), LaneSpec("continual"), LaneSpec("continual_nystrom", 4))
RATE_HZ = 16_000
SOUND = (np.random.default_rng(3).normal(size=4 * RATE_HZ) * 0.1).astype(np.float32)


@pytest.fixture(scope="module")
def loaded():
    """No session of a test waits until its kernels are compiled."""
    compile_all()


class Given(Kernels):
    """Kernels that become ready when a test says so."""

    def arrive(self):
        self.status = KernelStatus(ready=True)


def tokens(records):
    return [record for record in records if isinstance(record, TokenRecord)]


def play(task, kernels, folder=None, between=lambda: None):
    """What the lanes say in a session; `between` comes in the middle of it."""
    session = Session(task, LANES, SoundStream(RATE_HZ), live=False, kernels=kernels)
    heard = []
    with closing(session):
        if folder:
            session.start_recording(Recorder(folder))
        for index, packet in enumerate(np.array_split(SOUND, 20)):
            if index == 10:
                while len(heard) < 10:
                    heard += tokens(session.drain(timeout_s=30))
                between()
            assert session.push(packet, timeout_s=30)
            heard += tokens(session.drain())
        session.finish()
        assert session.wait_finished(60)
        return heard + tokens(session.drain())


def probabilities(records):
    return np.array([[lane.probabilities for lane in record.lanes] for record in records])


@pytest.mark.skipif(not attention_kernels.AVAILABLE, reason="there is one path alone")
@pytest.mark.usefixtures("loaded")
def test_a_change_over_is_recorded_at_its_token_and_replayed_bit_for_bit(task, tmp_path):
    kernels = Given()
    heard = play(task, kernels, tmp_path / "one", between=kernels.arrive)
    recording = Recording(tmp_path / "one")
    assert not recording.manifest.kernels
    assert recording.by_kernels
    (change,) = [one for one in recording.happenings() if isinstance(one, CommandDone)]
    assert change.command == UseKernels(True)
    assert 0 < change.steps < len(heard)
    checked = ReplayCheck(recording)
    for record in tokens(replay(recording, task)):
        checked.add(record)
    checked.finish()
    assert (checked.difference, checked.compared) == (None, len(heard))
    # One path all along gives nearly the same, and from the change on not the very same.
    log = tmp_path / "one" / "log.jsonl"
    lines = [line for line in log.read_text().splitlines() if '"kernels"' not in line]
    log.write_text("\n".join(lines) + "\n")
    other = probabilities(tokens(replay(Recording(tmp_path / "one"), task)))
    assert np.array_equal(other[: change.steps], probabilities(heard)[: change.steps])
    assert not np.array_equal(other, probabilities(heard))
    np.testing.assert_allclose(other, probabilities(heard), atol=1e-4)


@pytest.mark.usefixtures("loaded")
def test_a_stream_has_no_gap_where_lanes_change_over(task):
    kernels = Given()
    changed = play(task, kernels, between=kernels.arrive)
    straight = play(task, None)
    assert [r.token for r in changed] == [r.token for r in straight] == list(range(len(changed)))
    assert [r.lanes[0].valid_tokens for r in changed] == [r.lanes[0].valid_tokens for r in straight]
    assert [r.lanes[2].total_ops for r in changed] == [r.lanes[2].total_ops for r in straight]
    assert {r.gap_s for r in changed} == {0.0}
    np.testing.assert_allclose(probabilities(changed), probabilities(straight), atol=1e-4)


@pytest.mark.usefixtures("loaded")
def test_without_kernels_to_wait_for_lanes_step_by_them_at_once(task, tmp_path):
    play(task, None, tmp_path / "one")
    recording = Recording(tmp_path / "one")
    assert recording.manifest.kernels == attention_kernels.AVAILABLE
    assert not [one for one in recording.happenings() if isinstance(one, CommandDone)]


def paths(comparison):
    return {a.use_fused for lane in comparison.lanes for a in lane._stepper.classifier.attentions}


def test_lanes_that_are_made_later_take_the_path_of_the_others(task):
    comparison = Comparison(task, LANES, kernels=False)
    assert paths(comparison) == {False}
    comparison.apply(SetLanes((*LANES, LaneSpec("nystrom", 4))))
    comparison.apply(SetLandmarks(4))
    comparison.reset()
    assert paths(comparison) == {False}
    comparison.apply(UseKernels(True))
    comparison.apply(SetLanes((*LANES, LaneSpec("nystrom", 8))))
    comparison.apply(SetLandmarkMode("continual"))
    assert paths(comparison) == {attention_kernels.AVAILABLE}
    comparison.apply(UseKernels(False))
    assert paths(comparison) == {False}


@pytest.mark.parametrize(("numba", "kernels"), [("0.61.0", True), ("", False)])
def test_recordings_of_older_formats_ran_by_kernels_where_numba_was(task, tmp_path, numba, kernels):
    play(task, Given(), tmp_path / "one")
    place = tmp_path / "one" / "session.json"
    about = json.loads(place.read_text())
    assert about.pop("kernels") is False
    about |= {"format": 2, "versions": {**about["versions"], "numba": numba}}
    place.write_text(json.dumps(about))
    assert Recording(tmp_path / "one").manifest.kernels == kernels


@pytest.mark.usefixtures("loaded")
def test_a_replay_with_other_lanes_follows_the_path(task, tmp_path):
    kernels = Given()
    play(task, kernels, tmp_path / "one", between=kernels.arrive)
    config = ReplayConfig(lanes=(LaneSpec("nystrom", 8),))
    assert config.follows(UseKernels(True))
    assert tokens(replay(Recording(tmp_path / "one"), task, config))


@pytest.fixture
def machine(monkeypatch):
    """What lies compiled, and the process that compiles, as a test wants them."""
    import sys

    module = sys.modules["cla.engine.kernels"]
    state = {"compiled": False, "keeps": True, "said": "", "environment": None}
    go = threading.Event()

    def compile_beside(self, environment):
        state["environment"] = environment
        self.status = KernelStatus(share=0.5)
        assert go.wait(30)
        state["compiled"] = not state["said"]
        return state["said"]

    monkeypatch.setattr(module, "compiled", lambda: state["compiled"])
    monkeypatch.setattr(module, "compile_all", lambda **_: state["compiled"])
    monkeypatch.setattr(module, "can_keep", lambda: state["keeps"])
    monkeypatch.setattr(module, "take_from", lambda folder: state.update(folder=folder))
    monkeypatch.setattr(Kernels, "_compile_beside", compile_beside)
    return state, go


def test_kernels_that_lie_compiled_are_loaded_at_once(machine):
    state, _ = machine
    state["compiled"] = True
    kernels = Kernels()
    assert kernels.settle()
    assert kernels.wait()
    assert kernels.status == KernelStatus(ready=True)
    assert state["environment"] is None


def test_nobody_waits_for_kernels_that_have_to_be_compiled(machine):
    _, go = machine
    kernels = Kernels()
    assert not kernels.settle()
    assert not kernels.status.final
    go.set()
    assert kernels.wait()


def test_kernels_that_cannot_be_kept_are_passed_through_a_folder_of_ones_own(machine):
    state, go = machine
    state["keeps"] = False
    go.set()
    assert Kernels().wait()
    assert state["environment"]["CLA_KERNELS"] == str(state["folder"])
    assert not state["folder"].exists()


def test_kernels_that_cannot_be_had_are_missed_in_one_line(machine, caplog):
    state, go = machine
    state["said"] = "No space left on device"
    go.set()
    kernels = Kernels()
    assert not kernels.wait()
    assert kernels.status == KernelStatus(missing=True)
    (line,) = caplog.records
    assert "No space left on device" in line.message


def test_without_numba_that_is_said(monkeypatch, caplog):
    monkeypatch.setattr(attention_kernels, "AVAILABLE", False)
    assert not Kernels().settle()
    assert "numba is not installed" in caplog.text


@pytest.mark.slow
def test_another_process_compiles_them_all(tmp_path, monkeypatch):
    monkeypatch.setenv("CLA_KERNELS", str(tmp_path))
    kernels = Kernels()
    assert not kernels.settle()
    assert kernels.wait()
    assert kernels.status.ready
    assert list(tmp_path.rglob("complete"))


@pytest.mark.usefixtures("loaded")
def test_loading_ends_between_two_steps_when_the_process_does():
    asked = iter((False, False, True))
    with pytest.raises(Stopped):
        compile_all(stop=lambda: next(asked))
    assert next(asked, None) is None
