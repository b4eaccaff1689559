"""What pages are told of the tasks."""

import sys
from dataclasses import replace
from unittest.mock import Mock

import pytest
from tiny_tasks import tiny_sound_task, tiny_video_task

import cla.features.yamnet_tokenizer as tokenizer
from cla.errors import ClaError
from cla.features import FRONT_ENDS, Yamnet
from cla.models import load_task
from cla.opencv import opencv
from cla.view import live_app


def test_pages_are_told_of_every_task():
    ready, shown = live_app.ready_tasks([tiny_sound_task(), tiny_video_task()])
    assert list(ready) == ["digits", "hands"]
    assert [(task["title"], task["input"]) for task in shown] == [
        ("Spoken digits", "sound"),
        ("Hand signs", "video"),
    ]
    assert not any(task["problem"] for task in shown)
    assert all(task["clips"] for task in shown)


@pytest.mark.parametrize(
    ("base", "place"), [("", "/cla"), ("demo", "/demo/cla"), ("/a/b/", "/a/b/cla")]
)
def test_routes_lie_beside_the_pages(base, place, monkeypatch):
    monkeypatch.setattr(live_app, "live_server", lambda: Mock())
    monkeypatch.setattr(live_app.st, "get_option", {"server.baseUrlPath": base}.get)
    (mount,) = live_app.routes()
    assert mount.path == place


def test_where_video_cannot_work_sound_does_and_pages_are_told_why(monkeypatch):
    def fail():
        raise ClaError("OpenCV cannot be loaded.", "Install it.")

    hands = replace(FRONT_ENDS["hands"], open=fail)
    monkeypatch.setattr("cla.features.front_ends.FRONT_ENDS", {**FRONT_ENDS, "hands": hands})
    ready, shown = live_app.ready_tasks([tiny_sound_task(), tiny_video_task()])
    assert list(ready) == ["digits"]
    assert [task["problem"] for task in shown] == ["", "OpenCV cannot be loaded. Install it."]


def test_sounds_are_offered_once_their_embedding_is_there(tmp_path, monkeypatch):
    monkeypatch.setenv("CLA_DATA", str(tmp_path))
    tokenizer.shared_yamnet.cache_clear()
    sounds = load_task("sounds")
    ready, (shown,) = live_app.ready_tasks([sounds])
    assert not ready
    assert "cla fetch yamnet" in shown["problem"]
    assert str(tmp_path) not in shown["problem"]  # no visitor learns the server's folders
    network = Yamnet().eval().requires_grad_(False)
    monkeypatch.setattr(tokenizer, "shared_yamnet", lambda: network)
    ready, (shown,) = live_app.ready_tasks([sounds])
    assert list(ready) == ["sounds"]
    assert shown["problem"] == ""
    assert [clip["file"] for clip in shown["clips"]] == ["sounds.flac"]


def test_a_missing_opencv_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(ClaError) as caught:
        opencv()
    assert "opencv-python-headless" in caught.value.remedy
