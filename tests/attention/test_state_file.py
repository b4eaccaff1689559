"""A stream goes on from a saved state as if nothing had happened."""

import pytest
import torch
from contract import KINDS_AND_MODES, make_layer, make_stream, run

from cla.attention import KINDS, AttentionConfig, load_state, save_state
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
