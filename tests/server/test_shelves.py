"""Where recordings are kept: apart for each visitor, under names of ours, and gone when stated."""

import os
import subprocess
import sys
import time
import zipfile

import pytest
from live_connection import connect, receive, receive_until, send, serving
from packed_sessions import packed
from replays import replayed

from cla.capture import sample_clips
from cla.engine import RecordingLimits
from cla.errors import ClaError
from cla.models import load_task
from cla.server.recordings import VISITOR, RecordingStore, store_of
from cla.server.shelf import Shelf, ShelfLimits


@pytest.fixture
def store(tmp_path):
    store = RecordingStore(tmp_path / "recordings")
    yield store
    store.close()


def record_sample(client, key, seconds=1.0):
    """Play the first sample, record so much of it, and say what the page was told."""
    with connect(client, key) as socket:
        hello = receive(socket)
        send(socket, type="sample", clip=sample_clips()[0].name)
        while receive_until(socket, "token")["token"] < 3:
            pass
        send(socket, type="record", on=True)
        begun = receive_until(socket, "recording")
        first = receive_until(socket, "token")
        while receive_until(socket, "token")["time_s"] < seconds:
            pass
        send(socket, type="reset")
        send(socket, type="landmarks", num_landmarks=4)
        settings = receive_until(socket, "settings")
        send(socket, type="record", on=False)
        ended = receive_until(socket, "recording")
    return hello, begun, first, settings, ended


def test_a_page_records_and_the_recording_replays_bit_for_bit(store):
    with serving(store=store) as (server, client):
        visit = server.invite()
        hello, begun, first, settings, ended = record_sample(client, visit.key)
        assert hello["records"] is True
        assert (begun["running"], first["token"]) == (True, 0)
        assert settings["recorded_s"] > 0
        assert (ended["running"], ended["message"]) == (False, "")
        (recording,) = visit.shelf(local=False).recordings()
    assert recording.manifest.source == sample_clips()[0].name
    assert recording.duration_s == pytest.approx(ended["duration_s"])
    check = replayed(recording, load_task())
    assert check.equal
    assert check.compared >= 12


def test_visitors_do_not_see_each_others_recordings(store):
    with serving(store=store) as (server, client):
        visit = server.invite()
        record_sample(client, visit.key, 0.3)
        shelf = visit.shelf(local=False)
        name = shelf.recordings()[0].folder.name
        other = server.invite().shelf(local=False)
        assert other.recordings() == []
        with pytest.raises(ClaError, match="no recorded session"):
            other.open(name)
        assert visit.key not in str(shelf.folder)


def test_a_server_that_keeps_nothing_says_so():
    with serving() as (server, client), connect(client, server.invite().key) as socket:
        assert receive(socket)["records"] is False
        send(socket, type="record", on=True)
        assert "keeps no recordings" in receive_until(socket, "fault")["message"]


def test_nothing_is_recorded_where_nothing_plays(store):
    with serving(store=store) as (server, client), connect(client, server.invite().key) as socket:
        send(socket, type="record", on=True)
        assert "Nothing is playing" in receive_until(socket, "fault")["message"]
        send(socket, type="record", on=False)
        assert receive_until(socket, "settings")["recorded_s"] is None


def filled(shelf, folder, count=1):
    """A shelf with so many recordings of nothing."""
    (folder / "log.jsonl").write_bytes(b"")
    for second in range(count):
        started = b'"started": "%s"' % (b"+" * second)
        (folder / "session.json").write_bytes(MANIFEST.replace(b'"started": ""', started))
        shelf.add(packed(folder))
    return shelf


def test_a_session_that_is_here_is_not_taken_again(tmp_path):
    shelf = filled(Shelf(tmp_path / "shelf", VISITOR), tmp_path)
    (name,) = [recording.folder.name for recording in shelf.recordings()]
    assert shelf.add(packed(tmp_path)) == name
    assert len(list(shelf.folder.iterdir())) == 1


MANIFEST = (
    b'{"format": 2, "task": "digits", "weights": "", "labels": ["none", "a"], "hop_s": 0.08, '
    b'"sample_rate_hz": 16000, "lanes": [], "emit": true, "live": true, "source": "", '
    b'"device": "", "started": ""}'
)


def test_a_full_shelf_refuses_and_deletes_nothing(tmp_path):
    shelf = filled(Shelf(tmp_path / "shelf", VISITOR), tmp_path, VISITOR.max_recordings)
    with pytest.raises(ClaError, match="kept already"):
        shelf.recorder("more")
    shelf.delete(shelf.recordings()[0].folder.name)
    shelf.recorder("more").close()
    assert len(shelf.recordings()) == VISITOR.max_recordings - 1


def test_a_disk_that_is_nearly_full_is_left_alone(tmp_path):
    limits = ShelfLimits(5, RecordingLimits(min_free_bytes=2**62))
    with pytest.raises(ClaError, match="nearly full"):
        Shelf(tmp_path / "shelf", limits).recorder("some")


def test_what_is_too_old_goes_whatever_the_date_says(tmp_path, monkeypatch):
    limits = ShelfLimits(5, VISITOR.recording, max_age_s=60.0)
    shelf = filled(Shelf(tmp_path / "shelf", limits), tmp_path)
    now = time.monotonic()
    monkeypatch.setattr(time, "time", lambda: 1e10)
    assert len(shelf.recordings()) == 1
    monkeypatch.setattr(time, "monotonic", lambda: now + 61)
    assert shelf.recordings() == []


@pytest.mark.parametrize("name", ["", "..", "../own", "/etc", "0" * 15, "A" * 16, "0" * 16 + "\n"])
def test_names_that_are_not_ours_lead_nowhere(tmp_path, name):
    shelf = filled(Shelf(tmp_path / "shelf", VISITOR), tmp_path)
    with pytest.raises(ClaError, match="no such recording"):
        shelf.open(name)
    shelf.delete(name)
    assert len(shelf.recordings()) == 1
    assert (tmp_path / "session.json").exists()


def test_links_in_a_shelf_lead_nowhere(tmp_path):
    shelf = filled(Shelf(tmp_path / "shelf", VISITOR), tmp_path)
    (recording,) = shelf.recordings()
    link = shelf.folder / ("0" * 16)
    link.symlink_to(tmp_path)
    (recording.folder / "sound.flac").symlink_to(tmp_path / "session.json")
    assert [each.folder for each in shelf.recordings()] == [recording.folder]
    with pytest.raises(ClaError, match="no such recording"):
        shelf.open(link.name)
    shelf.delete(link.name)
    assert (tmp_path / "session.json").read_bytes() == MANIFEST
    assert recording.duration_s == 0
    with zipfile.ZipFile(packed(recording.folder)) as archive:
        assert all("sound" not in name for name in archive.namelist())


def test_two_servers_on_one_folder_show_and_delete_the_same(tmp_path):
    one, other = (RecordingStore(tmp_path / "recordings") for _ in range(2))
    name = filled(one.own, tmp_path).recordings()[0].folder.name
    assert [each.folder.name for each in other.own.recordings()] == [name]
    opened = one.own.open(name)
    other.own.delete(name)
    one.own.delete(name)
    assert one.own.recordings() == []
    with pytest.raises(ClaError):
        opened.task()
    mine, yours = (filled(store.new_shelf(), tmp_path) for store in (one, other))
    assert mine.folder != yours.folder
    one.close()
    assert len(yours.recordings()) == 1
    other.close()


def test_a_visitors_recordings_go_with_the_visitor_and_the_server(store, tmp_path):
    shelf = filled(store.new_shelf(), tmp_path)
    other = filled(store.new_shelf(), tmp_path)
    store.release(shelf)
    store.release(shelf)
    assert not shelf.folder.exists()
    assert len(other.recordings()) == 1
    store.close()
    left = [path for path in (tmp_path / "recordings").rglob("*") if path.is_file()]
    assert left == [tmp_path / "recordings" / "visitors" / "lock"]  # empty, for servers' turns


CRASH = """
import sys
from pathlib import Path
sys.path[:0] = {path}
from cla.server.recordings import RecordingStore
store = RecordingStore(Path(sys.argv[1]))
shelf = store.new_shelf()
(shelf.folder / ("0" * 16)).mkdir(parents=True)
(shelf.folder / ("0" * 16) / "session.json").write_text("{{}}")
print(flush=True)
sys.stdin.read()
"""


def test_what_a_crash_has_left_goes_and_what_a_living_server_holds_stays(tmp_path):
    root = tmp_path / "recordings"
    script = CRASH.format(path=repr([p for p in sys.path if p]))
    with subprocess.Popen(
        [sys.executable, "-c", script, str(root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as crashing:
        crashing.stdout.readline()
        living = RecordingStore(root)
        held = filled(living.new_shelf(), tmp_path)
        assert len(list(root.rglob("session.json"))) == 2
        crashing.kill()
    store = RecordingStore(root)
    store.new_shelf()
    assert [path.is_relative_to(held.folder) for path in root.rglob("session.json")] == [True]
    store.close()
    living.close()


def test_the_environment_says_where_recordings_go(tmp_path):
    assert store_of({"CLA_RECORDINGS": "off"}) is None
    assert store_of({"CLA_RECORDINGS": str(tmp_path)}).own.folder == tmp_path / "own"
    data = store_of({"XDG_DATA_HOME": str(tmp_path)}).own.folder
    assert data == tmp_path / "cla" / "recordings" / "own"
    assert os.listdir(tmp_path) == []
