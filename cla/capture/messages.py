"""What a process of our own writes for the one that started it.

A message is a little-endian uint32 pair, the lengths of a JSON header and of the data behind it,
then both. Nothing is unpickled.
"""

import faulthandler
import json
import os
import struct
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO

import numpy as np

from cla.capture.source import SoundSource, VideoSource
from cla.errors import ClaError
from cla.texts.sentence import Sentence
from cla.types import AudioChunk, VideoFrame

LENGTHS = struct.Struct("<II")
STOPPED = 1
"""How a process ends that takes too long, which is `faulthandler`'s way."""


def messages_out() -> BinaryIO:
    """Where a process writes its messages; what a library prints does not get between them."""
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return out


def write(out: BinaryIO, header: Mapping[str, Any], data: bytes = b"") -> None:
    """Write a message to the parent process."""
    text = json.dumps(header).encode()
    out.write(LENGTHS.pack(len(text), len(data)))
    out.write(text)
    out.write(data)
    out.flush()


def write_error(out: BinaryIO, error: ClaError) -> None:
    """Write what is wrong, in place of all that would have come."""
    with suppress(BrokenPipeError):
        write(out, {"type": "error", **_as_header(error)})


def write_all(out: BinaryIO, source: SoundSource | VideoSource, stall_s: float) -> None:
    """Write all that a source gives; the process ends when it gives nothing for so long.

    Writing may take as long as the reader likes, and ends when it has gone.
    """
    about = ("name", "duration_s", "sample_rate_hz")
    told = 0
    with source, suppress(BrokenPipeError):
        write(out, {"type": "open", **{name: getattr(source, name) for name in about}})
        while True:
            with no_longer_than(stall_s):
                chunk = next(source, None)
            for notice in source.notices[told:]:
                write(out, {"type": "notice", **_as_header(notice)})
            told = len(source.notices)
            if chunk is None:
                break
            if isinstance(chunk, AudioChunk):
                write(out, {"type": "sound", "start_s": chunk.start_s}, chunk.samples.tobytes())
            else:
                header = {"type": "picture", "time_s": chunk.time_s, "shape": chunk.image.shape}
                write(out, header, chunk.image.tobytes())
        write(out, {"type": "end", "damaged_packets": source.damaged_packets})


def sound_of(header: Mapping[str, Any], data: bytes, sample_rate_hz: int) -> AudioChunk:
    """The sound of a message."""
    return AudioChunk(np.frombuffer(data, "<f4"), sample_rate_hz, float(header["start_s"]))


def picture_of(header: Mapping[str, Any], data: bytes) -> VideoFrame:
    """The picture of a message."""
    image = np.frombuffer(data, np.uint8).reshape(header["shape"])
    return VideoFrame(image, float(header["time_s"]))


def sentence_of(header: Mapping[str, Any]) -> Sentence:
    """The sentence of a message; raises KeyError, TypeError or ValueError where it has none."""
    return Sentence(str(header["key"]), **_values(header))


def error_of(header: Mapping[str, Any]) -> ClaError:
    """The same of an error."""
    error = ClaError(str(header["key"]), **_values(header))
    str(error)  # fails now where the catalogue has no such sentences
    return error


def _as_header(said: ClaError | Sentence) -> dict[str, Any]:
    """An error or a sentence in JSON: its key, and values of which some are sentences too."""
    values = {
        name: {"key": value.key, "values": dict(value.values)}
        if isinstance(value, Sentence)
        else value
        for name, value in said.values.items()
    }
    return {"key": said.key, "values": values}


def _values(header: Mapping[str, Any]) -> dict[str, object]:
    return {
        name: Sentence(str(value["key"]), **value["values"]) if isinstance(value, dict) else value
        for name, value in dict(header["values"]).items()
    }


def confine(**limits: int) -> None:
    """Give up what this process does not need, where the system has limits for it.

    Args:
        limits: by the names that `resource` has for them, without `RLIMIT_`.
    """
    try:
        import resource
    except ImportError:  # Windows has none; clocks hold there too
        return
    for name, value in limits.items():
        with suppress(ValueError, OSError):  # a system that knows the limit may not enforce it
            resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (value, value))


@contextmanager
def no_longer_than(seconds: float) -> Iterator[None]:
    """End the process where this takes longer; code that never returns cannot prevent it."""
    faulthandler.dump_traceback_later(seconds, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()
