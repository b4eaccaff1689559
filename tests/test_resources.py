from pathlib import Path

import pytest

from cla import resources
from cla.errors import ClaError
from cla.resources import asset_path, verified_asset


def test_shipped_files_are_found_and_whole() -> None:
    assert asset_path("clips/index.json").is_file()
    assert verified_asset("features/embedding_model.onnx").startswith(b"\x08")


def test_a_missing_file_is_named() -> None:
    with pytest.raises(ClaError, match="assets/features/nothing"):
        asset_path("features/nothing")


@pytest.mark.parametrize("fault", ["changed", "unlisted"])
def test_a_file_that_is_not_the_one_shipped_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    folder = tmp_path / "assets" / "features"
    folder.mkdir(parents=True)
    listed = asset_path("features/SHA256SUMS").read_text()
    (folder / "SHA256SUMS").write_text(listed if fault == "changed" else "")
    (folder / "embedding_model.onnx").write_bytes(b"something else")
    monkeypatch.setattr(resources, "__file__", str(tmp_path / "resources.py"))
    with pytest.raises(ClaError, match="checksum"):
        verified_asset("features/embedding_model.onnx")
