"""Options of the command line."""

import argparse
import shutil
from collections.abc import Callable, Sequence
from math import inf
from typing import Any, NoReturn

from cla.printable import printable

WIDEST = 80
"""Columns of help at most, however wide the terminal."""


class Help(argparse.HelpFormatter):
    """Help of at most 80 columns; a text that has lines keeps them."""

    def __init__(self, prog: str) -> None:
        columns = min(shutil.get_terminal_size().columns, WIDEST)
        super().__init__(prog, width=columns - 2, max_help_position=22)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        if "\n" in text:
            return "".join(indent + line for line in text.splitlines(keepends=True))
        return super()._fill_text(text, width, indent)


class Options(argparse.ArgumentParser):
    """A parser that may quote what it was given: that may be any file's name.

    Args:
        examples: command lines that the help ends with.
        more: what else `argparse.ArgumentParser` takes.
    """

    def __init__(self, *, examples: Sequence[str] = (), **more: Any) -> None:
        if examples:
            more["epilog"] = "\n".join(["examples:", *(f"  {line}" for line in examples)])
        super().__init__(**{"formatter_class": Help, **more})

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


def counting(most: int) -> Callable[[str], int]:
    """What reads a whole number from 1 to `most`."""

    def count(text: str) -> int:
        if not text.isdecimal() or not 1 <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"{text} is no whole number from 1 to {most}")
        return int(text)

    return count
