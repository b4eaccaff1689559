"""The formats in which a client can be told things: it names one when it connects.

A message is a header, a JSON object whose `type` says what it is, and arrays of float32 by name.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from cla.server.wire import Arrays, encode, plain

Write = Callable[[Mapping[str, Any], Arrays], bytes | str]


def as_json(header: Mapping[str, Any], arrays: Arrays) -> str:
    """A line of JSON; `arrays` holds nested lists, and is left out where there are none."""
    listed = {"arrays": {name: array.tolist() for name, array in arrays.items()}} if arrays else {}
    return msgspec.json.encode({**header, **listed}, enc_hook=plain).decode() + "\n"


def as_message_pack(header: Mapping[str, Any], arrays: Arrays) -> bytes:
    """A map of MessagePack; each of `arrays` is a map of `shape` and `data`, little-endian."""
    packed = {
        name: {"shape": array.shape, "data": array.astype("<f4").tobytes()}
        for name, array in arrays.items()
    }
    return msgspec.msgpack.encode(
        {**header, "arrays": packed} if packed else header, enc_hook=plain
    )


VERSION = 1
"""Of the protocol; it is in the addresses."""
JSON = "json"
FORMATS: Mapping[str, Write] = MappingProxyType(
    {JSON: as_json, "msgpack": as_message_pack, "arrays": encode}
)
"""By name: lines of JSON, MessagePack, and what browsers read fastest (`wire.py`)."""
