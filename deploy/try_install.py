"""Builds the wheel, installs it as a stranger does, and uses it from another directory.

These are the steps of the Dockerfile, without a container engine: a clean virtual environment, an
unprivileged user where this is run by root, a health check; for each Python and Streamlit named.

Run: python deploy/try_install.py [--pythons python3.11 python3.12] [--streamlit 1.60.0 newest]
"""

import argparse
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
PAGES = ("/", "/cla/static/main.js", "/cla/metrics", "/_stcore/health")


def build(place: Path) -> Path:
    """The wheel of this checkout."""
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(place), str(ROOT)]
    subprocess.run(command, check=True)
    return next(place.glob("*.whl"))


def install(python: str, wheel: Path, streamlit: str, place: Path) -> Path:
    """A clean environment with the wheel; returns its folder of programs."""
    if Path(python).resolve() == Path(sys.executable).resolve():
        venv.create(place, with_pip=True)
    else:
        subprocess.run([python, "-m", "venv", str(place)], check=True)
    wanted = "streamlit" if streamlit == "newest" else f"streamlit=={streamlit}"
    pip = [str(place / "bin" / "python"), "-m", "pip", "install", "-q"]
    subprocess.run([*pip, f"{wheel}[server]", wanted], check=True)
    return place / "bin"


def use(programs: Path, elsewhere: Path) -> None:
    """Run a clip and start the app in both ways, as somebody without rights."""
    environment = {
        "PATH": f"{programs}:/usr/bin:/bin",
        "HOME": str(elsewhere),
        "NUMBA_CACHE_DIR": str(elsewhere / "numba"),
    }
    python = str(programs / "python")

    def run(command: Sequence[str]) -> str:
        done = subprocess.run(
            command, cwd=elsewhere, env=environment, check=True, text=True,
            stdout=subprocess.PIPE, user=_user(),
        )  # fmt: skip
        return done.stdout

    clip = run([python, "-c", CLIP]).strip()
    assert '"tokens"' in run([str(programs / "cla"), "run", clip, "--json"])
    script = run([python, "-c", "from cla.resources import app_script; print(app_script())"])
    for start in (
        [str(programs / "cla"), "app"],
        [python, "-m", "streamlit", "run", script.strip()],
    ):
        _serve(start, elsewhere, environment)


def _serve(start: list[str], elsewhere: Path, environment: dict[str, str]) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [*start, "--server.port", str(port), "--server.address", "127.0.0.1"]
    process = subprocess.Popen(
        command, cwd=elsewhere, env=environment, user=_user(), start_new_session=True,
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        for path in reversed(PAGES):
            with _answer(f"http://127.0.0.1:{port}{path}", process) as answer:
                assert "default-src 'self'" in answer.headers["content-security-policy"]
    finally:
        os.killpg(process.pid, 15)
        process.wait(20)


def _answer(url: str, process: subprocess.Popen[bytes]):  # type: ignore[no-untyped-def]  # HTTPResponse
    for _ in range(600):
        assert process.poll() is None, "the app did not start"
        try:
            return urllib.request.urlopen(url, timeout=10)
        except OSError:
            time.sleep(0.5)
    raise AssertionError(f"{url} did not answer")


def _user() -> int | None:
    """Somebody without rights, where this is run by root and they may reach this Python."""
    folders = Path(sys.executable).resolve().parents
    reachable = all(folder.stat().st_mode & stat.S_IXOTH for folder in folders)
    return NOBODY if os.geteuid() == 0 and reachable else None


def main() -> None:
    """Try every combination that this machine has."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--pythons", nargs="+", default=["python3.11", "python3.12"])
    parser.add_argument("--streamlit", nargs="+", default=["1.60.0", "newest"])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        os.chmod(place, 0o755)
        wheel = build(Path(place))
        for python in options.pythons:
            if shutil.which(python) is None:
                print(f"{python}: not on this machine")
                continue
            for streamlit in options.streamlit:
                folder = Path(tempfile.mkdtemp(dir=place))
                os.chmod(folder, 0o755)
                elsewhere = folder / "elsewhere"
                elsewhere.mkdir()
                os.chmod(elsewhere, 0o777)
                start_s = time.monotonic()
                programs = install(python, wheel, streamlit, folder / "environment")
                installed_s = time.monotonic() - start_s
                use(programs, elsewhere)
                print(f"{python}, streamlit {streamlit}: works; installed in {installed_s:.0f} s")


if __name__ == "__main__":
    main()
