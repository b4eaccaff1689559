"""The log of a recording: all that decides its records, in the order in which it acted."""

from dataclasses import dataclass
from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from cla.engine.commands import Command
from cla.engine.recording.layout import LOG, MAX_PACKET_BYTES
from cla.errors import ClaError
from cla.schema import decoded

MAX_COUNT = 2**53
MAX_TIME_S = 1e12
MAX_REASON = 4_096
Steps = Annotated[int, Meta(ge=0, le=MAX_COUNT)]


@dataclass(frozen=True, slots=True)
class PacketTaken:
    """The next bytes of the input went in.

    Args:
        size_bytes: of its samples, 2 for each of int16 and 4 of float32, or of its JPEG.
        skipped: what was dropped just before it: samples, or pictures.
        time_s: when a picture was taken; None for sound.
        not_numbers: so many samples are in no file, for not all of them were numbers.
    """

    size_bytes: int
    skipped: int = 0
    time_s: float | None = None
    not_numbers: int = 0


@dataclass(frozen=True, slots=True)
class CommandDone:
    """A command acted when so many tokens had been taken since the beginning."""

    command: Command
    steps: int


@dataclass(frozen=True, slots=True)
class Filled:
    """A `Fill` command, with its tokens.

    Shapes:
        features: (R, F) float32
    """

    features: NDArray[np.float32]
    tokens: int
    steps: int


@dataclass(frozen=True, slots=True)
class Flushed:
    """The source came to its end, and gave the tokens that its last packets complete."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The recording was closed; `reason` is empty where that was asked for."""

    reason: str = ""


Entry = PacketTaken | CommandDone | Flushed | Ended


class _Line(msgspec.Struct, omit_defaults=True):
    """Every entry as JSON: one of `packet`, `command`, `flushed` and `ended` says which it is."""

    packet: Annotated[int, Meta(ge=0, le=MAX_PACKET_BYTES)] | None = None
    skipped: Steps = 0
    time_s: Annotated[float, Meta(ge=-MAX_TIME_S, le=MAX_TIME_S)] | None = None
    not_numbers: Annotated[int, Meta(ge=0, le=MAX_PACKET_BYTES // 4)] = 0
    command: Command | None = None
    steps: Steps = 0
    flushed: bool = False
    ended: Annotated[str, Meta(max_length=MAX_REASON)] | None = None


_DECODER = msgspec.json.Decoder(_Line)


def encode_entry(entry: Entry) -> bytes:
    """An entry as a line of JSON."""
    match entry:
        case PacketTaken(size, skipped, time_s, not_numbers):
            line = _Line(size, skipped, time_s, not_numbers)
        case CommandDone(command, steps):
            line = _Line(command=command, steps=steps)
        case Flushed():
            line = _Line(flushed=True)
        case Ended(reason):
            line = _Line(ended=reason[:MAX_REASON])
    return msgspec.json.encode(line) + b"\n"


def _unreadable(reason: str) -> ClaError:
    return ClaError("session_line_unreadable", file=LOG, reason=reason)


def parse_entry(line: bytes) -> Entry:
    """An entry from its line.

    Raises:
        ClaError: it is not an entry.
    """
    read = decoded(_DECODER, line, _unreadable)
    if read.packet is not None:
        return PacketTaken(read.packet, read.skipped, read.time_s, read.not_numbers)
    if read.command is not None:
        return CommandDone(read.command, read.steps)
    if read.flushed:
        return Flushed()
    if read.ended is not None:
        return Ended(read.ended)
    raise ClaError("session_line_empty", file=LOG)
