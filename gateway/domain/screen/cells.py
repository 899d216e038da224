"""What stands in one cell of a screen, and how many cells a character takes.

The rule: a row is a string with exactly one character for each cell. The second cell of a wide character is
:data:`FILL`, a character with marks (accents, joiners, variation selectors) is one lone surrogate that the
screen's palette knows; decoded UTF-8 never has either.
"""

from __future__ import annotations

import unicodedata

import attrs

BOLD, DIM, ITALIC, UNDERLINE, BLINK, REVERSE, CONCEAL, STRIKE = (1 << bit for bit in range(8))
"""The flags of a style."""

DEFAULT = -1
"""The colour a terminal has of itself."""

RGB = 1 << 24
"""Set in a colour that is not an index of the 256 but red, green and blue, eight bits each."""

FILL = "\udfff"
"""The second cell of a wide character."""

MARK = "\udffe"
"""Stands, in what :func:`to_cells` returns, before a character that takes no cell."""

KNOWN = 8192
"""How many characters' widths are remembered."""


@attrs.frozen
class Style:
    """How a cell looks: colours (-1, 0–255, or :data:`RGB` and 24 bits) and flags."""

    fg: int = DEFAULT
    bg: int = DEFAULT
    flags: int = 0


PLAIN = Style()
"""What a terminal begins with."""


@attrs.frozen
class Cell:
    """One cell: its character with its marks (empty: second half of a wide one), cells taken, and look."""

    text: str
    width: int
    style: Style

    @property
    def dim(self) -> bool:
        """Tell whether the cell is dim, as shells paint what they merely suggest."""
        return bool(self.style.flags & DIM)


_SPREAD: dict[int, str] = {}


def width(character: str) -> int:
    """Return the cells a character takes: 0, 1 or 2."""
    if character < "\u0300":
        return 1
    if unicodedata.category(character) in ("Mn", "Me", "Cf") or "\u1160" <= character <= "\u11ff":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def to_cells(text: str) -> str:
    """Return printable text cell by cell, with :data:`FILL` after wide characters and :data:`MARK` before marks."""
    unknown = set(map(ord, text)).difference(_SPREAD)
    if unknown:
        if len(_SPREAD) + len(unknown) > KNOWN:
            _SPREAD.clear()
            unknown = set(map(ord, text))
        for character in map(chr, unknown):
            _SPREAD[ord(character)] = (MARK + character, character, character + FILL)[width(character)]
    return text.translate(_SPREAD)
