"""Sentences of the library in the visitor's language, found in the catalogue by their pattern.

The library speaks English and knows no catalogue. The section `fault` of the English one repeats
the frequent sentences of its errors, with `{name}` for what varies; a sentence that fits is said in
the visitor's language, and one that does not stays as it is.
"""

import re
from functools import cache

from cla.texts import FALLBACK, Texts
from cla.texts.sentence import Sentence

MAX_LENGTH = 500


def translated(say: Texts, sentence: str) -> str:
    """A sentence of an error in the language of `say`, or two: what happened, and what helps."""
    if isinstance(sentence, Sentence):
        return sentence.said(say.language)
    if say.language == FALLBACK or len(sentence) > MAX_LENGTH:
        return sentence
    found = _known(say, sentence)
    if found is not None:
        return found
    for end in re.finditer(r"\. ", sentence):
        message, remedy = sentence[: end.start() + 1], sentence[end.end() :]
        found = _known(say, message)
        if found is not None:
            return f"{found} {translated(say, remedy)}"
    return sentence


def _known(say: Texts, sentence: str) -> str | None:
    """A sentence of the catalogue in the language of `say`."""
    for key, pattern in _patterns():
        found = pattern.fullmatch(sentence)
        if found:
            values = {name: translated(say, value) for name, value in found.groupdict().items()}
            return say(f"fault.{key}", **values)
    return None


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """A pattern for each sentence; those with most words of their own come first."""
    sentences = Texts(FALLBACK).section("fault")
    named = [(key, re.compile(_pattern(text), re.DOTALL)) for key, text in sentences.items()]
    return tuple(sorted(named, key=lambda pair: -len(re.sub(r"\{\w+\}", "", sentences[pair[0]]))))


def _pattern(text: str) -> str:
    """The sentence as a regular expression; what varies may be anything."""
    parts = re.split(r"\{(\w+)\}", text)
    fixed = [re.escape(part) for part in parts[::2]]
    names = [f"(?P<{name}>.+?)" for name in parts[1::2]]
    return "".join(part for pair in zip(fixed, [*names, ""], strict=True) for part in pair)
