"""Where a page that connects comes from."""

import ipaddress
from collections.abc import Mapping

from starlette.requests import HTTPConnection

_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")


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
    host = headers.get("host", "").rsplit(":", 1)[0].strip("[]")
    return _is_loopback(address) and (host == "localhost" or _is_loopback(host))


def through_proxy(socket: HTTPConnection) -> bool:
    """Whether a proxy stands between the page and this server."""
    return _through_proxy(socket.headers)


def _through_proxy(headers: Mapping[str, str]) -> bool:
    return any(name in headers for name in _FORWARDED)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
