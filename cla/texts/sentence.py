"""Sentences of the library: each has a key of the catalogue, and values that stand in it."""

import string
from functools import cache
from math import isfinite
from types import MappingProxyType
from typing import Any, Self

from cla.printable import printable
from cla.texts import FALLBACK, catalogue

COMMAS = MappingProxyType({"de": str.maketrans(",.", ".,")})


class Sentence(str):
    """A sentence in English, which can be said in every other language of the catalogue.

    Args:
        key: of the text in `messages_<language>.toml`.
        values: by the names that stand in the text; all but numbers are made safe to print.
    """

    def __new__(cls, key: str, /, **values: object) -> Self:
        safe = {name: safe_value(value) for name, value in values.items()}
        self = super().__new__(cls, _filled(FALLBACK, key, safe))
        self.key = key
        self.values = MappingProxyType(safe)
        return self

    key: str
    values: MappingProxyType[str, Any]

    def said(self, language: str) -> str:
        """The sentence in a language of the catalogue."""
        return _filled(language, self.key, self.values)

    def __getnewargs_ex__(self) -> tuple[tuple[str], dict[str, Any]]:
        return (self.key,), dict(self.values)

    def __getstate__(self) -> None:
        """Nothing more than what makes it anew."""


def safe_value(value: object) -> Any:
    """A value as it may stand in a sentence or in JSON: a number, None, or text safe to print."""
    if value is None or isinstance(value, Sentence):
        return value
    if isinstance(value, int | float) and isfinite(value):
        return value
    return printable(value)


class _Format(string.Formatter):
    """Fills values in: `{size:.1f}` is a number as the language writes it, `{name!r}` is quoted."""

    def __init__(self, language: str) -> None:
        self._language = language

    def convert_field(self, value: Any, conversion: Any) -> Any:
        if conversion == "r" and isinstance(value, str):
            return f"'{value}'"  # nothing in it needs an escape any more
        return super().convert_field(value, conversion)

    def format_field(self, value: Any, format_spec: str) -> str:
        if isinstance(value, Sentence):
            return value.said(self._language)
        if isinstance(value, str) or not format_spec:
            return str(value)
        return format(value, format_spec).translate(COMMAS.get(self._language, {}))


_formats = cache(_Format)


def _filled(language: str, key: str, values: Any) -> str:
    return _formats(language).vformat(catalogue(language, "messages_")[key], (), values)
