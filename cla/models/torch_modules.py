"""PyTorch's own Transformers as modules that stream, with the same weights, and back."""

import copy
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, TypedDict, Unpack

import torch
from torch import Tensor, nn
from torch.nn import functional

from cla.attention import AttentionConfig, AttentionLayer, LandmarkMode, make_attention
from cla.attention.config import AttentionKind, OutputMode, PseudoInverse
from cla.attention.projections import PROJECTIONS
from cla.errors import ClaError
from cla.models.encoder_layer import EncoderLayer
from cla.models.stack import StackMode
from cla.models.stream_encoder import StreamEncoder, make_stack


class AttentionOptions(TypedDict, total=False):
    """Of `AttentionConfig`, what PyTorch's modules do not say; `kind` and `window` are needed."""

    kind: AttentionKind
    window: int
    num_landmarks: int | None
    landmark_mode: LandmarkMode
    output_mode: OutputMode
    pseudo_inverse: PseudoInverse


def from_torch(
    module: nn.Module,
    *,
    stack_mode: StackMode = "retroactive",
    **options: Unpack[AttentionOptions],
) -> Any:
    """A module that streams, with a copy of the weights of one of PyTorch's.

    Over a window of up to N tokens, kinds `full` and `continual` give the numbers of `module`, and
    so does low rank with M = N; masks, and dropout of attention weights, there are none.

    Args:
        module: `nn.MultiheadAttention` gives an `AttentionLayer`; `nn.TransformerEncoderLayer`,
            `nn.TransformerEncoder` and `nn.Sequential` a `StreamEncoder`. In a sequence, all that
            are no encoder layers have to work on each token alone.
        stack_mode: of several layers; their numbers are those of `module` if retroactive.
        options: `kind`, `window` and others of `AttentionConfig`.

    Raises:
        ClaError: the module is none of these, or has options that no kind has.
    """
    if isinstance(module, nn.MultiheadAttention):
        return _attention(module, options).train(module.training)
    before, layers = _encoder_layers(module, options)
    if not layers:
        raise ClaError("module_holds_no_layer", type=type(module).__name__)
    if stack_mode == "retroactive":
        lower = [layer.attention.config for layer in layers[:-1]]
        refreshed = [_retroactive(config) for config in lower]
        pairs = zip(layers, refreshed, strict=False)
        layers = [layer.with_attention(config) for layer, config in pairs] + layers[-1:]
    return StreamEncoder(make_stack(layers, stack_mode), before).train(module.training)


def to_torch(module: nn.Module, *, batch_first: bool = True) -> nn.Module:
    """PyTorch's module with a copy of the weights: the way back from `from_torch`.

    An `AttentionLayer` gives `nn.MultiheadAttention`, an `EncoderLayer`
    `nn.TransformerEncoderLayer`, a `StreamEncoder` `nn.TransformerEncoder`, or `nn.Sequential`
    where modules stand before or between its layers.

    Raises:
        ClaError: the module is none of these.
    """
    if isinstance(module, AttentionLayer):
        return _multihead(module, batch_first).train(module.training)
    if isinstance(module, EncoderLayer):
        return _torch_layer(module, batch_first).train(module.training)
    if not isinstance(module, StreamEncoder):
        raise ClaError("module_not_convertible", type=type(module).__name__)
    layers = list(module.stack)
    made = [_torch_layer(layer, batch_first) for layer in layers]
    between = [module.before, *(layer.after for layer in layers[:-1])]
    if all(isinstance(one, nn.Identity) for one in between):
        last = layers[-1].after
        norm = None if isinstance(last, nn.Identity) else copy.deepcopy(last)
        encoder = nn.TransformerEncoder(made[0], 1, norm, enable_nested_tensor=False)
        encoder.layers, encoder.num_layers = nn.ModuleList(made), len(made)
        return encoder.train(module.training)
    parts: list[nn.Module] = [copy.deepcopy(module.before)]
    for layer, one in zip(layers, made, strict=True):
        parts += [one, copy.deepcopy(layer.after)]
    kept = (part for part in parts if not isinstance(part, nn.Identity))
    return nn.Sequential(*kept).train(module.training)


def _retroactive(config: AttentionConfig) -> AttentionConfig:
    return replace(config, output_mode="retroactive")


def _encoder_layers(
    module: nn.Module, options: AttentionOptions
) -> tuple[nn.Module, list[EncoderLayer]]:
    """The encoder layers of a module, with what follows each, and what comes before them."""
    before: list[nn.Module] = []
    layers: list[EncoderLayer] = []
    following: list[list[nn.Module]] = []
    for part in _parts(module):
        if isinstance(part, nn.TransformerEncoderLayer):
            layers.append(_layer(part, options))
            following.append([])
        elif not isinstance(part, nn.Identity):
            (following[-1] if following else before).append(copy.deepcopy(part))
    for layer, modules in zip(layers, following, strict=True):
        layer.after = _joined(modules)
    return _joined(before), layers


def _parts(module: nn.Module) -> Iterable[nn.Module]:
    """Encoder layers and all else, in the order in which tokens pass through them."""
    if isinstance(module, nn.Sequential):
        for part in module:
            yield from _parts(part)
    elif isinstance(module, nn.TransformerEncoder):
        yield from module.layers
        if module.norm is not None:
            yield module.norm
    else:
        yield module


def _joined(modules: list[nn.Module]) -> nn.Module:
    if len(modules) == 1:
        return modules[0]
    return nn.Sequential(*modules) if modules else nn.Identity()


def _activation(function: Callable[[Tensor], Tensor]) -> nn.Module:
    if isinstance(function, nn.Module):
        return copy.deepcopy(function)
    known = {functional.relu: nn.ReLU, functional.gelu: nn.GELU}
    return known[function]() if function in known else _Function(function)


class _Function(nn.Module):
    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


def _layer(source: nn.TransformerEncoderLayer, options: AttentionOptions) -> EncoderLayer:
    layer = EncoderLayer.__new__(EncoderLayer)
    nn.Module.__init__(layer)
    layer.norm_first = source.norm_first
    layer.attention = _attention(source.self_attn, options)
    layer.attention_norm = copy.deepcopy(source.norm1)
    layer.feed_forward = nn.Sequential(
        copy.deepcopy(source.linear1),
        _activation(source.activation),
        copy.deepcopy(source.dropout),
        copy.deepcopy(source.linear2),
    )
    layer.feed_forward_norm = copy.deepcopy(source.norm2)
    layer.dropout = copy.deepcopy(source.dropout1)
    layer.after = nn.Identity()
    return layer


def _torch_layer(layer: EncoderLayer, batch_first: bool) -> nn.TransformerEncoderLayer:
    config, network = layer.attention.config, copy.deepcopy(layer.feed_forward)
    made = nn.TransformerEncoderLayer(
        config.embed_dim,
        config.num_heads,
        activation=network[1],
        norm_first=layer.norm_first,
        batch_first=batch_first,
        device="meta",  # its weights are replaced
    )
    made.self_attn = _multihead(layer.attention, batch_first)
    made.self_attn.dropout = layer.dropout.p
    for name, at in (("linear1", 0), ("dropout", 2), ("linear2", 3)):
        setattr(made, name, network[at])
    made.norm1, made.norm2 = map(copy.deepcopy, (layer.attention_norm, layer.feed_forward_norm))
    made.dropout1, made.dropout2 = copy.deepcopy(layer.dropout), copy.deepcopy(layer.dropout)
    return made


def _attention(source: nn.MultiheadAttention, options: AttentionOptions) -> AttentionLayer:
    if source.in_proj_weight is None or source.bias_k is not None or source.add_zero_attn:
        raise ClaError("attention_not_streamable")
    weights = [*source.in_proj_weight.chunk(3), source.out_proj.weight]
    biased = source.in_proj_bias is not None
    biases = [*source.in_proj_bias.chunk(3), source.out_proj.bias] if biased else [None] * 4
    parts: Any = nn.Module()
    for name, weight, bias in zip(PROJECTIONS, weights, biases, strict=True):
        size = source.embed_dim
        linear = nn.Linear(size, size, biased, device="meta")  # its weights are replaced
        linear.weight = nn.Parameter(weight.detach().clone())
        if bias is not None:
            linear.bias = nn.Parameter(bias.detach().clone())
        setattr(parts, name, linear)
    sizes: Any = {"embed_dim": source.embed_dim, "num_heads": source.num_heads, "bias": biased}
    config = AttentionConfig(**options, **sizes)
    return make_attention(config, parts).to(weights[0])


def _multihead(layer: AttentionLayer, batch_first: bool) -> nn.MultiheadAttention:
    if not layer.plain:
        raise ClaError("projections_not_plain")
    linears = [getattr(layer, name) for name in PROJECTIONS]
    biased = linears[0].bias is not None
    made = nn.MultiheadAttention(
        layer.config.embed_dim,
        layer.config.num_heads,
        bias=biased,
        batch_first=batch_first,
        device="meta",  # its weights are replaced
    )
    with torch.no_grad():
        made.in_proj_weight = nn.Parameter(torch.cat([one.weight for one in linears[:3]]))
        made.out_proj.weight = nn.Parameter(linears[3].weight.clone())
        if biased:
            made.in_proj_bias = nn.Parameter(torch.cat([one.bias for one in linears[:3]]))
            made.out_proj.bias = nn.Parameter(linears[3].bias.clone())
    return made
