"""Until steps are compiled, pages are told why they wait."""

import threading

from live_connection import connect, metric, receive, serving
from tiny_tasks import tiny_sound_task

from cla.view.warm_up import warm_up_steps


def test_every_kind_of_lane_steps_and_then_it_is_told():
    assert warm_up_steps({"digits": tiny_sound_task()}).wait(600)


def test_a_page_waits_for_its_session_and_is_told_why():
    warm = threading.Event()
    with serving(warm=warm) as (server, client), connect(client, server.issue_key()) as socket:
        assert receive(socket)["type"] == "preparing"
        assert metric(client, "cla_warm") == 0
        warm.set()
        assert receive(socket)["type"] == "hello"
        assert metric(client, "cla_warm") == 1


def test_a_page_that_goes_away_meanwhile_leaves_nothing():
    warm = threading.Event()
    with serving(max_sessions=1, warm=warm) as (server, client):
        with connect(client, server.issue_key()) as socket:
            assert receive(socket)["type"] == "preparing"
        warm.set()
        with connect(client, server.issue_key()) as socket:
            assert receive(socket)["type"] == "hello"
