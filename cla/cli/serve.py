"""`cla serve`: live sessions for programs and pages of one's own, without the app."""

import argparse
import asyncio
import os
import secrets
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

from cla.cli.lan_option import add_lan_argument
from cla.cli.terminal import warn
from cla.options import Options, counting, positive
from cla.server.access import TOKENS_VARIABLE, access_of
from cla.server.limits import SESSIONS_VARIABLE, max_sessions
from cla.server.listening import listen, served_at
from cla.server.logs import log_to_standard_error
from cla.server.origin import is_this_machine

PORT = 8600
HERE = "127.0.0.1"
MOST_WORKERS = 64
LINK_OPTION = "--link"
"""Of a worker: its number, and the descriptor through which connections come."""


def main(argv: Sequence[str]) -> int:
    """Serve until it is stopped.

    Raises:
        ClaError: it cannot listen there, or the environment wants what cannot be.
    """
    options = _parser().parse_args(argv)
    log_to_standard_error(as_json=options.log == "json")
    if options.workers > 1 and not options.link and options.lan is None:
        return _serve_by_workers(options, argv)
    from cla.cli.serve_process import serve  # it loads torch

    return serve(options)


def _serve_by_workers(options: argparse.Namespace, argv: Sequence[str]) -> int:
    """Accept connections for several processes, each of which runs this command with a link."""
    from cla.cli.front import Front

    environment = dict(os.environ)
    if places := max_sessions(environment):
        environment[SESSIONS_VARIABLE] = str(-(-places // options.workers))
    open_to_all = is_this_machine(options.address) or options.no_token
    if not open_to_all and not access_of(environment).tokens:
        environment[TOKENS_VARIABLE] = new_token()
    with listen(options.address, options.port) as listening:
        address = served_at("http", options.address, listening.getsockname()[1])
        command = (sys.executable, "-m", "cla", "serve", *argv, LINK_OPTION)
        front = Front(options.workers, command, listening)
        return asyncio.run(front.serve(environment, address))


def new_token() -> str:
    """A token for programs, made up and said on standard error."""
    token = secrets.token_urlsafe(24)
    warn(f"Programs give this token ({TOKENS_VARIABLE} says others): {token}")
    return token


def _cores() -> int:
    """Processes by default: one a core; one alone where connections cannot be handed over."""
    if not hasattr(socket, "send_fds"):
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _parser() -> Options:
    parser = Options(
        prog="cla serve",
        description="Serve live sessions to programs: docs/streaming.md is the protocol. Ctrl-C "
        "stops it at once, SIGTERM when its sessions have ended. The address is written to "
        "standard output once it listens.",
        examples=(
            "cla serve",
            "cla serve --lan --page examples/phone.html",
            "CLA_TOKENS=secret cla serve --address 0.0.0.0 --port 80",
        ),
    )
    parser.add_argument(
        "--port", type=int, default=PORT, help=f"where it listens, 0 for any (default: {PORT})"
    )
    parser.add_argument(
        "--address",
        metavar="HOST",
        default=HERE,
        help="0.0.0.0 for other machines too: then programs need a token (default: %(default)s)",
    )
    parser.add_argument(
        "--workers",
        type=counting(MOST_WORKERS),
        default=min(_cores(), MOST_WORKERS),
        metavar="COUNT",
        help="processes that serve, best one a core (default here: %(default)s); with --lan it is "
        "always one",
    )
    parser.add_argument(LINK_OPTION, help=argparse.SUPPRESS)
    add_lan_argument(parser)
    parser.add_argument(
        "--page", type=Path, metavar="FILE", help="serve this page, such as examples/phone.html"
    )
    parser.add_argument(
        "--no-token", action="store_true", help="let everybody in who reaches the address"
    )
    parser.add_argument(
        "--log", choices=("text", "json"), default="text", help="the log, on standard error"
    )
    parser.add_argument(
        "--drain",
        type=positive,
        default=30.0,
        metavar="S",
        help="seconds that sessions may go on after SIGTERM (default: %(default)g)",
    )
    return parser
