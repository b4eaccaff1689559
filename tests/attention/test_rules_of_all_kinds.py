"""Empty batches, inference mode and autocast mean the same for every kind."""

import pytest
import torch
from contract import KINDS_AND_MODES, make_layer, make_stream, run

from cla.attention import KINDS, AttentionConfig, AttentionLayer
from cla.attention.state import tensors_of

CUDA = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]
DEVICES = ["cpu", pytest.param("cuda", marks=CUDA)]


@pytest.fixture(params=[True, False], ids=["kernels", "pytorch"])
def compiled(request):
    return request.param


@pytest.fixture(params=["single_output", "retroactive"])
def output(request):
    return request.param


@pytest.fixture(params=KINDS_AND_MODES, ids="/".join)
def layer(request, output, compiled) -> AttentionLayer:
    kind, mode = request.param
    landmarks = 3 if KINDS[kind].landmark_modes else None
    layer = make_layer(AttentionConfig(kind, 12, 2, 9, landmarks, mode, output))
    layer.use_fused = layer.use_fused and compiled
    return layer


def test_a_batch_of_no_streams_gives_no_outputs(layer):
    stream = make_stream(layer.config, 12)[:0]
    shape = (9, 12) if layer.config.retroactive else (12,)
    state = layer.init_state(0)
    for token in stream.unbind(1):
        output, state, emits = layer.step(token, state, emit=True)
        assert output.shape == (0, *shape)
        assert all(len(part) == 0 for part in tensors_of(emits))
    outputs, state = layer.scan(stream, state)
    assert outputs.shape == (0, 12, *shape)
    assert layer.state_from_window(stream).slot.shape == (0,)
    assert len(layer(stream[:, :9])) == 0


def test_narrow_tokens_are_read_as_they_are_stepped(layer):
    stream = make_stream(layer.config, 12).half()
    read, stepped = layer.init_state(2), layer.init_state(2)
    for token in stream.unbind(1):
        layer.append(token, read)
        assert torch.equal(layer.step(token, stepped).output, layer.read(read).output)


def test_a_state_goes_on_in_and_out_of_inference_mode(layer):
    stream = make_stream(layer.config, 30)
    expected = run(layer, stream, layer.init_state(2))
    with torch.inference_mode():
        state = layer.init_state(2)
        first = run(layer, stream[:, :14], state)
    second = run(layer, stream[:, 14:20], state)
    assert not second.is_inference()
    rest, after = layer.scan(stream[:, 20:25], state)
    rest.sum().backward()  # a scan can be trained, whatever its state was made in
    with torch.inference_mode():
        last = run(layer, stream[:, 25:], after)
    for start, part in ((0, first), (14, second), (20, rest.detach()), (25, last)):
        right = expected[:, start : start + part.shape[1]].flatten(2)
        error = (part.flatten(2) - right).abs().amax(2) / right.abs().amax(2)
        assert float(error.max()) < 1e-4


@pytest.mark.parametrize("device", DEVICES)
def test_autocast_sets_the_type_of_outputs_alone(layer, device):
    layer, stream = layer.to(device), make_stream(layer.config, 20).to(device)
    expected = run(layer, stream, layer.init_state(2))
    with torch.autocast(device, torch.bfloat16):
        stepped = run(layer, stream, layer.init_state(2))
        scanned = layer.scan(stream, layer.init_state(2))[0]
        state = layer.state_from_window(stream)
        window = layer(stream[:, :9])
    assert stepped.dtype == scanned.dtype == window.dtype == torch.bfloat16
    assert torch.equal(stepped, expected.bfloat16())
    assert state.keys.dtype == layer.init_state(2).keys.dtype
    error = (scanned.float() - expected).abs().flatten(2).amax(2)
    assert float((error / expected.abs().flatten(2).amax(2)).detach().max()) < 2**-7


@pytest.mark.parametrize(("kind", "mode"), KINDS_AND_MODES)
@pytest.mark.parametrize("output", ["single_output", "retroactive"])
@pytest.mark.parametrize("batch", [1, 20])
def test_a_step_takes_tokens_that_ask_for_gradients_and_keeps_none(kind, mode, output, batch):
    landmarks = 3 if KINDS[kind].landmark_modes else None
    layer = make_layer(AttentionConfig(kind, 8, 2, 6, landmarks, mode, output))
    stream = make_stream(layer.config, 14, batch=batch)
    states = [layer.init_state(batch) for _ in range(2)]
    for token in stream.unbind(1):
        asked = layer.step(token.clone().requires_grad_(), states[0]).output
        assert not asked.requires_grad
        assert torch.equal(asked, layer.step(token, states[1]).output)
