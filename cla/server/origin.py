"""Where a page that connects comes from, and whether it counts as open on this very machine.

A page on this machine may use its devices and its user's own recordings. A proxy on it, which adds
no header of its own, would lend that to the world: so the server must listen to this machine alone,
and connection, `Host` and `Origin` must all be this machine's. What carries bare bytes to such a
server (`ssh -R`, `socat`) cannot be told from a local page by anything: there `CLA_LOCAL=off`.
"""

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from cla.errors import ClaError

VARIABLE = "CLA_LOCAL"
"""The environment's word on whether pages on this machine count as its user's: `on` or `off`."""
_TRUSTED_PROXIES = "FORWARDED_ALLOW_IPS"
"""Where uvicorn is told of proxies."""
_OF_PROXIES = (
    "forwarded", "via", "x-real-ip", "x-client-ip", "x-cluster-client-ip", "true-client-ip",
    "x-forwarded", "x-original", "x-envoy", "cf-",
)  # fmt: skip
"""How the names of headers begin that only proxies send."""


def admits_local(environment: Mapping[str, str], address: str | None) -> bool:
    """Whether any page may count as open on this machine, with a server listening at `address`.

    Without a word of the environment only where other machines cannot reach it by themselves.

    Raises:
        ClaError: the environment says something else than `on` or `off`.
    """
    wished = environment.get(VARIABLE, "")
    if wished not in ("", "on", "off"):
        raise ClaError("local_variable_unfit", variable=VARIABLE, value=wished)
    if wished:
        return wished == "on"
    return is_this_machine(address or "") and not environment.get(_TRUSTED_PROXIES)


def same_origin(socket: HTTPConnection) -> bool:
    """Whether the page came from this server."""
    origin = socket.headers.get("origin", "")
    hosts = {socket.headers.get("host"), socket.headers.get("x-forwarded-host")} - {None, ""}
    return origin.partition("://")[2] in hosts


def is_local(socket: HTTPConnection) -> bool:
    """Whether the page is open on this very machine, and not behind a proxy that runs on it."""
    return socket.client is not None and is_local_client(socket.headers, socket.client.host)


def is_local_client(headers: Mapping[str, str], address: str) -> bool:
    """Whether who sends these headers from this address is on this very machine."""
    if _through_proxy(headers):
        return False
    names = (_host(headers.get("host", "")), _host(headers.get("origin", "").partition("://")[2]))
    return _is_loopback(address) and all(map(is_this_machine, names))


def is_local_program(asked: HTTPConnection) -> bool:
    """Whether a program on this very machine asks, or a page that its server sent to a browser."""
    if asked.client is None or _through_proxy(asked.headers):
        return False
    named = is_this_machine(_host(asked.headers.get("host", "")))
    return named and _is_loopback(asked.client.host)


def through_proxy(socket: HTTPConnection) -> bool:
    """Whether a proxy stands between the page and this server, and says so."""
    return _through_proxy(socket.headers)


def _through_proxy(headers: Mapping[str, str]) -> bool:
    return any(name.lower().startswith(_OF_PROXIES) for name in headers)


def _host(place: str) -> str:
    """The host of `host:port`; empty where there is none."""
    try:
        return urlsplit(f"//{place}").hostname or ""
    except ValueError:
        return ""


def is_this_machine(host: str) -> bool:
    """A name that resolves to this machine may be anybody's: only its own are taken."""
    return host == "localhost" or _is_loopback(host)


def _is_loopback(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback
