"""The Sessions page: replay, compare, download, delete, and sessions from elsewhere."""

import json
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from packed_sessions import packed
from streamlit.testing.v1 import AppTest

from cla.capture import open_audio, sample_clips
from cla.engine import (
    Recorder,
    Recording,
    Reset,
    Session,
    SetEmit,
    SetLandmarks,
    SetLanes,
    SoundStream,
)
from cla.models import LaneSpec, load_task
from cla.server import Host, TaskOffer, Visit
from cla.server.recordings import VISITOR, RecordingStore
from cla.server.shelf import Shelf
from cla.telemetry import TokenRecord
from cla.texts import Texts
from cla.view.clip_figures import predictions
from cla.view.session_records import marks, recorded_lanes
from cla.view.session_replay import replay_session
from cla.view.systems import SYSTEMS
from cla.view.visitor import Visitor

NAVIGATION = Path(__file__).parents[2] / "pages" / "navigation.py"
LANES = (LaneSpec("full"), LaneSpec("continual_nystrom", 16))
SAY = Texts("en")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Four seconds of digits, with a lane that comes, landmarks that change and a reset."""
    folder = tmp_path_factory.mktemp("recorded") / "one"
    with open_audio(sample_clips()[0].path) as audio:
        sound = np.concatenate([chunk.samples for chunk in audio])
        rate_hz = audio.sample_rate_hz
    session = Session(load_task(), LANES, SoundStream(rate_hz), live=False)
    lanes = (LANES[0], LaneSpec("continual_nystrom", 8), LaneSpec("nystrom", 8))
    commands = (SetLandmarks(4), SetLanes(lanes), Reset())
    with closing(session):
        session.send(SetEmit(True))
        session.start_recording(Recorder(folder, source="digits"))
        for second in range(4):
            assert session.push(sound[second * rate_hz : (second + 1) * rate_hz], timeout_s=60)
            tokens = 0
            while tokens < 12:
                found = session.drain(timeout_s=60)
                tokens += sum(isinstance(record, TokenRecord) for record in found)
            if second < len(commands):
                session.send(commands[second])
        session.finish()
        assert session.wait_finished(60)
    return folder


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """The visitor's shelf."""
    shelf = Shelf(tmp_path / "shelf", VISITOR)
    monkeypatch.setattr(Visitor, "shelf", shelf)
    return shelf


def open_page(**query):
    st.cache_resource.clear()
    app = AppTest.from_file(str(NAVIGATION), default_timeout=120)
    for key, value in query.items():
        app.query_params[key] = value
    app.run()
    return healthy(app.switch_page("sessions.py").run())


def healthy(app):
    assert not app.exception
    return app


def metric(app, label):
    return next(metric.value for metric in app.metric if metric.label == SAY(f"sessions.{label}"))


def test_a_server_that_keeps_nothing_says_what_to_do(monkeypatch):
    monkeypatch.setattr(Visitor, "shelf", None)
    assert "Run the app on your own machine" in open_page().info[0].value


@pytest.mark.usefixtures("shelf")
def test_an_empty_page_says_what_to_do():
    assert "press **Record**" in open_page().info[0].value


def test_a_session_is_replayed_as_recorded_and_with_other_lanes(shelf, folder):
    shelf.add(packed(folder))
    app = open_page()
    assert metric(app, "replay") == "equal, bit for bit"
    assert int(metric(app, "tokens")) == pytest.approx(50, abs=3)
    assert not app.warning
    app.segmented_control(key="replay").set_value("other")
    healthy(app.run())
    assert [m.label for m in app.metric][-1] == SAY("sessions.agreement")
    app.select_slider(key="m").set_value(2)
    assert metric(healthy(app.run()), "tokens")


def test_a_session_is_uploaded_opened_and_deleted(shelf, folder, monkeypatch):
    app = open_page()
    app.file_uploader(key="session_upload_0").upload("session.zip", packed(folder).getvalue())
    healthy(app.run())
    name = shelf.recordings()[0].folder.name
    assert app.selectbox(key="session").value == name
    assert metric(app, "replay") == "equal, bit for bit"
    # It is not run again where its name alone is another.
    monkeypatch.setattr(sys.modules["cla.view.sessions_page"], "replay_session", pytest.fail)
    app.text_input(key=f"session_title_{name}").set_value(" *First* try ")
    healthy(app.run())
    assert shelf.open(name).title == "*First* try"
    assert app.selectbox(key="session").options[0].startswith("*First* try · 20")
    app.file_uploader(key="session_upload_1").upload("again.zip", packed(folder).getvalue())
    healthy(app.run())
    assert app.info[0].value == SAY("sessions.here")
    assert [one.folder.name for one in shelf.recordings()] == [name]
    app.button(key="delete").click()
    assert healthy(app.run()).info
    assert shelf.recordings() == []


def test_a_bad_upload_is_explained_and_leaves_nothing(shelf):
    app = open_page()
    app.file_uploader(key="session_upload_0").upload("session.zip", b"this is no zip file")
    assert "no zip file" in healthy(app.run()).error[0].value
    assert list(shelf.folder.iterdir()) == []


def test_a_changed_session_and_an_unknown_task_are_told(shelf, folder):
    changed = shelf.open(shelf.add(packed(folder))).folder
    sound = bytearray((changed / "sound.flac").read_bytes())
    middle = len(sound) // 2
    sound[middle : middle + 10_000] = bytes(10_000)
    (changed / "sound.flac").write_bytes(sound)
    app = open_page()
    assert metric(app, "replay") == "differs"
    assert "first at token" in app.warning[0].value
    about = json.loads((changed / "session.json").read_text())
    (changed / "session.json").write_text(json.dumps({**about, "task": "birds"}))
    app = open_page()
    assert "birds" in app.warning[0].value
    assert not app.metric


def test_a_damaged_session_is_explained_and_the_page_stands(shelf, folder):
    damaged = shelf.open(shelf.add(packed(folder))).folder
    (damaged / "log.jsonl").write_bytes(b"nonsense\n" * 5)
    app = open_page()
    assert "cannot be read" in app.error[0].value
    assert app.button(key="delete")


def test_what_is_drawn_is_what_was_recorded(folder):
    recording = Recording(folder)
    lanes = recorded_lanes(SAY, recording)
    assert [lane.color for lane in lanes] == [
        SYSTEMS[key].color for key in ("full", "fixed", "nystrom")
    ]
    row = next(recording.rows())
    assert lanes[0].probabilities[0] == pytest.approx(row["probabilities"])
    assert len(lanes[2].times_s) < len(lanes[0].times_s)
    found = marks(SAY, recording)
    assert [mark.label for mark in found] == ["4 landmarks", "lanes", "Reset"]
    assert 0.8 < found[0].start_s < 1.3
    chart = predictions(SAY, "", recording.manifest.labels, lanes, marks=found)
    assert chart.data[0].z.shape == (10, len(lanes[0].times_s))
    assert len(chart.layout.shapes) == 3


def test_a_replay_is_bounded(folder, monkeypatch):
    monkeypatch.setattr("cla.view.session_replay.MAX_SHOWN_S", 1.0)
    replayed = replay_session(Recording(folder), load_task(), [], (), lambda _: None)
    assert not replayed.whole
    assert len(replayed.analysis.lanes[0]) == 12
    assert replayed.check.equal


def test_a_visitor_who_leaves_takes_their_recordings_along(tmp_path, folder):
    visit = Visit(Host(TaskOffer([]), store=RecordingStore(tmp_path)), page=True)
    shelf = visit.shelf(local=False)
    shelf.add(packed(folder))
    Visitor(visit, admits_local=False).leave()
    assert not shelf.folder.exists()
