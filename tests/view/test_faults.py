"""Sentences of errors in the visitor's language."""

import pytest

from cla.capture import open_audio, open_video
from cla.engine import FaultRecord
from cla.errors import ClaError
from cla.server.wire import encode_record
from cla.texts import Texts
from cla.texts.faults import translated

GERMAN = Texts("de")


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
