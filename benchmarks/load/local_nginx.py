"""The shipped nginx configuration, run on this machine with a certificate made a moment before."""

import re
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from simulated import ROOT, free_port

SITE = ROOT / "deploy" / "nginx" / "cla.conf"
PREFIX = "/demo"
"""The path that the configuration has an example of."""
START_S = 20
KEEPERS = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
"""Modules whose usual folders are only for root."""


@contextmanager
def proxy(servers: tuple[str, str], place: Path, *, prefix: bool = False) -> Iterator[str]:
    """Serve two servers through nginx with TLS; yields the address of the app.

    Args:
        place: a folder for its files.
        prefix: whether the app lies below a path of the site, as in the configuration's example.
    """
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
         "-keyout", "privkey.pem", "-out", "fullchain.pem"],
        cwd=place, check=True, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    port, plain = free_port(), free_port()
    site = SITE.read_text("utf-8")
    if prefix:
        # Nothing of the app is left at the site's root.
        site = re.sub(r"^ *location .*\n", "", site, flags=re.MULTILINE)
        site = site.replace("#location ", "location ")
    for name, url in zip(("app1:8501", "app2:8501"), servers, strict=True):
        site = site.replace(name, url.removeprefix("http://"))
    site = site.replace("listen 443 ssl", f"listen 127.0.0.1:{port} ssl")
    site = site.replace("listen 80", f"listen 127.0.0.1:{plain}")
    site = site.replace("/etc/nginx/certificates", str(place))
    site = site.replace("/var/log/nginx/access.log", str(place / "access.log"))
    kept = " ".join(f"{kind}_temp_path {place}/{kind};" for kind in KEEPERS)
    (place / "nginx.conf").write_text(
        f"pid {place}/pid; error_log {place}/error.log;\nevents {{}}\nhttp {{\n{kept}\n{site}\n}}\n"
    )
    command = ["nginx", "-c", str(place / "nginx.conf"), "-p", str(place)]
    command += ["-e", str(place / "error.log"), "-g", "daemon off;"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        _wait_for(process, port, place / "error.log")
        yield f"https://127.0.0.1:{port}{PREFIX if prefix else ''}"
    finally:
        process.terminate()
        process.wait(20)


def _wait_for(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_S
    while True:
        with socket.socket() as probe:
            if not probe.connect_ex(("127.0.0.1", port)):
                return
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"nginx did not start: {log.read_text() if log.exists() else ''}")
        time.sleep(0.05)
