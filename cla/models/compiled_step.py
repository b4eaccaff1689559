"""A classifier's whole step in compiled calls."""

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from cla.attention import attention_row, kernels
from cla.attention.plain import is_changed
from cla.attention.projections import PROJECTIONS
from cla.models.cascaded import CascadedStack
from cla.models.classifier import ClassifierState, StreamClassifier
from cla.models.encoder_layer import EncoderLayer


class Scores(NamedTuple):
    """Of some streams, as arrays.

    Shapes:
        logits, probabilities: (B, C)
    """

    logits: NDArray[np.float32]
    probabilities: NDArray[np.float32]


class CompiledStep:
    """The numbers of `StreamClassifier.step`, embedding to softmax, without calling its modules.

    The weights around the attention are copied, and copied again when PyTorch notes that they have
    changed: not when they are written to as `parameter.data` or through NumPy. Hooks that are
    registered later are not called. States are those of the classifier; it and this may take turns.

    Args:
        classifier: of float32, on the CPU, of which `can_compile` holds.
    """

    def __init__(self, classifier: StreamClassifier) -> None:
        self._classifier = classifier
        self._attentions = classifier.attentions
        layers = range(len(self._attentions))
        self._around = [_around(classifier, index) for index in layers]
        self._parameters = [classifier.position_table]
        for around in self._around:
            self._parameters += around
        self._weights = [kernels.PlainWeights() for _ in layers]
        self._copies: list[NDArray[np.float32]] = []
        self._known: tuple[Any, ...] = ()
        self._states = kernels.Latest()

    def step(
        self, x: Tensor, state: ClassifierState, *, active: Tensor | None = None
    ) -> Scores | None:
        """A token (B, F) of each stream, or the `active` ones, as by the classifier.

        Returns:
            None, and nothing is done, where the classifier has to step: states and tokens of other
            types.
        """
        weights = self._weights_for(x, state)
        if weights is None:
            return None
        table, (position, states) = self._table, self._states.of(state, self._arrays)
        classes, last = self._classifier.config.num_classes, len(self._around) - 1
        hidden, size = np.zeros((len(x), len(table[0])), np.float32), x.shape[1]
        mask = kernels.mask_of(active)
        kernels.encoder.embed(x.numpy(), mask, self._copies[0], table, position, hidden)
        embedding = 2 * size + hidden.shape[1] * (size + 1)
        for index, (attention, arrays) in enumerate(zip(self._attentions, states, strict=True)):
            steps = attention.kind.compiled
            tokens = kernels.steps.project_token(hidden, weights[index], attention.config)
            steps.append(tokens, arrays, mask)
            attended = steps.read(weights[index], arrays, mask)
            if attended is None:
                context = attention.kind.read(state.stack.layers[index])
                attended = kernels.steps.finish_token(context, weights[index])
            more = classes if index == last else 0
            out = np.empty((len(x), 2 * more or hidden.shape[1]), np.float32)
            at = 0 if index else embedding
            kernels.encoder.complete(hidden, attended, self._copies[index], at, more, out)
            hidden = out
        return Scores(hidden[:, :classes], hidden[:, classes:])

    def rows(self, state: ClassifierState) -> NDArray[np.float32]:
        """Attention rows of the newest token in each layer, (B, L, H, N), oldest first."""
        known, rows = self._states.of(state, self._arrays), []
        for index, (attention, part) in enumerate(
            zip(self._attentions, state.stack.layers, strict=True)
        ):
            row = known and attention.kind.compiled.row(known[1][index])
            if row is None:
                row = attention_row(attention.emits(part)).float().numpy()
            rows.append(row)
        return np.stack(rows, 1) if len(rows) > 1 else rows[0][:, np.newaxis]

    def _arrays(self, state: ClassifierState) -> tuple[Any, list[Any]] | None:
        """Of the position, and of each layer's state; None where kernels cannot take one."""
        pairs = list(zip(self._attentions, state.stack.layers, strict=True))
        found = [one.arrays_of(part) if one.fits(part) else None for one, part in pairs]
        if any(arrays is None for arrays in found):
            return None
        return state.position.numpy(), found

    def _weights_for(self, x: Tensor, state: ClassifierState) -> list[kernels.Weights] | None:
        """Of each layer's attention; None where kernels cannot take this step.

        All are asked for before any layer takes the token: a step is done whole or not at all.
        """
        if x.requires_grad or not x.is_contiguous():
            return None
        if self._states.of(state, self._arrays) is None:
            return None
        found = []
        for attention, weights in zip(self._attentions, self._weights, strict=True):
            given = weights.of_layer(attention, x, len(x)) if attention.use_fused else None
            if given is None:
                return None
            found.append(given)
        known = (
            *map(Tensor.data_ptr, self._parameters), *(one._version for one in self._parameters)
        )  # fmt: skip
        if known != self._known:
            self._copies = [_joined(tensors) for tensors in self._around]
            self._table = self._classifier.position_table.detach().numpy()
            self._known = known
        return found


def can_compile(classifier: StreamClassifier) -> bool:
    """Whether a whole step can be compiled: plain modules of float32 on the CPU.

    Layers that refresh their windows, and attention that has no kernel, are not.
    """
    if not kernels.AVAILABLE or not isinstance(classifier.encoder, CascadedStack):
        return False
    layers = list(classifier.encoder)
    if not all(layer.attention.kind.compiled and _is_usual(layer) for layer in layers):
        return False
    linears = [classifier.input_proj, classifier.head]
    norms = [classifier.input_norm]
    for layer in layers:
        linears += [layer.feed_forward[0], layer.feed_forward[3]]
        norms += [layer.attention_norm, layer.feed_forward_norm]
    return (
        not is_changed(*linears)
        and all(type(norm) is nn.LayerNorm and norm.eps == 1e-5 for norm in norms)
        and all(
            type(one) in (Tensor, nn.Parameter)
            and one.dtype is torch.float32
            and one.is_cpu
            and one.is_contiguous()
            and not one.is_inference()
            for one in (*classifier.parameters(), classifier.position_table)
        )
        and all(one.bias is not None for one in (*linears, *norms))
    )


def _is_usual(layer: EncoderLayer) -> bool:
    """Whether a layer is built as those of `StreamClassifier` are, with all biases."""
    network = layer.feed_forward
    return (
        not layer.norm_first
        and type(layer.after) is nn.Identity
        and not layer.training
        and type(network[1]) is nn.GELU
        and network[1].approximate == "none"
        and all(getattr(layer.attention, name).bias is not None for name in PROJECTIONS)
    )


def _around(classifier: StreamClassifier, index: int) -> list[Tensor]:
    """What a layer's kernel takes beside the attention, in its order: see `encoder`."""
    layer = list(classifier.encoder)[index]
    parts: list[Any] = [] if index else [classifier.input_norm, classifier.input_proj]
    network = layer.feed_forward
    parts += [layer.attention_norm, network[0], network[3], layer.feed_forward_norm]
    if index == classifier.config.num_layers - 1:
        parts.append(classifier.head)
    return [tensor for part in parts for tensor in (part.weight, part.bias)]


def _joined(tensors: list[Tensor]) -> NDArray[np.float32]:
    joined: NDArray[np.float32] = torch.cat([one.detach().reshape(-1) for one in tensors]).numpy()
    return joined
