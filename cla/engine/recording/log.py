"""The log of a recording: all that decides its records, in the order in which it acted."""

import json
from dataclasses import dataclass
from typing import Any

from cla.engine.command_messages import command_of, message_of, text_of, whole_number
from cla.engine.commands import Command
from cla.engine.recording.layout import LOG, MAX_LINE_BYTES, MAX_PACKET_BYTES
from cla.errors import ClaError

MAX_COUNT = 2**53
MAX_TIME_S = 1e12


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
class Flushed:
    """The source came to its end, and gave the tokens that its last packets complete."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The recording was closed; `reason` is empty where that was asked for."""

    reason: str = ""


Entry = PacketTaken | CommandDone | Flushed | Ended


def encode_entry(entry: Entry) -> bytes:
    """An entry as a line of JSON."""
    match entry:
        case PacketTaken(size, skipped, time_s, not_numbers):
            parts: dict[str, Any] = {"packet": size}
            if skipped:
                parts["skipped"] = skipped
            if time_s is not None:
                parts["time_s"] = time_s
            if not_numbers:
                parts["not_numbers"] = not_numbers
        case CommandDone(command, steps):
            parts = {"command": message_of(command), "steps": steps}
        case Flushed():
            parts = {"flushed": True}
        case Ended(reason):
            parts = {"ended": reason}
    return json.dumps(parts, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def parse_entry(line: bytes) -> Entry:
    """An entry from its line.

    Raises:
        ClaError: it is none.
    """
    try:
        parts = json.loads(line) if len(line) <= MAX_LINE_BYTES else None
    except (ValueError, RecursionError):
        parts = None
    if isinstance(parts, dict):
        if "packet" in parts:
            return _packet(parts)
        if isinstance(parts.get("command"), dict):
            return CommandDone(command_of(parts["command"]), _count(parts, "steps"))
        if "flushed" in parts:
            return Flushed()
        if "ended" in parts:
            return Ended(text_of(parts, "ended"))
    raise ClaError(f"{LOG} holds a line that cannot be read.", "Record the session again.")


def _packet(parts: dict[str, Any]) -> PacketTaken:
    size = _count(parts, "packet", MAX_PACKET_BYTES)
    skipped = _count(parts, "skipped") if "skipped" in parts else 0
    time_s = parts.get("time_s")
    if time_s is not None:
        if not isinstance(time_s, int | float) or not -MAX_TIME_S <= time_s <= MAX_TIME_S:
            raise ClaError(f"{LOG} has a picture without its time.", "Record the session again.")
        time_s = float(time_s)
    most = MAX_PACKET_BYTES // 4
    not_numbers = _count(parts, "not_numbers", most) if "not_numbers" in parts else 0
    return PacketTaken(size, skipped, time_s, not_numbers)


def _count(parts: dict[str, Any], key: str, most: int = MAX_COUNT) -> int:
    count = whole_number(parts, key)
    if not 0 <= count <= most:
        raise ClaError(f"{LOG} says {key} = {count}.", "Record the session again.")
    return count
