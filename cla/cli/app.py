"""`cla app`: the Streamlit app, from wherever the package is installed."""

import os
import subprocess
import sys
from collections.abc import Sequence

from cla.resources import app_script

UNWATCHED = ("--server.fileWatcherType", "none")
"""What is installed does not change: to watch it takes some threads and files for each visitor."""
DEFAULTS = {
    # Each thread would keep the memory of the sessions that it served.
    "MALLOC_ARENA_MAX": "2",
}
"""What the environment says where it says nothing else."""


def main(argv: Sequence[str]) -> int:
    """Run the app until it is stopped; what follows goes to `streamlit run`.

    Raises:
        ClaError: the app's script was not installed.
    """
    os.environ |= {**DEFAULTS, **os.environ}
    command = [sys.executable, "-m", "streamlit", "run", str(app_script()), *UNWATCHED, *argv]
    if os.name != "nt":  # where a program cannot become another one
        # In the place of this process: signals reach the server itself.
        os.execv(command[0], command)
    return subprocess.call(command)
