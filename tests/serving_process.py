"""`cla serve` as a process of its own."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager


@contextmanager
def cla_serve(*options, port=0, workers=1, **environment):
    """Serve; yields the process and its address."""
    command = [sys.executable, "-m", "cla", "serve", "--port", str(port)]
    command += ["--workers", str(workers), *options]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # As many places on a slow machine as on any.
        env={**os.environ, "CLA_RECORDINGS": "off", "CLA_MAX_SESSIONS": "16", **environment},
    )
    try:
        url = process.stdout.readline().strip()
        assert url, process.stderr.read()
        yield process, url
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            raise


def health(url, context=None):
    with urllib.request.urlopen(f"{url}/health", timeout=10, context=context) as answer:
        return json.load(answer)


def wait_until(reached, timeout_s=60.0):
    deadline = time.monotonic() + timeout_s
    while not (found := reached()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found
