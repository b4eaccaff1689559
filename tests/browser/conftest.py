"""The app in a real browser; its microphone plays digits, its camera shows hand signs."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
import wave
from pathlib import Path

import cv2
import numpy as np
import pytest
from documented import blocks

from cla.attention.kernels.ahead import compile_all
from cla.capture import open_audio, open_video, sample_clips

ROOT = Path(__file__).parents[2]
SIGNS = next(clip for clip in sample_clips("hands") if clip.name == "hand-signs")
FAKE_CAMERA_HZ = 30
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """The app's address; it records to a folder of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    own_kind = tmp_path_factory.mktemp("kinds") / "mean.py"
    own_kind.write_text(blocks("docs/attention.md")[-1], "utf-8")
    environment = {
        **os.environ,
        "CLA_RECORDINGS": str(tmp_path_factory.mktemp("recordings")),
        "CLA_KINDS": str(own_kind),
        "CLA_MAX_SESSIONS": "16",  # on a slow machine too
        # The pages of these tests count as this machine's user's.
        "STREAMLIT_SERVER_ADDRESS": "localhost",
    }
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, env=environment)
    url = f"http://localhost:{port}"
    try:
        compile_all()  # what the app would do at low priority, while it starts
        _wait_until(process, "up", lambda: _answer(f"{url}/_stcore/health"), 60)
        _wait_until(process, "warm", lambda: "cla_warm 1.0" in _answer(f"{url}/cla/metrics"), 200)
        yield url
    finally:
        process.terminate()
        process.wait(20)


def _answer(url):
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.read().decode()
    except OSError:
        return ""


def _wait_until(process, state, reached, timeout_s):
    deadline = time.monotonic() + timeout_s
    while not reached():
        assert process.poll() is None, "the app ended by itself"
        assert time.monotonic() < deadline, f"the app was not {state} after {timeout_s} s"
        time.sleep(0.2)


@pytest.fixture(scope="session")
def recording(tmp_path_factory):
    """The first sample clip as a WAV file for the fake microphone."""
    path = tmp_path_factory.mktemp("microphone") / "digits.wav"
    with open_audio(sample_clips()[0].path) as audio:
        samples = np.concatenate([chunk.samples for chunk in audio])
        rate = audio.sample_rate_hz
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((samples * 32767).astype("<i2").tobytes())
    return path


@pytest.fixture(scope="session")
def motion_picture(tmp_path_factory):
    """A sample clip of signs, drawn from recorded hands, as JPEG pictures for the fake camera."""
    path = tmp_path_factory.mktemp("camera") / "signs.mjpeg"
    with open_video(SIGNS.path) as video, path.open("wb") as file:
        written = 0
        for frame in video:
            jpeg = cv2.imencode(".jpg", cv2.cvtColor(frame.image, cv2.COLOR_RGB2BGR))[1].tobytes()
            while written <= frame.time_s * FAKE_CAMERA_HZ:
                file.write(jpeg)
                written += 1
    return path


@pytest.fixture(scope="session")
def browser(recording, motion_picture):
    """Chromium whose microphone plays the recording, and whose camera the motion picture."""
    if CHROMIUM is None:
        pytest.skip("there is no Chromium on this machine")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                "--no-sandbox",
                "--process-per-site",
                "--use-fake-device-for-media-stream",
                f"--use-file-for-fake-audio-capture={recording}%noloop",
                f"--use-file-for-fake-video-capture={motion_picture}",
                "--autoplay-policy=no-user-gesture-required",
            ],
        )
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def visitor(browser, server):
    """One visitor for all tests, who never quite leaves: what a page has loaded stays compiled."""
    context = browser.new_context(ignore_https_errors=True)
    context.new_page().goto(f"{server}/_stcore/health")
    yield context
    context.close()


@pytest.fixture
def open_page(visitor, server):
    """Opens the app; `microphone` and `camera` grant the permissions.

    Where nothing else is asked for, the Live page begins with digits, which say much in little
    time; at a `first_visit` with what it shows by itself.
    In the end nothing must have been done that the Content-Security-Policy forbids.
    """
    stays, said = visitor.pages[0], []

    def open_page(
        *,
        microphone=True,
        camera=False,
        address=server,
        query="",
        color_scheme=None,
        viewport=None,
        first_visit=False,
    ):
        visitor.grant_permissions(["microphone"] * microphone + ["camera"] * camera)
        page = visitor.new_page()
        page.set_default_timeout(20_000)
        page.on("console", lambda message: said.append(message.text))
        page.emulate_media(color_scheme=color_scheme)
        if viewport:
            page.set_viewport_size(viewport)
        path, _, asked = query.partition("?")
        if path in ("", "/") and "clip=" not in asked and "task=" not in asked and not first_visit:
            query = f"/?{'&'.join(filter(None, (asked, 'clip=count')))}"
        answer = page.goto(address + query)
        assert "default-src 'self'" in answer.headers["content-security-policy"]
        return page

    yield open_page
    for page in visitor.pages[1:]:
        page.close()
    visitor.clear_permissions()
    visitor.clear_cookies()
    stays.evaluate("localStorage.clear()")
    assert [text for text in said if "Security Policy" in text] == []
