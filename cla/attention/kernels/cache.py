"""Compiled kernels on the disk: no state that it may be in stops a start.

numba's own cache refuses folders that cannot be written to, does not notice a change in a file that
another one inlines, and dies of an index that was cut off. This one puts another behind numba's
dispatchers; what it takes of numba beyond its documented interface is in this file alone.
"""

import hashlib
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

from numba import njit
from numba.core.caching import _Cache
from numba.core.compiler import CompileResult
from numba.core.registry import cpu_target
from numba.core.serialize import dumps

from cla.attention.kernels.folders import KernelFolders, Target, keep, make, portable_levels
from cla.attention.kernels.sealed import read, say_once, write

COMPLETE = "complete"
"""Names the kernels of a folder that holds all that layers step with."""


def compiled(folders: KernelFolders, **options: Any) -> Callable[..., Any]:
    """As `numba.njit`, for functions whose code is kept in these folders."""

    def compile_function(function: Callable[..., Any]) -> Any:
        dispatcher = njit(**options)(function)
        dispatcher._cache = KernelCache(function, folders)
        folders.kernels.append(dispatcher)
        return dispatcher

    return compile_function


class KernelCache(_Cache):
    """One kernel's code, a file for each signature."""

    def __init__(self, function: Callable[..., Any], folders: KernelFolders) -> None:
        code = function.__code__
        self._stem = f"{Path(code.co_filename).stem}.{function.__name__}-{code.co_firstlineno}"
        self._folders = folders
        self._enabled = True

    @property
    def cache_path(self) -> str:
        """Where new code goes, in words."""
        return str(self._folders.own(target_here()) or "nowhere")

    def name(self, signature: Any) -> str:
        """The file of a signature."""
        return f"{self._stem}-{hashlib.sha256(str(signature).encode()).hexdigest()[:16]}.kernel"

    def load_overload(self, sig: Any, target_context: Any) -> CompileResult | None:
        """The code for a signature, if it is there and as it was written."""
        target_context.refresh()
        if not self._enabled:
            return None
        for folder in readable(self._folders):
            content = read(folder / self.name(sig))
            if content is not None:
                found: CompileResult = CompileResult._rebuild(
                    target_context, *pickle.loads(content)
                )
                return found
        return None

    def save_overload(self, sig: Any, cres: Any) -> None:
        """Keep new code, where that is possible."""
        folder = self._folders.own(target_here())
        if not self._enabled or cres.lifted or cres.library.has_dynamic_globals:
            return
        if folder is None:
            say_once("There is no folder for compiled kernels: they are compiled at every start.")
            return
        try:
            make(folder)
            write(folder / self.name(sig), dumps(cres._reduce()))
        except OSError as error:
            say_once(
                f"Compiled kernels cannot be kept in {folder.parent} ({error.strerror}): they are "
                "compiled at every start. Set CLA_KERNELS to a folder that can be written to."
            )

    def enable(self) -> None:
        """Use the disk."""
        self._enabled = True

    def disable(self) -> None:
        """Compile in memory alone."""
        self._enabled = False

    def flush(self) -> None:
        """numba asks for this before it compiles anew; files are written over then."""


def target_here() -> Target:
    """What this process compiles for."""
    return Target(*cpu_target.target_context.codegen().magic_tuple())


def levels_here() -> tuple[str, ...]:
    """Processors whose code this one runs, the best first.

    None where another was asked for (`NUMBA_CPU_NAME`): then code for that one alone will do.
    """
    target = target_here()
    has = {name[1:]: name[0] == "+" for name in target.features.split(",") if name}
    return portable_levels(target.triple, has) if os.environ.get("NUMBA_CPU_NAME") is None else ()


def readable(folders: KernelFolders) -> list[Path]:
    """Folders with code for this processor, or for one whose code it runs."""
    return list(folders.readable(target_here(), levels_here()))


def complete(folders: KernelFolders) -> bool:
    """Whether all that layers step with lies there, whole."""
    return any(_complete(folder) for folder in readable(folders))


def seal(folders: KernelFolders) -> bool:
    """Note that all the code that there is by now is kept; False where it is not."""
    names = sorted({one._cache.name(sig) for one in folders.kernels for sig in one.overloads})
    folder = folders.own(target_here())
    if folder is None or any(read(folder / name) is None for name in names):
        return False
    try:
        write(folder / COMPLETE, "\n".join(names).encode())
    except OSError:
        return False
    return True


def _complete(folder: Path) -> bool:
    names = read(folder / COMPLETE)
    if names is None or any(read(folder / name) is None for name in names.decode().split()):
        return False
    keep(folder)
    return True
