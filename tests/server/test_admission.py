"""Sessions are admitted by the time that they are measured to take, and who has to wait is told."""

import json

import pytest
from live_connection import connect, receive, serving
from starlette.websockets import WebSocketDisconnect

from cla.models import load_task
from cla.server import admission
from cla.server.access import Access
from cla.server.admission import BOUND, LATEST_S, MOST, PERIOD, SOONEST_S, UNMEASURED, Admission
from cla.telemetry import LaneRecord, TokenRecord

HOP_S = 0.08


def token(ms, index=0):
    lane = LaneRecord("full", "a", 1.0, None, 1, compute_ms=ms, ops=None, total_ops=None)
    return TokenRecord(index, 0.0, (lane,))


@pytest.fixture
def admits(monkeypatch):
    """A token takes 2 ms of a lane and 2 ms of all else: 50 ms of each second."""
    monkeypatch.setattr(admission, "rehearsed", lambda *_: (0.002, 0.002))
    clock = iter(range(10_000))
    monkeypatch.setattr(admission.time, "process_time", lambda: next(clock) * PERIOD * 0.003)
    admits = Admission(load_task())
    assert admits.places == UNMEASURED
    admits.rehearse()
    return admits


def test_there_is_room_for_as_many_as_the_time_of_a_process_allows(admits):
    most = int(MOST / 0.05)
    assert admits.places == most
    weights = [admits.begin() for _ in range(most)]
    assert admits.places == most
    assert admits.load == pytest.approx(most * 0.05 / MOST)
    admits.end(weights[0])
    assert admits.places == most
    assert admits.load < 1


def test_a_session_weighs_what_its_lanes_are_measured_to_take(admits):
    heavy, _ = admits.begin(), admits.begin()
    before = admits.load
    for _ in range(100):
        admits.count(token(20.0), heavy, HOP_S)
    assert admits.load * MOST == pytest.approx(before * MOST + 0.018 / HOP_S, rel=1e-3)
    admits.end(heavy)
    assert admits.load == pytest.approx(before / 2)


def test_what_is_no_lanes_is_measured_for_all_and_bounded(admits):
    one = admits.begin()
    for _ in range(50 * PERIOD):
        admits.count(token(1.0), one, HOP_S)
    # The process took 3 ms a token, of which a lane had 1.
    assert admits.load * MOST == pytest.approx(0.003 / HOP_S, rel=1e-2)
    for _ in range(50 * PERIOD):
        admits.count(token(-1000.0), one, HOP_S)
    assert admits._else_s == pytest.approx(BOUND * 0.002, rel=1e-2)


def test_a_single_session_is_never_too_much(admits):
    one = admits.begin()
    for _ in range(200):
        admits.count(token(500.0), one, HOP_S)
    assert admits.places == 1
    admits.end(one)
    assert admits.places == 1


def test_who_has_to_wait_comes_when_others_are_likely_to_go(admits):
    assert admits.come_again_s == LATEST_S
    weights = [admits.begin() for _ in range(10)]
    assert admits.come_again_s == pytest.approx(6)
    for weight in weights[1:]:
        admits.end(weight)
    assert SOONEST_S <= admits.come_again_s < 20


def test_a_rehearsal_measures_lanes_and_all_else():
    lanes_s, else_s = admission.rehearsed(load_task())
    assert lanes_s > 0
    assert else_s > 0


def test_a_full_server_says_when_to_come_again_and_goes_on_with_whom_it_has(admits):
    with serving(access=Access(anybody=True)) as (server, client):
        server.host.admission = admits
        with connect(client, server.invite().key) as first:
            receive(first)
            (visit,) = server._with_place()
            for _ in range(200):
                admits.count(token(500.0), visit._weight, HOP_S)
            with client.websocket_connect("/v1/live") as second:
                fault = json.loads(second.receive_text())
                assert (fault["key"], fault["values"]["count"]) == ("places_taken", 1)
                assert f"again in {fault['values']['wait']} s" in fault["remedy"]
                with pytest.raises(WebSocketDisconnect) as closed:
                    second.receive_text()
                assert closed.value.code == 1013
            answer = client.get("/health")
            assert answer.json()["status"] == "full"
            assert int(answer.headers["Retry-After"]) == fault["values"]["wait"]
            first.send_text('{"type": "pause"}')
            assert receive(first)["type"]
        assert not admits._weights or server._waited_for()
