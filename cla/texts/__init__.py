"""Everything that is said, in each language: by the pages in `<language>.toml`, by the library in
`messages_<language>.toml`."""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

LANGUAGES = MappingProxyType({"en": "English", "de": "Deutsch"})
FALLBACK = "en"


class Texts:
    """The catalogue of one language, by dotted key."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._texts = catalogue(language)

    def __call__(self, key: str, **values: object) -> str:
        """The text of `key`, with `{name}` replaced by the values; numbers are written already."""
        text = self._texts[key]
        return text.format(**values) if values else text

    def section(self, name: str) -> dict[str, str]:
        """The texts whose keys begin with `name.`, by the rest of their key."""
        prefix = f"{name}."
        return {
            key.removeprefix(prefix): text
            for key, text in self._texts.items()
            if key.startswith(prefix)
        }

    def number(self, value: float, digits: int = 0) -> str:
        """A number as the language writes it."""
        written = f"{value:,.{digits}f}"
        return written.translate(str.maketrans(",.", ".,")) if self.language == "de" else written

    @property
    def separators(self) -> str:
        """Decimal and thousands separator, as Plotly wants them."""
        return ",." if self.language == "de" else ".,"


@cache
def catalogue(language: str, which: str = "") -> Mapping[str, str]:
    """All texts of a language by dotted key: of the pages, or of the library ("messages_")."""
    import tomllib  # only where something is said: errors can be imported by whoever hurries

    path = Path(__file__).parent / f"{which}{language}.toml"
    return MappingProxyType(dict(_flatten(tomllib.loads(path.read_text("utf-8")))))


def choose(*wishes: str | None) -> str:
    """The first wish that is spoken here; a locale such as de-AT counts as its language."""
    for wish in wishes:
        language = (wish or "").split("-")[0].lower()
        if language in LANGUAGES:
            return language
    return FALLBACK


def _flatten(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flatten(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value.strip()
