"""Compiled kernels on the disk: whatever is there, they run, and are those of their source."""

import ast
import errno
import importlib.util
import multiprocessing
import os
import sys
from functools import partial
from pathlib import Path

import pytest

numba = pytest.importorskip("numba")

from cla.attention.kernels import cache, folders, sealed  # noqa: E402  # needs numba
from cla.attention.kernels.cache import COMPLETE, complete, target_here  # noqa: E402  # as above
from cla.attention.kernels.filling import fill, writable  # noqa: E402  # as above
from cla.attention.kernels.folders import (  # noqa: E402  # as above
    KEPT,
    VARIABLE,
    KernelFolders,
    Target,
    kernel_root,
    portable_levels,
)

INNER = (
    "from .decorators import part\n@part(inline='always')\ndef inner(x):\n    return {constant}\n"
)
OUTER = """
from .decorators import whole
from .inner import inner
@whole()
def outer(x):
    return x + inner(x)
"""
DECORATORS = """
from functools import partial
from pathlib import Path
from cla.attention.kernels.cache import compiled
from cla.attention.kernels.folders import KernelFolders
FOLDERS = KernelFolders(*sorted(Path(__file__).parent.glob('*.py')))
whole = part = partial(compiled, FOLDERS)
"""


@pytest.fixture
def root(tmp_path, monkeypatch):
    """Where kernels are kept; nothing has been said yet."""
    monkeypatch.setenv(VARIABLE, str(tmp_path / "kernels"))
    sealed.say_once.cache_clear()
    return tmp_path / "kernels"


@pytest.fixture
def sources(tmp_path):
    """A package of two kernels, one of which inlines the other."""
    package = tmp_path / "tiny"
    package.mkdir()
    write_sources(package, constant=10)
    return package


def write_sources(package: Path, constant: int) -> None:
    (package / "__init__.py").touch()
    (package / "decorators.py").write_text(DECORATORS)
    (package / "inner.py").write_text(INNER.format(constant=constant))
    (package / "outer.py").write_text(OUTER)


def start(package: Path):
    """The kernel and its folders, as a process that starts now has them."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "tiny"]:
        del sys.modules[name]
    place = package / "__init__.py"
    spec = importlib.util.spec_from_file_location(
        "tiny", place, submodule_search_locations=[str(package)]
    )
    module = importlib.util.module_from_spec(spec)
    sys.modules["tiny"] = module
    spec.loader.exec_module(module)
    importlib.invalidate_caches()
    for cached in package.rglob("*.pyc"):  # written in the same second as their source
        cached.unlink()
    outer = importlib.import_module("tiny.outer").outer
    return outer, sys.modules["tiny.decorators"].FOLDERS


def compiled_anew(kernel) -> bool:
    return sum(kernel.stats.cache_misses.values()) > 0


def call(package: Path):
    """What a new process gets for outer(1), and whether it had to compile."""
    kernel, _ = start(package)
    return kernel(1), compiled_anew(kernel)


def files(root: Path) -> list[Path]:
    return sorted(root.rglob("*.kernel"))


def test_what_one_process_has_compiled_the_next_one_loads(sources, root):
    assert call(sources) == (11, True)
    assert call(sources) == (11, False)
    kernel, _ = start(sources)
    assert (kernel(1), kernel(1.5)) == (11, 11.5)  # each signature has a file of its own
    assert len(files(root)) == 2


def test_a_kernel_never_outlives_the_source_that_it_inlines(sources, root):
    assert call(sources) == (11, True)
    write_sources(sources, constant=20)
    assert call(sources) == (21, True)
    assert len(list(root.iterdir())) == 2
    write_sources(sources, constant=10)
    assert call(sources) == (11, False)


@pytest.mark.parametrize("package", ["numba", "llvmlite"])
def test_another_compiler_has_another_folder(sources, root, monkeypatch, package):
    call(sources)
    versions = {"numba": "1", "llvmlite": "1", package: "2"}
    monkeypatch.setattr(folders, "_compilers", lambda: tuple(versions.values()))
    assert call(sources) == (11, True)
    assert len(list(root.iterdir())) == 2


def flipped(content: bytes, share: float) -> bytes:
    at = int(share * len(content))
    return content[:at] + bytes([content[at] ^ 0x10]) + content[at + 1 :]


DAMAGES = {
    "empty": lambda _: b"",
    "half": lambda content: content[: len(content) // 2],
    **{f"flipped-{share}": partial(flipped, share=share) for share in (0.0, 0.01, 0.5, 0.99)},
    "longer": lambda content: content + b"0",
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
@pytest.mark.parametrize("damaged", ["code", COMPLETE])
def test_a_damaged_file_is_made_anew_and_said_once(sources, root, caplog, damage, damaged):
    kernel, folders = start(sources)
    assert fill(folders, lambda: kernel(1))
    path = files(root)[0] if damaged == "code" else files(root)[0].with_name(COMPLETE)
    path.write_bytes(damage(path.read_bytes()))
    kernel, folders = start(sources)
    assert not complete(folders)
    assert fill(folders, lambda: kernel(1))
    assert compiled_anew(kernel) == (damaged == "code")
    assert len([one for one in caplog.records if "damaged" in one.message]) == 1
    _, folders = start(sources)
    assert complete(folders)


def test_a_file_of_another_version_is_not_read(sources, root):
    call(sources)
    (old,) = files(root)
    write_sources(sources, constant=20)
    call(sources)
    new = next(path for path in files(root) if path.parent != old.parent)
    new.write_bytes(old.read_bytes())
    assert call(sources) == (21, True)


def test_a_folder_in_the_place_of_a_file_is_passed_over(sources, root):
    call(sources)
    (path,) = files(root)
    path.unlink()
    path.mkdir()
    assert call(sources) == (11, True)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_disk_that_takes_nothing_is_done_without(sources, root, monkeypatch, caplog, number):
    def refuse(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(sealed.os, "replace", refuse)
    kernel, folders = start(sources)
    assert not fill(folders, lambda: (kernel(1), kernel(1.5)))
    assert kernel(1) == 11
    assert [os.strerror(number) in one.message for one in caplog.records] == [True]
    assert files(root) == []
    assert list(root.rglob("*.tmp")) == []


def test_a_folder_that_is_filled_and_cannot_be_written_to_is_read(sources, root, caplog):
    kernel, folders = start(sources)
    assert fill(folders, lambda: kernel(1))
    (folder,) = root.iterdir()
    try:
        for path in (*folder.iterdir(), folder, root):
            path.chmod(0o555)
        kernel, folders = start(sources)
        assert complete(folders)
        assert fill(folders, lambda: kernel(1))
        assert not compiled_anew(kernel)
    finally:
        for path in (root, folder):
            path.chmod(0o755)
    assert caplog.records == []


def test_what_another_process_has_compiled_for_this_one_alone_is_read(sources, root, monkeypatch):
    call(sources)
    kernel, folders = start(sources)
    assert fill(folders, lambda: kernel(1))
    (root / "file").write_text("no folder")
    monkeypatch.setenv(VARIABLE, str(root / "file"))
    kernel, folders = start(sources)
    assert not complete(folders)
    folders.passed = root
    assert fill(folders, lambda: kernel(1))
    assert not compiled_anew(kernel)


def test_a_file_where_the_folder_should_be_is_done_without(sources, root, caplog):
    root.write_text("no folder")
    kernel, folders = start(sources)
    assert not writable(folders)
    assert not fill(folders, lambda: kernel(1))
    assert len(caplog.records) == 1


def test_a_user_without_a_home_compiles_at_every_start(sources, monkeypatch, caplog):
    for name in (VARIABLE, "NUMBA_CACHE_DIR", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)

    def nowhere():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", nowhere)
    sealed.say_once.cache_clear()
    assert kernel_root() is None
    kernel, folders = start(sources)
    assert not writable(folders)
    assert not fill(folders, lambda: kernel(1))
    assert (kernel(1), len(caplog.records)) == (11, 1)


def test_where_kernels_lie_can_be_said(monkeypatch, tmp_path):
    for name in (VARIABLE, "NUMBA_CACHE_DIR", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert tmp_path / "home" in kernel_root().parents
    for name, part in (("XDG_CACHE_HOME", "a"), ("NUMBA_CACHE_DIR", "b"), (VARIABLE, "c")):
        monkeypatch.setenv(name, str(tmp_path / part))
        assert tmp_path / part in (kernel_root(), *kernel_root().parents)


def test_old_folders_go_when_a_new_one_is_made(sources, root):
    for age in range(KEPT + 3):
        old = root / f"{age:032x}"
        old.mkdir(parents=True)
        os.utime(old, (1_000_000 + age,) * 2)
    (root / "not-ours").mkdir()
    call(sources)
    left = {path.name for path in root.iterdir()}
    assert len(left) == KEPT + 1
    assert "not-ours" in left
    assert f"{0:032x}" not in left


def compile_beside(package: Path, done: Path) -> None:
    kernel, folders = start(package)
    assert fill(folders, lambda: kernel(1))
    (done / f"{os.getpid()}").write_text(str(compiled_anew(kernel)))


@pytest.fixture
def processes():
    if "fork" not in multiprocessing.get_all_start_methods():
        pytest.skip("processes are not forked here")
    return multiprocessing.get_context("fork")


@pytest.mark.usefixtures("root")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_of_five_processes_one_compiles(sources, tmp_path, processes):
    done = tmp_path / "done"
    done.mkdir()
    five = [processes.Process(target=compile_beside, args=(sources, done)) for _ in range(5)]
    for one in five:
        one.start()
    for one in five:
        one.join(120)
    assert [one.exitcode for one in five] == [0] * 5
    assert sorted(path.read_text() for path in done.iterdir()) == ["False"] * 4 + ["True"]


def die_while_writing(package: Path) -> None:
    sealed.os.replace = lambda *_: os._exit(9)
    kernel, folders = start(package)
    fill(folders, lambda: kernel(1))


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_one_that_is_killed_in_the_middle_stops_nobody(sources, root, processes):
    killed = processes.Process(target=die_while_writing, args=(sources,))
    killed.start()
    killed.join(120)
    assert killed.exitcode == 9
    assert files(root) == []
    (left,) = root.rglob("*.tmp")
    os.utime(left, (0, 0))
    kernel, folders = start(sources)
    assert not complete(folders)
    assert fill(folders, lambda: kernel(1))
    assert list(root.rglob("*.tmp")) == []


@pytest.mark.usefixtures("root")
def test_how_far_it_is_is_told(sources):
    kernel, folders = start(sources)
    told = []
    fill(folders, lambda: kernel(1), told.append)
    assert told == [1.0]


@pytest.mark.usefixtures("root")
def test_code_for_a_lesser_processor_is_taken_where_there_is_no_better(sources, monkeypatch):
    here = target_here()
    monkeypatch.setattr(cache, "target_here", lambda: Target(here.triple, "lesser", ""))
    assert call(sources) == (11, True)
    monkeypatch.setattr(cache, "target_here", lambda: here)
    monkeypatch.setattr(cache, "levels_here", lambda: ("better", "lesser"))
    assert call(sources) == (11, False)
    monkeypatch.setattr(cache, "levels_here", lambda: ("better",))
    assert call(sources) == (11, True)


def test_levels_need_what_they_use():
    triple = "x86_64-unknown-linux-gnu"
    has = dict.fromkeys(["cx16", "popcnt", "sahf", "sse4.2", "ssse3"], True)
    assert portable_levels(triple, has) == ("x86-64-v2",)
    has |= dict.fromkeys(["avx2", "bmi", "bmi2", "f16c", "fma", "lzcnt", "movbe"], True)
    assert portable_levels(triple, has) == ("x86-64-v3", "x86-64-v2")
    assert portable_levels(triple, has | {"avx2": False}) == ("x86-64-v2",)
    assert portable_levels("aarch64-unknown-linux-gnu", {}) == ("generic",)
    assert portable_levels("riscv64-unknown-linux-gnu", {}) == ()


@pytest.mark.usefixtures("root")
def test_sources_that_cannot_be_read_are_not_kept(tmp_path):
    folders = KernelFolders(tmp_path / "in-a-zip.py")
    assert folders.own(target_here()) is None
    assert list(folders.readable(target_here(), ())) == []


def test_what_kernels_are_made_of_is_in_their_folders_name():
    package = Path(importlib.util.find_spec("cla.attention.kernels").origin).parent
    for path in package.glob("*.py"):
        text = path.read_text()
        if "@kernel(" in text or "@entry(" in text:
            for node in ast.walk(ast.parse(text)):
                module = (node.module or "") if isinstance(node, ast.ImportFrom) else ""
                if module.startswith("cla.") and not module.startswith("cla.attention.kernels."):
                    name = f"{module.rpartition('.')[2]}.py"
                    assert name in (package / "compiled.py").read_text(), path.name


def test_constants_of_kernels_are_those_of_pytorch():
    from cla.attention.kernels import continual_rows
    from cla.attention.kinds import continual

    assert continual_rows.LEAST_SHARE == continual.LEAST_SHARE
