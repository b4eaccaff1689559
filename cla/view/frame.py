"""What all pages share: the language, the navigation and the head of a page."""

import re
from collections.abc import Sequence

import streamlit as st

from cla.errors import ClaError
from cla.printable import printable
from cla.resources import asset_path
from cla.texts import LANGUAGES, Texts, choose
from cla.texts.sentence import Sentence
from cla.view.settings import choice
from cla.view.surface import surface

LANGUAGE_KEY = "lang"
# Streamlit leaves as much room again as its bar takes.
MARKED = re.compile(r"[^\w\s]|_")
UPLOADS = "own-recordings"
"""Where files are taken whose limits the page tells itself."""
HEAD = f"""<style>
.stMainBlockContainer {{ padding-top: 4.5rem; }}
:is([data-testid="stTopNavLink"], [data-testid="stSidebarNavLink"]):focus-visible {{
  outline: 2px solid currentcolor; outline-offset: -2px; }}
.st-key-{UPLOADS} [data-testid="stFileUploaderDropzoneInstructions"] {{ display: none; }}
</style>"""


def texts() -> Texts:
    """The catalogue in the visitor's language: chosen, in the address, or the browser's."""
    chosen = st.session_state.get(LANGUAGE_KEY) or st.query_params.get(LANGUAGE_KEY)
    return Texts(choose(chosen, st.context.locale))


def run_navigation(names: Sequence[str]) -> None:
    """Run the page that the address asks for, under the shared frame.

    Args:
        names: of the pages' scripts, which are the names of their texts too; the first is shown
            where the address names none.
    """
    say = texts()
    # A file of our own: an icon by name would be fetched from the network.
    st.set_page_config(page_title="CLA", page_icon=str(asset_path("icon.png")), layout="wide")
    pages = [
        st.Page(f"{name}.py", title=say(f"{name}.name"), url_path=name, default=name == names[0])
        for name in names
    ]
    page = st.navigation(pages, position="top")
    st.html(HEAD)
    # The switch stands below the page but comes first: a page may take its time.
    body = st.container()
    _language_switch(say)
    with body:
        page.run()


def page_head(name: str) -> Texts:
    """A page's title, with what explains and what shares the page; returns the catalogue."""
    say = texts()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"## {say(f'{name}.title')}", width="content")
        if explanation := say.section(name).get("explanation"):
            with st.popover(say("frame.what"), type="tertiary"):
                st.markdown(explanation)
        copy_link(say)
    st.markdown(say(f"{name}.lead"))
    return say


def copy_link(say: Texts) -> None:
    """A button that copies the address of the page, with all its settings."""
    words = {"copy": say("frame.copy"), "copied": say("frame.copied")}
    data = {**words, "shown": say("frame.copy_shown")}
    key = f"copy-link-{say.language}"
    surface("cla-copy-link", "copy_link.js", key=key, data=data, width="content")


def complain(say: Texts, error: ClaError, file: str = "") -> None:
    """Say on the page what went wrong, with which file, and what helps."""
    st.error(_about(file, error.said(say.language)))


def tell(say: Texts, notice: Sentence, file: str = "") -> None:
    """Say on the page what a file holds that is not as it should be."""
    st.info(_about(file, notice.said(say.language)))


def plain(name: str) -> str:
    """A name, which is no Markdown whatever it holds, in Markdown."""
    return MARKED.sub(r"\\\g<0>", printable(name))


def _about(file: str, sentence: str) -> str:
    return f"{plain(file)}: {sentence}" if file else sentence


def _language_switch(say: Texts) -> None:
    st.divider()
    choice(
        st.segmented_control,
        say("frame.language"),
        list(LANGUAGES),
        default=choose(st.context.locale),
        key=LANGUAGE_KEY,
        format_func=LANGUAGES.__getitem__,
        required=True,
    )
