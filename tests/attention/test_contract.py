"""Every attention kind keeps the streaming contract."""

import copy
import threading

import pytest
import torch
from contract import (
    KINDS_AND_MODES,
    check_contract,
    check_reading,
    check_steps,
    given_inverse,
    largest_logit,
    make_layer,
    make_stream,
    reference_output,
    run,
    softmax_roundings,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from rows import ROUNDINGS, assert_rows_close, condition_number

from cla.attention import (
    KINDS,
    AttentionConfig,
    clone_state,
    make_attention,
    move_state,
    split_state,
    stack_states,
    state_bytes,
)
from cla.attention.state import StreamGroup, map_state, narrow_state
from cla.attention.window_sums import LARGEST_LOGIT
from cla.errors import ClaError

SIZES = [(1, 1), (2, 1), (7, 1), (7, 2), (7, 5), (7, 7), (16, 5), (30, 16)]
OUTPUTS = ["single_output", "retroactive"]
GRADIENT_ROUNDINGS = 2**20
"""Gradients go through gamma's inverse twice, in each of its iterations, and cancel over a window;
of float64 that is still 2e-10."""


def make_config(
    kind, mode, window, landmarks, embed=12, heads=2, inverse="exact", output="single_output"
):
    count = landmarks if KINDS[kind].landmark_modes else None
    return AttentionConfig(kind, embed, heads, window, count, mode, output, inverse)


def kinds_of(*sizes):
    """Every kind at every size, (window, landmarks, ...); kinds without landmarks but once."""
    return list(
        dict.fromkeys(
            (kind, mode, window, landmarks if KINDS[kind].landmark_modes else 1, *rest)
            for window, landmarks, *rest in sizes
            for kind, mode in KINDS_AND_MODES
        )
    )


@pytest.mark.parametrize(("kind", "mode", "window", "landmarks"), kinds_of(*SIZES))
@pytest.mark.parametrize("cycles", [0.6, 1, 3.4])
@pytest.mark.parametrize("output", OUTPUTS)
def test_contract(kind, mode, window, landmarks, cycles, output):
    config = make_config(kind, mode, window, landmarks, output=output)
    check_contract(config, max(1, round(cycles * window)))


@settings(max_examples=25)
@given(data=st.data())
def test_contract_of_any_size(data):
    window = data.draw(st.integers(1, 40))
    landmarks = data.draw(st.integers(1, window))
    kind, mode = data.draw(st.sampled_from(KINDS_AND_MODES))
    inverse = data.draw(st.sampled_from(["ridge", "exact", "iterative"]))
    output = data.draw(st.sampled_from(OUTPUTS))
    length = data.draw(st.integers(1, 3 * window))
    config = make_config(kind, mode, window, landmarks, inverse=inverse, output=output)
    check_contract(config, length)


@pytest.mark.parametrize(
    ("kind", "mode", "window", "landmarks", "scale"),
    kinds_of((16, 1, 1), (16, 5, 1), (16, 16, 1), (16, 5, 9)),
)
@pytest.mark.parametrize("output", OUTPUTS)
def test_steps_without_compiled_kernels_are_the_same(kind, mode, window, landmarks, scale, output):
    """Also where logits are nearly as large as sums bear (`scale`)."""
    config = make_config(kind, mode, window, landmarks, output=output)
    layer = make_layer(config)
    stream = make_stream(config, 60, scale=scale)
    outputs = run(layer, stream, layer.init_state(2))
    layer.use_fused = False
    roundings = softmax_roundings(layer, stream) if scale > 1 else ROUNDINGS
    plain = check_steps(layer, stream, roundings=roundings)
    assert_rows_close(outputs, plain, roundings=roundings)
    check_reading(layer, stream, plain)
    with torch.no_grad():
        scanned, _ = layer.scan(stream, layer.init_state(2))
    assert_rows_close(scanned, plain, roundings=roundings)


@pytest.mark.parametrize("kind_mode", KINDS_AND_MODES)
@pytest.mark.parametrize("output", OUTPUTS)
def test_logits_beyond_what_sums_bear_are_taken_for_the_largest_that_they_do(kind_mode, output):
    layer = make_layer(make_config(*kind_mode, 16, 5, output=output, inverse="ridge"))
    stream = make_stream(layer.config, 60, scale=30)
    assert largest_logit(layer, stream) > 5 * LARGEST_LOGIT
    outputs = run(layer, stream, layer.init_state(2))
    layer.use_fused = False
    plain = run(layer, stream, layer.init_state(2))
    assert outputs.isfinite().all()
    assert_rows_close(outputs, plain, roundings=softmax_roundings(layer, stream))


@pytest.mark.parametrize("kind_mode", KINDS_AND_MODES)
@pytest.mark.parametrize("output", OUTPUTS)
def test_the_size_of_a_state_is_known_without_making_it(kind_mode, output):
    layer = make_layer(make_config(*kind_mode, 300, 5, output=output))
    sizes = [state_bytes(layer.init_state(2, device=device)) for device in ("meta", "cpu")]
    assert sizes[0] == sizes[1] == state_bytes(layer.state_from_window(torch.ones(2, 3, 12)))


@pytest.mark.parametrize("kind_mode", KINDS_AND_MODES)
@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("fused", [True, False])
@settings(max_examples=5)
@given(seed=st.integers(0, 1_000))
def test_streams_start_stop_and_reset_alone(kind_mode, output, fused, seed):
    config = make_config(*kind_mode, 9, 4, output=output)
    layer = make_layer(config)
    layer.use_fused = layer.use_fused and fused
    generator = torch.Generator().manual_seed(seed)
    stream = make_stream(config, 40, batch=3)
    state = layer.init_state(3)
    alone = [layer.init_state(1) for _ in range(3)]
    found, expected = [], []
    for token in stream.unbind(1):
        active = torch.rand(3, generator=generator) < 0.7
        reset = torch.rand(3, generator=generator) < 0.05
        layer.reset(state, reset)
        token = torch.where(active[:, None], token, torch.nan)
        output_now = layer.step(token, state, active=active).output
        for index in range(3):
            if reset[index]:
                alone[index] = layer.init_state(1)
            if active[index]:
                found.append(output_now[index])
                expected.append(layer.step(token[index : index + 1], alone[index]).output[0])
            else:
                assert (output_now[index] == 0).all()
    assert_rows_close(torch.stack(found), torch.stack(expected))
    stacked = stack_states(alone)
    for ours, theirs in zip(split_state(state), split_state(stacked), strict=True):
        follow = make_stream(config, 12, batch=1)
        assert_rows_close(run(layer, follow, ours), run(layer, follow, theirs))


@pytest.mark.parametrize(
    ("kind", "mode", "window", "landmarks"),
    [
        *kinds_of((64, 16), (120, 64)),
        # Of a long window only those that keep sums show something that a short one does not.
        *(case for case in kinds_of((1000, 16)) if case[0].startswith("continual")),
    ],
)
@pytest.mark.parametrize("peak", [3, 300])
def test_steps_equal_the_reference_at_large_logits(kind, mode, window, landmarks, peak):
    config = make_config(kind, mode, window, landmarks, embed=16)
    layer = make_layer(config)
    length = 5 * window
    stream = make_stream(config, length, batch=1)
    bursts = torch.where(torch.arange(length) % 90 < 30, 1.0, 0.1)[None, :, None]
    stream = stream * bursts * (peak / largest_logit(layer, stream)) ** 0.5
    checked = set(range(0, length, 37)) | {window - 1, window, 2 * window - 1, length - 1}
    stream = stream.float()
    check_steps(layer, stream, checked, softmax_roundings(layer, stream))


@pytest.mark.parametrize("kind_mode", KINDS_AND_MODES)
def test_streams_of_one_batch_may_be_at_different_places(kind_mode):
    config = make_config(*kind_mode, 16, 5)
    layer = make_layer(config)
    stream = make_stream(config, 40, batch=3)
    state = layer.init_state(3)
    lone = narrow_state(state, StreamGroup(1, 1, 0, 0))
    run(layer, stream[1:2, :9], lone)
    outputs = run(layer, stream[:, 9:], state)
    for index, start in enumerate((9, 0, 9)):
        expected = run(layer, stream[index : index + 1, start:], layer.init_state(1))
        assert_rows_close(outputs[index : index + 1], expected[:, -31:])
    with torch.no_grad():
        scanned, _ = layer.scan(stream[:, :5], clone_state(state))
    assert_rows_close(scanned, run(layer, stream[:, :5], state))


@pytest.mark.parametrize("kind_mode", KINDS_AND_MODES)
def test_two_threads_share_one_module(kind_mode):
    config = make_config(*kind_mode, 16, 5)
    layer = make_layer(config)
    streams = [make_stream(config, 200), make_stream(config, 201)[:, 1:]]
    expected = [run(layer, stream, layer.init_state(2)) for stream in streams]
    found = [torch.empty(0), torch.empty(0)]

    def work(index):
        found[index] = run(layer, streams[index], layer.init_state(2))

    threads = [threading.Thread(target=work, args=(index,)) for index in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert torch.equal(found[0], expected[0])
    assert torch.equal(found[1], expected[1])


@pytest.mark.parametrize("landmarks", [2, 3, 5, 16])
def test_cycle_boundary_equals_batch_nystrom(landmarks):
    config = make_config("continual_nystrom", "continual", 16, landmarks)
    layer = make_layer(config)
    stream = make_stream(config, 48)
    outputs = run(layer, stream, layer.init_state(2))
    with torch.no_grad():
        for end in (16, 32, 48):
            batch = layer(stream[:, end - 16 : end])
            assert_rows_close(outputs[:, end - 1], batch)


def test_as_many_landmarks_as_tokens_equal_full():
    low_rank = make_layer(make_config("continual_nystrom", "continual", 12, 12))
    full = make_attention(make_config("full", "continual", 12, None))
    full.load_state_dict(low_rank.state_dict())
    stream = make_stream(low_rank.config, 50)
    assert_rows_close(
        run(low_rank, stream, low_rank.init_state(2)), run(full, stream, full.init_state(2))
    )


@pytest.mark.parametrize("kind_mode", KINDS_AND_MODES)
def test_gradients_of_scan_agree_with_forward(kind_mode):
    config = make_config(*kind_mode, 10, 4, inverse="iterative")
    layer = make_layer(config).double()
    stream = make_stream(config, 20).double().requires_grad_()
    expected = torch.autograd.grad(layer(stream[:, 10:]).square().sum(), stream)[0]
    state = layer.state_from_window(stream[:, :10])
    scanned = torch.autograd.grad(
        layer.scan(stream[:, 10:], state)[0][:, -1].square().sum(), stream
    )[0]
    assert_rows_close(scanned, expected, roundings=GRADIENT_ROUNDINGS)


@pytest.mark.parametrize("kind_mode", KINDS_AND_MODES)
@pytest.mark.parametrize("output", OUTPUTS)
def test_gradients_of_scan_reach_back_over_its_parts(kind_mode, output, monkeypatch):
    monkeypatch.setattr("cla.attention.window_layer.SCAN_TOKENS", 7)
    config = make_config(*kind_mode, 10, 4, inverse="iterative", output=output)
    layer = make_layer(config).double()
    stream = make_stream(config, 30).double().requires_grad_()
    expected = torch.autograd.grad(layer(stream[:, 20:]).square().sum(), stream)[0]
    scanned, _ = layer.scan(stream, layer.init_state(2, dtype=torch.float64))
    found = torch.autograd.grad(scanned[:, -1].square().sum(), stream)[0]
    assert_rows_close(found, expected, roundings=GRADIENT_ROUNDINGS)


@pytest.mark.parametrize("kind_mode", KINDS_AND_MODES)
@pytest.mark.parametrize("output", OUTPUTS)
def test_a_state_of_a_wider_layer_is_stepped_by_its_numbers_or_refused(kind_mode, output):
    """Compiled code would read and write beyond what has become half as long."""
    layer = make_layer(make_config(*kind_mode, 9, 4, output=output))
    stream = make_stream(layer.config, 30)
    wide = copy.deepcopy(layer).double()
    state = wide.state_from_window(stream[:, :20].double())
    state = move_state(state, dtype=torch.float32)
    assert (state.keys.dtype, state.slot.dtype) == (torch.float32, torch.int64)
    if "continual" in kind_mode[0]:  # it keeps sums
        with pytest.raises(ClaError, match="another layer"):
            layer.step(stream[:, 20], state)
        return
    expected = layer.state_from_window(stream[:, :20])
    for token in stream[:, 20:].unbind(1):
        found, usual = layer.step(token, state).output, layer.step(token, expected).output
        assert_rows_close(found, usual, roundings=2**13)  # its sums are rounded to float32


@pytest.mark.parametrize("kind_mode", KINDS_AND_MODES)
@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize(
    ("dtype", "roundings"),
    [(torch.float64, ROUNDINGS), (torch.float16, 4), (torch.bfloat16, 4)],
)
def test_other_types_are_as_exact_as_they_can_be(kind_mode, output, dtype, roundings):
    """Half types are stepped in a wider one: what is left is the rounding of the output."""
    config = make_config(*kind_mode, 16, 5, output=output)
    layer = make_layer(config).to(dtype)
    stream = make_stream(config, 60).to(dtype)
    state = layer.init_state(2)
    for index in range(60):
        found, state, emits = layer.step(stream[:, index], state, emit=True)
        assert found.dtype == dtype
        inverse = given_inverse(emits, index + 1, config)
        expected = reference_output(layer, stream[:, : index + 1], inverse)
        condition = condition_number(emits).view(-1, *[1] * (found.ndim - 2))
        assert_rows_close(found, expected, roundings=roundings, condition=condition)
    with torch.no_grad():
        scanned, _ = layer.scan(stream, layer.init_state(2))
    assert_rows_close(scanned[:, -1], found, roundings=2 * roundings, condition=condition)


@pytest.mark.parametrize("kind_mode", KINDS_AND_MODES)
@pytest.mark.parametrize("output", OUTPUTS)
def test_tokens_wider_than_the_weights(kind_mode, output):
    config = make_config(*kind_mode, 16, 5, output=output)
    layer = make_layer(config)
    stream = make_stream(config, 40)
    wide = run(layer, stream.double(), layer.init_state(2, dtype=torch.float64))
    expected = run(layer, stream, layer.init_state(2))
    assert_rows_close(wide, expected)


@pytest.mark.parametrize("kind_mode", KINDS_AND_MODES)
@pytest.mark.parametrize("output", OUTPUTS)
def test_the_state_of_another_layer_is_refused(kind_mode, output):
    """Compiled code would read and write beyond it."""
    layer = make_layer(make_config(*kind_mode, 9, 4, output=output))
    other = OUTPUTS[output == OUTPUTS[0]]
    strangers = [
        make_config(*kind_mode, 8, 4, output=output),
        make_config(*kind_mode, 9, 4, heads=3, output=output),
    ]
    if KINDS[kind_mode[0]].landmark_modes and "continual" in kind_mode[0]:
        strangers.append(make_config(*kind_mode, 9, 3, output=output))
    if "continual" in kind_mode[0]:
        strangers.append(make_config(*kind_mode, 9, 4, output=other))
    for config in strangers:
        with pytest.raises(ClaError, match="another layer"):
            layer.step(torch.zeros(2, 12), make_layer(config).init_state(2))
        with pytest.raises(ClaError, match="another layer"):
            layer.scan(torch.zeros(2, 5, 12), make_layer(config).init_state(2))
    for wrong in (torch.zeros(3, 5, 12), torch.zeros(2, 5, 11), torch.zeros(2, 0, 12)):
        with pytest.raises(ClaError, match="fit"):
            layer.scan(wrong, layer.init_state(2))


@pytest.mark.parametrize("kind_mode", KINDS_AND_MODES)
@pytest.mark.parametrize("output", OUTPUTS)
def test_a_view_of_some_streams_of_a_state_can_be_stepped(kind_mode, output):
    """Compiled code would take its numbers for neighbors."""
    layer = make_layer(make_config(*kind_mode, 9, 4, output=output))
    stream = make_stream(layer.config, 30)
    stream = torch.cat([stream, -stream])
    state = layer.state_from_window(stream[:, :20])
    expected = run(layer, stream[:, 20:], clone_state(state))[1::2]
    some = map_state(state, lambda tensor: tensor[1::2])
    with torch.no_grad():
        scanned, _ = layer.scan(stream[1::2, 20:], some)
    assert_rows_close(scanned, expected)
    found = run(layer, stream[1::2, 20:], some)
    assert_rows_close(found, expected)


BIASES = {
    "strided": lambda size: torch.randn(2 * size)[::2],
    "repeated": lambda size: torch.zeros(1).expand(size),
    "none": lambda _: None,
}


@pytest.mark.parametrize("bias", BIASES)
@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("projection", ["value_proj", "output_proj"])
def test_any_bias_that_the_layer_takes_is_read_right(projection, output, bias):
    """Compiled code knows but one layout."""
    layer = make_layer(make_config("continual", "continual", 9, 4, output=output))
    given = BIASES[bias](12)
    getattr(layer, projection).bias = None if given is None else torch.nn.Parameter(given)
    stream = make_stream(layer.config, 20)
    found = run(layer, stream, layer.init_state(2))
    layer.use_fused = False
    assert_rows_close(found, run(layer, stream, layer.init_state(2)))
