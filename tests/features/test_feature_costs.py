"""What tokens of front ends are said to cost, against the networks themselves."""

import math

import onnx
import torch

from cla.features.front_ends import FRONT_ENDS
from cla.features.yamnet import Yamnet
from cla.resources import asset_path

HOP = {"input": [1, 1632]}


def products(name, inputs):
    """Multiply-adds of a shipped network with its weights."""
    model = onnx.load(asset_path("features") / name)
    for given in model.graph.input:
        sizes = inputs.get(given.name, ())
        for axis, fixed in zip(given.type.tensor_type.shape.dim, sizes, strict=False):
            axis.dim_value = fixed
    graph = onnx.shape_inference.infer_shapes(model, data_prop=True).graph
    shapes = {
        one.name: [axis.dim_value for axis in one.type.tensor_type.shape.dim]
        for one in (*graph.value_info, *graph.output)
    }
    weights = {one.name: list(one.dims) for one in graph.initializer}
    return sum(
        math.prod(shapes[node.output[0]])
        * (weights[node.input[1]][0] if node.op_type == "MatMul" else size(weights[node.input[1]]))
        for node in graph.node
        if node.op_type in ("Conv", "MatMul")
    )


def size(kernel):
    return math.prod(kernel[1:])


def test_speech_costs_what_its_networks_compute():
    cost = FRONT_ENDS["speech"].cost
    mel = products("melspectrogram.onnx", HOP)
    assert cost.token == mel + products("continual_embedding.onnx", {})
    anew = products("embedding_model.onnx", {"input_1": [1, 76, 32, 1]})
    assert cost.anew == mel // 8 * 76 + anew


def test_sounds_cost_what_yamnet_computes():
    cost, network, done = FRONT_ENDS["sounds"].cost, Yamnet(), []

    def count(layer, _, output):
        done.append(output[0].numel() * size(layer.weight.shape))

    for layer in network.modules():
        if isinstance(layer, torch.nn.Conv2d | torch.nn.Linear):
            layer.register_forward_hook(count)
    network(torch.zeros(1, 96, 64))
    frame = network.log_mel.filters.numel()
    assert (cost.token, cost.anew) == (sum(done) + 10 * frame, sum(done) + 96 * frame)
