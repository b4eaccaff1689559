"""Sockets that listen, and what processes that share one agree on."""

import socket

from cla.errors import ClaError

BACKLOG = 2048
COUNTS_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""Where the counts of several workers lie, each of which then tells those of all."""


def listen(address: str, port: int) -> socket.socket:
    """A socket that listens; port 0 is any that is free. What its connections send goes at once.

    Raises:
        ClaError: it cannot listen there.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        listening = socket.create_server((address, port), family=family, backlog=BACKLOG)
        # Connections inherit it. Without it a small message waits until the one before has been
        # acknowledged, which systems put off by 40 ms.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listening
    except OSError as error:
        raise ClaError(
            "address_not_served", address=address, port=port, reason=error.strerror
        ) from error


def served_at(scheme: str, address: str, port: int) -> str:
    """The address of a server, as programs write it."""
    return f"{scheme}://[{address}]:{port}" if ":" in address else f"{scheme}://{address}:{port}"
