"""A classifier goes on from a saved state as if nothing had happened."""

import pytest
import torch

from cla.attention import load_state, save_state
from cla.models import load_task


@pytest.mark.parametrize(
    ("kind", "landmarks", "mode"),
    [
        ("full", None, "continual"),
        ("continual", None, "continual"),
        ("nystrom", 16, "continual"),
        ("continual_nystrom", 16, "continual"),
        ("continual_nystrom", 16, "fixed"),
    ],
)
def test_a_saved_state_has_the_same_future(kind, landmarks, mode, tmp_path):
    classifier = load_task("digits").with_attention(kind, landmarks, mode)
    stream = torch.randn(150, 2, 96, generator=torch.Generator().manual_seed(0))
    state = classifier.init_state(2)
    for token in stream[:130]:
        classifier.step(token, state)
    save_state(state, tmp_path / "state.safetensors")
    again = load_state(tmp_path / "state.safetensors", classifier.init_state(2))
    assert type(again) is type(state)
    for token in stream[130:]:
        expected = classifier.step(token, state).output
        assert torch.equal(classifier.step(token, again).output, expected)
