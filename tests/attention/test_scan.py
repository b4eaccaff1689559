"""How a scan cuts its tokens into chunks, and what it keeps of them, changes no number."""

import pytest
import torch
from contract import make_layer, make_stream
from rows import assert_rows_close

from cla.attention import AttentionConfig

KINDS = [
    ("continual_nystrom", "fixed"),
    ("continual_nystrom", "continual"),
    ("nystrom", "continual"),
]


def scanned(layer, stream):
    """Outputs of a scan, and the gradient of their squares."""
    given = stream.clone().requires_grad_()
    outputs, _ = layer.scan(given, layer.init_state(2, dtype=given.dtype))
    return outputs.detach(), torch.autograd.grad(outputs.square().sum(), given)[0]


@pytest.mark.parametrize(("kind", "mode"), KINDS)
@pytest.mark.parametrize("output", ["single_output", "retroactive"])
@pytest.mark.parametrize("landmarks", [3, 5])
def test_chunks_and_what_is_kept_for_the_gradient(kind, mode, output, landmarks, monkeypatch):
    """Five landmarks divide the window, three cut it into segments of two lengths."""
    config = AttentionConfig(kind, 12, 2, 10, landmarks, mode, output, "iterative")
    layer = make_layer(config).double()
    stream = make_stream(config, 50).double()
    outputs, gradient = scanned(layer, stream)
    for chunk, kept in ((3, 2**28), (10, 0), (17, 2**14)):
        monkeypatch.setattr("cla.attention.low_rank_scan.CHUNK_TOKENS", chunk)
        monkeypatch.setattr("cla.attention.low_rank_scan.KEPT_ELEMENTS", kept)
        again, other = scanned(layer, stream)
        assert_rows_close(again, outputs)
        assert_rows_close(other, gradient, roundings=2**20)  # through gamma's inverse, twice
