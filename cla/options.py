"""Options of the command line."""

import argparse
from math import inf
from typing import NoReturn

from cla.printable import printable


class Options(argparse.ArgumentParser):
    """A parser that may quote what it was given: that may be any file's name."""

    def error(self, message: str) -> NoReturn:
        super().error(printable(message))


def positive(text: str) -> float:
    """A finite number above zero, such as a duration.

    Raises:
        ArgumentTypeError: the text is no such number.
    """
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < inf:
        raise argparse.ArgumentTypeError(f"{text} is no number above 0")
    return number
