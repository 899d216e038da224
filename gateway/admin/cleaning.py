"""What may be painted on a person's terminal.

The rule: text that came from data (a session, a name, a command line) reaches a terminal only through
:func:`clean`; no control, format, bidi, surrogate or private character passes.
"""

from __future__ import annotations

import unicodedata

HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
SPACES = frozenset("\t\n\r\v\f\x85\u2028\u2029")


def clean(text: str) -> str:
    """Return one line of text with white space as blanks and everything unpaintable removed."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        " " if character in SPACES else character
        for character in text
        if character in SPACES or unicodedata.category(character) not in HIDDEN
    )


def clean_lines(text: str) -> str:
    """Return text of several lines, each one cleaned; lines end with a line feed alone."""
    return "\n".join(clean(line) for line in text.split("\n"))


def counted(count: int, thing: str) -> str:
    """Return how many of a thing there are, in words that fit one and many."""
    return f"{count} {thing}{'' if count == 1 else 's'}"


def width(text: str) -> int:
    """Return how many columns cleaned text takes on a terminal."""
    if text.isascii():
        return len(text)
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) == "Me":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
