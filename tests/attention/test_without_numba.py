"""The layers work where numba cannot be had."""

import subprocess
import sys

HIDDEN = """
import importlib.util

find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name == "numba" else find(name, *rest)

import sys
import torch
from cla.attention import AttentionConfig, kernels, make_attention

assert not kernels.AVAILABLE
for kind in ("full", "continual", "nystrom", "continual_nystrom"):
    layer = make_attention(AttentionConfig(kind, 12, 2, 8, 3 if "nystrom" in kind else None))
    state = layer.init_state(2)
    for token in torch.randn(20, 2, 12):
        assert layer.step(token, state).output.isfinite().all()
assert "numba" not in sys.modules
"""


def test_steps_without_numba():
    subprocess.run([sys.executable, "-c", HIDDEN], check=True, timeout=120)
