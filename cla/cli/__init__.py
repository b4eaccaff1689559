"""The command line `cla`."""

from cla.cli.main import main

__all__ = ["main"]
