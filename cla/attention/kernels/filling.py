"""The folder of all kernels filled ahead of the calls that need them, by one process of many."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from filelock import FileLock
from numba.core.event import Listener, install_listener

from cla.attention.kernels.cache import complete, seal, target_here
from cla.attention.kernels.folders import KernelFolders, make
from cla.attention.kernels.sealed import sweep

LOCK = "lock"
Tell = Callable[[float], None]
"""Is told how large a share of all kernels has code."""


def fill(folders: KernelFolders, run: Callable[[], None], tell: Tell = lambda _: None) -> bool:
    """Load all kernels; those of which there is no code are compiled and kept.

    Processes that do so at the same time wait for the first one, and load what it has compiled.

    Args:
        run: calls them all.

    Returns:
        Whether other processes will find all of it.
    """
    if complete(folders):
        run()
        return True
    with _lock(folders), _told(folders, tell):
        run()
        return complete(folders) or seal(folders)


def writable(folders: KernelFolders) -> bool:
    """Whether code can be kept."""
    folder = folders.own(target_here())
    if folder is None:
        return False
    try:
        make(folder)
        sweep(folder)
        with (folder / LOCK).open("ab"):
            return os.access(folder, os.W_OK)
    except OSError:
        return False


def _lock(folders: KernelFolders) -> AbstractContextManager[Any]:
    """One process compiles at a time; the system takes the lock back from one that has died."""
    folder: Path | None = folders.own(target_here())
    if folder is None or not writable(folders):
        return nullcontext()
    return FileLock(folder / LOCK)


@contextmanager
def _told(folders: KernelFolders, tell: Tell) -> Iterator[None]:
    """Tell, after each kernel that is compiled, how far all of them are."""

    class Compiled(Listener):
        def on_start(self, event: Any) -> None:
            """Only ends count."""

        def on_end(self, event: Any) -> None:  # noqa: ARG002  # numba's interface
            # Those that are taken into others at once are never compiled by themselves.
            alone = [k for k in folders.kernels if k.targetoptions.get("inline") != "always"]
            tell(sum(bool(kernel.overloads) for kernel in alone) / max(len(alone), 1))

    with install_listener("numba:compile", Compiled()):
        yield
