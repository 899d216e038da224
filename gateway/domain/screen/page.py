"""The rows of one page: a terminal has a primary one, and an alternate one while a full-screen program runs.

The rule: each row is exactly as wide as its page, text and ink alike, and no half of a wide character stands alone.
"""

from __future__ import annotations

import attrs

from gateway.domain.screen.cells import FILL
from gateway.domain.screen.palette import PLAIN_INK

TAB = 8


@attrs.frozen
class Saved:
    """What DECSC keeps; the character sets as designated, and which of them is in use."""

    x: int = 0
    y: int = 0
    ink: str = PLAIN_INK
    charsets: str = "BBBB"
    level: int = 0
    origin: bool = False

    def within(self, columns: int, height: int) -> Saved:
        """Return the same in a page of another size."""
        return attrs.evolve(self, x=min(self.x, columns - 1), y=max(0, min(self.y, height - 1)))


class Row:
    """One row: a character and an ink for each cell; ``wrapped`` where it continues the row above."""

    __slots__ = ("inks", "text", "wrapped")

    def __init__(self, text: str, inks: str) -> None:
        self.text = text
        self.inks = inks
        self.wrapped = False

    def put(self, x: int, cells: str, ink: str) -> None:
        """Write cells from ``x`` on; they must fit."""
        text, inks, end = self.text, self.inks, x + len(cells)
        if not text.isascii():
            if text[x : x + 1] == FILL:
                cells, x = " " + cells, x - 1
            if text[end : end + 1] == FILL:
                cells, end = cells + " ", end + 1
        self.text = text[:x] + cells + text[end:]
        self.inks = inks[:x] + ink * (end - x) + inks[end:]

    def erase(self, start: int, end: int, ink: str) -> None:
        """Blank the cells from ``start`` to before ``end``."""
        end = min(end, len(self.text))
        if start < end:
            self.put(start, " " * (end - start), ink)

    def insert(self, x: int, count: int, ink: str) -> None:
        """Move the cells from ``x`` on to the right; what passes the edge is gone."""
        columns = len(self.text)
        count = min(count, columns - x)
        if not self.text.isascii():
            self._part(x, ink)
            self._part(columns - count, ink)
        self.text = (self.text[:x] + " " * count + self.text[x:])[:columns]
        self.inks = (self.inks[:x] + ink * count + self.inks[x:])[:columns]

    def delete(self, x: int, count: int, ink: str) -> None:
        """Take cells away at ``x``; those to the right move up."""
        count = min(count, len(self.text) - x)
        if not self.text.isascii():
            self._part(x, ink)
            self._part(x + count, ink)
        self.text = self.text[:x] + self.text[x + count :] + " " * count
        self.inks = self.inks[:x] + self.inks[x + count :] + ink * count

    def resize(self, columns: int) -> None:
        """Cut or lengthen at the right."""
        self._part(columns, PLAIN_INK)
        self.text = self.text[:columns].ljust(columns)
        self.inks = self.inks[:columns].ljust(columns, PLAIN_INK)

    def _part(self, at: int, ink: str) -> None:
        """Blank the wide character that lies across the left edge of a cell, if any."""
        if self.text[at : at + 1] == FILL:
            self.put(at - 1, "  ", ink)


def default_stops(columns: int) -> frozenset[int]:
    """Return the tab stops that a page begins with."""
    return frozenset(range(0, columns, TAB))


class Page:
    """Rows, margins (first and last row of the scrolling region), tab stops and a saved cursor."""

    __slots__ = ("bottom", "columns", "gone", "rows", "saved", "tabs", "top")

    def __init__(self, columns: int, height: int, ink: str = PLAIN_INK) -> None:
        self.columns = columns
        blank, inks = " " * columns, ink * columns
        self.rows = [Row(blank, inks) for _ in range(height)]
        self.gone = 0
        self._begin()

    def _begin(self) -> None:
        self.top = 0
        self.bottom = len(self.rows) - 1
        self.tabs = default_stops(self.columns)
        self.saved = Saved()

    def reset(self) -> None:
        """Be as new, but for what is counted in ``gone``."""
        self.clear(0, len(self.rows), PLAIN_INK)
        self._begin()

    def clear(self, start: int, end: int, ink: str, character: str = " ") -> None:
        """Blank the rows from ``start`` to before ``end``, or fill them with a character."""
        blank, inks = character * self.columns, ink * self.columns
        for row in self.rows[start:end]:
            row.text, row.inks, row.wrapped = blank, inks, False

    def scroll(self, count: int, ink: str) -> None:
        """Move the scrolling region up; rows that leave the page at its top are counted in ``gone``."""
        if self.top == 0:
            self.gone += count
        self.up(self.top, count, ink)

    def up(self, start: int, count: int, ink: str) -> None:
        """Take rows away at ``start``; blank ones come in at the bottom margin."""
        count = min(count, self.bottom + 1 - start)
        rows = self.rows
        moved = rows[start : start + count]
        del rows[start : start + count]
        end = self.bottom + 1 - count
        rows[end:end] = moved
        self.clear(end, end + count, ink)

    def down(self, start: int, count: int, ink: str) -> None:
        """Put blank rows in at ``start``; the last ones go at the bottom margin."""
        count = min(count, self.bottom + 1 - start)
        end = self.bottom + 1 - count
        rows = self.rows
        moved = rows[end : end + count]
        del rows[end : end + count]
        rows[start:start] = moved
        self.clear(start, start + count, ink)

    def next_stop(self, x: int) -> int:
        """Return the column of the next tab stop, or the last column."""
        return min((stop for stop in self.tabs if stop > x), default=self.columns - 1)

    def previous_stop(self, x: int) -> int:
        """Return the column of the tab stop before, or the first column."""
        return max((stop for stop in self.tabs if stop < x), default=0)

    def resize(self, columns: int, height: int, y: int) -> int:
        """Change the size as xterm does, the cursor being in row ``y``; return how far the rows moved up."""
        moved = max(0, y + 1 - height)
        self.gone += moved
        del self.rows[:moved]
        del self.rows[height:]
        for row in self.rows:
            row.resize(columns)
        self.tabs = frozenset(
            {stop for stop in self.tabs if stop < columns} | set(range(-(-self.columns // TAB) * TAB, columns, TAB))
        )
        self.columns = columns
        self.rows += [Row(" " * columns, PLAIN_INK * columns) for _ in range(height - len(self.rows))]
        self.top, self.bottom = 0, height - 1
        self.saved = attrs.evolve(self.saved, y=self.saved.y - moved).within(columns, height)
        return moved
