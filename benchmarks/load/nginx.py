"""Two servers behind nginx with TLS, as `deploy/nginx/cla.conf` has it: sticky, private, live.

Run: python benchmarks/load/nginx.py [--sessions 8] [--seconds 20]; needs nginx and openssl.
"""

import argparse
import asyncio
import re
import ssl
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
from local_nginx import proxy
from rich.console import Console
from simulated import Heard, serving, speak, speech
from websockets.asyncio.client import connect

from cla.telemetry import device_name

TRUSTED = ssl.create_default_context()
TRUSTED.check_hostname = False
TRUSTED.verify_mode = ssl.CERT_NONE  # the certificate is made here, a moment before


def get(url: str, cookie: str = "") -> tuple[int, str, str]:
    """Status, body and cookie of an answer."""
    request = urllib.request.Request(url, headers={"Cookie": cookie} if cookie else {})
    try:
        with urllib.request.urlopen(request, timeout=20, context=TRUSTED) as answer:
            given = (answer.headers["Set-Cookie"] or "").partition(";")[0]
            return answer.status, answer.read().decode(), given
    except urllib.error.HTTPError as error:
        return error.code, "", ""


async def one(url: str, seconds: float) -> Heard:
    """A visitor: the key and the connection must reach the same server."""
    _, key, cookie = await asyncio.to_thread(get, f"{url}/key")
    address = url.replace("https", "wss", 1) + f"/cla/v1/live?format=arrays&key={key}"
    headers = {"Cookie": cookie}
    async with connect(
        address,
        origin=url,
        additional_headers=headers,
        ssl=TRUSTED,
        compression=None,  # type: ignore[arg-type]
    ) as socket:
        await socket.recv()
        return await speak(socket, speech(), seconds)


async def all_of(url: str, sessions: int, seconds: float) -> list[Heard]:
    """All visitors at once."""
    return await asyncio.gather(*(one(url, seconds) for _ in range(sessions)))


def main() -> None:
    """Try and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sessions", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=20)
    options = parser.parse_args()
    with (
        serving() as (_, first),
        serving() as (_, second),
        tempfile.TemporaryDirectory() as place,
        proxy((first, second), Path(place)) as url,
    ):
        assert get(f"{url}/_stcore/health")[0] == 200
        assert get(f"{url}/cla/metrics")[0] == 404
        heard = asyncio.run(all_of(url, options.sessions, options.seconds))
        taken = []
        for server in (first, second):
            body = get(f"{server}/cla/metrics")[1]
            taken.append(int(float(re.findall(r"^cla_tokens_total (\S+)", body, re.M)[0])))
        assert "key=" not in (Path(place) / "access.log").read_text()
    latencies = np.concatenate([one.latencies_ms for one in heard])
    console = Console(width=100)
    console.print(device_name())
    gaps = sum(one.gap_s > 0 for one in heard)
    console.print(f"{options.sessions} sessions through nginx and TLS, {gaps} with a gap")
    console.print(f"tokens taken by the servers: {taken[0]} and {taken[1]}")
    console.print(
        f"end to end: median {np.median(latencies):.0f} ms, "
        f"p95 {np.percentile(latencies, 95):.0f} ms"
    )


if __name__ == "__main__":
    main()
