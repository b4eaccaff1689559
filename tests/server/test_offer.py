"""Which tasks can run, and what pages are told of them."""

import sys
from dataclasses import replace

import pytest
from tiny_tasks import tiny_sound_task, tiny_video_task

import cla.features.yamnet_tokenizer as tokenizer
from cla.errors import ClaError
from cla.features import FRONT_ENDS
from cla.features.yamnet import Yamnet
from cla.models import load_task
from cla.opencv import opencv
from cla.server import TaskOffer


def test_pages_are_told_of_every_task():
    offer = TaskOffer([tiny_sound_task(), tiny_video_task()])
    assert list(offer.ready) == ["digits", "hands"]
    assert [(task["title"], task["input"]) for task in offer.shown] == [
        ("Spoken digits", "sound"),
        ("Hand signs", "video"),
    ]
    assert not any(task["problem"] for task in offer.shown)
    assert all(task["clips"] for task in offer.shown)


def test_where_video_cannot_work_sound_does_and_pages_are_told_why(monkeypatch):
    def fail():
        raise ClaError("opencv_not_loaded", reason="gone")

    hands = replace(FRONT_ENDS["hands"], open=fail)
    monkeypatch.setattr("cla.features.front_ends.FRONT_ENDS", {**FRONT_ENDS, "hands": hands})
    offer = TaskOffer([tiny_sound_task(), tiny_video_task()])
    assert list(offer.ready) == ["digits"]
    assert [task["problem"] and task["problem"].key for task in offer.shown] == [
        None,
        "opencv_not_loaded",
    ]


def test_sounds_are_offered_once_their_embedding_is_there(tmp_path, monkeypatch):
    monkeypatch.setenv("CLA_DATA", str(tmp_path))
    tokenizer.shared_yamnet.cache_clear()
    sounds = load_task("sounds")
    offer = TaskOffer([sounds])
    (shown,) = offer.shown
    assert not offer.ready
    assert "cla fetch yamnet" in str(shown["problem"])
    assert str(tmp_path) not in str(shown["problem"])  # no visitor learns the server's folders
    network = Yamnet().eval().requires_grad_(False)
    monkeypatch.setattr(tokenizer, "shared_yamnet", lambda: network)
    offer.admit("sounds")
    (shown,) = offer.shown
    assert (list(offer.ready), offer.waiting) == (["sounds"], {})
    assert shown["problem"] is None
    assert [clip["file"] for clip in shown["clips"]] == ["sounds.flac"]


def test_a_missing_opencv_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(ClaError) as caught:
        opencv()
    assert "opencv-python-headless" in caught.value.remedy
