"""Sentences of errors in the visitor's language."""

import ast
import re
from pathlib import Path

import pytest

import cla
from cla.capture import open_audio, open_video
from cla.engine import FaultRecord
from cla.errors import ClaError
from cla.server.wire import encode_record
from cla.texts import FALLBACK, Texts, catalogue
from cla.texts.faults import translated

GERMAN = Texts("de")


def sentences_of_the_code():
    """Every text of the package, with `{}` for what varies."""
    found = set()
    for path in Path(cla.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
            elif isinstance(node, ast.JoinedStr):
                parts = (
                    part.value if isinstance(part, ast.Constant) else "{}" for part in node.values
                )
                found.add("".join(parts))
    return found


def test_the_catalogue_holds_what_the_library_says():
    said = sentences_of_the_code()
    said |= {
        text.replace("{} file", f"{kind} file") for text in said for kind in ("sound", "video")
    }
    moved = catalogue("en", "messages_").values()
    said |= {re.sub(r"\{\w+(![rs])?(:[^}]*)?\}", "{}", text) for text in moved}
    for key, text in Texts(FALLBACK).section("fault").items():
        bare = text.format(**dict.fromkeys(names_in(text), "{}"))
        assert bare in said, f"{key}: the library says no such thing"


def names_in(text):
    return [part.split("}")[0] for part in text.split("{")[1:]]


@pytest.mark.parametrize("opened", [open_audio, open_video])
@pytest.mark.parametrize("content", [b"", b"this is neither sound nor picture"])
def test_a_bad_upload_is_explained_in_german(opened, content):
    with pytest.raises(ClaError) as caught:
        opened(content)
    for sentence in (caught.value.message, caught.value.remedy):
        found = translated(GERMAN, sentence)
        assert found != sentence
        assert translated(Texts("en"), sentence) == sentence


def test_what_varies_is_kept():
    said = translated(GERMAN, "No fixed landmarks were fitted for num_landmarks=7.")
    assert said == "Für 7 Landmarken wurden keine festen angepasst."
    assert translated(GERMAN, "The upload is empty.") == "Die hochgeladene Datei ist leer."
    both = "The upload is empty. Cut it to a shorter piece. What?"
    assert translated(GERMAN, both) == (
        "Die hochgeladene Datei ist leer. Schneiden Sie ein kürzeres Stück heraus. What?"
    )
    odd = "a {b}.wav is empty."
    assert translated(GERMAN, odd) == "a {b}.wav ist leer."


@pytest.mark.parametrize("sentence", ["", "Nobody foresaw this.", "x" * 10_000 + " is empty."])
def test_what_is_not_known_stays_as_it_is(sentence):
    assert translated(GERMAN, sentence) == sentence


def test_faults_go_to_the_page_in_its_language():
    fault = FaultRecord("The page sends too much.", "Reload the page.", fatal=True)
    assert b"Die Seite sendet zu viel." in encode_record(fault, "de")
    assert b"Reload the page." in encode_record(fault)
