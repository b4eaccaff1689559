"""The first message to a page: server, tasks, devices and the state of its session."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from cla.capture import LocalDevices
from cla.engine import LanesRecord
from cla.errors import ClaError
from cla.features import BONES
from cla.server.host import Host
from cla.server.wire import lane_headers
from cla.texts.sentence import Sentence

NO_DEVICE = ("no_microphone", "no_camera")


def hello(
    host: Host,
    key: str,
    language: str,
    devices: LocalDevices | None,
    own: Mapping[str, Any] | None,
    settings: Mapping[str, Any],
    lanes: LanesRecord,
) -> dict[str, Any]:
    """The first message.

    Args:
        key: with which the client comes back to its session.
        devices: of this machine, for a page that is open on it.
        own: what is to be told of the visitor's own task.
    """
    local = asdict(devices) if devices else {}
    missing = {name: _said(local[name], language) for name in NO_DEVICE if local}
    return {
        "type": "hello",
        "key": key,
        "device": host.device,
        "device_note": _said(host.device_note, language),
        "bones": BONES,
        "records": host.store is not None,
        "tasks": [*said_tasks(host, language), *([own] if own else [])],
        "local": {**local, **missing} or None,
        **settings,
        "lanes": lane_headers(lanes),
        "heard": lanes.heard,
    }


def said_tasks(host: Host, language: str) -> list[dict[str, Any]]:
    """Descriptions of all tasks, with what keeps some from running, in a language."""
    return [{**shown, "problem": _said(shown["problem"], language)} for shown in host.offer.shown]


def _said(what: ClaError | Sentence | None, language: str) -> str:
    return what.said(language) if what else ""
