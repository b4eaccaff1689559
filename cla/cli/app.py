"""`cla app`: the Streamlit app, from wherever the package is installed."""

import os
import subprocess
import sys
from collections.abc import Sequence

from cla.options import Options
from cla.resources import app_script

UNWATCHED = ("--server.fileWatcherType", "none")
"""What is installed does not change: to watch it takes some threads and files for each visitor."""
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
    own = [("server.port", options.port), ("server.address", options.address)]
    given = [f"--{name}={value}" for name, value in own if value is not None]
    os.environ |= {**DEFAULTS, **os.environ}
    script = str(app_script())
    command = [sys.executable, "-m", "streamlit", "run", script, *UNWATCHED, *given, *others]
    if os.name != "nt":  # where a program cannot become another one
        # In the place of this process: signals reach the server itself.
        os.execv(command[0], command)
    return subprocess.call(command)


def _parser() -> Options:
    parser = Options(
        prog="cla app",
        description="Start the app and open it in the browser; Ctrl-C stops it. Options of "
        "Streamlit's server, such as --server.headless true, are handed on to it.",
        examples=("cla app", "cla app --port 8080 --address 0.0.0.0"),
        allow_abbrev=False,
    )
    parser.add_argument("--port", type=int, help="where it listens (default: 8501)")
    parser.add_argument(
        "--address", metavar="HOST", help="0.0.0.0 for other machines too (default: localhost)"
    )
    return parser
