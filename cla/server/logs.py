"""Logs of the server on standard error: sentences for people, or a JSON object a line."""

import datetime
import json
import logging
from typing import Any

FIELDS = "fields"
"""Under this name what a line tells beside its words: numbers and names, nothing of a visitor."""


def told(**fields: Any) -> dict[str, Any]:
    """What a line of the log tells beside its words, as `extra`."""
    return {FIELDS: fields}


class JsonLines(logging.Formatter):
    """One JSON object a line: time (UTC), level, logger, message, and what else is told."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record."""
        at = datetime.datetime.fromtimestamp(record.created, datetime.UTC)
        line = {
            "time": at.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, FIELDS, {}),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


class Words(logging.Formatter):
    """The same for people."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:
        """The line, with what else is told behind it."""
        fields = getattr(record, FIELDS, {})
        return " ".join([super().formatMessage(record), *(f"{k}={v}" for k, v in fields.items())])


def log_to_standard_error(*, as_json: bool) -> None:
    """Log from here on; what the web server tells of itself is left to warnings."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if as_json else Words())
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
