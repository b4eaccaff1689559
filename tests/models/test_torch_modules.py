"""PyTorch's own Transformers stream with the same numbers, and come back."""

import copy

import pytest
import torch
from rows import assert_rows_close
from torch import nn

from cla.errors import ClaError
from cla.models import StreamEncoder, from_torch, to_torch

SIZE, HEADS, WINDOW, LENGTH = 24, 4, 7, 18
KINDS = [
    {"kind": "full"},
    {"kind": "continual"},
    {"kind": "nystrom", "num_landmarks": WINDOW},
    {"kind": "continual_nystrom", "num_landmarks": WINDOW},
]


@pytest.fixture(params=KINDS, ids=lambda options: options["kind"])
def options(request):
    return {**request.param, "window": WINDOW}


def layer_of(**options):
    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(SIZE, HEADS, 40, batch_first=True, **options)
    for parameter in layer.parameters():
        nn.init.normal_(parameter, std=0.3)  # biases and norms too
    return layer.eval()


def stream_of(size=SIZE):
    return torch.randn(2, LENGTH, size, generator=torch.Generator().manual_seed(1))


@torch.no_grad()
def of_windows(module, stream):
    """The newest row of PyTorch's module, run over each window."""
    ends = range(1, stream.shape[1] + 1)
    return torch.stack([module(stream[:, max(0, end - WINDOW) : end])[:, -1] for end in ends], 1)


@torch.no_grad()
def check_streams(module, options, size=SIZE):
    streaming = from_torch(module, **options)
    stream = stream_of(size)
    expected = of_windows(module, stream)
    state = streaming.init_state(2)
    stepped = torch.stack([streaming.step(one, state).output for one in stream.unbind(1)], 1)
    assert_rows_close(stepped, expected)
    assert_rows_close(streaming.scan(stream, streaming.init_state(2))[0], expected)
    assert_rows_close(streaming(stream[:, -WINDOW:]), expected[:, -1])
    state = streaming.state_from_window(stream[:, :-1])
    assert_rows_close(streaming.step(stream[:, -1], state).output, expected[:, -1])
    return streaming


@torch.no_grad()
def check_comes_back(streaming, module, size=SIZE):
    again = to_torch(streaming)
    assert type(again) is type(module)
    stream = stream_of(size)[:, :WINDOW]
    assert_rows_close(again.eval()(stream), module(stream))
    assert again.state_dict().keys() == module.state_dict().keys()


@pytest.mark.parametrize(
    "made",
    [
        {}, {"activation": "gelu"}, {"norm_first": True}, {"bias": False},
        {"norm_first": True, "bias": False, "activation": "gelu"},
        {"activation": torch.nn.functional.silu}, {"activation": nn.Tanh()},
    ],
    ids=lambda made: " ".join(made) or "plain",
)  # fmt: skip
def test_an_encoder_layer(made, options):
    module = layer_of(**made)
    streaming = check_streams(module, options)
    check_comes_back(streaming.stack.first, module)


@pytest.mark.parametrize("norm", [None, nn.LayerNorm(SIZE)], ids=["", "norm"])
@pytest.mark.parametrize("norm_first", [False, True], ids=["after", "first"])
def test_an_encoder_of_several_layers(norm, norm_first, options):
    module = nn.TransformerEncoder(
        layer_of(norm_first=norm_first), 3, copy.deepcopy(norm), enable_nested_tensor=False
    )
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.3)
    streaming = check_streams(module.eval(), options)
    check_comes_back(streaming, module)


def test_a_sequence_with_modules_of_ones_own(options):
    torch.manual_seed(0)
    module = nn.Sequential(
        nn.Linear(9, SIZE),
        nn.LayerNorm(SIZE),
        layer_of(),
        nn.Linear(SIZE, SIZE),
        nn.Tanh(),
        nn.TransformerEncoder(layer_of(norm_first=True), 2, enable_nested_tensor=False),
        nn.Linear(SIZE, 5),
    ).eval()
    streaming = check_streams(module, options, 9)
    stream = stream_of(9)[:, :WINDOW]
    with torch.no_grad():
        assert_rows_close(to_torch(streaming)(stream), module(stream))


@torch.no_grad()
def test_attention_alone(options):
    torch.manual_seed(0)
    module = nn.MultiheadAttention(SIZE, HEADS, batch_first=True).eval()
    nn.init.normal_(module.in_proj_bias)
    stream = stream_of()
    streaming = from_torch(module, **options, output_mode="retroactive")
    state = streaming.init_state(2)
    for token in stream.unbind(1):
        output = streaming.step(token, state).output
    last = stream[:, -WINDOW:]
    expected = module(last, last, last)[0]
    assert_rows_close(output, expected)
    assert_rows_close(to_torch(streaming)(last, last, last)[0], expected)


def test_fewer_landmarks_come_near():
    module = nn.TransformerEncoder(layer_of(), 2, enable_nested_tensor=False).eval()
    streaming = from_torch(module, kind="continual_nystrom", window=WINDOW, num_landmarks=3)
    exact = streaming.with_attention("full")
    stream = stream_of()
    with torch.no_grad():
        low, full = (one.scan(stream, one.init_state(2))[0] for one in (streaming, exact))
    assert isinstance(exact, StreamEncoder)
    assert 0 < float((low - full).norm() / full.norm()) < 0.5


def test_the_weights_are_copies_of_the_type_they_had():
    module = layer_of().double()
    streaming = from_torch(module, kind="continual", window=WINDOW)
    before = streaming.attentions[0].query_proj.weight.clone()
    assert before.dtype == torch.float64
    nn.init.zeros_(module.self_attn.in_proj_weight)
    assert torch.equal(streaming.attentions[0].query_proj.weight, before)
    trained = streaming.train().scan(stream_of().double(), streaming.init_state(2))[0]
    trained.sum().backward()
    assert all(parameter.grad is not None for parameter in streaming.parameters())


@pytest.mark.parametrize(
    ("module", "said"),
    [
        (nn.MultiheadAttention(SIZE, HEADS, kdim=5), "kdim"),
        (nn.MultiheadAttention(SIZE, HEADS, add_bias_kv=True), "add_bias_kv"),
        (nn.Sequential(nn.Linear(3, 3)), "holds no encoder layer"),
        (nn.Linear(3, 3), "holds no encoder layer"),
    ],
)
def test_what_cannot_stream_is_refused(module, said):
    with pytest.raises(ClaError, match=said):
        from_torch(module, kind="full", window=WINDOW)
    with pytest.raises(ClaError, match="no counterpart in PyTorch"):
        to_torch(module)


def test_states_and_tokens_of_others_are_refused():
    module = nn.TransformerEncoder(layer_of(), 2, enable_nested_tensor=False)
    one = from_torch(layer_of(), kind="full", window=WINDOW)
    two = from_torch(module, kind="full", window=WINDOW)
    with pytest.raises(ClaError, match="another encoder"):
        two.step(torch.zeros(2, SIZE), one.init_state(2))
    with pytest.raises(ClaError, match=r"\(3, 24\)"):
        two.step(torch.zeros(3, SIZE), two.init_state(2))
    with pytest.raises(ClaError, match=r"\(2, 25\)"):
        one.step(torch.zeros(2, SIZE + 1), one.init_state(2))
