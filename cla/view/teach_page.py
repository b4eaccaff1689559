"""The Teach page: name classes, give clips of each, train, and run what was taught."""

import streamlit as st

from cla.capture import endings
from cla.errors import ClaError
from cla.features import YAMNET_FILE, front_end
from cla.models import read_task_file
from cla.resources import fetched_path
from cla.teaching import (
    GOOD_CLASS_S,
    MAX_CLASS_S,
    MAX_NAME,
    MOST_CLASSES,
    Taught,
    check_names,
    scores_of,
    teach,
)
from cla.texts import Texts
from cla.view.corrections import show_corrections
from cla.view.fetch_offer import offer_fetch
from cla.view.frame import complain, page_head, tell
from cla.view.recorded import recorded
from cla.view.settings import choice, number
from cla.view.taught_results import show_taught
from cla.view.teach_draft import Draft, teachers, visitor_drafts

KINDS = ("sound", "words", "hands", "pictures")
MAX_FILE_MB = 16
MAX_TITLE = 40


def teach_page() -> None:
    """Draw the page."""
    say = page_head("teach")
    show_corrections(say)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind = choice(
            st.segmented_control,
            say("teach.kind"),
            KINDS,
            default=KINDS[0],
            key="teach",
            format_func=lambda name: say(f"teach.{name}"),
            required=True,
            wrap=True,
        )
        count = number(say("teach.count"), 2, MOST_CLASSES, default=2, key="classes", width=260)
    draft = _draft(_features(kind))
    draft.resize(count, say("teach.class_name"))
    if draft.features == "spectrum":
        st.markdown(say("teach.yamnet"))
        offer_fetch(say)
    _name(say, draft)
    _gather(say, draft)
    _train(say, draft)
    if draft.taught:
        st.success(say("teach.done", names=", ".join(draft.names)))
        show_taught(say, draft.taught)
    with st.expander(say("teach.open")):
        _open(say, draft)


def _features(kind: str) -> str:
    """The front end for what is taught: for sounds the better one, where it was fetched."""
    if kind != "sound":
        return "speech" if kind == "words" else kind
    return "sounds" if fetched_path(YAMNET_FILE).exists() else "spectrum"


def _draft(features: str) -> Draft:
    return visitor_drafts().setdefault(features, Draft(features))


def _name(say: Texts, draft: Draft) -> None:
    columns = st.columns(min(len(draft.names), 4))
    for place in draft.places:
        with columns[(place - 1) % len(columns)]:
            name = st.text_input(
                say("teach.name_of", number=place),
                value=draft.names[place - 1],
                max_chars=MAX_NAME,
                key=f"class-{draft.features}-{place}",
            ).strip()
            if name != draft.names[place - 1]:
                draft.names[place - 1] = name
                draft.taught = None
            _gathered(say, draft, place)


def _gathered(say: Texts, draft: Draft, place: int) -> None:
    seconds = draft.seconds(place)
    values = {"seconds": say.number(seconds, 1), "good": say.number(GOOD_CLASS_S)}
    if draft.missing_s(place):
        text = say("teach.missing", more=say.number(draft.missing_s(place), 1), **values)
    else:
        text = say("teach.enough" if seconds >= GOOD_CLASS_S else "teach.little", **values)
    st.progress(min(seconds / GOOD_CLASS_S, 1.0), text)


def _gather(say: Texts, draft: Draft) -> None:
    titles = {0: say("teach.background"), **dict(zip(draft.places, draft.names, strict=True))}
    place = st.pills(
        say("teach.record_for"),
        [*draft.places, 0],
        default=1,
        key=f"place-{draft.features}",
        format_func=lambda one: titles.get(one) or say("teach.class_name", number=one),
        required=True,
    )
    place = place if place in titles else 1
    if place == 0:
        gathered = say.number(draft.seconds(0), 1)
        st.caption(say("teach.background_help", seconds=gathered))
    medium = front_end(draft.features).input
    made = recorded(say, medium, f"{draft.features}-{draft.turn}", MAX_CLASS_S / 2)
    contents = [made] if made else []
    uploads = st.file_uploader(
        say("teach.upload"),
        type=endings(medium),
        accept_multiple_files=True,
        max_upload_size=50,
        key=f"taught-{draft.features}-{draft.turn}",
    )
    contents += [upload.getvalue() for upload in uploads]
    if contents:
        with st.spinner(say("teach.reading")):
            for content in contents:
                draft.add(place, content)
        st.rerun()
    if draft.problem:
        complain(say, draft.problem)
    for notice in draft.notices:
        tell(say, notice)
    if draft.seconds(place) and st.button(say("teach.clear", name=titles[place]), key="clear"):
        draft.clear(place)
        st.rerun()


def _train(say: Texts, draft: Draft) -> None:
    waiting = [place for place in draft.places if draft.missing_s(place)]
    try:
        check_names(draft.names)
        named = True
    except ClaError as error:
        complain(say, error)
        named = False
    with st.container(horizontal=True, vertical_alignment="bottom"):
        title = st.text_input(
            say("teach.title_of_set"),
            say("teach.set_name"),
            max_chars=MAX_TITLE,
            key="set",
            width=340,
        )
        pressed = st.button(
            say("teach.train"), type="primary", disabled=bool(waiting) or not named, key="train"
        )
    if waiting:
        names = ", ".join(draft.names[place - 1] for place in waiting)
        st.info(say("teach.waiting", names=names))
    if not pressed:
        return
    bar = st.progress(0.0, say("teach.training"))
    try:
        with teachers():
            draft.taught = teach(
                draft.material(),
                title.strip() or say("teach.set_name"),
                lambda share: bar.progress(share, say("teach.training")),
            )
    except ClaError as error:
        complain(say, error)
    bar.empty()


def _open(say: Texts, draft: Draft) -> None:
    upload = st.file_uploader(
        say("teach.file"), type=["safetensors"], max_upload_size=MAX_FILE_MB, key="own-file"
    )
    if upload is None:
        return
    try:
        task = read_task_file(upload.getvalue())
        opened = Taught(task, scores_of(task))
    except ClaError as error:
        complain(say, error)
        return
    if not draft.taught:
        show_taught(say, opened)
