"""Commands as plain values, for the wire and for files; nothing read is believed."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from types import MappingProxyType
from typing import Any

from cla.attention import LandmarkMode
from cla.engine.commands import (
    Command,
    Pause,
    RequestMap,
    Reset,
    Resume,
    SetEmit,
    SetLandmarkMode,
    SetLandmarks,
    SetLanes,
    SetWindow,
    StepOnce,
)
from cla.engine.lane_config import LaneConfig
from cla.errors import ClaError

MAX_LANES = 64
_REMEDY = "Reload the page, or record the session again."

Message = Mapping[str, Any]


def message_of(command: Command) -> dict[str, Any]:
    """A command as a JSON object; `type` names it."""
    named = {"type": _NAMES[type(command)]}
    if isinstance(command, SetLanes):
        return {**named, "lanes": [asdict(config) for config in command.configs]}
    return {**named, **asdict(command)}


def command_of(message: Message) -> Command:
    """The command that a JSON object names.

    Raises:
        ClaError: there is none of that name, or a value has the wrong type.
    """
    name = message.get("type")
    if not isinstance(name, str) or name not in _COMMANDS:
        raise ClaError("Something unknown was asked for.", _REMEDY)
    _, parse = _COMMANDS[name]
    return parse(message)


def lanes_of(value: object) -> tuple[LaneConfig, ...]:
    """Lanes; whether a task can run them is seen when it does.

    Raises:
        ClaError: they are no lanes.
    """
    if not isinstance(value, list) or not all(isinstance(lane, dict) for lane in value):
        raise ClaError("lanes must be a list of lanes.", _REMEDY)
    if len(value) > MAX_LANES:
        raise ClaError(f"{len(value)} lanes are too many.", f"Choose at most {MAX_LANES}.")
    return tuple(_lane(lane) for lane in value)


def whole_number(message: Message, key: str) -> int:
    """A whole number.

    Raises:
        ClaError: it is none.
    """
    value = message.get(key)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ClaError(f"{key} must be a whole number.", _REMEDY)
    return value


def text_of(message: Message, key: str) -> str:
    """A text.

    Raises:
        ClaError: it is none.
    """
    value = message.get(key)
    if not isinstance(value, str):
        raise ClaError(f"{key} must be a text.", _REMEDY)
    return value


def _lane(lane: Message) -> LaneConfig:
    return LaneConfig(
        text_of(lane, "kind"),
        _optional(lane, "num_landmarks"),
        _mode(lane, "landmark_mode"),
        _optional(lane, "window"),
        _optional(lane, "num_layers"),
    )


def _optional(message: Message, key: str) -> int | None:
    return None if message.get(key) is None else whole_number(message, key)


def _mode(message: Message, key: str) -> LandmarkMode:
    mode = text_of(message, key)
    if mode == "fixed":
        return "fixed"
    if mode == "continual":
        return "continual"
    raise ClaError(f"There are no {mode!r} landmarks.", "Choose fixed or continual.")


_COMMANDS: Mapping[str, tuple[type[Command], Callable[[Message], Command]]] = MappingProxyType(
    {
        "landmarks": (SetLandmarks, lambda m: SetLandmarks(whole_number(m, "num_landmarks"))),
        "landmark_mode": (SetLandmarkMode, lambda m: SetLandmarkMode(_mode(m, "mode"))),
        "window": (SetWindow, lambda m: SetWindow(whole_number(m, "window"))),
        "lanes": (SetLanes, lambda m: SetLanes(lanes_of(m.get("lanes")))),
        "emit": (SetEmit, lambda m: SetEmit(m.get("emit") is True)),
        "pause": (Pause, lambda _: Pause()),
        "resume": (Resume, lambda _: Resume()),
        "step": (StepOnce, lambda _: StepOnce()),
        "reset": (Reset, lambda _: Reset()),
        "map": (RequestMap, lambda m: RequestMap(text_of(m, "lane"), _optional(m, "layer") or 0)),
    }
)
_NAMES = MappingProxyType({command: name for name, (command, _) in _COMMANDS.items()})
