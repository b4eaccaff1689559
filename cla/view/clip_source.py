"""Clips of sound or pictures: a sample or an upload, read once for each visitor."""

import hashlib
import threading
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from cla.capture import open_file, sample_clips
from cla.engine import ClipTokens, read_source
from cla.models import Span, TaskModel
from cla.printable import printable
from cla.server.sources import UPLOAD_LIMITS
from cla.texts import Texts
from cla.view.cache import Cache

MOST_CLIPS = 8
MOST_DECODERS = 4
"""Uploads of all visitors that are decoded at once; the others wait."""


@dataclass(frozen=True)
class Clip:
    """A clip that was read.

    Args:
        name: unique among the clips of a visitor.
        words: what is known to be said or shown in it; None for an upload.
    """

    name: str
    title: str
    tokens: ClipTokens
    words: tuple[Span, ...] | None


@st.cache_resource(scope="session")
def _clips() -> Cache[Clip]:
    return Cache(MOST_CLIPS)


def sample(say: Texts, task: TaskModel, name: str) -> Clip:
    """A clip that comes with the package."""
    clip = next(clip for clip in sample_clips(task.name) if clip.name == name)
    words = tuple(Span(word.label, word.start_s, word.end_s) for word in clip.words)
    title = say(f"sample.{name}")
    return _read(say, task, (clip.name, title, words), clip.path)


def uploaded_clip(say: Texts, task: TaskModel, title: str, content: bytes) -> Clip:
    """A clip of the visitor's own.

    Raises:
        ClaError: it cannot be read.
    """
    name = f"{task.name} {hashlib.sha256(content).hexdigest()}"
    with decoders():
        return _read(say, task, (name, printable(title), None), content)


@st.cache_resource
def decoders() -> threading.Semaphore:
    return threading.Semaphore(MOST_DECODERS)


def _read(
    say: Texts,
    task: TaskModel,
    named: tuple[str, str, tuple[Span, ...] | None],
    content: Path | bytes,
) -> Clip:
    name, title, words = named

    def read() -> Clip:
        bar = st.progress(0.0, say("clip.reading", title=title))
        with open_file(task.input, content, UPLOAD_LIMITS) as source:
            tokens = read_source(task, source, bar.progress)
        bar.empty()
        return Clip(name, title, tokens, words)

    return _clips().get(name, read)
