"""A channel's screen, as everybody but this room sees it.

The rule: bytes are taken at once and read when somebody looks. What waits is bounded: beyond the bound the oldest
is read, a portion at a time, so that output nobody looks at costs little and a look costs little too.
"""

from __future__ import annotations

import codecs
from collections import deque
from collections.abc import Callable
from typing import Any

from gateway.domain.screen.cells import FILL, Cell, Style
from gateway.domain.screen.dump import AFRESH, dump
from gateway.domain.screen.obey import Obeying
from gateway.domain.screen.page import Row
from gateway.domain.screen.parser import Parser
from gateway.domain.screen.terminal import Terminal

BACKLOG = 64 << 10
"""Bytes that may wait unread."""

PORTION = 8 << 10
"""Bytes read at once of a backlog that is too long: two milliseconds of full-screen output."""

LEAST, WIDEST, HIGHEST = 2, 1000, 500
"""Columns at least; columns and rows at most. Other sizes are taken for the nearest; 0 says nothing (RFC 4254, 6.2)."""

USUAL = (80, 24)
"""Columns and rows of a terminal whose size is not known."""

BRACKETED_PASTE = 2004

_UTF_8 = codecs.getincrementaldecoder("utf-8")


class Screen:
    """A terminal's screen, made of the bytes that went to it."""

    __slots__ = ("_backlog", "_chunks", "_decoder", "_obeying", "_parser", "_terminal", "_waiting")

    def __init__(self, columns: int = 0, rows: int = 0, backlog: int = BACKLOG) -> None:
        self._terminal = Terminal(_fit(columns or USUAL[0], LEAST, WIDEST), _fit(rows or USUAL[1], 1, HIGHEST))
        self._obeying = Obeying(self._terminal)
        self._parser = Parser()
        self._decoder = _UTF_8("replace")
        self._chunks: deque[bytes] = deque()
        self._waiting = 0
        self._backlog = backlog

    def feed(self, chunk: bytes) -> None:
        """Take what goes to the terminal next."""
        self._chunks.append(chunk)
        self._waiting += len(chunk)
        while self._waiting > self._backlog:
            self._read(PORTION)

    def settle(self) -> None:
        """Read all that waits; every question below does so first."""
        if self._chunks:
            self._read(self._waiting)

    def watch(self, switched: Callable[[int, bool], None] | None) -> None:
        """Call ``switched(mode, on)`` for each private mode at the moment it is read, the screen being as it was then.

        Nothing may be asked of this screen in that call except :meth:`spot` and :meth:`standing`.
        """
        self._terminal.watch = switched

    def resize(self, columns: int, rows: int) -> None:
        """Change the size; rows are cut or lengthened, not flowed anew."""
        self.settle()
        self._terminal.resize(_fit(columns or self.columns, LEAST, WIDEST), _fit(rows or self.rows, 1, HIGHEST))

    @property
    def columns(self) -> int:
        """How many columns there are."""
        return self._terminal.columns

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return self._terminal.height

    @property
    def cursor(self) -> tuple[int, int]:
        """Column and row of the cursor, from 0; the last column also while a wrap is due."""
        self.settle()
        return self.spot()

    def spot(self) -> tuple[int, int]:
        """Return the cursor without reading what waits."""
        return min(self._terminal.x, self._terminal.columns - 1), self._terminal.y

    def standing(self) -> tuple[int, int]:
        """Return the cursor's column and its row's number for good, as :attr:`scrolled` says, without reading."""
        x, y = self.spot()
        return x, y + self._terminal.page.gone

    @property
    def wrap_due(self) -> bool:
        """Tell whether the last column was just written, so that the next character begins a new row."""
        self.settle()
        return self._terminal.x == self._terminal.columns

    @property
    def scrolled(self) -> int:
        """How many rows have left this page at its top: at least; with a row's number it names it for good."""
        self.settle()
        return self._terminal.page.gone

    @property
    def alternate(self) -> bool:
        """Tell whether the alternate page is shown, as full-screen programs do."""
        self.settle()
        return self._terminal.page is not self._terminal.primary

    @property
    def modes(self) -> frozenset[int]:
        """The private modes that are on, 2004 being bracketed paste; without those of the alternate page."""
        self.settle()
        return frozenset(self._terminal.modes)

    @property
    def bracketed_paste(self) -> bool:
        """Tell whether bracketed paste is on, as it is while a line editor reads."""
        return BRACKETED_PASTE in self.modes

    def row(self, n: int, start: int = 0, end: int | None = None) -> str:
        """Return a row's text between two columns, blanks at its end included."""
        return self._terminal.palette.text(self._row(n).text[start:end])

    def text(self) -> list[str]:
        """Return each row's text without the blanks at its end."""
        return [self.row(n).rstrip(" ") for n in range(self.rows)]

    def wrapped(self, n: int) -> bool:
        """Tell whether a row continues the row above it."""
        return self._row(n).wrapped

    def cell(self, x: int, y: int) -> Cell:
        """Return one cell; the second half of a wide character has no text and no width."""
        row, palette = self._row(y), self._terminal.palette
        width = 0 if row.text[x] == FILL else 1 + (row.text[x + 1 : x + 2] == FILL)
        return Cell(palette.text(row.text[x]), width, palette.style(row.inks[x]))

    def spans(self, n: int) -> list[tuple[int, str, Style]]:
        """Return a row in pieces of one look: first column, text, style."""
        row, palette = self._row(n), self._terminal.palette
        starts = [x for x, ink in enumerate(row.inks) if not x or ink != row.inks[x - 1]]
        ends = [*starts[1:], len(row.inks)]
        return [
            (start, palette.text(row.text[start:end]), palette.style(row.inks[start]))
            for start, end in zip(starts, ends, strict=True)
        ]

    def dump(self) -> bytes:
        """Return the bytes that paint this screen on a fresh terminal of the same size.

        A sequence or character that was cut is begun at their end, so that the bytes fed next may follow them.
        """
        self.settle()
        return self._painting().encode() + self._decoder.getstate()[0]

    def repaint(self) -> bytes:
        """Return the bytes that paint this screen on a terminal of the same size in any state."""
        return AFRESH.encode() + self.dump()

    def snapshot(self) -> dict[str, Any]:
        """Return what a player begins a frame with: ``cols``, ``rows`` and ``init``, the dump as text.

        A character that was cut is left out: as text it is whole in what follows.
        """
        self.settle()
        return {"cols": self.columns, "rows": self.rows, "init": self._painting()}

    def _painting(self) -> str:
        return dump(self._terminal) + self._parser.begun

    def _row(self, n: int) -> Row:
        self.settle()
        return self._terminal.page.rows[n]

    def _read(self, least: int) -> None:
        """Read at least so many bytes of what waits."""
        taken: list[bytes] = []
        size = 0
        while size < least and self._chunks:
            taken.append(self._chunks.popleft())
            size += len(taken[-1])
        self._waiting -= size
        self._parser.feed(self._decoder.decode(b"".join(taken)), self._obeying)


def _fit(size: int, least: int, most: int) -> int:
    return max(least, min(size, most))
