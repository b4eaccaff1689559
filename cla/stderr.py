"""What libraries announce on the error stream, past Python and with nothing to turn it off."""

import contextlib
import os
import threading
from collections.abc import Iterator

STDERR = 2
_ONE_AT_A_TIME = threading.Lock()


@contextlib.contextmanager
def without_announcement(announcement: bytes) -> Iterator[None]:
    """Leave lines that begin so out of the process's error stream; all others pass.

    What other threads, and processes started meanwhile, write there takes the same way, for as long
    as they hold it.
    """
    with _ONE_AT_A_TIME, contextlib.ExitStack() as stack:
        try:
            terminal = os.dup(STDERR)
        except OSError:  # there is none to write to
            yield
            return
        reader, writer = os.pipe()
        passing = threading.Thread(
            target=_pass_on, args=(reader, terminal, announcement), daemon=True
        )
        passing.start()
        os.dup2(writer, STDERR)
        os.close(writer)
        stack.callback(passing.join, 1.0)
        stack.callback(os.dup2, terminal, STDERR)
        yield


def _pass_on(reader: int, terminal: int, announcement: bytes) -> None:
    """Copy lines until the pipe is closed."""
    with open(reader, "rb") as lines, open(terminal, "wb", buffering=0) as out:
        for line in lines:
            if not line.startswith(announcement):
                with contextlib.suppress(OSError):
                    out.write(line)
