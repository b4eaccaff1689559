"""Faults injected into a running session: it says so or recovers, and the others go on."""

import threading
import time
from dataclasses import replace

import numpy as np
import pytest
import torch

from cla.engine import FaultRecord, Session, SetEmit, sound_stream
from cla.models import LaneSpec
from cla.telemetry import TokenRecord

LANES = [LaneSpec("full"), LaneSpec("continual_nystrom", 4)]
SOUND = np.random.default_rng(0).uniform(-0.1, 0.1, 40 * 1280).astype(np.float32)
BAD = 10
"""The token at which a fault strikes."""


def sound_of(session, sound=SOUND):
    """Everything the session records of the sound."""
    session.send(SetEmit(True))
    for start in range(0, len(sound), 1280):
        assert session.push(sound[start : start + 1280], timeout_s=60)
    session.finish()
    assert session.wait_finished(60)
    records = session.drain()
    session.close()
    return records


def new_session(task):
    return Session(task, LANES, sound_stream(task, 16_000), live=False)


def tokens_of(records):
    return [record for record in records if isinstance(record, TokenRecord)]


def shown(record):
    return [part for lane in record.lanes for part in (lane.probabilities, lane.attention)]


def poison_features(session):
    step = session._pipeline.comparison.step
    nan = torch.full((96,), float("nan"))

    def poisoned(token):
        return step(replace(token, features=nan) if token.index == BAD else token)

    session._pipeline.comparison.step = poisoned


def poison_state(session):
    step = session._pipeline.comparison.step

    @torch.inference_mode()
    def poisoned(token):
        if token.index == BAD:
            for lane in session._pipeline.comparison.lanes:
                for tensor in lane._stepper.state.stack.layers[0]:
                    if tensor.is_floating_point():
                        tensor.fill_(float("nan"))
        return step(token)

    session._pipeline.comparison.step = poisoned


def poison_output(session):
    comparison = session._pipeline.comparison
    steps, striking = comparison.step, []

    def poisoned(token):
        striking[:] = [token.index == BAD]
        return steps(token)

    comparison.step = poisoned
    for lane in comparison.lanes:

        def step(*inputs, step=lane._stepper.classifier.step, **options):
            result = step(*inputs, **options)
            if striking == [True]:
                result.output.fill_(float("nan"))
            return result

        def by_kernels(*inputs, step=lane._stepper._compiled and lane._stepper._compiled.step):
            scores = step(*inputs)
            if striking == [True]:
                scores.probabilities.fill(np.nan)
            return scores

        lane._stepper.classifier.step = step
        if lane._stepper._compiled:
            lane._stepper._compiled.step = by_kernels


@pytest.mark.parametrize("poison", [poison_features, poison_state, poison_output])
def test_what_is_no_number_is_counted_and_never_shown(task, poison):
    session = new_session(task)
    poison(session)
    records = tokens_of(sound_of(session))
    assert [record.token for record in records] == list(range(40))
    for record in records:
        assert all(np.isfinite(part).all() for part in shown(record) if part is not None)
    assert all(lane.rebuilds == 0 for lane in records[BAD - 1].lanes)
    assert all(1 <= lane.rebuilds <= 2 for lane in records[-1].lanes)
    labels = {lane.label for lane in records[BAD].lanes}
    assert labels == {"none"}


def test_sound_that_is_no_number_is_a_sentence(task):
    sound = SOUND.copy()
    sound[BAD * 1280 + 5] = np.inf
    records = sound_of(new_session(task), sound)
    faults = [record for record in records if isinstance(record, FaultRecord)]
    assert len(faults) == 1
    assert "not numbers" in faults[0].message
    assert len(tokens_of(records)) == 39


def test_a_worker_that_raises_ends_its_own_session_and_no_other(task):
    broken, healthy = new_session(task), new_session(task)
    step = broken._pipeline.comparison.step

    def fail(token):
        if token.index == BAD:
            raise RuntimeError("a kernel gave up")
        return step(token)

    broken._pipeline.comparison.step = fail
    broken.push(SOUND[: 20 * 1280])
    deadline = time.monotonic() + 60
    while not broken.closed and time.monotonic() < deadline:
        time.sleep(0.01)
    *records, fault = broken.drain()
    assert len(tokens_of(records)) == BAD
    assert fault.fatal
    assert "a kernel gave up" in fault.message
    assert not broken.push(SOUND[:1280])
    broken.close()
    assert len(tokens_of(sound_of(healthy))) == 40
    assert not [t for t in threading.enumerate() if t.name.startswith("cla-session")]


def test_a_clock_that_is_set_changes_nothing(task, monkeypatch):
    steady = tokens_of(sound_of(new_session(task)))
    now, jumps = time.time, iter([0, 3600, -7200, 1e9] * 10_000)
    monkeypatch.setattr(time, "time", lambda: now() + next(jumps))
    jumping = tokens_of(sound_of(new_session(task)))
    for one, other in zip(steady, jumping, strict=True):
        assert (one.time_s, one.gap_s) == (other.time_s, other.gap_s)
        assert 0 <= other.queue_ms < 3_000_000  # the clock jumps by hours
        for lane, same in zip(one.lanes, other.lanes, strict=True):
            assert np.array_equal(lane.probabilities, same.probabilities)
