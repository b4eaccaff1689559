"""From a phone on the same network: the addresses, and a plain page that installs the authority."""

import html
import io
import ipaddress
import socket
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TextIO

from cla.errors import ClaError
from cla.resources import data_folder
from cla.server.service import Certificate
from cla.texts import Texts, choose

VARIABLE = "CLA_LAN"
"""In the environment of an app that is served so: `ADDRESS PORT`, of its HTTPS."""
NETWORKS = (
    "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16",
    "127.0.0.0/8",
)  # fmt: skip
"""Private addresses, which are all that the authority can vouch for."""
STEPS = ("ios", "android", "others")
PAGE = """<!doctype html><html lang="{language}"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>CLA</title>
<style>body{{font:1.1rem/1.5 sans-serif;max-width:36rem;margin:2rem auto;padding:0 1rem}}</style>
<h1>{title}</h1><p>{lead}</p><p><a id="authority" href="authority.crt">{get}</a></p>
{steps}<p><a id="open" href="{url}">{open} {url}</a></p></html>"""


@dataclass(frozen=True)
class Lan:
    """A server on this network, with HTTPS under the local authority.

    Args:
        address: a private one of this machine.
        port: of its HTTPS; the page that installs the authority has the next one.
        query: what its address needs beside that, such as a token.
    """

    address: str
    port: int
    query: str = ""

    @property
    def url(self) -> str:
        """What a phone opens."""
        return f"https://{self.address}:{self.port}/{self.query}"

    @property
    def install_url(self) -> str:
        """What it opens first, once."""
        return f"http://{self.address}:{self.port + 1}/"

    @cached_property
    def _authority(self) -> Any:
        try:
            from cla.server.authority import Authority
        except ImportError as error:
            raise ClaError("lan_not_installed") from error
        return Authority(data_folder() / "authority", NETWORKS)

    def certificate(self) -> Certificate:
        """The certificate to serve with.

        Raises:
            ClaError: what makes it is not installed.
        """
        made: Certificate = self._authority.vouch([self.address])
        return made

    def install_page(self) -> "InstallPage":
        """The page that installs the authority, on a thread, until it is closed.

        Raises:
            ClaError: it cannot listen at the next port.
        """
        # Without the query: what is in it is nothing for all who can read this page.
        return InstallPage(Lan(self.address, self.port), self._authority.der)

    def print_to(self, out: TextIO = sys.stdout) -> None:
        """Write both addresses, as text and as QR codes."""
        import segno

        say = Texts(choose(None))
        for words, url in (("lan.first", self.install_url), ("lan.then", self.url)):
            print(say(words), url, file=out)
            segno.make(url, micro=False).terminal(out, compact=True)
        out.flush()


def lan_of(environment: Mapping[str, str]) -> Lan | None:
    """What the environment says of the network that this app is served to."""
    address, _, port = environment.get(VARIABLE, "").partition(" ")
    return Lan(address, int(port)) if port else None


def qr_png(url: str) -> bytes:
    """A QR code for a page."""
    import segno

    drawn = io.BytesIO()
    segno.make(url, micro=False).save(drawn, kind="png", scale=5)
    return drawn.getvalue()


def private_address(wished: str = "") -> str:
    """An address of this machine on its own network.

    Raises:
        ClaError: it has none, or the one that is wished is not private.
    """
    address = wished or _towards_others()
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        found = None
    if found is None or not any(found in ipaddress.ip_network(network) for network in NETWORKS):
        raise ClaError("lan_address_unfit", address=address or "-")
    return address


def _towards_others() -> str:
    """The address from which this machine would reach others; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return ""
        return str(probe.getsockname()[0])


class InstallPage:
    """A page over plain HTTP: the authority's certificate, and the steps that install it."""

    def __init__(self, lan: Lan, der: bytes) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path == "/authority.crt":
                    self._answer(der, "application/x-x509-ca-cert")
                elif self.path == "/":
                    wished = self.headers.get("Accept-Language", "").split(",")
                    self._answer(_page(lan.url, choose(*wished)), "text/html; charset=utf-8")
                else:
                    self.send_error(404)

            def _answer(self, body: bytes, kind: str) -> None:
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing of who asks."""

        try:
            self._server = ThreadingHTTPServer((lan.address, lan.port + 1), Handler)
        except OSError as error:
            raise ClaError(
                "address_not_served",
                address=lan.address, port=lan.port + 1, reason=error.strerror,
            ) from error  # fmt: skip
        threading.Thread(target=self._server.serve_forever, name="authority", daemon=True).start()

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()


def _page(url: str, language: str) -> bytes:
    say = Texts(language)
    steps = "".join(
        f"<h2>{html.escape(say(f'lan.{name}'))}</h2><ol>"
        + "".join(f"<li>{html.escape(one)}</li>" for one in say(f"lan.{name}_steps").splitlines())
        + "</ol>"
        for name in STEPS
    )
    words = {name: html.escape(say(f"lan.{name}")) for name in ("title", "lead", "get", "open")}
    return PAGE.format(language=language, url=html.escape(url), steps=steps, **words).encode()
