"""Options of the command line."""

import argparse
from typing import NoReturn

from cla.printable import printable


class Options(argparse.ArgumentParser):
    """A parser that may quote what it was given: that may be any file's name."""

    def error(self, message: str) -> NoReturn:
        super().error(printable(message))
