"""What a page may ask, checked: nothing it sends is believed beyond its type and range."""

import json
from typing import Any

from cla.engine import Command, command_of, text_of, whole_number
from cla.errors import ClaError
from cla.types import InputKind
from cla.view.stage import Stage

MAX_TEXT = 4096
MAX_NAME = 100
OF_A_TASK = ("microphone", "camera", "device", "stop")
"""Messages that may name the task that comes next."""
COMMANDS = frozenset(
    {"landmarks", "landmark_mode", "lanes", "pause", "resume", "step", "reset", "map"}
)
"""What a page may ask of its session; the session knows more."""


def handle_text(stage: Stage, text: str) -> None:
    """Do what a JSON message of the page asks.

    Raises:
        ClaError: it is none, or asks for what cannot be done.
    """
    try:
        message = json.loads(text) if len(text) <= MAX_TEXT else None
    except (ValueError, RecursionError):
        message = None
    if not isinstance(message, dict):
        raise ClaError("The page sent a message that cannot be read.", "Reload the page.")
    if message.get("type") in OF_A_TASK and "task" in message:
        stage.choose(text_of(message, "task"))
    match message.get("type"):
        case "sample":
            stage.play_sample(text_of(message, "clip"))
        case "microphone":
            stage.listen(whole_number(message, "sample_rate_hz"))
        case "camera":
            stage.watch()
        case "device":
            stage.open_device(_kind(message), whole_number(message, "index"))
        case "upload":
            name = text_of(message, "name")[:MAX_NAME]
            stage.begin_upload(whole_number(message, "size_bytes"), name, text_of(message, "task"))
        case "lost":
            stage.lose(whole_number(message, "samples"))
        case "fast":
            stage.set_fast(message.get("fast") is True)
        case "record":
            if message.get("on") is True:
                stage.start_recording()
            else:
                stage.stop_recording()
        case "stop":
            stage.stop()
        case _:
            stage.command(_command(message))


def _command(message: dict[str, Any]) -> Command:
    if text_of(message, "type") not in COMMANDS:
        raise ClaError("The page asked for something unknown.", "Reload the page.")
    return command_of(message)


def _kind(message: dict[str, Any]) -> InputKind:
    kind = text_of(message, "kind")
    if kind == "sound":
        return "sound"
    if kind == "video":
        return "video"
    raise ClaError(f"There are no devices for {kind!r}.", "Choose sound or video.")
