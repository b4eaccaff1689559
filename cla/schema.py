"""Values from outside, from a page or a file: each has a type and bounds, and is checked once."""

from collections.abc import Callable
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta, Struct

from cla.errors import ClaError

Read = TypeVar("Read")

MAX_REASON = 200

Count = Annotated[int, Meta(ge=1, le=1_000_000)]
"""Landmarks, tokens of a window, layers."""
Index = Annotated[int, Meta(ge=0, le=9_999)]
"""Which layer, or which device."""
Share = Annotated[float, Meta(gt=0, le=1)]
"""A probability at which something happens."""
Name = Annotated[str, Meta(max_length=1_024)]


class Tagged(Struct, frozen=True, tag_field="type"):
    """One of several things that a JSON object may be: `type` names it. It has no fields itself."""


def decoded(
    decoder: msgspec.json.Decoder[Read], data: str | bytes, unfit: Callable[[str], ClaError]
) -> Read:
    """What a JSON text says.

    Args:
        unfit: the error to raise, by what is wrong with the text.

    Raises:
        ClaError: it is no JSON, or has a value without the type or beyond the bounds.
    """
    try:
        return decoder.decode(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise unfit(str(error)[:MAX_REASON]) from error
