"""Errors by key: the catalogue of each language holds what the code raises, and nothing else."""

import ast
import copy
import pickle
import re
import string
from pathlib import Path

import pytest

import cla
from cla.errors import ClaError
from cla.texts import FALLBACK, LANGUAGES, catalogue
from cla.texts.sentence import Sentence

MESSAGES = "messages_"
OTHERS = [language for language in LANGUAGES if language != FALLBACK]
PARTS = ("message", "remedy")
RECIPES = Path(__file__).resolve().parent.parent / "recipes"


def names_in(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def calls(name):
    """Where the code calls `ClaError` or `Sentence`."""
    for path in [*Path(cla.__file__).parent.rglob("*.py"), *RECIPES.rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == name:
                yield f"{path.name}:{node.lineno}", node


def made(name):
    """Place, key and names of values of each call; a key whose end varies ends in `*`."""
    for place, call in calls(name):
        match call.args:
            case [ast.Constant(key)]:
                yield place, key, {keyword.arg for keyword in call.keywords}
            case [ast.JoinedStr([ast.Constant(begin), _])]:
                yield place, f"{begin}*", set()


def test_keys_are_written_where_an_error_is_made():
    """But for those that a process of ours has written."""
    varying = [
        place
        for place, call in calls("ClaError")
        if len(call.args) != 1 or not isinstance(call.args[0], ast.Constant)
    ]
    assert [place.split(":")[0] for place in varying] == ["messages.py"]


def test_every_error_has_its_sentences_and_they_quote_exactly_its_values():
    raised = list(made("ClaError"))
    texts = catalogue(FALLBACK, MESSAGES)
    for place, key, values in raised:
        assert all(f"{key}.{part}" in texts for part in PARTS), f"{place}: {key} is not said"
        quoted = set().union(*(names_in(texts[f"{key}.{part}"]) for part in PARTS))
        assert quoted == values, f"{place}: {key}"
    assert len(raised) > 200


def test_other_sentences_have_their_text_and_their_values():
    texts = catalogue(FALLBACK, MESSAGES)
    for place, key, values in made("Sentence"):
        if key.endswith("*"):
            assert any(text.startswith(key[:-1]) for text in texts), place
        else:
            assert names_in(texts[key]) == values, f"{place}: {key}"


def test_the_catalogue_holds_nothing_that_nobody_says():
    said = {f"{key}.{part}" for _, key, _ in made("ClaError") for part in PARTS}
    said |= {key for _, key, _ in made("Sentence")}
    begun = tuple(key[:-1] for key in said if key.endswith("*"))
    unsaid = {key for key in catalogue(FALLBACK, MESSAGES) if not key.startswith(begun)} - said
    assert not unsaid


@pytest.mark.parametrize("language", OTHERS)
def test_every_language_says_all_of_it(language):
    english, other = catalogue(FALLBACK, MESSAGES), catalogue(language, MESSAGES)
    assert list(english) == list(other), "the same keys in the same order"
    for key, text in english.items():
        assert names_in(text) == names_in(other[key]), key
    same = [key for key, text in english.items() if text == other[key]]
    # Those say nothing but values, and perhaps their unit.
    assert all(re.fullmatch(r"(\{[^}]+\}|MB|[ .])+", english[key]) for key in same), (
        "not translated"
    )


def test_an_error_tells_its_key_its_values_and_its_sentences():
    error = ClaError("window_beyond_longest", window=5000, most=4096)
    assert (error.key, dict(error.values)) == (
        "window_beyond_longest",
        {"window": 5000, "most": 4096},
    )
    assert error.message == "window=5000 is longer than 4096 tokens."
    assert error.remedy == "Choose at most 4096."
    assert str(error) == f"{error.message} {error.remedy}"
    assert error.said("de") == ("window=5000 ist länger als 4096 Token. Wählen Sie höchstens 4096.")


def test_numbers_are_written_as_the_language_does():
    error = ClaError("class_too_short", name="clap", seconds=1.25, least=5.0)
    assert error.message == "'clap' has 1.2 s that hold something of it."
    assert error.message.said("de").startswith("'clap' hat nur 1,2 s")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), Path("a"), b"\xff"])
def test_values_are_numbers_or_text_that_json_can_hold(value):
    (safe,) = ClaError("dropout_out_of_range", dropout=value).values.values()
    assert safe == str(value)


def test_what_a_sentence_quotes_is_safe_to_print():
    error = ClaError("task_unknown", name="a\x1b[2J\n{choices}", choices="b\u202e")
    assert str(error) == ("There is no task 'a\\x1b[2J\\n{choices}'. Choose one of b\\u202e.")
    assert error.said("de").isprintable()


def test_words_within_a_sentence_are_said_in_its_language():
    error = ClaError("clip_of_another_medium", file="a.mp4", medium=Sentence("words.sound"))
    assert str(error) == "a.mp4 is no sound. Give another clip."
    assert error.message.said("de").endswith("Ton.")


@pytest.mark.parametrize("twice", [copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_errors_and_sentences_can_be_copied_and_sent_to_other_processes(twice):
    error = ClaError("task_unknown", name="x", choices=Sentence("words.sound"))
    copied, sentence = twice(error), twice(error.message)
    assert (copied.key, copied.values, copied.said("de")) == (
        error.key,
        error.values,
        error.said("de"),
    )
    assert (sentence, sentence.said("de")) == (error.message, error.message.said("de"))
