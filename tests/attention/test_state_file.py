"""A stream goes on from a saved state as if nothing had happened."""

import pytest
import torch
from contract import KINDS_AND_MODES, make_layer, make_stream, run
from hypothesis import given, settings
from hypothesis import strategies as st

from cla.attention import KINDS, AttentionConfig, load_state, save_state
from cla.attention.state import tensors_of
from cla.errors import ClaError


@pytest.mark.parametrize(("kind", "mode"), KINDS_AND_MODES)
@pytest.mark.parametrize("output", ["single_output", "retroactive"])
def test_a_saved_state_has_the_same_future(kind, mode, output, tmp_path):
    landmarks = 4 if KINDS[kind].landmark_modes else None
    config = AttentionConfig(kind, 12, 2, 9, landmarks, mode, output)
    layer = make_layer(config)
    stream = make_stream(config, 40)
    state = layer.init_state(2)
    run(layer, stream[:, :23], state)
    save_state(state, tmp_path / "state.safetensors")
    expected = run(layer, stream[:, 23:], state)
    again = load_state(tmp_path / "state.safetensors", layer.init_state(2))
    assert type(again) is type(state)
    assert torch.equal(run(layer, stream[:, 23:], again), expected)


def test_other_states_and_damaged_files_are_refused(tmp_path):
    layer = make_layer(AttentionConfig("full", 12, 2, 9))
    path = tmp_path / "state.safetensors"
    with pytest.raises(ClaError, match="cannot be read"):
        load_state(path, layer.init_state(1))
    path.write_bytes(b"no state")
    with pytest.raises(ClaError, match="cannot be read"):
        load_state(path, layer.init_state(1))
    save_state(layer.init_state(2), path)
    with pytest.raises(ClaError, match="something else"):
        load_state(path, layer.init_state(1))


@settings(max_examples=40)
@given(place=st.integers(0), bit=st.integers(0, 7))
def test_a_flipped_bit_is_noticed(place, bit, saved_state):
    path, state = saved_state
    content = bytearray(path.read_bytes())
    content[place % len(content)] ^= 1 << bit
    damaged = path.with_name("damaged.safetensors")
    damaged.write_bytes(content)
    with pytest.raises(ClaError):
        load_state(damaged, state)


@pytest.fixture(scope="module")
def saved_state(tmp_path_factory):
    layer = make_layer(AttentionConfig("continual_nystrom", 4, 2, 3, 2))
    state = layer.init_state(1)
    run(layer, make_stream(layer.config, 5, batch=1), state)
    path = tmp_path_factory.mktemp("state") / "state.safetensors"
    save_state(state, path)
    return path, state


@pytest.mark.parametrize("compiled", [True, False], ids=["kernels", "pytorch"])
@pytest.mark.parametrize("output", ["single_output", "retroactive"])
@pytest.mark.parametrize(("kind", "mode"), KINDS_AND_MODES)
def test_counters_beyond_the_window_are_refused(kind, mode, output, compiled, tmp_path):
    landmarks = 4 if KINDS[kind].landmark_modes else None
    layer = make_layer(AttentionConfig(kind, 12, 2, 9, landmarks, mode, output))
    layer.use_fused = layer.use_fused and compiled
    stream = make_stream(layer.config, 20)
    for field, value in (
        ("slot", 10**7),
        ("slot", -(10**7)),
        ("slot", 9),
        ("valid_tokens", 10**7),
        ("valid_tokens", -(10**7)),
        ("valid_tokens", -1),
    ):
        state = layer.init_state(2)
        run(layer, stream, state)
        getattr(state, field)[1] = value
        before = [tensor.clone() for tensor in tensors_of(state)]
        with pytest.raises(ClaError, match="counters"):
            layer.step(stream[:, 0], state)
        with pytest.raises(ClaError, match="counters"):
            layer.scan(stream, state)
        assert all(map(torch.equal, before, tensors_of(state)))
        save_state(state, tmp_path / "state.safetensors")
        with pytest.raises(ClaError, match="counters"):
            load_state(tmp_path / "state.safetensors", state)


def test_a_state_that_does_not_fit_says_what_differs(tmp_path):
    path = tmp_path / "state.safetensors"
    save_state(make_layer(AttentionConfig("full", 12, 2, 9)).init_state(2), path)
    longer = make_layer(AttentionConfig("full", 12, 2, 10)).init_state(2)
    with pytest.raises(ClaError, match=r"its queries is torch.float32 of shape \(2, 2, 9, 6\)"):
        load_state(path, longer)
    other = make_layer(AttentionConfig("continual", 12, 2, 9)).init_state(2)
    with pytest.raises(ClaError, match="it differs in rows"):
        load_state(path, other)
    layer = make_layer(AttentionConfig("full", 12, 2, 9))
    state = layer.init_state(2)
    run(layer, make_stream(layer.config, 4), state)
    state.slot[0] = 7  # a window that is filling holds as many tokens as its next place says
    save_state(state, path)
    with pytest.raises(ClaError, match="counters"):
        load_state(path, state)
