"""Names and other foreign texts, made safe to print, to store and to send."""

import unicodedata

JOINERS = "\u200c\u200d"
"""Parts of words in some scripts, and of many emoji."""


def printable(text: object) -> str:
    """A text that prints as what it is: on one line, and commanding no terminal.

    Control characters, characters that turn the direction of writing, and bytes that were not
    UTF-8 become escapes as in Python's literals. The result can always be encoded.
    """
    return "".join(map(_shown, str(text)))


def _shown(character: str) -> str:
    # Spaces of other widths are in the names that some systems give to screenshots.
    if character.isprintable() or character in JOINERS or unicodedata.category(character) == "Zs":
        return character
    return character.encode("unicode_escape").decode("ascii")
