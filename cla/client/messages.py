"""Messages as texts, and the address to which they go."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

Command = Mapping[str, Any]
Record = dict[str, Any]


def written(command: Command) -> str:
    """A command as the server reads it; what is None is left out."""
    return json.dumps({name: value for name, value in command.items() if value is not None})


def address(url: str, **query: str | None) -> str:
    """The live connection of the server at `url`."""
    place = url.rstrip("/").replace("http", "ws", 1) + "/v1/live"
    return f"{place}?{urlencode({name: value for name, value in query.items() if value})}"
