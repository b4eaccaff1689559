"""What a page may ask, checked: nothing it sends is believed beyond its type and range."""

import json
from typing import Any

from cla.attention import LandmarkMode
from cla.engine import (
    Command,
    LaneConfig,
    Pause,
    RequestMap,
    Reset,
    Resume,
    SetLandmarkMode,
    SetLandmarks,
    SetLanes,
    StepOnce,
)
from cla.errors import ClaError
from cla.types import InputKind
from cla.view.stage import Stage

MAX_TEXT = 4096
MAX_NAME = 100


def handle_text(stage: Stage, text: str) -> None:
    """Do what a JSON message of the page asks.

    Raises:
        ClaError: it is none, or asks for what cannot be done.
    """
    try:
        message = json.loads(text) if len(text) <= MAX_TEXT else None
    except ValueError:
        message = None
    if not isinstance(message, dict):
        raise ClaError("The page sent a message that cannot be read.", "Reload the page.")
    match message.get("type"):
        case "sample":
            stage.play_sample(_text(message, "clip"))
        case "microphone":
            stage.listen(_number(message, "sample_rate_hz"))
        case "camera":
            stage.watch()
        case "device":
            stage.open_device(_kind(message), _number(message, "index"))
        case "upload":
            name = _text(message, "name")[:MAX_NAME]
            stage.begin_upload(_number(message, "size_bytes"), name, _text(message, "task"))
        case "fast":
            stage.set_fast(message.get("fast") is True)
        case "stop":
            stage.stop()
        case _:
            stage.command(_command(message))


def _command(message: dict[str, Any]) -> Command:
    match message.get("type"):
        case "landmarks":
            return SetLandmarks(_number(message, "num_landmarks"))
        case "landmark_mode":
            return SetLandmarkMode(_mode(message, "mode"))
        case "lanes":
            return SetLanes(_lanes(message))
        case "pause":
            return Pause()
        case "resume":
            return Resume()
        case "step":
            return StepOnce()
        case "reset":
            return Reset()
        case "map":
            return RequestMap(_text(message, "lane"))
    raise ClaError("The page asked for something unknown.", "Reload the page.")


def _lanes(message: dict[str, Any]) -> tuple[LaneConfig, ...]:
    lanes = message.get("lanes")
    if not isinstance(lanes, list) or not all(isinstance(lane, dict) for lane in lanes):
        raise ClaError("lanes must be a list of lanes.", "Reload the page.")
    return tuple(
        LaneConfig(
            _text(lane, "kind"),
            None if lane.get("num_landmarks") is None else _number(lane, "num_landmarks"),
            _mode(lane, "landmark_mode"),
            None if lane.get("window") is None else _number(lane, "window"),
        )
        for lane in lanes
    )


def _mode(message: dict[str, Any], key: str) -> LandmarkMode:
    mode = _text(message, key)
    if mode == "fixed":
        return "fixed"
    if mode == "continual":
        return "continual"
    raise ClaError(f"There are no {mode!r} landmarks.", "Choose fixed or continual.")


def _kind(message: dict[str, Any]) -> InputKind:
    kind = _text(message, "kind")
    if kind == "sound":
        return "sound"
    if kind == "video":
        return "video"
    raise ClaError(f"There are no devices for {kind!r}.", "Choose sound or video.")


def _number(message: dict[str, Any], key: str) -> int:
    value = message.get(key)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ClaError(f"{key} must be a whole number.", "Reload the page.")
    return value


def _text(message: dict[str, Any], key: str) -> str:
    value = message.get(key)
    if not isinstance(value, str):
        raise ClaError(f"{key} must be a text.", "Reload the page.")
    return value
