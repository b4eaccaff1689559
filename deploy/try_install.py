"""Builds the wheel, installs it as a stranger does, and uses it from another directory.

These are the steps of the Dockerfile, without a container engine: a clean virtual environment, an
unprivileged user where this is run by root, a health check; for each Python and Streamlit named.

Run: python deploy/try_install.py [--pythons python3.11 python3.12] [--streamlit newest 1.60.0]
"""

import argparse
import json
import os
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import time
import urllib.request
import venv
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
NOBODY = 65534
CLIP = "from cla.capture import sample_clips; print(sample_clips()[0].path)"
VERSIONS = (
    "import platform, streamlit, torch; print('Python', platform.python_version(), "
    "'Streamlit', streamlit.__version__, 'torch', torch.__version__)"
)
STEPS = """
import json, os, torch
from cla.attention import AttentionConfig, make_attention
from cla.attention.kernels.compiled import FOLDERS
from cla.attention.kernels.ahead import can_keep, compiled
assert compiled() and (os.geteuid() == 0 or not can_keep())
torch.manual_seed(0)
outputs = []
for kind in ("continual", "continual_nystrom"):
    layer = make_attention(AttentionConfig(kind, 48, 4, 24, 6 if "nystrom" in kind else None))
    state = layer.init_state(2)
    for token in torch.randn(60, 2, 48):
        outputs += layer.step(token, state).output.detach().flatten().tolist()
assert not any(sum(kernel.stats.cache_misses.values()) for kernel in FOLDERS.kernels)
print(json.dumps(outputs))
"""
"""Steps by kernels that lie compiled where nothing can be written; none is compiled."""
TOLERANCE = 1e-4
PAGES = ("/", "/cla/static/main.js", "/cla/metrics", "/_stcore/health")


def _runs(python: str) -> bool:
    """Whether there is this Python: a version manager may have its name alone."""
    found = shutil.which(python)
    return bool(found) and not subprocess.run([python, "-V"], capture_output=True).returncode


def build(place: Path) -> Path:
    """The wheel of this checkout."""
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(place), str(ROOT)]
    subprocess.run(command, check=True)
    return next(place.glob("*.whl"))


def install(python: str, wheel: Path, place: Path) -> Path:
    """A clean environment with the wheel; returns its folder of programs."""
    if Path(python).resolve() == Path(sys.executable).resolve():
        venv.create(place, with_pip=True)
    else:
        subprocess.run([python, "-m", "venv", str(place)], check=True)
    add(place / "bin", str(wheel))
    return place / "bin"


def add(programs: Path, wanted: str) -> None:
    """Install something more."""
    command = [str(programs / "python"), "-m", "pip", "install", "-q", wanted]
    subprocess.run(command, check=True)


def compile_kernels(programs: Path) -> list[str]:
    """Compile as the image's build does, where nobody may write then; returns the processors."""
    place = programs.parent / "kernels"
    done = subprocess.run(
        [str(programs / "python"), "-m", "cla.attention.kernels", "--portable"],
        env={**os.environ, "CLA_KERNELS": str(place)}, check=True, text=True,
        stdout=subprocess.PIPE,
    )  # fmt: skip
    for path in (*place.rglob("*"), place):
        path.chmod(0o555 if path.is_dir() else 0o444)
    return [line for line in done.stdout.split() if not line.replace(".", "").isdigit()]


def use(programs: Path, elsewhere: Path, processors: Sequence[str]) -> str:
    """Step, run a clip and start the app in both ways, as somebody without rights.

    Returns the versions that were used.
    """
    environment = {
        "PATH": f"{programs}:/usr/bin:/bin",
        "HOME": str(elsewhere),
        "CLA_KERNELS": str(programs.parent / "kernels"),
    }
    python = str(programs / "python")
    user = _user(programs)

    def run(command: Sequence[str], **more: str) -> str:
        done = subprocess.run(
            command, cwd=elsewhere, env={**environment, **more}, check=True, text=True,
            stdout=subprocess.PIPE, user=user,
        )  # fmt: skip
        return done.stdout

    # On this processor, which is another than any they were compiled for, and on each of those.
    here = json.loads(run([python, "-c", STEPS]))
    for processor in processors:
        named = {"NUMBA_CPU_NAME": processor, "NUMBA_CPU_FEATURES": ""}
        there = json.loads(run([python, "-c", STEPS], **named))
        assert all(abs(a - b) < TOLERANCE for a, b in zip(here, there, strict=True)), processor
    clip = run([python, "-c", CLIP]).strip()
    assert '"tokens"' in run([str(programs / "cla"), "run", clip, "--json"])
    script = run([python, "-c", "from cla.resources import app_script; print(app_script())"])
    for start in (
        [str(programs / "cla"), "app"],
        [python, "-m", "streamlit", "run", script.strip()],
    ):
        _serve(start, elsewhere, environment, user)
    return run([python, "-c", VERSIONS]).strip()


def _serve(
    start: list[str], elsewhere: Path, environment: dict[str, str], user: int | None
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [*start, "--server.port", str(port), "--server.address", "127.0.0.1"]
    process = subprocess.Popen(
        command, cwd=elsewhere, env=environment, user=user, start_new_session=True,
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        for path in reversed(PAGES):
            with _answer(f"http://127.0.0.1:{port}{path}", process) as answer:
                assert "default-src 'self'" in answer.headers["content-security-policy"]
    finally:
        process.terminate()  # the server itself, and nothing around it
        process.wait(20)


def _answer(url: str, process: subprocess.Popen[bytes]):  # type: ignore[no-untyped-def]  # HTTPResponse
    for _ in range(600):
        assert process.poll() is None, "the app did not start"
        try:
            return urllib.request.urlopen(url, timeout=10)
        except OSError:
            time.sleep(0.5)
    raise AssertionError(f"{url} did not answer")


def _user(programs: Path) -> int | None:
    """Somebody without rights, where this is run by root and they may reach the Python."""
    folders = (programs / "python").resolve().parents
    reachable = all(folder.stat().st_mode & stat.S_IXOTH for folder in folders)
    return NOBODY if os.geteuid() == 0 and reachable else None


def main() -> None:
    """Try every combination that this machine has."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--pythons", nargs="+", default=["python3.11", "python3.12"])
    parser.add_argument("--streamlit", nargs="+", default=["newest", "1.60.0"])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        os.chmod(place, 0o755)
        wheel = build(Path(place))
        for python in options.pythons:
            if not _runs(python):
                print(f"{python}: not on this machine")
                continue
            folder = Path(tempfile.mkdtemp(dir=place))
            os.chmod(folder, 0o755)
            start_s = time.monotonic()
            programs = install(python, wheel, folder / "environment")
            print(f"{python}: installed in {time.monotonic() - start_s:.0f} s")
            processors = compile_kernels(programs)
            print(f"kernels for {', '.join(processors)}, {time.monotonic() - start_s:.0f} s in all")
            for index, streamlit in enumerate(options.streamlit):
                if streamlit != "newest":  # it was installed with the wheel
                    add(programs, f"streamlit=={streamlit}")
                elsewhere = folder / f"elsewhere{index}"
                elsewhere.mkdir()
                os.chmod(elsewhere, 0o777)
                versions = use(programs, elsewhere, processors)
                root = os.geteuid() == 0 and _user(programs) is None
                print(f"{versions}: works, run {'by root' if root else 'without rights'}")
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
