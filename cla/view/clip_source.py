"""Which clip a page works on: a sample or an upload, read once for each visitor."""

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from cla.capture import (
    AudioFile,
    AudioLimits,
    IsolatedAudio,
    open_audio,
    open_isolated_audio,
    sample_clips,
)
from cla.engine import ClipTokens, read_clip
from cla.errors import ClaError
from cla.models import Span
from cla.view.kept import Kept
from cla.view.settings import choice, choices
from cla.view.texts import Texts
from cla.view.texts.faults import translated

LIMITS = AudioLimits(max_duration_s=300.0, max_bytes=50 * 2**20)
FORMATS = ["wav", "flac", "ogg", "mp3", "m4a"]
MOST_CLIPS = 8
MOST_UPLOADS = 4
MOST_DECODERS = 4
"""Uploads of all visitors that are decoded at once; the others wait."""


@dataclass(frozen=True)
class Clip:
    """A clip that was read.

    Args:
        name: unique among the clips of a visitor.
        words: what is known to be said in it; None for an upload.
    """

    name: str
    title: str
    tokens: ClipTokens
    words: tuple[Span, ...] | None


@st.cache_resource(scope="session")
def _clips() -> Kept[Clip]:
    """The clips read for this visitor; they go when the visitor does."""
    return Kept(MOST_CLIPS)


def choose_clip(say: Texts) -> Clip | None:
    """Let the visitor choose one clip; None where their upload cannot be read."""
    titles = {clip.name: say(f"sample.{clip.name}") for clip in sample_clips()}
    with st.container(horizontal=True):
        name = choice(
            st.selectbox,
            say("clip.sample"),
            list(titles),
            default=next(iter(titles)),
            key="clip",
            format_func=titles.__getitem__,
            width=340,
        )
        upload = st.file_uploader(
            say("clip.upload"),
            type=FORMATS,
            help=say("clip.upload_help"),
            max_upload_size=LIMITS.max_bytes // 2**20,
            key="upload",
        )
    return _uploaded(say, upload) if upload else sample(say, name)


def choose_clips(say: Texts) -> list[Clip]:
    """Let the visitor choose any number of clips; uploads that cannot be read are left out."""
    titles = {clip.name: say(f"sample.{clip.name}") for clip in sample_clips()}
    names = choices(say("clip.samples"), list(titles), key="clips", format_func=titles.__getitem__)
    uploads = st.file_uploader(
        say("clip.uploads"),
        type=FORMATS,
        help=say("clip.upload_help"),
        accept_multiple_files=True,
        max_upload_size=LIMITS.max_bytes // 2**20,
        key="uploads",
    )
    if len(uploads) > MOST_UPLOADS:
        st.warning(say("clip.too_many", most=MOST_UPLOADS))
    clips = [sample(say, name) for name in names]
    read = [_uploaded(say, upload) for upload in uploads[:MOST_UPLOADS]]
    return clips + [clip for clip in read if clip]


def _uploaded(say: Texts, upload: UploadedFile) -> Clip | None:
    """An upload, or None with the reason on the page."""
    try:
        return uploaded_clip(say, upload.name, upload.getvalue())
    except ClaError as error:
        st.error(f"{translated(say, error.message)} {translated(say, error.remedy)}")
        return None


def sample(say: Texts, name: str) -> Clip:
    """A clip that comes with the package."""
    clip = next(clip for clip in sample_clips() if clip.name == name)
    words = tuple(Span(word.label, word.start_s, word.end_s) for word in clip.words)
    return _read(say, clip.name, say(f"sample.{name}"), lambda: open_audio(clip.path), words)


def uploaded_clip(say: Texts, title: str, content: bytes) -> Clip:
    """A clip of the visitor's own.

    Raises:
        ClaError: it cannot be read.
    """
    name = hashlib.sha256(content).hexdigest()
    with _decoders():
        return _read(say, name, title, lambda: open_isolated_audio(content, limits=LIMITS), None)


@st.cache_resource
def _decoders() -> threading.Semaphore:
    return threading.Semaphore(MOST_DECODERS)


def _read(
    say: Texts,
    name: str,
    title: str,
    open_clip: Callable[[], AudioFile | IsolatedAudio],
    words: tuple[Span, ...] | None,
) -> Clip:
    def read() -> Clip:
        bar = st.progress(0.0, say("clip.reading", title=title))
        with open_clip() as audio:
            tokens = read_clip(audio, bar.progress)
        bar.empty()
        return Clip(name, title, tokens, words)

    return _clips().get(name, read)
