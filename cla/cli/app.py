"""`cla app`: the Streamlit app, from wherever the package is installed."""

import subprocess
import sys
from collections.abc import Sequence

from cla.resources import app_script


def main(argv: Sequence[str]) -> int:
    """Run the app until it is stopped; what follows goes to `streamlit run`.

    Raises:
        ClaError: the app's script was not installed.
    """
    command = [sys.executable, "-m", "streamlit", "run", str(app_script()), *argv]
    try:
        return subprocess.call(command)
    except KeyboardInterrupt:
        return 0
