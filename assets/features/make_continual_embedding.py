"""Makes `continual_embedding.onnx`, the speech embedding that computes nothing twice.

Run: python assets/features/make_continual_embedding.py

`embedding_model.onnx` sees 76 frames for 8 new ones. Its convolutions along time are unpadded and
its strides along time multiply to 8, so each can keep the last two rows of its input: the same
numbers for a ninth of the work. The state of a stream is those rows, one input and output for each
convolution along time.
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FOLDER = Path(__file__).parent
KERNEL = 3
"""Frames that a convolution along time sees."""
NEW_FRAMES = 8
MEL_BANDS = 32
FEATURE_DIM = 96
CONSTANTS = {
    "from": np.array([1 - KERNEL]),
    "to": np.array([np.iinfo(np.int64).max]),
    "time": np.array([2]),
    "token": np.array([1, FEATURE_DIM]),
}


def continual(model: onnx.ModelProto) -> onnx.ModelProto:
    """The network for 8 new frames, and the rows before them of each layer's input."""
    graph = onnx.shape_inference.infer_shapes(model).graph
    shapes = {
        value.name: [size.dim_value for size in value.type.tensor_type.shape.dim]
        for value in graph.value_info
    }
    first, *layers, last = graph.node  # only the first and the last change the order of axes
    names = {first.output[0]: "frames"}
    shapes[first.output[0]] = [1, 1, NEW_FRAMES, MEL_BANDS]
    inputs = [_value("frames", shapes[first.output[0]])]
    outputs = [_value("embedding", CONSTANTS["token"].tolist())]
    nodes = []
    for layer in layers:
        if layer.op_type == "Conv" and _kernel(layer)[0] == KERNEL:
            _, channels, _, bands = shapes[layer.input[0]]
            before, after = f"before_{len(inputs) - 1}", f"after_{len(inputs) - 1}"
            inputs.append(_value(before, [1, channels, KERNEL - 1, bands]))
            outputs.append(_value(after, [1, channels, KERNEL - 1, bands]))
            new = names.get(layer.input[0], layer.input[0])
            nodes += [
                helper.make_node("Concat", [before, new], [f"{before}+"], axis=2),
                helper.make_node("Slice", [f"{before}+", "from", "to", "time"], [after]),
            ]
            names[layer.input[0]] = f"{before}+"
        node = onnx.NodeProto()
        node.CopyFrom(layer)
        node.ClearField("input")
        node.input.extend(names.get(name, name) for name in layer.input)
        nodes.append(node)
    nodes.append(helper.make_node("Reshape", [last.input[0], "token"], ["embedding"]))
    constants = [numpy_helper.from_array(value, name) for name, value in CONSTANTS.items()]
    used = {name for node in nodes for name in node.input}
    weights = [one for one in (*graph.initializer, *constants) if one.name in used]
    made = helper.make_graph(nodes, "continual_embedding", inputs, outputs, weights)
    return helper.make_model(made, opset_imports=model.opset_import, ir_version=model.ir_version)


def _kernel(node: onnx.NodeProto) -> list[int]:
    return next(list(one.ints) for one in node.attribute if one.name == "kernel_shape")


def _value(name: str, shape: list[int]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


if __name__ == "__main__":
    network = continual(onnx.load(FOLDER / "embedding_model.onnx"))
    onnx.checker.check_model(network, full_check=True)
    onnx.save(network, FOLDER / "continual_embedding.onnx")
