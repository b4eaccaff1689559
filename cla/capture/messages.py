"""What a process of our own writes for the one that started it: MessagePack, checked as it is read.

Before each message stands its length, a little-endian uint32. Nothing is unpickled.
"""

import struct

import msgspec
from msgspec import Struct

from cla.capture.microphone import MicrophoneInfo
from cla.errors import ClaError
from cla.texts.sentence import Sentence

LENGTH = struct.Struct("<I")
STOPPED, FAILED, MEMORY = 1, 2, 3
"""How a process ends that takes too long (which is `faulthandler`'s way), that goes wrong, and that
needs too much memory."""


class Said(Struct):
    """A sentence of the catalogue: its key, and values of which some are sentences too."""

    key: str
    values: "dict[str, Said | bool | int | float | str | None]"


class Opened(Struct, tag=True):
    """What is known of a whole source."""

    name: str
    duration_s: float | None
    sample_rate_hz: int


class Sound(Struct, tag=True):
    """Samples, little-endian float32."""

    start_s: float
    samples: bytes


class Picture(Struct, tag=True):
    """Pixels of a shape (height, width, 3), uint8."""

    time_s: float
    shape: tuple[int, int, int]
    pixels: bytes


class Notice(Struct, tag=True):
    """Something in the source is not as it should be."""

    said: Said


class Failure(Struct, tag=True):
    """What is wrong, in place of all that would have come."""

    said: Said


class End(Struct, tag=True):
    """The source is at its end."""

    damaged_packets: int


class Microphones(Struct, tag=True):
    """The microphones of this machine."""

    found: tuple[MicrophoneInfo, ...]


Message = Opened | Sound | Picture | Notice | Failure | End | Microphones
encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder(Message).decode


def said_of(sentence: ClaError | Sentence) -> Said:
    """An error or a sentence as it is written."""
    values = {
        name: said_of(value) if isinstance(value, Sentence) else value
        for name, value in sentence.values.items()
    }
    return Said(sentence.key, values)


def sentence_of(said: Said) -> Sentence:
    """The sentence; raises KeyError, TypeError or ValueError where the catalogue has none."""
    return Sentence(said.key, **_values(said))


def error_of(said: Said) -> ClaError:
    """The same of an error."""
    error = ClaError(said.key, **_values(said))
    str(error)  # fails now where the catalogue has no such sentences
    return error


def _values(said: Said) -> dict[str, object]:
    return {
        name: sentence_of(value) if isinstance(value, Said) else value
        for name, value in said.values.items()
    }
