"""Where compiled kernels lie: a folder for each version of their sources, compiler and processor.

A kernel never outlives its source: the folder's name is a digest of all files that kernels are made
of, of what compiles them, and of the processor they are compiled for.
"""

import hashlib
import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

VARIABLE = "CLA_KERNELS"
"""The environment's word for where kernels lie; else beside numba's own (`NUMBA_CACHE_DIR`), or
where programs keep a user's caches."""
FORMAT = "1"
KEPT = 8
"""Folders that stay when one more is made, the newest: of other versions and processors."""

_NAME = re.compile(r"[0-9a-f]{32}")
_SECOND = ("cx16", "popcnt", "sahf", "sse4.2", "ssse3")
_THIRD = (*_SECOND, "avx2", "bmi", "bmi2", "f16c", "fma", "lzcnt", "movbe")
_FOURTH = (*_THIRD, "avx512bw", "avx512cd", "avx512dq", "avx512f", "avx512vl")
_PORTABLE: dict[str, dict[str, tuple[str, ...]]] = {
    "x86_64": {"x86-64-v4": _FOURTH, "x86-64-v3": _THIRD, "x86-64-v2": _SECOND},
    "aarch64": {"generic": ()},
    "arm64": {"generic": ()},
}


class Target(NamedTuple):
    """What code is compiled for, in LLVM's words."""

    triple: str
    processor: str
    features: str


def portable_levels(triple: str, has: Mapping[str, bool]) -> tuple[str, ...]:
    """Processors, from the best to the least, that one with these features can stand in for."""
    levels = _PORTABLE.get(triple.partition("-")[0], {})
    return tuple(
        level for level, needed in levels.items() if all(has.get(feature) for feature in needed)
    )


class KernelFolders:
    """The folders of some kernels.

    Args:
        sources: all files that they are made of, read now: what is compiled later is what is
            imported now.

    Attributes:
        kernels: those that are imported.
        passed: a folder that another process has filled for this one alone.
    """

    def __init__(self, *sources: Path) -> None:
        self._sources = _digest_of(sources)
        self.kernels: list[Any] = []
        self.passed: Path | None = None

    def own(self, target: Target) -> Path | None:
        """Where code for this very target is kept; None where there is no place for it."""
        root = kernel_root()
        return root / self._name(target) if root and self._sources else None

    def readable(self, target: Target, levels: tuple[str, ...]) -> Iterator[Path]:
        """Where code that runs here may lie, the best first."""
        if self._sources:
            targets = [target, *(Target(target.triple, level, "") for level in levels)]
            for root in filter(None, (self.passed, kernel_root())):
                yield from (root / self._name(one) for one in targets)

    def _name(self, target: Target) -> str:
        parts = (FORMAT, self._sources, *_compilers(), *target)
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def kernel_root() -> Path | None:
    """The folder of all those folders; None for a user without a home."""
    if place := os.environ.get(VARIABLE):
        return Path(place)
    if place := os.environ.get("NUMBA_CACHE_DIR"):
        return Path(place) / "cla"
    if place := os.environ.get("LOCALAPPDATA") or os.environ.get("XDG_CACHE_HOME"):
        return Path(place) / "cla" / "kernels"
    try:
        home = Path.home()
    except RuntimeError:
        return None
    caches = home / "Library" / "Caches" if sys.platform == "darwin" else home / ".cache"
    return caches / "cla" / "kernels"


def make(folder: Path) -> None:
    """Make a folder of kernels, and delete the oldest of those beside it.

    Raises:
        OSError: it cannot be made.
    """
    if folder.is_dir():
        return
    folder.mkdir(parents=True, exist_ok=True)
    others = [other for other in folder.parent.iterdir() if _NAME.fullmatch(other.name)]
    for old in sorted(others, key=_made_s, reverse=True)[KEPT:]:
        if old != folder:
            shutil.rmtree(old, ignore_errors=True)


def keep(folder: Path) -> None:
    """Note that a folder is in use: others are deleted before it."""
    with suppress(OSError):
        os.utime(folder)


def _made_s(folder: Path) -> float:
    with suppress(OSError):
        return folder.stat().st_mtime
    return 0.0


def _digest_of(sources: Sequence[Path]) -> str:
    """A digest of files; empty where they cannot be read, as in a zip."""
    digest = hashlib.sha256()
    try:
        for path in sources:
            content = path.read_bytes()
            digest.update(f"{path.name} {len(content)}\n".encode() + content)
    except OSError:
        return ""
    return digest.hexdigest() if sources else ""


@cache
def _compilers() -> tuple[str, ...]:
    return (version("numba"), version("llvmlite"), str(sys.implementation.cache_tag))
