"""What is not known of a word, as characters of it.

The rule: :data:`ANY` stands for any text, also none, also several words, also options; :data:`SOME` for one harmless
piece of a word (a number, a home folder, a language): never an option by itself, never code. No real word of a
command line holds either character.
"""

from __future__ import annotations

ANY = "\0"
SOME = "\1"
HOLES = frozenset((ANY, SOME))


def is_known(text: str) -> bool:
    """Say whether nothing in a text is unknown."""
    return ANY not in text and SOME not in text


def shown(text: str) -> str:
    """Return a text for people, with an ellipsis for what is unknown."""
    return text.replace(ANY, "\N{HORIZONTAL ELLIPSIS}").replace(SOME, "\N{HORIZONTAL ELLIPSIS}")


def beginning(text: str) -> str:
    """Return what is known of the beginning."""
    return text[: min((text.find(hole) for hole in HOLES if hole in text), default=len(text))]
