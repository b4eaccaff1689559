"""`cla serve`: live sessions for programs and pages of one's own, without the app."""

import os
import secrets
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

from cla.cli.lan_option import add_lan_argument
from cla.cli.terminal import warn
from cla.options import Options, positive
from cla.resources import package_path
from cla.server import LiveServer, open_host
from cla.server.access import TOKENS_VARIABLE
from cla.server.lan import Lan, private_address
from cla.server.logs import log_to_standard_error
from cla.server.origin import is_this_machine
from cla.server.service import Service, listen

PORT = 8600
HERE = "127.0.0.1"


def main(argv: Sequence[str]) -> int:
    """Serve until it is stopped.

    Raises:
        ClaError: it cannot listen there, or the environment wants what cannot be.
    """
    options = _parser().parse_args(argv)
    log_to_standard_error(as_json=options.log == "json")
    lan = Lan(private_address(options.lan), 0) if options.lan is not None else None
    address = lan.address if lan else options.address
    with ExitStack() as stack:
        listening = stack.enter_context(listen(address, options.port))
        host = open_host(os.environ, address)
        local = is_this_machine(address)
        access = replace(host.access, local=local, anybody=options.no_token)
        if not (local or access.tokens or access.anybody):
            access = replace(access, tokens=(secrets.token_urlsafe(24),))
            warn(f"Programs give this token ({TOKENS_VARIABLE} says others): {access.tokens[0]}")
        host.access = access
        live = LiveServer(host)
        port = listening.getsockname()[1]
        stack.callback(live.close)
        certificate = None
        if lan:
            query = f"?token={access.tokens[0]}" if access.tokens else ""
            lan = replace(lan, port=port, query=query)
            certificate = lan.certificate()
            stack.enter_context(closing(lan.install_page()))
        scheme = "https" if certificate else "http"
        service = Service(
            live, package_path("view/static"),
            page=options.page, certificate=certificate, drain_s=options.drain,
        )  # fmt: skip
        print(f"{scheme}://{_written(address)}:{port}", flush=True)
        if lan:
            lan.print_to()
        service.run([listening])
    return 0


def _written(address: str) -> str:
    return f"[{address}]" if ":" in address else address


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
