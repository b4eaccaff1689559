"""A token that is no number, or too large to multiply, stays where it is."""

import pytest
import torch
from contract import KINDS_AND_MODES, make_layer, make_stream, run

from cla.attention import KINDS, AttentionConfig
from cla.attention.projected import LARGEST

WINDOW, PLACE = 24, 40


@pytest.mark.parametrize("compiled", [True, False], ids=["kernels", "pytorch"])
@pytest.mark.parametrize("output", ["single_output", "retroactive"])
@pytest.mark.parametrize(("kind", "mode"), KINDS_AND_MODES)
def test_only_outputs_whose_receptive_field_holds_a_bad_token_are_none(
    kind, mode, output, compiled
):
    landmarks = 4 if KINDS[kind].landmark_modes else None
    layer = make_layer(AttentionConfig(kind, 16, 2, WINDOW, landmarks, mode, output))
    layer.use_fused = layer.use_fused and compiled
    good = make_stream(layer.config, 96, batch=1)
    with torch.no_grad():
        expected = layer.scan(good, layer.init_state(1))[0]
    for bad in (torch.nan, torch.inf, 3e38, 1e17):
        stream = good.clone()
        stream[:, PLACE] = bad
        stepped = run(layer, stream, layer.init_state(1))
        with torch.no_grad():
            scanned = layer.scan(stream, layer.init_state(1))[0]
        inside = torch.zeros(96, dtype=torch.bool)
        inside[PLACE : PLACE + layer.receptive_field] = True
        for outputs in (stepped, scanned):
            rows, right = outputs[0].flatten(1), expected[0].flatten(1)
            error = (rows - right).abs().amax(1) / right.abs().amax(1)
            assert float(error[~inside].max()) < 1e-4  # NaN is not below it
        finite = stepped.isfinite().flatten(2).all(2)[0]
        assert torch.equal(finite, scanned.isfinite().flatten(2).all(2)[0])
        if bad < LARGEST:
            assert finite.all()
        else:
            assert not finite[PLACE : PLACE + WINDOW].any()
