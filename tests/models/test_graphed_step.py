"""A step with static buffers equals the plain one, and nothing in a step waits for a device."""

import copy

import pytest
import torch
from rows import assert_rows_close
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from cla.attention import (
    KINDS,
    AttentionConfig,
    AttentionLayer,
    make_attention,
    move_state,
)
from cla.attention.state import tensors_of
from cla.errors import ClaError
from cla.models import ClassifierConfig, GraphedStep, StreamClassifier

KINDS_AND_MODES = [
    (name, mode) for name, kind in KINDS.items() for mode in kind.landmark_modes or ("continual",)
]
OUTPUTS = ["single_output", "retroactive"]
STREAMS, WINDOW = 3, 9
DEVICES = [
    "cpu",
    pytest.param(
        "cuda",
        marks=[
            pytest.mark.gpu,
            pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
        ],
    ),
]


def set_landmarks(model):
    for module in model.modules():
        if isinstance(module, AttentionLayer) and module.takes_landmarks:
            shape = module.query_landmarks.shape
            module.set_landmarks(torch.randn(shape), torch.randn(shape))
    return model.eval()


def make_layer(kind, mode, output, inverse="iterative"):
    torch.manual_seed(0)
    marks = 4 if KINDS[kind].landmark_modes else None
    return set_landmarks(
        make_attention(AttentionConfig(kind, 12, 2, WINDOW, marks, mode, output, inverse))
    )


def make_classifier(kind, mode, layers=1):
    torch.manual_seed(0)
    config = ClassifierConfig(12, 5, 8, 2, 16, WINDOW, 2 * WINDOW, 2, num_layers=layers)
    marks = 4 if KINDS[kind].landmark_modes else None
    return set_landmarks(StreamClassifier(config).with_attention(kind, marks, mode))


MODELS = [
    pytest.param(lambda k=kind, m=mode, o=output: make_layer(k, m, o), id=f"{kind}-{mode}-{output}")
    for kind, mode in KINDS_AND_MODES
    for output in OUTPUTS
] + [
    pytest.param(
        lambda k=kind, m=mode, n=layers: make_classifier(k, m, n),
        id=f"classifier-{layers}-{kind}-{mode}",
    )
    for kind, mode in KINDS_AND_MODES
    for layers in (1, 2)
]


def make_stream(length=4 * WINDOW):
    return torch.randn(length, STREAMS, 12, generator=torch.Generator().manual_seed(1))


class OneDevice(TorchDispatchMode):
    """Fails where an operation moves tensors between devices."""

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):  # torch's own signature
        result = function(*args, **(kwargs or {}))
        tensors = [t for t in tree_leaves((args, kwargs, result)) if isinstance(t, torch.Tensor)]
        devices = {tensor.device.type for tensor in tensors}
        assert len(devices) <= 1, f"{function} works on {devices}"
        return result


@pytest.mark.parametrize("make", MODELS)
@pytest.mark.parametrize("masked", [False, True])
def test_a_step_needs_no_number_from_a_device(make, masked, monkeypatch):
    """A meta tensor has no numbers: to ask for one, or for a shape made of them, raises."""
    model = make()
    state = move_state(model.init_state(STREAMS), device="meta")
    model = model.to("meta")
    active = torch.ones(STREAMS, dtype=torch.bool, device="meta") if masked else None
    token = torch.zeros(STREAMS, 12, device="meta")
    for name in ("tensor", "as_tensor", "from_numpy"):  # each copies from the host
        monkeypatch.setattr(torch, name, None)
    with OneDevice():
        output = model.step(token, state, active=active).output
    assert output.is_meta


def test_the_dry_run_notices_what_would_wait():
    value = torch.zeros(3, device="meta")
    with pytest.raises((RuntimeError, NotImplementedError)):
        bool(value.any())
    with pytest.raises((RuntimeError, NotImplementedError)):
        (value > 0).nonzero()
    with OneDevice(), pytest.raises(AssertionError):
        torch.empty(3, device="meta").copy_(torch.zeros(3))


@pytest.mark.parametrize("make", MODELS)
@pytest.mark.parametrize("device", DEVICES)
def test_graphed_steps_equal_plain_ones(make, device):
    model = make()
    plain, state = copy.deepcopy(model), model.init_state(STREAMS)
    graphed = GraphedStep(model.to(device), STREAMS)
    places = [tensor.data_ptr() for tensor in tensors_of(graphed.state)]
    generator = torch.Generator().manual_seed(2)
    for index, token in enumerate(make_stream()):
        active = torch.rand(STREAMS, generator=generator) < 0.7 if index % 3 else None
        expected = plain.step(token, state, active=active).output
        mask = None if active is None else active.to(device)
        output = graphed.step(token.to(device), active=mask).cpu()
        taken = torch.ones(STREAMS, dtype=torch.bool) if active is None else active
        if taken.any():
            assert_rows_close(output[taken], expected[taken])
        if index == 17:
            streams = torch.arange(STREAMS) == 1
            plain.reset(state, streams)
            graphed.reset(streams.to(device))
    assert [tensor.data_ptr() for tensor in tensors_of(graphed.state)] == places


@pytest.mark.parametrize("device", DEVICES)
def test_compiled_steps_equal_plain_ones(device):
    model = make_layer("continual", "continual", "single_output").to(device)
    state = model.init_state(STREAMS)
    graphed = GraphedStep(model, STREAMS, compiler="aot_eager")
    for token in make_stream(2 * WINDOW).to(device):
        expected = model.step(token, state).output
        assert_rows_close(graphed.step(token), expected)


@pytest.mark.parametrize("device", DEVICES)
def test_streams_go_on_from_a_state_and_start_anew(device):
    model = make_layer("continual_nystrom", "continual", "single_output").to(device)
    stream = make_stream().to(device)
    state = model.init_state(STREAMS)
    for token in stream[:13]:
        model.step(token, state)
    graphed = GraphedStep(model, STREAMS)
    graphed.load(state)
    for token in stream[13:]:
        expected = model.step(token, state).output
        assert_rows_close(graphed.step(token), expected)
    graphed.reset()
    fresh = model.init_state(STREAMS)
    expected = model.step(stream[0], fresh).output
    assert_rows_close(graphed.step(stream[0]), expected)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("make", MODELS)
@pytest.mark.parametrize("masked", [False, True])
def test_no_step_on_cuda_waits_for_the_device(make, masked):
    model = make().to("cuda")
    graphed, state = GraphedStep(model, STREAMS), model.init_state(STREAMS)
    stream = make_stream().to("cuda")
    active = torch.ones(STREAMS, dtype=torch.bool, device="cuda") if masked else None
    graphed.step(stream[0], active=active)  # the capture itself may wait
    model.step(stream[0], state, active=active)
    torch.cuda.synchronize()
    torch.cuda.set_sync_debug_mode("error")
    try:
        for token in stream[1:]:
            model.step(token, state, active=active)
            graphed.step(token, active=active)
        graphed.reset()
    finally:
        torch.cuda.set_sync_debug_mode("default")


def test_what_cannot_be_captured_is_refused():
    with pytest.raises(ClaError, match="singular values") as caught:
        GraphedStep(make_layer("nystrom", "continual", "single_output", "exact"))
    assert "iterative" in caught.value.remedy
    GraphedStep(make_layer("continual_nystrom", "fixed", "single_output", "exact"))


def test_what_does_not_fit_is_named():
    graphed = GraphedStep(make_layer("full", "continual", "single_output"), STREAMS)
    with pytest.raises(ClaError, match=r"\(3, 11\)"):
        graphed.step(torch.zeros(3, 11))
    with pytest.raises(ClaError, match=r"\(2,\)"):
        graphed.step(torch.zeros(3, 12), active=torch.ones(2, dtype=torch.bool))
    other = make_layer("continual_nystrom", "fixed", "single_output")
    with pytest.raises(ClaError, match="another model"):
        graphed.load(other.init_state(STREAMS))
