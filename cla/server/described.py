"""The protocol for programs that read it: HTTP as OpenAPI, the live connection as AsyncAPI."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, get_args

import msgspec

from cla import __version__
from cla.server.formats import FORMATS
from cla.server.limits import MAX_MESSAGE_BYTES
from cla.server.messages import Message
from cla.server.upload import MAX_BYTES

Schema = dict[str, Any]

TYPES: Mapping[str, Schema] = MappingProxyType(
    {
        "n": {"type": "number"},
        "n?": {"type": ["number", "null"]},
        "i": {"type": "integer"},
        "s": {"type": "string"},
        "s?": {"type": ["string", "null"]},
        "b": {"type": "boolean"},
        "a": {"type": "array"},
        "o": {"type": "object"},
        "o?": {"type": ["object", "null"]},
    }
)
FAULT = "key:s values:o message:s remedy:s"
SETTINGS = (
    "source:s? paused:b recorded_s:n? task:s fast:b enter:n? history_s:n history_bytes:i "
    "num_landmarks:n? landmark_mode:s? window:i"
)
RECORDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "hello": (
            "The first message: what there is, and the key with which to come back.",
            "key:s device:s device_note:s bones:a records:b tasks:a local:o? lanes:a heard:i "
            + SETTINGS,
        ),
        "settings": ("What has been chosen, after each command.", SETTINGS),
        "kernels": ("By what lanes step, until that is final.", ""),
        "lanes": ("The lanes of every token from here on.", "lanes:a past:o heard:i"),
        "token": (
            "A token and what every lane made of it.",
            "token:i time_s:n queue_ms:n behind_s:n gap_s:n dropped_frames:i lanes:a",
        ),
        "sound": ("How loud the newest sound is.", "time_s:n"),
        "frame": ("The newest picture and its hands.", "time_s:n taken_s:n hands:a picture:s?"),
        "map": ("A lane's whole attention map, or its factors.", "lane:s"),
        "correction": ("What was put right of the past.", "label:i token:i tokens:i"),
        "fill": ("How far the tokens are that are put before the stream.", "share:n past:o"),
        "notice": ("What the source holds that is not as it should be.", "message:s"),
        "fault": (
            "What could not be done; fatal: the connection or session ends.",
            f"{FAULT} fatal:b",
        ),
        "recording": ("A recording has begun or ended.", f"name:s running:b duration_s:n {FAULT}"),
        "ended": ("The source has been worked on to its end.", ""),
    }
)
"""What the server says, by type: what it is, and its fields with their types."""


def asyncapi() -> Schema:
    """The live connection."""
    commands, schemas = msgspec.json.schema_components(
        get_args(Message), ref_template="#/components/schemas/{name}"
    )
    names = [command["$ref"].rpartition("/")[2] for command in commands]
    said = {name: _record(name, *described) for name, described in RECORDS.items()}
    query = {
        "format": {"type": "string", "enum": list(FORMATS), "default": "json"},
        "token": {"type": "string"},
        "key": {"type": "string", "description": "of hello, to come back to a session"},
        "lang": {"type": "string", "description": "of what faults say: en or de"},
    }
    binary = "int16 samples, a float64 time and a JPEG, float32 features, or bytes of a file"
    messages: Schema = {
        **{name: {"payload": {"$ref": f"#/components/schemas/{name}"}} for name in [*names, *said]},
        "Binary": {
            "contentType": "application/octet-stream",
            "payload": {"type": "string", "format": "binary", "maxLength": MAX_MESSAGE_BYTES},
            "description": binary,
        },
    }
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "CLA live connection", "version": __version__},
        "channels": {
            "live": {
                "address": "/v1/live",
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
                "bindings": {"ws": {"query": {"type": "object", "properties": query}}},
            }
        },
        "operations": {
            "say": _operation("receive", [*names, "Binary"]),
            "hear": _operation("send", list(said)),
        },
        "components": {"messages": messages, "schemas": {**schemas, **said}},
    }


def openapi() -> Schema:
    """What is asked over HTTP."""
    refused = {
        "description": "refused",
        "content": {"application/json": {"schema": _fields(FAULT)}},
    }
    file = {"type": "string", "format": "binary", "description": f"at most {MAX_BYTES} bytes"}
    form = {"type": "object", "required": ["file"], "properties": {
        "file": file, "task": TYPES["s"], "lanes": TYPES["s"]}}  # fmt: skip
    return {
        "openapi": "3.1.0",
        "info": {"title": "CLA", "version": __version__},
        "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
        "paths": {
            "/health": {
                "get": {
                    "summary": "Whether sessions can begin.",
                    "responses": {
                        "200": _answer("status:s sessions:i places:i warm:b"),
                        "503": _answer("status:s sessions:i places:i warm:b"),
                    },
                }
            },
            "/metrics": {
                "get": {
                    "summary": "For Prometheus; not through a proxy.",
                    "responses": {"200": {"description": "text"}},
                }
            },
            "/v1/models": {
                "get": {
                    "summary": "Tasks, kinds of attention, formats.",
                    "security": [{"token": []}],
                    "responses": {
                        "200": _answer("protocol:i formats:a tasks:a kinds:a lanes:s"),
                        "401": refused,
                    },
                }
            },
            "/v1/run": {
                "post": {
                    "summary": "A recording at once: what each lane recognizes in it.",
                    "security": [{"token": []}],
                    "requestBody": {"content": {"multipart/form-data": {"schema": form}}},
                    "responses": {
                        "200": _answer("task:s duration_s:n tokens:i notices:a lanes:o"),
                        **dict.fromkeys(("400", "401", "403", "413", "503"), refused),
                    },
                }
            },
        },
    }


def _fields(text: str) -> Schema:
    pairs = (field.split(":") for field in text.split())
    properties = {name: TYPES[kind] for name, kind in pairs}
    return {"type": "object", "required": list(properties), "properties": properties}


def _record(name: str, does: str, text: str) -> Schema:
    schema = _fields(f"type:s {text}")
    schema["properties"] = {**schema["properties"], "type": {"const": name}}
    return {**schema, "description": does}


def _answer(text: str) -> Schema:
    return {"description": "done", "content": {"application/json": {"schema": _fields(text)}}}


def _operation(action: str, names: list[str]) -> Schema:
    return {
        "action": action,
        "channel": {"$ref": "#/channels/live"},
        "messages": [{"$ref": f"#/channels/live/messages/{name}"} for name in names],
    }
