"""A classifier's step in compiled calls: the numbers of PyTorch's path, on the same states."""

import numpy as np
import pytest
import torch

pytest.importorskip("numba")

from numba.core.event import Listener, install_listener

from cla.attention import attention_row, clone_state  # needs numba
from cla.attention.kernels.ahead import compile_all
from cla.models import ClassifierConfig, StreamClassifier
from cla.models.compiled_step import CompiledStep, can_compile

LANES = [
    ("continual", None, "continual"),
    ("continual_nystrom", 5, "continual"),
    ("continual_nystrom", 5, "fixed"),
    ("full", None, "continual"),
]
WINDOW, TOKENS = 12, 60


@torch.inference_mode(False)
def make_lane(kind, landmarks, mode, layers=1, stack_mode="cascaded", inverse="iterative"):
    torch.manual_seed(layers)
    config = ClassifierConfig(
        7, 4, embed_dim=16, num_heads=2, feed_forward_dim=24, window=WINDOW, position_period=26,
        position_harmonics=3, pseudo_inverse=inverse, num_layers=layers, stack_mode=stack_mode,
    )  # fmt: skip
    lane = StreamClassifier(config).eval().with_attention(kind, landmarks, mode)
    for parameter in lane.parameters():
        torch.nn.init.normal_(parameter, 0.1, 0.5)
    for attention in lane.attentions if mode == "fixed" else ():
        attention.set_landmarks(torch.randn(2, 5, 8), torch.randn(2, 5, 8))
    return lane


def assert_close(found, expected):
    scale = max([1.0, *expected.abs().flatten().tolist()])
    np.testing.assert_allclose(found, expected.numpy(), atol=1e-5 * scale, rtol=0)


def take(lane, compiled, x, state, **options):
    """The logits of a step, by kernels where they can take it, and whether they have."""
    scores = compiled.step(x, state, **options)
    if scores is None:
        return lane.step(x, state, **options).output, False
    stepped = options.get("active", slice(None))
    probabilities = torch.from_numpy(scores.logits).softmax(-1)
    assert_close(scores.probabilities[stepped], probabilities[stepped])
    return torch.from_numpy(scores.logits), True


@pytest.mark.parametrize("lane", LANES)
@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("inverse", ["iterative", "ridge"])  # exact ones multiply rounding
@torch.inference_mode()
def test_the_numbers_are_those_of_pytorch(lane, layers, inverse):
    model = make_lane(*lane, layers, inverse=inverse)
    assert can_compile(model)
    compiled, by_kernels, state = CompiledStep(model), model.init_state(2), model.init_state(2)
    model.use_kernels(True)
    for x in torch.randn(TOKENS, 2, 7):
        found, whole = take(model, compiled, x, by_kernels)
        assert whole
        model.use_kernels(False)
        expected = model.step(x, state, emit=True)
        model.use_kernels(True)
        assert_close(found, expected.output)
        rows = torch.stack([attention_row(emits) for emits in expected.emits], 1)
        assert_close(compiled.rows(by_kernels), rows)
        assert by_kernels.position.equal(state.position)
        assert by_kernels.valid_tokens.equal(state.valid_tokens)


@pytest.mark.parametrize("lane", LANES)
@torch.inference_mode()
def test_masked_streams_stay_and_reset_ones_begin_anew(lane):
    model = make_lane(*lane, layers=2)
    compiled, by_kernels, state = CompiledStep(model), model.init_state(3), model.init_state(3)
    generator = torch.Generator().manual_seed(1)
    for token in range(TOKENS):
        x = torch.randn(3, 7, generator=generator)
        active = torch.rand(3, generator=generator) < 0.7
        found, _ = take(model, compiled, x, by_kernels, active=active)
        expected = model.step(x, state, active=active).output
        assert_close(found[active], expected[active])
        assert by_kernels.position.equal(state.position)
        if token in (20, 41):
            for one in (by_kernels, state):
                model.reset(one, torch.tensor([False, True, False]))


@pytest.mark.parametrize("lane", LANES)
@torch.inference_mode()
def test_both_ways_take_turns_on_one_state(lane):
    model = make_lane(*lane)
    compiled = CompiledStep(model)
    state = model.state_from_window(torch.randn(1, 40, 7))
    other = clone_state(state)
    for token, x in enumerate(torch.randn(TOKENS, 1, 7)):
        expected = model.step(x, other).output
        if token // 7 % 2:
            assert_close(model.step(x, state).output, expected)
        else:
            assert_close(compiled.step(x, state).logits, expected)


@pytest.mark.parametrize("lane", LANES)
@torch.inference_mode()
def test_rows_are_those_of_a_state_beside_which_nothing_is_kept(lane):
    """Bit for bit: read at each token, now and then, after turns of PyTorch and of other rings."""
    model = make_lane(*lane)
    compiled, state = CompiledStep(model), model.init_state(1)
    for token, x in enumerate(torch.randn(3 * TOKENS, 1, 7)):
        by_kernels = token % 19 not in (5, 6)
        model.use_kernels(by_kernels)
        assert (compiled.step(x, state) is not None) is by_kernels
        if not by_kernels:
            model.step(x, state)
        model.use_kernels(True)
        if token % 23 < 14:
            anew = CompiledStep(model).rows(clone_state(state))
            assert (compiled.rows(state) == anew).all()
        if token == 2 * TOKENS:
            model.reset(state, torch.tensor([True]))


@torch.inference_mode()
def test_a_token_that_is_no_number_gives_none_while_the_window_holds_it():
    model = make_lane(*LANES[2])
    compiled, state = CompiledStep(model), model.init_state(1)
    tokens = torch.randn(2 * WINDOW, 1, 7)
    tokens[5] = torch.nan
    bad = [np.isnan(compiled.step(x, state).logits).all() for x in tokens]
    assert bad == [5 <= token < 5 + WINDOW for token in range(len(tokens))]


def test_weights_that_change_are_noticed():
    model, other = make_lane(*LANES[0]), make_lane(*LANES[0], inverse="exact")
    torch.nn.init.normal_(other.head.weight)
    compiled, x = CompiledStep(model), torch.randn(1, 7)
    compiled.step(x, model.init_state(1))
    model.load_state_dict(other.state_dict())
    assert_close(compiled.step(x, model.init_state(1)).logits, other(x[:, None]).detach())


@torch.inference_mode()
def test_what_kernels_do_not_know_is_left_to_pytorch():
    assert not can_compile(make_lane("nystrom", 5, "continual"))
    assert not can_compile(make_lane(*LANES[0], layers=2, stack_mode="retroactive"))
    assert can_compile(make_lane(*LANES[0], layers=1, stack_mode="retroactive"))
    assert not can_compile(make_lane(*LANES[0]).double())
    assert not can_compile(make_lane(*LANES[0]).train())
    hooked = make_lane(*LANES[0])
    hooked.head.register_forward_hook(lambda *_: None)
    assert not can_compile(hooked)
    model = make_lane(*LANES[0])
    compiled, state = CompiledStep(model), model.init_state(1)
    handle = model.attentions[0].value_proj.register_forward_hook(lambda *_: None)
    assert compiled.step(torch.randn(1, 7), state) is None
    handle.remove()
    model.use_kernels(False)
    assert compiled.step(torch.randn(1, 7), state) is None
    assert state.position.item() == 0


@torch.inference_mode()
def test_no_layer_takes_a_token_that_another_cannot():
    model = make_lane(*LANES[2], layers=2)
    compiled, state = CompiledStep(model), model.init_state(1)
    other = clone_state(state)
    for token, x in enumerate(torch.randn(2 * WINDOW, 1, 7)):
        if token == WINDOW:  # from here on a kernel would leave out what is called
            model.attentions[1].query_proj.register_forward_hook(lambda _, __, found: 0.5 * found)
        found, whole = take(model, compiled, x, state)
        assert whole is (token < WINDOW)
        assert_close(found, model.step(x, other).output)
        assert state.position.equal(other.position)
        for ours, theirs in zip(state.stack.layers, other.stack.layers, strict=True):
            assert ours.slot.equal(theirs.slot)


class Compiling(Listener):
    """The kernels that numba begins to compile."""

    def __init__(self):
        self.names = []

    def on_start(self, event):
        self.names.append(event.data["dispatcher"].py_func.__name__)

    def on_end(self, event):
        """Beginnings count."""


@torch.inference_mode()
def test_nothing_is_compiled_while_lanes_step_once_all_is_compiled_ahead():
    compile_all()
    compiling = Compiling()
    with install_listener("numba:compile", compiling):
        for lane in LANES:
            for inverse in ("iterative", "ridge", "exact"):
                model = make_lane(*lane, inverse=inverse)
                compiled, by_compiled, state = (
                    CompiledStep(model), model.init_state(1), model.init_state(1)
                )  # fmt: skip
                for x in torch.randn(2 * WINDOW, 1, 7):
                    if take(model, compiled, x, by_compiled)[1]:
                        compiled.rows(by_compiled)
                    state = model.step(x, state, emit=True).state
    assert compiling.names == []
