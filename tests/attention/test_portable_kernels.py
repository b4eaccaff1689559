"""Kernels compiled for one processor run on another, from a folder that cannot be written to."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("numba")

from cla.attention.kernels.cache import levels_here  # needs numba

STEPS = """
import json, torch
from cla.attention import AttentionConfig, make_attention
from cla.attention.kernels.compiled import FOLDERS
from cla.attention.kernels.ahead import compiled
found = compiled()
outputs = []
for use in (True, False):
    torch.manual_seed(0)
    layer = make_attention(AttentionConfig("continual_nystrom", 24, 2, 12, 4))
    layer.use_fused = use
    state = layer.init_state(2)
    outputs.append(
        [layer.step(x, state).output.tolist() for x in torch.randn(40, 2, 24)]
    )
anew = sum(sum(kernel.stats.cache_misses.values()) for kernel in FOLDERS.kernels)
print(json.dumps({"found": found, "anew": anew, "outputs": outputs}))
"""


def run(command, place, **more):
    environment = {**os.environ, "CLA_KERNELS": str(place), **more}
    done = subprocess.run(
        [sys.executable, *command], env=environment, check=True, text=True, stdout=subprocess.PIPE
    )
    return done.stdout


@pytest.mark.slow
@pytest.mark.timeout(1_200)
def test_the_same_steps_under_two_processors_and_on_this_one(tmp_path):
    levels = levels_here()[-2:]
    if len(levels) < 2:
        pytest.skip("this processor stands in for no two others")
    named = [{"NUMBA_CPU_NAME": level, "NUMBA_CPU_FEATURES": ""} for level in levels]
    for environment in named:
        run(["-m", "cla.attention.kernels"], tmp_path, **environment)
    for path in (*tmp_path.rglob("*"), tmp_path):
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        told = [json.loads(run(["-c", STEPS], tmp_path, **one)) for one in (*named, {})]
    finally:
        for path in (tmp_path, *tmp_path.iterdir()):
            path.chmod(0o755)
    for one in told:
        assert (one["found"], one["anew"]) == (True, 0)
        by_kernels, by_torch = np.array(one["outputs"])
        first = np.array(told[0]["outputs"][0])
        np.testing.assert_allclose(by_kernels, by_torch, atol=1e-3, rtol=1e-3)
        np.testing.assert_allclose(by_kernels, first, atol=1e-3, rtol=1e-3)
