"""A process of its own for what may hang, swell or crash, and the messages that it writes.

A message is a little-endian uint32 pair, the lengths of a JSON header and of the data behind it,
then both. It is believed no more than what the process reads: nothing is unpickled.
"""

import faulthandler
import json
import os
import struct
import subprocess
import sys
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO, Generic, Self, TypeVar, cast

import numpy as np

from cla.errors import ClaError
from cla.texts.sentence import Sentence
from cla.types import AudioChunk, VideoFrame

Chunk = TypeVar("Chunk")

MAX_HEADER_BYTES = 64 * 1024
MAX_DATA_BYTES = 64 * 2**20
STOPPED = 1
"""How a process ends that takes too long, which is `faulthandler`'s way."""
_LENGTHS = struct.Struct("<II")


class Child:
    """A module that runs in a process of its own, with the very packages that run here.

    Args:
        module: what runs, with `arguments` on its command line and `given` as its standard input.
        environment: all that it is told of this process.
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
        header_bytes, data_bytes = _LENGTHS.unpack(self._exactly(_LENGTHS.size))
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


class ChildSource(ABC, Generic[Chunk]):
    """What a process reads for this one: an iterator of chunks, and a context manager.

    Raises:
        ClaError: it cannot be opened there.
    """

    _chunks: Iterator[Chunk]

    def __init__(self, child: Child) -> None:
        self._child = child
        try:
            with child.unbelieving():
                header, _ = child.read("open")
                self._opened(header)
        except BaseException:
            self.close()
            raise
        self._chunks = self._read()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[Chunk]:
        return self

    def __next__(self) -> Chunk:
        return next(self._chunks)

    def close(self) -> None:
        """Ends the process; may be called again. Iterating on raises StopIteration."""
        self._chunks = iter(())
        self._child.close()

    @abstractmethod
    def _opened(self, header: dict[str, Any]) -> None:
        """Takes what is known of the whole source."""

    @abstractmethod
    def _read(self) -> Iterator[Chunk]: ...


def sound_of(header: dict[str, Any], data: bytes, sample_rate_hz: int) -> AudioChunk:
    """The sound of a message."""
    return AudioChunk(np.frombuffer(data, "<f4"), sample_rate_hz, float(header["start_s"]))


def picture_of(header: dict[str, Any], data: bytes) -> VideoFrame:
    """The picture of a message."""
    image = np.frombuffer(data, np.uint8).reshape(header["shape"])
    return VideoFrame(image, float(header["time_s"]))


def nameless_file(content: bytes) -> BinaryIO:
    """A file that nobody else can open, in memory where the system can, else on disk."""
    file: BinaryIO
    if sys.platform == "linux":
        file = os.fdopen(os.memfd_create("cla-upload"), "w+b")
    else:
        file = tempfile.TemporaryFile()  # noqa: SIM115  # the caller closes it
    file.write(content)
    file.seek(0)
    return file


def as_header(said: ClaError | Sentence) -> dict[str, Any]:
    """An error or a sentence in JSON: its key, and values of which some are sentences too."""
    values = {
        name: {"key": value.key, "values": dict(value.values)}
        if isinstance(value, Sentence)
        else value
        for name, value in said.values.items()
    }
    return {"key": said.key, "values": values}


def sentence_of(header: Mapping[str, Any]) -> Sentence:
    """What `as_header` has written; raises KeyError, TypeError or ValueError unless it can be."""
    return Sentence(str(header["key"]), **_values(header))


def error_of(header: Mapping[str, Any]) -> ClaError:
    """The same of an error."""
    error = ClaError(str(header["key"]), **_values(header))
    str(error)  # fails now where the catalogue has no such sentences
    return error


def _values(header: Mapping[str, Any]) -> dict[str, object]:
    return {
        name: Sentence(str(value["key"]), **value["values"]) if isinstance(value, dict) else value
        for name, value in dict(header["values"]).items()
    }


def messages_out() -> BinaryIO:
    """Where a child writes its messages; what a library prints does not get between them."""
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return out


def write(out: BinaryIO, header: Mapping[str, Any], data: bytes = b"") -> None:
    """Write a message to whoever started this process."""
    text = json.dumps(header).encode()
    out.write(_LENGTHS.pack(len(text), len(data)))
    out.write(text)
    out.write(data)
    out.flush()


@contextmanager
def no_longer_than(seconds: float) -> Iterator[None]:
    """End the process where this takes longer; code that never returns cannot prevent it."""
    faulthandler.dump_traceback_later(seconds, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()
