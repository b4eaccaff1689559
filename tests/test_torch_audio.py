"""torchaudio is loaded where its native extension cannot be."""

import subprocess
import sys

import torch

from cla.torch_audio import torch_audio

# The extension's own errors: it does not link, its loader fails, it was built for another CUDA.
BROKEN = """
import sys, torch
from cla.torch_audio import torch_audio

def fail(*_):
    raise fault("no CUDA runtime here")

torch.ops.load_library = fail
for fault in (OSError, ImportError, RuntimeError):
    for name in [name for name in sys.modules if name.split(".")[0] == "torchaudio"]:
        del sys.modules[name]
    print(torch_audio().functional.resample(torch.zeros(48_000), 48_000, 16_000).shape[0])
"""


def run(script: str) -> str:
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_it_is_the_same_module_each_time() -> None:
    assert torch_audio() is torch_audio()
    masked = torch_audio().functional.mask_along_axis_iid(torch.ones(1, 4, 4), 4, 0.0, 1)
    assert masked.shape == (1, 4, 4)


def test_it_works_without_its_extension() -> None:
    assert run(BROKEN).split() == 3 * ["16000"]
