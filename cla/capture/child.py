"""Child processes that read devices or decode files, which may hang, take all memory or crash.

What a child writes is checked like the file that it reads: see `cla.capture.messages`.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO, ClassVar, Literal, cast

from cla.capture.messages import LENGTHS, error_of, picture_of, sentence_of, sound_of
from cla.capture.source import Chunk, Source
from cla.errors import ClaError

MAX_HEADER_BYTES = 64 * 1024
MAX_DATA_BYTES = 64 * 2**20
MOST_NOTICES, MAX_NOTICE = 16, 400


class Child:
    """A module that runs in a child process, with the same packages as here.

    Args:
        module: what runs, with `arguments` on its command line and `given` as its standard input.
        environment: its environment variables, all of them.
        failed: the error to raise when it has ended, by its exit status, or has written what was
            not agreed, by None.
        pipe_bytes: what it may write before it is read; the system's own size when not given.

    Raises:
        OSError: no process can be started.
    """

    def __init__(
        self,
        module: str,
        *arguments: str,
        given: BinaryIO,
        environment: Mapping[str, str],
        failed: Callable[[int | None], ClaError],
        pipe_bytes: int = -1,
    ) -> None:
        self._failed = failed
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", module, *arguments],
            stdin=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**environment, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            # An interrupt from the keyboard is for whoever reads it.
            start_new_session=True,
            pipesize=pipe_bytes,
        )
        self._out = cast(BinaryIO, self._process.stdout)

    def close(self) -> None:
        """Ends the process; may be called again."""
        self._process.kill()
        self._process.wait()
        self._out.close()

    def read(self, *expected: str) -> tuple[dict[str, Any], bytes]:
        """The next message, of one of these types.

        Raises:
            ClaError: the process says what is wrong, or has ended.
            ValueError: the message is not as agreed.
        """
        header_bytes, data_bytes = LENGTHS.unpack(self._exactly(LENGTHS.size))
        if header_bytes > MAX_HEADER_BYTES or data_bytes > MAX_DATA_BYTES:
            raise ValueError("a message is too long")
        header: dict[str, Any] = json.loads(self._exactly(header_bytes))
        if header["type"] == "error":
            raise error_of(header)
        if header["type"] not in expected:
            raise ValueError(f"a message is of the type {header['type']!r}")
        return header, self._exactly(data_bytes)

    @contextmanager
    def unbelieving(self) -> Iterator[None]:
        """Whatever the process writes that is not as agreed is one more way of failing."""
        try:
            yield
        except (KeyError, TypeError, ValueError) as error:
            raise self._failed(None) from error

    def _exactly(self, count: int) -> bytes:
        data = self._out.read(count)
        if len(data) == count:
            return data
        raise self._failed(self._process.wait())


class ChildSource(Source[Chunk]):
    """A source that a process reads for this one.

    Raises:
        ClaError: it cannot be opened there.
    """

    _gives: ClassVar[Literal["sound", "picture"]]
    _chunks: Iterator[Chunk]

    def __init__(self, child: Child) -> None:
        super().__init__()
        self._child = child
        try:
            with child.unbelieving():
                header, _ = child.read("open")
                self._opened(header)
        except BaseException:
            self.close()
            raise
        self._chunks = self._read()

    def __next__(self) -> Chunk:
        return next(self._chunks)

    def close(self) -> None:
        self._chunks = iter(())
        self._child.close()

    def _opened(self, header: dict[str, Any]) -> None:
        """Takes what is known of the whole source."""
        duration_s = header["duration_s"]
        self.duration_s = None if duration_s is None else float(duration_s)
        self.sample_rate_hz = int(header["sample_rate_hz"])

    def _read(self) -> Iterator[Chunk]:
        while True:
            with self._child.unbelieving():
                header, data = self._child.read(self._gives, "notice", "end")
                if header["type"] == "end":
                    self.damaged_packets = int(header["damaged_packets"])
                    return
                if header["type"] == "notice":
                    self._take_notice(header)
                    continue
                chunk = (
                    sound_of(header, data, self.sample_rate_hz)
                    if self._gives == "sound"
                    else picture_of(header, data)
                )
            yield cast(Chunk, chunk)

    def _take_notice(self, header: dict[str, Any]) -> None:
        notice = sentence_of(header)
        if len(self.notices) == MOST_NOTICES or len(notice) > MAX_NOTICE:
            raise ValueError("there is more to say than can be")
        self.notices.append(notice)


def nameless_file(content: bytes) -> BinaryIO:
    """A file without a name, in memory where the system can do that, else on disk."""
    file: BinaryIO
    if sys.platform == "linux":
        file = os.fdopen(os.memfd_create("cla-upload"), "w+b")
    else:
        file = tempfile.TemporaryFile()  # noqa: SIM115  # the caller closes it
    file.write(content)
    file.seek(0)
    return file
