"""The streaming contract, one shared check for every attention layer."""

from copy import deepcopy
from typing import Any

import torch
from rows import ROUNDINGS, assert_rows_close, condition_number
from torch import Tensor

from cla.attention import (
    KINDS,
    AttentionConfig,
    AttentionLayer,
    NystromEmits,
    clone_state,
    make_attention,
    state_bytes,
)
from cla.attention.naive import continual_landmarks, full_attention, nystrom_attention
from cla.attention.state import tensors_of

KINDS_AND_MODES = [
    (name, mode) for name, kind in KINDS.items() for mode in kind.landmark_modes or ("continual",)
]
"""Every attention kind, with each of its landmark modes."""


def make_layer(config: AttentionConfig, seed: int = 0) -> AttentionLayer:
    """A layer with random weights, and random landmarks if they are fixed."""
    generator = torch.Generator().manual_seed(seed)
    layer = make_attention(config).eval()
    for parameter in layer.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator) / config.embed_dim**0.5
    if layer.takes_landmarks:
        shape = (config.num_heads, config.landmarks, config.head_dim)
        pair = (torch.randn(shape, generator=generator) for _ in range(2))
        layer.set_landmarks(*pair)
    return layer


def make_stream(
    config: AttentionConfig, length: int, *, scale: float = 1.0, batch: int = 2
) -> Tensor:
    generator = torch.Generator().manual_seed(length)
    return torch.randn(batch, length, config.embed_dim, generator=generator) * scale


@torch.no_grad()
def reference_output(layer: AttentionLayer, stream: Tensor, gamma_inv: Tensor | None) -> Tensor:
    """The output after the last token of `stream`, by definition and in float64.

    The definition is that of `naive`, or for other kinds the layer's own `forward`.
    """
    config = layer.config
    if config.kind not in ("full", "continual", "nystrom", "continual_nystrom"):
        output = deepcopy(layer).double()(stream[:, -config.window :].double())
        missing = config.window - output.shape[1]
        return torch.nn.functional.pad(output, (0, 0, missing, 0)) if config.retroactive else output
    tokens = layer.project(stream.double(), torch.float64)
    rows = config.window if config.retroactive else 1
    query, *window = (
        tokens.queries[..., -rows:, :],
        *(part[..., -config.window :, :] for part in (tokens.keys, tokens.values)),
    )
    seen = min(stream.shape[1], config.window)
    fixed = config.landmark_mode == "fixed"
    if config.kind in ("full", "continual") or (not fixed and (seen <= config.landmarks)):
        context = full_attention(query, *window)
    elif layer.given is not None:
        pair = layer.given.repeated(len(stream), tokens.keys)[:2]
        context = nystrom_attention(query, *window, *pair, gamma_inv)
    elif config.kind == "nystrom":
        ends = (part[..., -config.window :, :] for part in (tokens.queries, tokens.keys))
        pair = [continual_landmarks(part, config.window, config.landmarks) for part in ends]
        context = nystrom_attention(query, *window, *pair, gamma_inv)
    else:
        pair = [
            _oldest_first(
                continual_landmarks(part, config.window, config.landmarks), stream.shape[1], config
            )
            for part in (tokens.queries, tokens.keys)
        ]
        context = nystrom_attention(query, *window, *pair, gamma_inv)
    joined = context.transpose(1, 2).flatten(2)
    projection = layer.output_proj
    output = torch.nn.functional.linear(
        joined, projection.weight.double(), projection.bias.double()
    )
    if not config.retroactive:
        return output.squeeze(1)
    return torch.nn.functional.pad(output, (0, 0, config.window - seen, 0))


def _oldest_first(landmarks: Tensor, seen: int, config: AttentionConfig) -> Tensor:
    """Emits list the landmarks by age, the reference by their segment in the cycle."""
    if seen <= config.window:
        return landmarks
    place, end, complete = seen % config.window, 0, 0
    for index in range(config.landmarks):
        end += config.window // config.landmarks + (index < config.window % config.landmarks)
        complete += end <= place
    return torch.roll(landmarks, -complete, -2)


def given_inverse(emits: Any, seen: int, config: AttentionConfig) -> Tensor | None:
    """The pseudo-inverse that a step used, without the rows of unseen landmarks."""
    if not isinstance(emits, NystromEmits):
        return None
    count = config.landmarks if config.landmark_mode == "fixed" else min(seen, config.landmarks)
    return emits.gamma_inv[..., -count:, -count:]


def check_steps(
    layer: AttentionLayer,
    stream: Tensor,
    checked: set[int] | None = None,
    roundings: float = ROUNDINGS,
) -> Tensor:
    """Every step (or those `checked`) equals the naive reference given the same gamma_inv."""
    state = layer.init_state(stream.shape[0])
    outputs, found, expected, conditions = [], [], [], []
    for index in range(stream.shape[1]):
        examined = checked is None or index in checked
        output, state, emits = layer.step(stream[:, index], state, emit=examined)
        outputs.append(output)
        if examined:
            inverse = given_inverse(emits, index + 1, layer.config)
            found.append(output)
            expected.append(reference_output(layer, stream[:, : index + 1], inverse))
            conditions.append(condition_number(emits).view(-1, *[1] * (output.ndim - 2)))
    assert_rows_close(
        *(torch.stack(rows, 1) for rows in (found, expected)),
        condition=torch.stack(conditions, 1),
        roundings=roundings,
    )
    return torch.stack(outputs, 1)


def check_contract(config: AttentionConfig, length: int) -> None:
    """All points of the contract for one configuration and stream length."""
    layer = make_layer(config)
    stream = make_stream(config, length + 3)
    past, future = stream[:, :length], stream[:, length:]
    outputs = check_steps(layer, past)
    check_reading(layer, past, outputs)
    _check_scan(layer, past, outputs, future)
    _check_state_from_window(layer, past, future)
    _check_clone(layer, past, future)
    _check_structure(layer, past)
    _check_mates(layer, past, outputs)
    _check_forgetting(layer, stream)


@torch.no_grad()
def largest_logit(layer: AttentionLayer, stream: Tensor) -> float:
    """Size of the largest logit between any two tokens."""
    tokens = layer.project(stream, torch.float64)
    parts = tokens.queries.split(64, -2)
    return max(float((part @ tokens.keys.mT).abs().max()) for part in parts)


def softmax_roundings(layer: AttentionLayer, stream: Tensor) -> float:
    """`ROUNDINGS` for large logits: a weight is off by the rounding of its logit."""
    return ROUNDINGS + largest_logit(layer, stream)


def run(layer: AttentionLayer, stream: Tensor, state: Any) -> Tensor:
    """Outputs of stepping through a stream."""
    return torch.stack([layer.step(token, state).output for token in stream.unbind(1)], 1)


def check_reading(layer: AttentionLayer, stream: Tensor, outputs: Tensor) -> None:
    """Every third token read, or stepped, after others were appended: exactly as all stepped."""
    read, mixed = layer.init_state(len(stream)), layer.init_state(len(stream))
    assert not layer.read(read).output.any()
    for index, token in enumerate(stream.unbind(1)):
        layer.append(token, read)
        if index % 3 < 2:
            layer.append(token, mixed)
            continue
        assert torch.equal(layer.step(token, mixed).output, outputs[:, index])
        for _ in range(2):
            assert torch.equal(layer.read(read).output, outputs[:, index])


def _check_scan(layer: AttentionLayer, stream: Tensor, outputs: Tensor, future: Tensor) -> None:
    """Whole, in two parts and with a gradient: the outputs and the last state of steps."""
    batch, cut = stream.shape[0], stream.shape[1] // 3
    state = layer.init_state(batch)
    run(layer, stream, state)
    expected = run(layer, future, state)
    with torch.no_grad():
        scans = [layer.scan(stream, layer.init_state(batch))]
        if cut:
            first, middle = layer.scan(stream[:, :cut], layer.init_state(batch))
            second, last = layer.scan(stream[:, cut:], middle)
            scans.append((torch.cat([first, second], 1), last))
    scans.append(layer.scan(stream, layer.init_state(batch)))
    for scanned, left in scans:
        assert_rows_close(scanned, outputs)
        assert_rows_close(run(layer, future, left), expected)


def _check_state_from_window(layer: AttentionLayer, past: Tensor, future: Tensor) -> None:
    state = layer.init_state(past.shape[0])
    run(layer, past, state)
    expected = run(layer, future, state)
    with torch.no_grad():
        whole = layer.state_from_window(past)
        kept = layer.state_from_window(past[:, -layer.receptive_field :], tokens_seen=past.shape[1])
    assert_rows_close(run(layer, future, whole), expected)
    assert_rows_close(run(layer, future, kept), expected)


def _check_clone(layer: AttentionLayer, past: Tensor, future: Tensor) -> None:
    state = layer.init_state(past.shape[0])
    run(layer, past, state)
    copy = clone_state(state)
    expected = run(layer, future, state)
    assert torch.equal(run(layer, future, copy), expected)


def _check_structure(layer: AttentionLayer, stream: Tensor) -> None:
    state = layer.init_state(stream.shape[0])
    shapes = [(tensor.shape, tensor.dtype, tensor.data_ptr()) for tensor in tensors_of(state)]
    size = state_bytes(state)
    run(layer, stream, state)
    assert [(t.shape, t.dtype, t.data_ptr()) for t in tensors_of(state)] == shapes
    assert state_bytes(state) == size
    assert state.valid_tokens.tolist() == [min(stream.shape[1], layer.config.window)] * len(stream)


def _check_mates(layer: AttentionLayer, stream: Tensor, outputs: Tensor) -> None:
    """A stream of NaN, and one of huge numbers, leave their batch mate alone."""
    for garbage in (torch.nan, 1e30):
        batch = torch.cat([stream[:1], torch.full_like(stream[:1], garbage)])
        mates = run(layer, batch, layer.init_state(2))[:1]
        assert_rows_close(mates, outputs[:1])


def _check_forgetting(layer: AttentionLayer, stream: Tensor) -> None:
    """A token older than the receptive field has no influence, not even if it is NaN."""
    field = layer.receptive_field
    if stream.shape[1] <= field:
        return
    changed = stream.clone()
    changed[:, : stream.shape[1] - field] = torch.nan
    expected = run(layer, stream, layer.init_state(len(stream)))[:, -1]
    output = run(layer, changed, layer.init_state(len(stream)))[:, -1]
    assert_rows_close(output, expected)
