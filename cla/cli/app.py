"""`cla app`: the Streamlit app, from wherever the package is installed."""

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence

from cla.cli.lan_option import add_lan_argument
from cla.options import Options
from cla.resources import app_script

UNWATCHED = ("--server.fileWatcherType", "none")
"""What is installed does not change: to watch it takes some threads and files for each visitor."""
PORT = 8501
DEFAULTS = {
    # Each thread would keep the memory of the sessions that it served.
    "MALLOC_ARENA_MAX": "2",
}
"""What the environment says where it says nothing else."""


def main(argv: Sequence[str]) -> int:
    """Run the app until it is stopped; options that are not its own go to `streamlit run`.

    Raises:
        ClaError: the app's script was not installed.
    """
    options, others = _parser().parse_known_args(argv)
    if options.lan is not None:
        return _serve_phones(options, others)
    own = [("server.port", options.port), ("server.address", options.address)]
    return _run([f"--{name}={value}" for name, value in own if value is not None] + others)


def _serve_phones(options: argparse.Namespace, others: list[str]) -> int:
    """Run the app for this network; it serves the page itself that installs the authority."""
    from cla.server.lan import VARIABLE, Lan, private_address

    lan = Lan(private_address(options.lan), options.port or PORT)
    certificate = lan.certificate()
    os.environ[VARIABLE] = f"{lan.address} {lan.port}"
    lan.print_to()
    own = {
        "port": lan.port,
        "address": lan.address,
        "sslCertFile": certificate.chain,
        "sslKeyFile": certificate.key,
    }
    return _run([f"--server.{name}={value}" for name, value in own.items()] + others)


def _run(arguments: list[str]) -> int:
    """Become the server.

    Raises:
        ClaError: the app's script was not installed.
    """
    os.environ |= {**DEFAULTS, **os.environ}
    script = str(app_script())
    command = [sys.executable, "-m", "streamlit", "run", script, *UNWATCHED, *arguments]
    if os.name != "nt":  # where a program cannot become another one
        # In the place of this process: signals reach the server itself.
        os.execv(command[0], command)
    return subprocess.call(command)


def _parser() -> Options:
    parser = Options(
        prog="cla app",
        description="Start the app and open it in the browser; Ctrl-C stops it. Options of "
        "Streamlit's server, such as --server.headless true, are handed on to it.",
        examples=("cla app", "cla app --lan", "cla app --port 8080 --address 0.0.0.0"),
        allow_abbrev=False,
    )
    parser.add_argument("--port", type=int, help=f"where it listens (default: {PORT})")
    add_lan_argument(parser)
    parser.add_argument(
        "--address", metavar="HOST", help="0.0.0.0 for other machines too (default: localhost)"
    )
    return parser
