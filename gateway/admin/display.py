"""A person's terminal, while a verb has it whole: keys come as they are typed, what is painted goes as it is.

The rule: only what :mod:`gateway.domain.screen.view` painted, or is made of the same few words, is written here; a
verb that takes a terminal gives it back as it was, however it ends.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import attrs

from gateway.admin.refusal import usage
from gateway.domain.screen.view import ENTER, LEAVE

LEAST, MOST = 1, 1000
"""Cells along a side; others are taken for the nearest."""


class Holder(Protocol):
    """What a verb hears while it holds a terminal."""

    def typed(self, chunk: bytes) -> None:
        """Take keys."""

    def resized(self) -> None:
        """Hear that the terminal has another size."""

    def drained(self) -> None:
        """Hear that the terminal takes more."""


@attrs.define(eq=False)
class Display:
    """A terminal of a door; ``raw`` tells the door to hand over keys as they are, or no more."""

    columns: int
    rows: int
    write: Callable[[bytes], None]
    full: Callable[[], bool]
    raw: Callable[[bool], None] = lambda on: None
    holder: Holder | None = None

    def __attrs_post_init__(self) -> None:
        self._fit(self.columns, self.rows)

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows."""
        return self.columns, self.rows

    def take(self, holder: Holder) -> None:
        """Take the terminal. Raises :exc:`gateway.admin.refusal.Refusal` when it is taken."""
        if self.holder is not None:
            raise usage("something else has the terminal")
        self.holder = holder
        self.raw(True)
        self.paint(ENTER)

    def give_back(self) -> None:
        """Leave the terminal as it was."""
        if self.holder is not None:
            self.holder = None
            self.paint(LEAVE)
            self.raw(False)

    def paint(self, words: str) -> None:
        """Write what paints."""
        self.write(words.encode("utf-8", "replace"))

    def resize(self, columns: int, rows: int) -> None:
        """Take a new size from the door."""
        self._fit(columns, rows)
        if self.holder is not None:
            self.holder.resized()

    def drained(self) -> None:
        """Take from the door that the terminal takes more."""
        if self.holder is not None:
            self.holder.drained()

    def _fit(self, columns: int, rows: int) -> None:
        """Take a size; 0 says that the terminal does not know it (RFC 4254, 6.2)."""
        self.columns = min(max(columns or 80, LEAST), MOST)
        self.rows = min(max(rows or 24, LEAST), MOST)
