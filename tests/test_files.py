"""Files are written as a whole or not at all."""

import errno
import os
import stat
from pathlib import Path

import pytest

from cla.errors import ClaError
from cla.files import NewFile, make_folder, replacing, write_file
from cla.printable import printable


@pytest.fixture
def full_disk(monkeypatch):
    """Nothing can be brought to the disk any more."""

    def fsync(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fsync)


def test_a_file_takes_the_place_of_another_with_its_rights(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")
    path.chmod(0o640)
    write_file(path, b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert os.listdir(tmp_path) == ["a.bin"]


@pytest.mark.usefixtures("full_disk")
def test_a_full_disk_leaves_what_was_there(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")
    with pytest.raises(ClaError, match=r"a\.bin cannot be written: the disk is full"):
        write_file(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.bin"]


def test_what_ends_early_leaves_what_was_there(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")

    def stopped():
        with replacing(path) as file:
            file.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.bin"]


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "there").mkdir()
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "there" / "a.bin")
    write_file(link, b"new")
    assert link.is_symlink()
    assert (tmp_path / "there" / "a.bin").read_bytes() == b"new"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
def test_what_is_no_file_is_written_to_itself():
    with pytest.raises(ClaError, match="the disk is full"):
        write_file(Path("/dev/full"), b"x" * 100)
    assert not Path("/dev/full").is_file()


def test_a_long_name_and_a_folder_that_is_not_there(tmp_path):
    write_file(tmp_path / ("ä" * 127), b"x")
    with pytest.raises(ClaError, match="cannot be written: No such file"):
        write_file(tmp_path / "missing" / "a", b"x")
    with pytest.raises(ClaError, match="cannot be written: Is a directory"):
        write_file(tmp_path, b"x")
    (tmp_path / "file").touch()
    with pytest.raises(ClaError, match="cannot be written"):
        make_folder(tmp_path / "file" / "below")


def test_dropping_twice_is_no_fault(tmp_path):
    new = NewFile(tmp_path / "a")
    new.drop()
    new.drop()
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("take[/b] [live].flac", "take[/b] [live].flac"),
        ("a\x1b[31m\a\nb", r"a\x1b[31m\x07\nb"),
        (os.fsdecode(b"\xff.wav"), r"\udcff.wav"),
        ("\ud800", r"\ud800"),
        ("gpj\u202e.exe\u2066", r"gpj\u202e.exe\u2066"),
        ("Grüße 日本 3.04\u202fPM 👩\u200d👧.mp4", "Grüße 日本 3.04\u202fPM 👩\u200d👧.mp4"),
    ],
)
def test_names_are_shown_as_what_they_are(name, shown):
    assert printable(name) == shown
    assert printable(shown) == shown
    shown.encode()
    assert ClaError("file_not_opened", file=name, reason="").message.startswith(f"{shown} cannot")
