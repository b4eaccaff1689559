"""The one error type for faults a user can cause."""

from functools import partial
from types import MappingProxyType
from typing import Any

from cla.texts.sentence import Sentence, safe_value


class ClaError(Exception):
    """A fault the user can put right: `ClaError("file_empty", file="speech.wav")`.

    Its sentences stand under its key in the catalogue of each language,
    `cla/texts/messages_<language>.toml`; they are safe to print, whatever they quote.

    Of its attributes `message` and `remedy` are for people, `key` and `values` for programs: values
    are numbers, None or text.

    Args:
        key: which fault it is.
        values: what its sentences quote, by name.
    """

    def __init__(self, key: str, /, **values: object) -> None:
        self.key = key
        self.values: MappingProxyType[str, Any] = MappingProxyType(
            {name: safe_value(value) for name, value in values.items()}
        )
        super().__init__(key, dict(self.values))

    @property
    def message(self) -> Sentence:
        """What happened."""
        return Sentence(f"{self.key}.message", **self.values)

    @property
    def remedy(self) -> Sentence:
        """What to do about it."""
        return Sentence(f"{self.key}.remedy", **self.values)

    def said(self, language: str) -> str:
        """What happened and what to do about it, in a language of the catalogue."""
        return f"{self.message.said(language)} {self.remedy.said(language)}"

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}"

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(ClaError, self.key, **self.values), ()
