"""The catalogue of texts: complete in every language, and chosen by the visitor."""

import re
import string

import pytest

from cla.capture import sample_clips
from cla.models import tasks
from cla.resources import package_path
from cla.texts import FALLBACK, LANGUAGES, Texts, catalogue, choose


def placeholders(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name and not name.isspace()}


@pytest.mark.parametrize("language", [name for name in LANGUAGES if name != FALLBACK])
def test_every_language_says_everything(language):
    reference, translated = catalogue(FALLBACK), catalogue(language)
    assert set(translated) == set(reference)
    for key, text in reference.items():
        assert translated[key]
        assert placeholders(translated[key]) == placeholders(text), key
    long = [key for key, text in reference.items() if len(text) > 40 and text == translated[key]]
    assert not long, "these are not translated"


def test_the_first_language_spoken_here_is_chosen():
    assert choose(None, "de-AT") == "de"
    assert choose("en", "de-DE") == "en"
    assert choose("xx", None, "fr-FR") == "en"


def test_numbers_are_written_as_the_language_does():
    assert Texts("en").number(348_480.25, 1) == "348,480.2"
    assert Texts("de").number(348_480.25, 1) == "348.480,2"
    assert Texts("de").section("frame")["language"] == "Sprache"


def test_every_sample_has_its_title():
    names = {clip.name for task in tasks() for clip in sample_clips(task)}
    assert names <= set(Texts("en").section("sample"))


def test_the_scripts_of_the_page_say_only_what_the_catalogue_holds():
    page = {**Texts("en").section("page"), **Texts("en").section("preflight")}
    scripts = package_path("view/static").glob("*.js")
    code = "".join(script.read_text("utf-8") for script in scripts)
    said = set(re.findall(r'\bsay\("(\w+)"', code))
    assert len(said) > 30
    assert said <= set(page)
