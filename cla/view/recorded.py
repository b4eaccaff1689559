"""A clip that a visitor records on a page, by the browser's microphone or camera."""

import base64
import binascii

import streamlit as st

from cla.texts import Texts
from cla.types import InputKind
from cla.view.live_page import live_texts
from cla.view.surface import surface


def recorded(say: Texts, medium: InputKind, key: str, most_s: float) -> bytes | None:
    """The clip that was recorded: of sound as long as it stands there, of pictures once.

    Args:
        key: another one is an empty recorder.
        most_s: pictures are recorded for so long at most.
    """
    if medium == "sound":
        sound = st.audio_input(say("teach.microphone"), sample_rate=16_000, key=f"mic-{key}")
        return sound.getvalue() if sound else None
    data = {"texts": live_texts(say), "most_s": most_s}
    made = surface("cla-recorder", "recorder.js", key=f"recorder-{say.language}", data=data).made
    try:
        return base64.b64decode(made, validate=True) if made else None
    except (binascii.Error, ValueError, TypeError):
        return None
