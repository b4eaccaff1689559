"""Projections are modules that are called: what is put on or in place of one acts everywhere."""

import copy

import pytest
import torch
from contract import KINDS_AND_MODES, make_layer, make_stream, run
from rows import assert_rows_close, condition_number
from torch import nn
from torch.nn.modules.module import register_module_forward_hook
from torch.nn.utils import parametrize

from cla.attention import AttentionConfig

SIZE, WINDOW = 32, 9
CHANGED = ("query_proj", "value_proj", "output_proj")


@pytest.fixture(params=KINDS_AND_MODES, ids="-".join)
def layer(request):
    kind, mode = request.param
    return make_layer(AttentionConfig(kind, SIZE, 2, WINDOW, 4, mode, pseudo_inverse="iterative"))


@torch.no_grad()
def check_equal(layer, plain, **tolerance):
    """A layer whose projections are called gives what one with plain weights does."""
    assert plain.plain
    assert not layer.plain
    stream = make_stream(layer.config, 2 * WINDOW)
    expected = run(plain, stream, plain.init_state(2))
    assert_rows_close(run(layer, stream, layer.init_state(2)), expected, **tolerance)
    assert_rows_close(layer.scan(stream, layer.init_state(2))[0], expected, **tolerance)
    last = stream[:, -WINDOW:]
    assert_rows_close(layer(last), plain(last), **tolerance)
    state = layer.state_from_window(stream)
    after = layer.step(stream[:, 0], state).output
    expected = plain.step(stream[:, 0], plain.state_from_window(stream)).output
    assert_rows_close(after, expected, **tolerance)


@torch.no_grad()
def worst_condition(layer):
    """The largest of all steps of `check_equal`."""
    state = layer.init_state(2)
    steps = (
        layer.step(x, state, emit=True) for x in make_stream(layer.config, 2 * WINDOW).unbind(1)
    )
    return max(float(condition_number(step.emits).max()) for step in steps)


@torch.no_grad()
def scaled(layer, factor):
    """The layer with other weights: what a module that scales its output computes."""
    twin = copy.deepcopy(layer)
    for name in CHANGED:
        for parameter in getattr(twin, name).parameters():
            parameter.mul_(factor)
    return twin


class Scaled(nn.Module):
    def __init__(self, inner, factor):
        super().__init__()
        self.inner, self.factor = inner, factor

    def forward(self, x):
        return self.inner(x) * self.factor


def put_hook(layer):
    for name in CHANGED:
        getattr(layer, name).register_forward_hook(lambda *given: given[-1] * 0.5)


def put_pre_hook(layer):
    for name in CHANGED:
        module = getattr(layer, name)
        module.bias.data.mul_(0.5)
        module.register_forward_pre_hook(lambda *given: (given[1][0] * 0.5,))


def put_parametrization(layer):
    for name in CHANGED:
        for part in ("weight", "bias"):
            parametrize.register_parametrization(
                getattr(layer, name), part, Scaled(nn.Identity(), 0.5)
            )


def put_forward(layer):
    for name in CHANGED:
        module = getattr(layer, name)
        module.forward = lambda x, module=module: nn.Linear.forward(module, x) * 0.5


def put_modules(layer):
    for name in CHANGED:
        setattr(layer, name, Scaled(getattr(layer, name), 0.5))


@pytest.mark.parametrize(
    "change", [put_hook, put_pre_hook, put_parametrization, put_forward, put_modules]
)
def test_what_is_put_on_a_projection_acts(layer, change):
    plain = scaled(layer, 0.5)
    change(layer)
    check_equal(layer, plain)


def test_a_hook_of_all_modules_acts_until_it_is_removed(layer):
    stream = make_stream(layer.config, WINDOW)
    expected = run(layer, stream, layer.init_state(2))
    called = set()
    handle = register_module_forward_hook(lambda *given: called.add(given[0]))
    try:
        assert not layer.plain
        assert_rows_close(run(layer, stream, layer.init_state(2)), expected)
    finally:
        handle.remove()
    assert called == {layer.query_proj, layer.key_proj, layer.value_proj, layer.output_proj}
    assert layer.plain


@pytest.mark.filterwarnings("ignore")
def test_adapters_of_peft_act_and_can_be_trained(layer):
    peft = pytest.importorskip("peft", exc_type=ImportError)
    torch.manual_seed(0)  # of the adapters' weights
    options = peft.LoraConfig(
        r=2, target_modules=list(CHANGED), init_lora_weights=False, lora_dropout=0.0
    )
    adapted = peft.inject_adapter_in_model(options, layer)
    assert adapted is layer
    plain = make_layer(layer.config)
    with torch.no_grad():
        for name in CHANGED:
            adapter = getattr(layer, name)
            getattr(plain, name).weight.add_(adapter.get_delta_weight("default"))
    # What is added to weights there is added to projections here, each rounded as floats are.
    check_equal(layer, plain, sums=torch.float32, condition=worst_condition(plain))
    stream = make_stream(layer.config, WINDOW)
    layer.scan(stream, layer.init_state(2))[0].square().sum().backward()
    trained = {name for name, part in layer.named_parameters() if part.grad is not None}
    assert trained == {
        f"{name}.lora_{half}.default.weight" for name in CHANGED for half in ("A", "B")
    }


@pytest.mark.filterwarnings("ignore")
def test_weights_quantized_by_torchao_act(layer):
    quantization = pytest.importorskip("torchao.quantization", exc_type=ImportError)
    quantization.quantize_(layer, quantization.Int8WeightOnlyConfig())
    plain = make_layer(layer.config)
    with torch.no_grad():
        for name in (*CHANGED, "key_proj"):
            getattr(plain, name).weight.copy_(getattr(layer, name).weight.dequantize())
    check_equal(layer, plain)
