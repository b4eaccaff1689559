"""The Teach page: what is gathered, what is missing, what came of it."""

import gc
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest
from tiny_tasks import tiny_sound_task

from cla.capture import sample_clips
from cla.models import write_task_file
from cla.teaching import LaneScore, Taught
from cla.texts import Texts
from cla.types import Correction
from cla.view.live_app import live_server
from cla.view.taught_results import confusion_chart, lane_table
from cla.view.teach_draft import Draft, _all

SAY = Texts("en")
NAVIGATION = Path(__file__).parents[2] / "pages" / "navigation.py"


def score(lane="continual_nystrom fixed M=4"):
    return LaneScore(lane, np.array([[8, 2, 0], [0, 5, 5], [0, 0, 0]]), 0.9)


def test_a_draft_gathers_clips_and_says_what_is_missing():
    draft = Draft("spectrum")
    draft.resize(2, "Class {number}")
    assert draft.names == ["Class 1", "Class 2"]
    draft.add(1, sample_clips()[0].path.read_bytes())
    assert draft.problem is None
    assert draft.seconds(1) == pytest.approx(11.9, abs=0.2)
    assert draft.missing_s(1) == 0
    assert draft.missing_s(2) == 4
    draft.add(2, b"this is no sound")
    assert "not a sound file" in draft.problem.message
    draft.resize(1, "")
    draft.resize(2, "Again {number}")
    assert draft.names == ["Class 1", "Again 2"]
    draft.clear(1)
    assert draft.seconds(1) == 0


def test_a_full_class_takes_no_more():
    draft = Draft("spectrum", ["a", "b"])
    draft.add(1, sample_clips()[0].path.read_bytes())
    draft.clips[1] *= 6
    draft.add(1, sample_clips()[0].path.read_bytes())
    assert "60 s of it already" in draft.problem.message


def test_the_confusion_matrix_is_drawn_by_its_shares():
    chart = confusion_chart(SAY, tiny_sound_task(), score())
    (matrix,) = chart.data
    assert np.array_equal(matrix.z, [[80, 20, 0], [0, 50, 50], [0, 0, 0]])
    assert list(matrix.x) == ["something else", "a", "b"]
    assert chart.layout.yaxis.title.text == "really"


def test_every_lane_is_named_in_the_table():
    scores = (score("full"), score("continual_nystrom continual M=16"), score("new thing"))
    table = lane_table(SAY, Taught(tiny_sound_task(), scores))
    assert table["attention"] == [
        "Full attention",
        "Continual low-rank attention, 16 continual landmarks",
        "new thing",
    ]
    assert table["classes right, %"][0] == "65.0"


@pytest.fixture
def app(monkeypatch, tmp_path):
    """The page where YAMNet was not fetched, with a teacher that needs no time."""

    def teach(material, name, progress):
        progress(0.5)
        assert [len(one.clips) for one in material.classes] == [1, 1]
        return Taught(replace(tiny_sound_task(), name=name), (score(),))

    page = sys.modules["cla.view.teach_page"]
    monkeypatch.setattr(page, "teach", teach)
    monkeypatch.setattr(page, "fetched_path", lambda name: tmp_path / name)
    app = AppTest.from_file(str(NAVIGATION), default_timeout=120).run()
    return app.switch_page("teach.py").run()


def test_classes_are_named_given_clips_taught_and_run_live(app, visitor):
    assert app.info[0].value == "Not enough yet of: Class 1, Class 2."
    app.text_input(key="class-spectrum-1").set_value("talk").run()
    for place in (1, 2):
        app.pills(key="place-spectrum").set_value(place).run()
        uploader = next(one for one in app.file_uploader if one.key.startswith("taught"))
        uploader.upload("clip.flac", sample_clips()[0].path.read_bytes())
        app.run()
    assert not app.info
    app.button(key="train").click().run()
    assert not app.exception
    assert app.metric[0].value == "65.0 %"
    assert app.success[0].value.startswith("Learned: talk, Class 2.")
    app.button(key="run-taught").click().run()
    assert not app.exception
    own = visitor.visit.own
    assert (own.shown["title"], own.task.name) == ("My classes", "own")


def test_names_and_clips_outlive_a_reload_and_go_with_their_page(app):
    app.text_input(key="class-spectrum-1").set_value("talk").run()
    uploader = next(one for one in app.file_uploader if one.key.startswith("taught"))
    uploader.upload("clip.flac", sample_clips()[0].path.read_bytes())
    address = app.run().query_params["draft"]

    def reloaded():
        again = AppTest.from_file(str(NAVIGATION), default_timeout=120).run()
        again.query_params["draft"] = address
        return again.switch_page("teach.py").run()

    again = reloaded()
    assert again.text_input(key="class-spectrum-1").value == "talk"
    assert again.info[0].value == "Not enough yet of: Class 2."
    _all().pop(address)
    assert reloaded().text_input(key="class-spectrum-1").value == "Class 1"


def test_corrections_are_listed_taken_back_and_learned_from(app, visitor, monkeypatch):
    section = sys.modules["cla.view.corrections"]
    monkeypatch.setattr(section, "visitor", lambda: visitor)
    task = live_server().host.offer.ready["digits"]
    heard = np.zeros((40, task.classifier.config.input_dim), np.float32)
    given = [Correction("digits", 1, *each, 7, 39, heard) for each in ((4, 20), (0, 30))]
    assert not [one for one in app.button if one.key == "learn"]
    visitor.visit.corrections = tuple(given)
    app.run()
    listed = [text.value for text in app.markdown]
    assert "**three**, at 1.7 s" in listed
    assert "**none**, at 2.5 s" in listed
    app.button(key="forget-1-30-0").click().run()
    assert visitor.visit.corrections == (given[0],)
    learned = replace(task, card={})
    monkeypatch.setattr(section, "corrected", lambda *_: learned)
    app.button(key="learn").click().run()
    assert not app.exception
    assert app.success[0].value.startswith("Learned from 1:")
    app.button(key="run-corrected").click().run()
    assert visitor.visit.own.task.classifier is learned.classifier


def test_a_name_is_checked_at_once_and_what_was_learned_is_said(app):
    app.text_input(key="class-spectrum-2").set_value("Class 1").run()
    assert "Class 1" in app.error[0].value
    assert app.button(key="train").disabled
    app.segmented_control(key="teach").set_value("words")
    assert not app.run().exception
    assert app.text_input(key="class-speech-1").value == "Class 1"


@pytest.fixture
def visitor(monkeypatch):
    """Who comes to the page; another one where the test goes on as somebody else."""
    who = SimpleNamespace(visit=live_server().invite())
    monkeypatch.setattr("cla.view.own_task.visitor", lambda: who)
    yield who
    who.visit.leave()


def opened_at(address, visitor):
    """The page as somebody else opens it at this address."""
    visitor.visit = live_server().invite()
    app = AppTest.from_file(str(NAVIGATION), default_timeout=120)
    app.query_params["task"] = address
    app.run()
    assert not app.exception
    return app


def test_classes_in_use_outlive_a_reload_and_go_with_their_pages(app, visitor):
    app.file_uploader(key="own-file").upload("mine.safetensors", write_task_file(tiny_sound_task()))
    app.run()
    app.button(key="run-taught").click().run()
    first = visitor.visit
    address = first.own.address
    assert len(address) > 24
    # The visit ends with the page's connection; what its session holds is kept for the reload.
    first.leave()
    reloaded = opened_at(address, visitor)
    assert not reloaded.warning
    assert visitor.visit.own is first.own
    # Another address, however near, has none of it.
    other = opened_at(address[:-1] + ("A" if address[-1] != "A" else "B"), visitor)
    assert "have gone" in other.warning[0].value
    for name in ("own", "hands"):
        opened_at(name, visitor)
        assert visitor.visit.own is None
    del app.session_state["own_task"], reloaded.session_state["own_task"]
    gc.collect()
    assert first.own is None
    assert opened_at(address, visitor).warning
    assert visitor.visit.own is None


def test_a_file_is_opened_and_a_bad_one_explained(app):
    app.file_uploader(key="own-file").upload("mine.safetensors", write_task_file(tiny_sound_task()))
    app.run()
    assert app.info[-1].value == "This file holds no scores."
    assert app.button(key="run-taught")
    app.file_uploader(key="own-file").upload("bad.safetensors", b"no such thing")
    app.run()
    assert "no task that can be used" in app.error[0].value


def test_each_kind_and_number_of_classes_has_its_own_page(app):
    for kind in ("hands", "pictures", "sound"):
        app.segmented_control(key="teach").set_value(kind).run()
        app.slider(key="classes").set_value(8).run()
        assert not app.exception
        names = [field for field in app.text_input if field.key.startswith("class-")]
        assert len(names) == 8
