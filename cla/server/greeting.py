"""The first message to a page: server, tasks, devices and the state of its session."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from cla.capture import LocalDevices
from cla.engine import LanesRecord
from cla.errors import ClaError
from cla.features import BONES
from cla.server.host import Host
from cla.server.wire import encode, lane_headers
from cla.texts.sentence import Sentence

NO_DEVICE = ("no_microphone", "no_camera")


def hello(
    host: Host,
    language: str,
    devices: LocalDevices | None,
    own: Mapping[str, Any] | None,
    settings: Mapping[str, Any],
    lanes: LanesRecord,
) -> bytes:
    """The first message.

    Args:
        devices: of this machine, for a page that is open on it.
        own: what is to be told of the visitor's own task.
    """
    tasks = [{**shown, "problem": _said(shown["problem"], language)} for shown in host.offer.shown]
    local = asdict(devices) if devices else {}
    missing = {name: _said(local[name], language) for name in NO_DEVICE if local}
    return encode(
        {
            "type": "hello",
            "device": host.device,
            "device_note": _said(host.device_note, language),
            "bones": BONES,
            "records": host.store is not None,
            "tasks": [*tasks, *([own] if own else [])],
            "local": {**local, **missing} or None,
            **settings,
            "lanes": lane_headers(lanes),
        },
        {},
    )


def _said(what: ClaError | Sentence | None, language: str) -> str:
    return what.said(language) if what else ""
