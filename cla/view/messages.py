"""What a page may ask, checked: nothing it sends is believed beyond its type and range."""

import json
from typing import Any

from cla.engine import (
    Command,
    Pause,
    RequestMap,
    Reset,
    Resume,
    SetLandmarkMode,
    SetLandmarks,
    StepOnce,
)
from cla.errors import ClaError
from cla.models import InputKind
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
            mode = _text(message, "mode")
            if mode == "fixed":
                return SetLandmarkMode("fixed")
            if mode == "continual":
                return SetLandmarkMode("continual")
            raise ClaError(f"There are no {mode!r} landmarks.", "Choose fixed or continual.")
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
