"""What commands say: what was asked for on standard output, all else on standard error."""

import io
import os
import re
import select
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import NoReturn

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from cla.errors import ClaError
from cla.printable import printable
from cla.texts import choose
from cla.texts.sentence import Sentence


class Terminal(Console):
    """A console for names and labels: nothing in them is markup."""

    def __init__(self, *, stderr: bool = False) -> None:
        super().__init__(stderr=stderr, markup=False, emoji=False)

    def on_broken_pipe(self) -> NoReturn:
        """Leave it to `main` how that ends."""
        raise  # within the handler of the exception, which calls this


def progress_bar(console: Terminal | None = None) -> Progress:
    """A progress bar on standard error whose descriptions may be names."""
    return Progress(
        TextColumn("{task.description}", style="progress.description", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        console=console or Terminal(stderr=True),
        transient=True,
    )


def share_text(share: float, interval: Sequence[float]) -> str:
    """A share and its interval, in percent."""
    low, high = interval
    return f"{100 * share:.1f} ({100 * low:.1f} to {100 * high:.1f})"


def say(line: object) -> None:
    """Print a line that may hold names."""
    print(printable(line))


def complain(error: ClaError) -> None:
    """Say on standard error what went wrong, and what helps, in the user's language."""
    warn(error.message)
    with suppress(OSError):  # nobody reads it
        print(f"     {error.remedy.said(language())}", file=sys.stderr)


def warn(sentence: str) -> None:
    """Say something on standard error; sentences of the catalogue in the user's language."""
    said = sentence.said(language()) if isinstance(sentence, Sentence) else printable(sentence)
    with suppress(OSError):  # nobody reads it
        print(f"cla: {said}", file=sys.stderr)


def language() -> str:
    """The user's language, by what the environment says of it first, as to every program."""
    names = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
    wish = next(filter(None, map(os.environ.get, names)), "")
    return choose(re.split("[-_.:]", wish)[0])


def prepare_streams() -> None:
    """Open the standard streams that are closed, and let them take any character."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            # At the stream's own number, so that no file that is opened later gets it.
            mode = os.O_RDONLY if number == 0 else os.O_WRONLY
            os.dup2(os.open(os.devnull, mode), number)
            setattr(sys, name, os.fdopen(number, "r" if number == 0 else "w", closefd=False))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def reader_left() -> bool:
    """Whether the reader of standard output or standard error has closed it."""
    if not hasattr(select, "poll"):
        return True  # Windows, which cannot say so
    poll = select.poll()
    for number in (1, 2):
        poll.register(number, 0)
    return any(event & select.POLLERR for _, event in poll.poll(0))


def flush_or_silence() -> None:
    """Write what waits; where that cannot be, Python shall not try again, and complain, at exit."""
    try:
        sys.stdout.flush()
    except OSError:  # which was met before, or is of a command that has failed anyway
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
