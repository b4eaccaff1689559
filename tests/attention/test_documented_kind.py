"""The kind that the documentation adds: one file and one line in the registry, nothing else."""

import sys
from types import MappingProxyType, ModuleType

import pytest
import torch
from contract import check_contract
from documented import blocks, run
from hypothesis import given, settings
from hypothesis import strategies as st
from rows import assert_rows_close

import cla.attention.config
import cla.attention.factory
from cla.attention import AttentionConfig, make_attention


@pytest.fixture(scope="module", autouse=True)
def documented_kind():
    """As if the file were there, and the line in the registry."""
    *_, code, line = blocks("docs/attention.md")
    module = ModuleType("cla.attention.mean")
    run(code, vars(module))
    kinds = MappingProxyType({**cla.attention.config.KINDS, **run(line)["entry"]})
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, module.__name__, module)
        for place in (cla.attention.config, cla.attention.factory):
            patch.setattr(place, "KINDS", kinds)
        yield


@settings(max_examples=15, deadline=None)
@given(window=st.integers(1, 20), cycles=st.floats(0.5, 3), data=st.data())
def test_it_keeps_the_contract(window, cycles, data):
    output = data.draw(st.sampled_from(["single_output", "retroactive"]))
    config = AttentionConfig("mean", 12, 2, window, output_mode=output)
    check_contract(config, max(1, round(cycles * window)))


def test_it_is_the_mean():
    layer = make_attention(AttentionConfig("mean", 12, 2, 5))
    stream = torch.randn(1, 9, 12)
    with torch.no_grad():
        outputs, _ = layer.scan(stream, layer.init_state(1))
        expected = layer.output_proj(layer.value_proj(stream[:, 4:]).mean(1))
    assert_rows_close(outputs[:, -1], expected)
