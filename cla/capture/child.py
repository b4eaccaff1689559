"""Child processes that read devices or decode files, which may hang, take all memory or crash.

What a child writes is checked like the file that it reads: see `cla.capture.messages`.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import BinaryIO, ClassVar, TypeVar, cast

import msgspec
import numpy as np

from cla.capture.messages import (
    LENGTH,
    End,
    Failure,
    Notice,
    Opened,
    Picture,
    Sound,
    decode,
    error_of,
    sentence_of,
)
from cla.capture.source import Chunk, Source
from cla.errors import ClaError
from cla.types import AudioChunk, VideoFrame

Expected = TypeVar("Expected")

MAX_MESSAGE_BYTES = 64 * 2**20
MOST_NOTICES, MAX_NOTICE = 16, 400


class Child:
    """`cla.capture.worker` in a child process, with the same packages as here.

    Args:
        arguments: on its command line.
        given: its standard input.
        environment: its environment variables, all of them.
        failed: the error to raise when it has ended, by its exit status, or has written what was
            not agreed, by None.
        pipe_bytes: what it may write before it is read; the system's own size when not given.

    Raises:
        OSError: no process can be started.
    """

    def __init__(
        self,
        *arguments: str,
        given: BinaryIO,
        environment: Mapping[str, str],
        failed: Callable[[int | None], ClaError],
        pipe_bytes: int = -1,
    ) -> None:
        self._failed = failed
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "cla.capture.worker", *arguments],
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

    def read(self, *expected: type[Expected]) -> Expected:
        """The next message, of one of these types.

        Raises:
            ClaError: the process says what is wrong, has ended, or is not to be believed.
        """
        with self.checked():
            (length,) = LENGTH.unpack(self._exactly(LENGTH.size))
            if length > MAX_MESSAGE_BYTES:
                raise ValueError("a message is too long")
            message = decode(self._exactly(length))
            if isinstance(message, Failure):
                raise error_of(message.said)
            if not isinstance(message, expected):
                raise TypeError(f"a message is a {type(message).__name__}")
            return message

    @contextmanager
    def checked(self) -> Iterator[None]:
        """Raises the error of a failed process where what it writes is not as agreed."""
        try:
            yield
        except (KeyError, TypeError, ValueError, msgspec.MsgspecError) as error:
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

    _gives: ClassVar[type[Sound] | type[Picture]]
    _chunks: Iterator[Chunk]

    def __init__(self, child: Child) -> None:
        super().__init__()
        self._child = child
        try:
            opened = child.read(Opened)
        except BaseException:
            self.close()
            raise
        self.opened_name = opened.name
        self.duration_s, self.sample_rate_hz = opened.duration_s, opened.sample_rate_hz
        self._chunks = self._read()

    def __next__(self) -> Chunk:
        return next(self._chunks)

    def close(self) -> None:
        self._chunks = iter(())
        self._child.close()

    def _read(self) -> Iterator[Chunk]:
        while True:
            message = self._child.read(self._gives, Notice, End)
            if isinstance(message, End):
                self.damaged_packets = message.damaged_packets
                return
            with self._child.checked():
                if isinstance(message, Notice):
                    self._take_notice(message)
                    continue
                chunk = self._chunk(message)
            yield cast(Chunk, chunk)

    def _chunk(self, message: Sound | Picture) -> AudioChunk | VideoFrame:
        if isinstance(message, Sound):
            samples = np.frombuffer(message.samples, "<f4")
            return AudioChunk(samples, self.sample_rate_hz, message.start_s)
        image = np.frombuffer(message.pixels, np.uint8).reshape(message.shape)
        return VideoFrame(image, message.time_s)

    def _take_notice(self, message: Notice) -> None:
        notice = sentence_of(message.said)
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
