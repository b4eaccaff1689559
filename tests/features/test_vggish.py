"""VGGish's layout, and that other weights than the published ones are refused."""

import hashlib
from pathlib import Path

import pytest
import torch

from cla.errors import ClaError
from cla.features import load_vggish
from cla.features.vggish import VGGISH_DIM, Vggish


def test_the_network_has_the_parameters_of_the_published_file():
    with torch.device("meta"):
        network = Vggish()
        output = network(torch.empty(2, 96, 64))
    shapes = {name: tuple(one.shape) for name, one in network.state_dict().items()}
    assert output.shape == (2, VGGISH_DIM)
    assert shapes["features.0.weight"] == (64, 1, 3, 3)
    assert shapes["features.13.weight"] == (512, 512, 3, 3)
    assert shapes["embeddings.0.weight"] == (4096, 12_288)
    assert shapes["embeddings.4.weight"] == (128, 4096)
    assert sum(one.numel() for one in network.parameters()) == 72_141_184


def test_only_the_published_file_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(ClaError, match=r"vggish-10086976\.pth"):
        load_vggish(tmp_path / "vggish.pth")
    path = tmp_path / "other.pth"
    torch.save({"features.0.weight": torch.zeros(1)}, path)
    with pytest.raises(ClaError, match="SHA-256"):
        load_vggish(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    monkeypatch.setattr("cla.features.vggish.VGGISH_SHA256", digest[:8])
    with pytest.raises(RuntimeError, match="Missing key"):
        load_vggish(path)
