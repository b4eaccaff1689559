"""The compiled kernels ahead of the steps that take them: `compile_all`.

As a program it works at the lowest priority and says in each line how large a share is done:
`python -m cla.attention.kernels`. With `--portable` it compiles for processors that many others can
stand in for, so that what one machine has compiled runs on another; `CLA_KERNELS` names the folder.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import get_args

import torch

from cla.attention import kernels
from cla.attention.config import AttentionConfig, OutputMode, PseudoInverse
from cla.attention.kernels import AVAILABLE
from cla.attention.kinds.defaults import REFERENCE
from cla.attention.kinds.registry import KINDS
from cla.attention.layer import AttentionLayer, make_attention

SIZES = AttentionConfig(REFERENCE, 8, 2, window=4)
"""The code of a kernel is the same for all sizes."""


class Stopped(Exception):
    """Compiling was asked to leave the rest."""


def compiled() -> bool:
    """Whether all that steps take lies compiled on the disk, for this processor or a lesser one."""
    if not AVAILABLE:
        return False
    from cla.attention.kernels.cache import complete
    from cla.attention.kernels.compiled import FOLDERS

    return complete(FOLDERS)


def compile_all(
    tell: Callable[[float], None] = lambda _: None, stop: Callable[[], bool] = lambda: False
) -> bool:
    """Compile what steps of all kinds take, and load what is compiled already.

    Where several processes do so at once, one compiles and the others load.

    Args:
        tell: is told how large a share is done.
        stop: is asked between steps whether to leave the rest.

    Returns:
        Whether other processes will find all of it.

    Raises:
        Stopped: it was asked to leave the rest.
    """
    if not AVAILABLE:
        return False
    from cla.attention.kernels.compiled import FOLDERS
    from cla.attention.kernels.filling import fill

    for name in kernels.__all__:
        getattr(kernels, name)  # imports all kernels, of which a share is told
    return fill(FOLDERS, lambda: _step_all(stop), tell)


def can_keep() -> bool:
    """Whether what is compiled here is there for other processes."""
    from cla.attention.kernels.compiled import FOLDERS
    from cla.attention.kernels.filling import writable

    return writable(FOLDERS)


def take_from(folder: Path) -> None:
    """Look for compiled kernels in this folder too, which a process has filled for this one."""
    from cla.attention.kernels.compiled import FOLDERS

    FOLDERS.passed = folder


@torch.inference_mode()
def _step_all(stop: Callable[[], bool]) -> None:
    """Let tiny layers of every kind take every kernel."""
    ones = torch.ones(1, 27).numpy()
    kernels.encoder.embed(
        ones[:, :2], kernels.mask_of(None), ones[0], ones[:, :2], torch.zeros(1).long().numpy(),
        ones[:, :2].copy(),
    )  # fmt: skip
    kernels.encoder.complete(
        ones[:, :2].copy(), ones[:, :2].copy(), ones[0], 0, 2, ones[:, :4].copy()
    )
    for layer in _layers():
        state = layer.init_state(1)
        for token in range(2 * SIZES.window):
            if stop():
                raise Stopped
            x = torch.arange(token, token + SIZES.embed_dim).float().sin()
            layer.step(x[None], state)
        arrays = layer.arrays_of(state)
        if arrays is not None and not layer.config.retroactive:
            layer.kind.compiled.row(arrays)


def _layers() -> Iterator[AttentionLayer]:
    for name, kind in KINDS.items():
        marks = 2 if kind.landmark_modes else None
        for mode in kind.landmark_modes or ("continual",):
            for output in get_args(OutputMode):
                for method in get_args(PseudoInverse) if marks else ("ridge",):
                    yield _layer(
                        replace(
                            SIZES, kind=name, num_landmarks=marks, landmark_mode=mode,
                            output_mode=output, pseudo_inverse=method,
                        )
                    )  # fmt: skip


def _layer(config: AttentionConfig) -> AttentionLayer:
    with torch.device("meta"):  # nothing is drawn of the random numbers that others count on
        layer = make_attention(config)
    layer.to_empty(device="cpu")
    for parameter in layer.parameters():
        torch.nn.init.constant_(parameter, 0.1)
    if layer.takes_landmarks:
        marks = torch.eye(config.landmarks, config.head_dim).repeat(config.num_heads, 1, 1)
        layer.set_landmarks(marks, marks)
    return layer


def main(argv: Sequence[str] | None = None) -> int:
    """Compile; 0 when all is kept."""
    parser = argparse.ArgumentParser(prog="python -m cla.attention.kernels", description=__doc__)
    parser.add_argument("--portable", action="store_true", help="for other machines too")
    options = parser.parse_args(argv)
    with suppress(AttributeError, OSError):  # Windows has other words for it
        os.nice(19)
    torch.set_num_threads(1)
    if options.portable:
        return _compile_portably()
    return 0 if compile_all(_print) else 1


def _compile_portably() -> int:
    """For each of the processors that many can stand in for, as far as it can be tried here."""
    from cla.attention.kernels.cache import levels_here

    for level in levels_here():
        print(level, flush=True)
        # numba reads once a process what it compiles for.
        environment = {**os.environ, "NUMBA_CPU_NAME": level, "NUMBA_CPU_FEATURES": ""}
        command = [sys.executable, "-m", "cla.attention.kernels"]
        if subprocess.run(command, env=environment, check=False).returncode:
            return 1
    return 0


def _print(share: float) -> None:
    with suppress(OSError):  # whoever asked has gone; what is compiled is there for others
        print(f"{share:.3f}", flush=True)
