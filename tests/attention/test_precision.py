"""Outputs are as exact as their type allows, after however many steps."""

import pytest
import torch
from contract import make_layer, make_stream, reference_output
from rows import assert_rows_close, condition_number

from cla.attention import AttentionConfig


def check_long_run(steps):
    """The output after `steps` tokens, of which bursts reach logits of 300."""
    config = AttentionConfig("continual_nystrom", 16, 2, 120, 16, "fixed")
    layer = make_layer(config)
    generator = torch.Generator().manual_seed(1)
    state = layer.init_state(1)
    kept = torch.zeros(1, 0, 16)
    for index in range(steps):
        scale = 12.0 if index % 500 < 40 else 1.0
        token = torch.randn(1, 16, generator=generator) * scale
        kept = torch.cat([kept, token[:, None]], 1)[:, -120:]
        emit = index == steps - 1
        output, state, emits = layer.step(token, state, emit=emit)
    assert_rows_close(output, reference_output(layer, kept, emits.gamma_inv))


def test_no_drift():
    check_long_run(5_000)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_no_drift_after_a_million_steps():
    check_long_run(1_000_000)


def test_landmarks_of_the_plain_path_are_means_in_the_type_of_the_sums():
    """A third rounded to float32 would be 1e-8 off, and gamma's inverse enlarges that."""
    config = AttentionConfig("continual_nystrom", 12, 2, 9, 3, pseudo_inverse="exact")
    layer = make_layer(config).double()
    layer.use_fused = False
    stream = make_stream(layer.config, 27).double()
    state, conditions = layer.init_state(2, dtype=torch.float64), []
    for token in stream.unbind(1):
        output, state, emits = layer.step(token, state, emit=True)
        conditions.append(condition_number(emits))
    expected = reference_output(layer, stream, None)
    assert_rows_close(output, expected, condition=torch.stack(conditions).amax(0))
