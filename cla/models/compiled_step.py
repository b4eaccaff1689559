"""A classifier's whole step in compiled calls."""

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from cla.attention import AttentionLayer, attention_row, kernels
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
        self._parameters = [tensor for tensors in self._around for tensor in tensors]
        self._arrays = [kernels.Arrays() for _ in layers]
        self._copies: list[NDArray[np.float32]] = []
        self._known: tuple[Any, ...] = ()
        self._since_rows = 0
        self._forget_rows()

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
        self._since_rows += 1
        table, position = self._classifier.position_table.detach().numpy(), state.position.numpy()
        classes, last = self._classifier.config.num_classes, len(self._around) - 1
        hidden, size = np.zeros((len(x), len(table[0])), np.float32), x.shape[1]
        kernels.encoder.embed(
            x.numpy(), kernels.mask_of(active), self._copies[0], table, position, hidden
        )
        embedding = 2 * size + hidden.shape[1] * (size + 1)
        for index, (attention, part) in enumerate(self._parts(state)):
            steps = attention.kind.compiled.on(part, active)
            steps.append(kernels.steps.project_token(hidden, weights[index], attention.config))
            found = steps.read()
            if found is None:
                found = attention.kind.read(part).numpy()
            attended = kernels.steps.finish_token(found, weights[index])
            more = classes if index == last else 0
            out = np.empty((len(x), 2 * more or hidden.shape[1]), np.float32)
            at = 0 if index else embedding
            kernels.encoder.complete(hidden, attended, self._copies[index], at, more, out)
            hidden = out
        return Scores(hidden[:, :classes], hidden[:, classes:])

    def rows(self, state: ClassifierState) -> NDArray[np.float32]:
        """Attention rows of the newest token in each layer, (B, L, H, N), oldest first.

        Costs least where it is asked for after every step, of which each has to be by this.
        """
        if self._since_rows != 1:
            self._forget_rows()
        self._since_rows = 0
        rows = []
        for row, (attention, part) in zip(self._rows, self._parts(state), strict=True):
            found = row.of(part)
            rows.append(_emitted_row(attention, part) if found is None else found)
        return np.stack(rows, 1)

    def _forget_rows(self) -> None:
        self._rows = [kernels.rows.NewestRow(attention.config) for attention in self._attentions]

    def _parts(self, state: ClassifierState) -> Any:
        """The attention and the state of each layer."""
        return zip(self._attentions, state.stack.layers, strict=True)

    def _weights_for(self, x: Tensor, state: ClassifierState) -> list[kernels.Weights] | None:
        """Of each layer's attention; None where kernels cannot take this step.

        All are asked for before any layer takes the token: a step is done whole or not at all.
        """
        batch = len(x)
        if x.requires_grad or not x.is_contiguous():
            return None
        found = []
        for (attention, part), arrays in zip(self._parts(state), self._arrays, strict=True):
            weights = None
            if attention.use_fused and _can_step(attention, part):
                weights = kernels.weights_of(attention, arrays, x, batch)
            if weights is None:
                return None
            found.append(weights)
        known = (
            *map(Tensor.data_ptr, self._parameters), *(one._version for one in self._parameters)
        )  # fmt: skip
        if known != self._known:
            self._copies = [_joined(tensors) for tensors in self._around]
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


def _can_step(attention: AttentionLayer, state: Any) -> bool:
    return attention.kind.fits(state) and kernels.can_step(
        state.keys, attention.kind.compiled_dtype
    )


def _emitted_row(attention: AttentionLayer, state: Any) -> NDArray[np.float32]:
    """The attention row (B, H, N) of the newest token by PyTorch, whatever its logits are."""
    found: NDArray[np.float32] = attention_row(attention.emits(state)).float().numpy()
    return found
