"""What a visitor is about to teach: names and clips, in memory, for as long as the visit."""

import secrets
import threading
from dataclasses import dataclass, field
from weakref import WeakValueDictionary

import streamlit as st

from cla.capture import open_file
from cla.errors import ClaError
from cla.features import front_end
from cla.server.sources import UPLOAD_LIMITS
from cla.teaching import (
    MAX_CLASS_S,
    NOTHING,
    Material,
    Taught,
    TaughtClass,
    TaughtClip,
    missing_s,
    read_taught_clip,
)
from cla.texts.sentence import Sentence
from cla.view.clip_source import decoders


@dataclass
class Draft:
    """Classes by the place at which they stand, from 1; place 0 is the background.

    Args:
        features: name of the front end.
        clips: of each place.
        turn: rises with every clip, so that the page offers an empty recorder again.
        problem: what was wrong with the newest clips.
        notices: what the newest clip holds that is not as it should be.
        taught: what came of it, until something is changed.
    """

    features: str
    names: list[str] = field(default_factory=list)
    clips: dict[int, tuple[TaughtClip, ...]] = field(default_factory=dict)
    turn: int = 0
    problem: ClaError | None = None
    notices: tuple[Sentence, ...] = ()
    taught: Taught | None = None

    @property
    def places(self) -> range:
        """Where the classes stand."""
        return range(1, len(self.names) + 1)

    def seconds(self, place: int) -> float:
        """Length of what was gathered for a place."""
        return sum(len(clip.features) for clip in self.clips.get(place, ())) * self._hop_s

    def missing_s(self, place: int) -> float:
        """Seconds that the class at a place still needs."""
        return missing_s(self._class(place), self._hop_s)

    def material(self) -> Material:
        """All that was gathered.

        Raises:
            ClaError: the classes are named badly.
        """
        classes = tuple(self._class(place) for place in self.places)
        return Material(self.features, classes, self.clips.get(0, ()))

    def add(self, place: int, content: bytes) -> None:
        """Read a recording or an upload for a class; an error becomes `problem`."""
        self.turn += 1
        self.notices = ()
        try:
            clip = self._read(content, MAX_CLASS_S - self.seconds(place))
        except ClaError as error:
            self.problem = error
            return
        self.problem = self.taught = None
        self.clips[place] = (*self.clips.get(place, ()), clip)

    def clear(self, place: int) -> None:
        """Forget what was gathered for a place."""
        self.clips.pop(place, None)
        self.problem = self.taught = None

    def resize(self, count: int, name: str) -> None:
        """Have so many classes; those that go take their clips with them."""
        while len(self.names) > count:
            self.clear(len(self.names))
            self.names.pop()
        while len(self.names) < count:
            self.names.append(name.format(number=len(self.names) + 1))

    @property
    def _hop_s(self) -> float:
        return front_end(self.features).hop_s

    def _class(self, place: int) -> TaughtClass:
        name = self.names[place - 1] if place else NOTHING
        return TaughtClass(name, self.clips.get(place, ()))

    def _read(self, content: bytes, left_s: float) -> TaughtClip:
        if left_s < 1:
            raise ClaError("class_full", most_s=MAX_CLASS_S)
        end = front_end(self.features)
        with decoders(), open_file(end.input, content, UPLOAD_LIMITS) as file:
            clip = read_taught_clip(end, file, left_s)
            self.notices = tuple(file.notices)
            return clip


ADDRESS = "draft"
"""The drafts' name in the address, by which a page that was reloaded finds them again."""
_KEPT = "drafts"


class Drafts(dict[str, Draft]):
    """What one visitor is about to teach, by features; `address` is its secret name."""

    def __init__(self) -> None:
        super().__init__()
        self.address = secrets.token_urlsafe(16)


@st.cache_resource
def _all() -> WeakValueDictionary[str, Drafts]:
    """Those of all visitors; Streamlit's sessions hold them, two minutes beyond their pages."""
    return WeakValueDictionary()


def visitor_drafts() -> Drafts:
    """The drafts of this visitor, also after a reload of the page."""
    if _KEPT not in st.session_state:
        found = _all().get(st.query_params.get(ADDRESS, ""))
        st.session_state[_KEPT] = Drafts() if found is None else found
    drafts: Drafts = st.session_state[_KEPT]
    _all()[drafts.address] = drafts
    if st.query_params.get(ADDRESS) != drafts.address:
        st.query_params[ADDRESS] = drafts.address
    return drafts


@st.cache_resource
def teachers() -> threading.Semaphore:
    """One visitor is taught for at a time: live sessions need the other cores."""
    return threading.Semaphore(1)
