"""`cla run --record` and `cla replay`: the same again, in another process or another day."""

import json

import pytest
from videos import gradient, write_video

from cla.capture import sample_clips
from cla.cli import main

CLIP = sample_clips()[1]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A sample clip, recorded."""
    folder = tmp_path_factory.mktemp("recordings") / "one"
    assert main(["run", str(CLIP.path), "--seconds", "4", "--record", str(folder), "--json"]) == 0
    return folder


def test_a_replay_is_equal_and_says_so(folder, capsys, tmp_path):
    out = tmp_path / "rows.jsonl"
    assert main(["replay", str(folder), "--compare", "--out", str(out)]) == 0
    assert "Equal to the recording, bit for bit:" in capsys.readouterr().out
    assert json.loads(out.read_text().splitlines()[0])["lane"] == "full"


def test_other_lanes_run_on_what_was_recorded(folder, capsys):
    assert main(["replay", str(folder), "--lanes", "full,nystrom:8", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert list(result["lanes"]) == ["full", "nystrom"]
    assert result["replay"]["equal"] is None
    assert result["lanes"]["full"]["tokens"] >= 48


def test_a_changed_recording_differs_where_it_was_changed(folder, capsys, tmp_path):
    changed = tmp_path / "changed"
    changed.mkdir()
    for file in folder.iterdir():
        (changed / file.name).write_bytes(file.read_bytes())
    sound = bytearray((changed / "sound.flac").read_bytes())
    middle = len(sound) // 2
    sound[middle : middle + 4_000] = bytes(4_000)
    (changed / "sound.flac").write_bytes(sound)
    assert main(["replay", str(changed), "--compare"]) == 1
    assert "Not equal to the recording, first at token" in capsys.readouterr().out


def test_pictures_are_recorded_as_the_lanes_saw_them(capsys, tmp_path):
    images = [gradient(64 + 2 * i, 48) for i in range(8)]
    video = write_video(tmp_path / "some.avi", [image[:, :64] for image in images])
    folder = tmp_path / "one"
    command = ["run", str(video), "--task", "hands", "--record", str(folder), "--json"]
    assert main(command) == 0
    recorded = json.loads(capsys.readouterr().out)
    assert main(["replay", str(folder), "--compare", "--json"]) == 0
    replayed = json.loads(capsys.readouterr().out)
    assert replayed["replay"]["tokens_compared"] == recorded["lanes"]["full"]["tokens"] > 5
    assert (folder / "pictures.mp4").read_bytes().count(b"\xff\xd8\xff") == 8


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("nothing", None, "no recorded session"),
        ("session.json", b"{}", "format"),
        ("session.json", b'{"format": 2}', "missing required field"),
    ],
)
def test_what_is_no_session_is_explained(capsys, tmp_path, name, content, word):
    (tmp_path / "log.jsonl").write_bytes(b"")
    if content is not None:
        (tmp_path / name).write_bytes(content)
    assert main(["replay", str(tmp_path)]) == 2
    assert word in capsys.readouterr().err


def test_a_folder_in_use_is_left_alone(folder, capsys):
    assert main(["run", str(CLIP.path), "--record", str(folder)]) == 2
    assert "not empty" in capsys.readouterr().err
