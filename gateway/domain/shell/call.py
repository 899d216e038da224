"""A program that is called, as those who read what it runs get it.

The rule: words are those the program would get, holes in them stand for what is not known.
"""

from __future__ import annotations

import re

import attrs

from gateway.domain.shell.plumbing import UNSEEN, Plumbing
from gateway.domain.shell.unknown import ANY


@attrs.frozen
class Call:
    """A program with its words, and its plumbing."""

    name: str
    path: str
    args: tuple[str, ...]
    plumbing: Plumbing = Plumbing()

    @property
    def stdin(self) -> str | None:
        """What it reads; :data:`~gateway.domain.shell.plumbing.UNSEEN` for a file that the session did not write."""
        return self.plumbing.stdin

    @property
    def text(self) -> str:
        """What it reads, as text; a hole where that is not known."""
        return ANY if self.stdin in (None, UNSEEN) or self.stdin is None else self.stdin


def quoted(word: str) -> str:
    """Return a word in quotes, so that reading it again gives the same word."""
    return word if ANY in word or re.fullmatch(r"[\w/.:@%+,=-]+", word) else "'" + word.replace("'", "'\\''") + "'"
