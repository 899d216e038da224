"""How text looks on a terminal: cleaned of what is not for eyes, and measured in cells.

The rule: what goes to a terminal as text has no control or direction characters and is never wider than
asked.
"""

from __future__ import annotations

import unicodedata


def clean(text: str) -> str:
    """Return text with every character that is not printable shown as ``?``."""
    return "".join(each if each.isprintable() else "?" for each in text)


def width(text: str) -> int:
    """Return how many cells text takes."""
    return sum(map(_cells, text))


def cut(text: str, columns: int) -> str:
    """Return cleaned text, cut to fit into so many cells."""
    kept, used = list[str](), 0
    for each in clean(text):
        used += _cells(each)
        if used > columns:
            break
        kept.append(each)
    return "".join(kept)


def _cells(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
