"""The bytes that paint a screen as it is on a terminal of the same size.

The rule: fed to a fresh terminal they give the same text, looks, wraps, modes, margins, tab stops, cursor and
saved cursors, the primary page behind the alternate one included; and only widely obeyed sequences are used.
Not part of a screen is the character that CSI b would repeat.
"""

from __future__ import annotations

import re

from gateway.domain.screen.cells import FILL
from gateway.domain.screen.page import Page, Row, Saved, default_stops
from gateway.domain.screen.palette import PLAIN_INK, Palette
from gateway.domain.screen.terminal import ASCII_SETS, NORMAL_MODES, ORIGIN, Terminal

AFRESH = (
    "\x18\x1b[?1047l\x1b[!p\x1b[?9;12;1000;1002;1003;1004;1005;1006;1015;1016;2004l\x1b[?7h\x1b[4l\x1b[20l\x1b>"
    "\x1b[r\x1b[?5W\x1b[0 q\x0f\x1b[m\x1b[2J\x1b[H"
)
"""Makes a terminal in any state as good as fresh; it keeps its title and what has scrolled away."""

_RUNS = re.compile(r"(.)\1*", re.DOTALL)
_SHIFTS = ("\x0f", "\x0e", "\x1bn", "\x1bo")


class _Painter:
    """Write down what paints; know style and character sets as the terminal has them by then."""

    __slots__ = ("_ink", "_level", "_palette", "_sets", "words")

    def __init__(self, palette: Palette) -> None:
        self._palette = palette
        self._ink = PLAIN_INK
        self._sets, self._level = ASCII_SETS, 0
        self.words: list[str] = []

    def ink(self, ink: str) -> None:
        if ink != self._ink:
            self._ink = ink
            self.words.append(self._palette.code(ink))

    def sets(self, charsets: str, level: int) -> None:
        for opening, old, new in zip("()*+", self._sets, charsets, strict=True):
            if old != new:
                self.words.append(f"\x1b{opening}{new}")
        if level != self._level:
            self.words.append(_SHIFTS[level])
        self._sets, self._level = charsets, level

    def at(self, x: int, y: int) -> None:
        self.words.append(f"\x1b[{y + 1};{x + 1}H")

    def row(self, row: Row, least: int = 0) -> None:
        """Paint a row from its first cell on, at least so many cells; blanks at its end are there already."""
        text, inks = row.text, row.inks
        end = max(least, len(inks.rstrip(PLAIN_INK)), len(text.rstrip(" ")))
        spell, code, words = self._palette.text, self._palette.code, self.words
        for run in _RUNS.finditer(inks, 0, end):
            ink = run[1]
            if ink != self._ink:
                words.append(code(ink))
                self._ink = ink
            words.append(spell(text[run.start() : run.end()]))

    def edge(self, row: Row, y: int) -> None:
        """Paint the last character of a row, so that a wrap is due."""
        x = len(row.text) - 1
        if row.text[x] == FILL:
            x -= 1
        self.at(x, y)
        self.ink(row.inks[x])
        self.words.append(self._palette.text(row.text[x:]))

    def page(self, page: Page) -> None:
        """Paint all rows; what follows another row is painted over the edge of that one."""
        for y, row in enumerate(page.rows):
            if not row.wrapped:
                if end := row.text.rstrip(" ") or row.inks.rstrip(PLAIN_INK):
                    self.at(0, y)
                    self.row(row, min(1, len(end)))
            elif y:
                self.edge(page.rows[y - 1], y - 1)
                self.row(row, 1)
            else:
                self._first(row, len(page.rows))
        self._saved(page.saved)
        self._frame(page)

    def _first(self, row: Row, height: int) -> None:
        """Paint a first row that follows one which has gone: below a filler, which is then taken out."""
        self.at(0, 0)
        self.ink(PLAIN_INK)
        self.words.append(" " * len(row.text))
        if height == 1:
            # The wrap scrolls here, and what scrolls in has the ground of the moment: let it be the plain one.
            self.words.append(" ")
            self.at(0, 0)
        self.row(row, 1)
        if height > 1:
            self.ink(PLAIN_INK)
            self.words.append("\x1b[H\x1b[M")

    def _saved(self, saved: Saved) -> None:
        if saved == Saved():
            return
        if saved.origin:
            self.words.append("\x1b[?6h")
        self.at(saved.x, saved.y)
        self.ink(saved.ink)
        self.sets(saved.charsets, saved.level)
        self.words.append("\x1b7")
        self.sets(ASCII_SETS, 0)
        if saved.origin:
            self.words.append("\x1b[?6l")

    def _frame(self, page: Page) -> None:
        """Set tab stops and margins."""
        if page.tabs != default_stops(page.columns):
            self.words.append("\x1b[3g")
            self.words += [f"\x1b[1;{stop + 1}H\x1bH" for stop in sorted(page.tabs)]
        if (page.top, page.bottom) != (0, len(page.rows) - 1):
            self.words.append(f"\x1b[{page.top + 1};{page.bottom + 1}r")

    def saved_behind(self, saved: Saved) -> None:
        """Give the alternate page, which is not shown, its saved cursor."""
        if saved != Saved():
            self.words.append("\x1b[?47h")
            self._saved(saved)
            self.words.append("\x1b[?47l")

    def alternate(self) -> None:
        """Show the alternate page, blank."""
        self.ink(PLAIN_INK)
        self.words.append("\x1b[?47h\x1b[2J")


def dump(terminal: Terminal) -> str:
    """Return what paints a terminal's present screen on a fresh one."""
    painter = _Painter(terminal.palette)
    if terminal.page is terminal.primary:
        painter.saved_behind(terminal.alternate_saved)
    painter.page(terminal.primary)
    if terminal.page is not terminal.primary:
        painter.alternate()
        painter.page(terminal.page)
    _cursor(terminal, painter)
    painter.words += _modes(terminal)
    painter.ink(terminal.ink)
    painter.sets(terminal.charsets, terminal.level)
    return "".join(painter.words)


def _cursor(terminal: Terminal, painter: _Painter) -> None:
    top = 0
    if terminal.origin:
        painter.words.append("\x1b[?6h")
        top = terminal.page.top
    if terminal.x < terminal.columns:
        painter.at(terminal.x, terminal.y - top)
    else:
        painter.edge(terminal.page.rows[terminal.y], terminal.y - top)


def _modes(terminal: Terminal) -> list[str]:
    """Return what sets the modes that are not as a terminal begins with; none of it moves the cursor."""
    words = []
    for mode in sorted((terminal.modes ^ NORMAL_MODES) - {ORIGIN}):
        words.append(f"\x1b[?{mode}{'h' if mode in terminal.modes else 'l'}")
    words += ["\x1b[4h"] * terminal.insert + ["\x1b[20h"] * terminal.newline + ["\x1b="] * terminal.keypad
    if terminal.cursor_style:
        words.append(f"\x1b[{terminal.cursor_style} q")
    return words
