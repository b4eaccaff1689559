"""A process that serves live sessions: all of `cla serve`, or one of its workers."""

import argparse
import os
import socket
from contextlib import ExitStack, closing
from dataclasses import replace

from cla.cli.serve import new_token
from cla.resources import package_path
from cla.server import LiveServer, open_host
from cla.server.lan import Lan, private_address
from cla.server.listening import listen, served_at
from cla.server.origin import is_this_machine
from cla.server.service import Service
from cla.server.worker import WorkerService


def serve(options: argparse.Namespace) -> int:
    """Serve until it is stopped.

    Raises:
        ClaError: it cannot listen there, or the environment wants what cannot be.
    """
    lan = Lan(private_address(options.lan), 0) if options.lan is not None else None
    address = lan.address if lan else options.address
    with ExitStack() as stack:
        listening = None if options.link else stack.enter_context(listen(address, options.port))
        host = open_host(os.environ, address)
        local = is_this_machine(address)
        access = replace(host.access, local=local, anybody=options.no_token)
        if not (local or access.tokens or access.anybody):
            access = replace(access, tokens=(new_token(),))
        host.access = access
        live, static = LiveServer(host), package_path("view/static")
        stack.callback(live.close)
        named = {"page": options.page, "drain_s": options.drain}
        if listening is None:
            host.worker, _, descriptor = options.link.partition(":")
            link = stack.enter_context(socket.socket(fileno=int(descriptor)))
            WorkerService(live, static, link, **named).run([])
            return 0
        port = listening.getsockname()[1]
        certificate = None
        if lan:
            query = f"?token={access.tokens[0]}" if access.tokens else ""
            lan = replace(lan, port=port, query=query)
            certificate = lan.certificate()
            stack.enter_context(closing(lan.install_page()))
        service = Service(live, static, certificate=certificate, **named)
        print(served_at("https" if certificate else "http", address, port), flush=True)
        if lan:
            lan.print_to()
        service.run([listening])
    return 0
