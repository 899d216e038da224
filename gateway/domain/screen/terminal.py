"""A terminal's state, and what printing does to it.

The rule: text is written a run at a time. A run that would scroll off the page is not written at all.
Where terminals differ this one does as xterm.js; the cursor's column equals the width while a wrap is due.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs

from gateway.domain.screen.cells import FILL, MARK, to_cells
from gateway.domain.screen.page import Page, Saved
from gateway.domain.screen.palette import PLAIN_INK, Palette

AUTOWRAP, ORIGIN, SHOWN = 7, 6, 25
"""Private modes with a meaning for the screen itself."""

NORMAL_MODES = frozenset((AUTOWRAP, SHOWN))
"""The private modes a terminal begins with."""

ASCII_SETS = "BBBB"

_LINES = str.maketrans(
    "`abcdefghijklmnopqrstuvwxyz{|}~",
    "◆▒␉␌␍␊°±␤␋┘┐┌└┼⎺⎻─⎼⎽├┤┴┬│≤≥π≠£·",
)
_DESIGNATED = {"0": _LINES, "A": str.maketrans("#", "£")}


class Terminal:
    """Columns and rows, a cursor, pages, modes; the control sequences act on it."""

    __slots__ = (
        "alternate_saved", "autowrap", "charsets", "columns", "cursor_style", "height", "ink", "insert", "keypad",
        "last", "level", "modes", "newline", "origin", "page", "palette", "primary", "translation", "watch", "x", "y",
    )

    def __init__(self, columns: int, height: int) -> None:
        self.columns = columns
        self.height = height
        self.watch: Callable[[int, bool], None] | None = None
        self.primary = Page(columns, height)
        self.reset()

    def reset(self) -> None:
        """Be as new."""
        self.palette = Palette()
        self.page = self.primary
        self.page.reset()
        self.alternate_saved = Saved()
        self.x = self.y = 0
        self.last = ""
        self.modes: set[int] = set(NORMAL_MODES)
        self.keypad = False
        self.cursor_style = 0
        self.soften()

    def soften(self) -> None:
        """Reset style, margins, character sets, saved cursor and the modes that a soft reset touches."""
        self.ink = PLAIN_INK
        self.insert = self.newline = self.origin = self.keypad = False
        self.autowrap = True
        self.cursor_style = 0
        self.modes.difference_update((1, ORIGIN, 66, 1004, 2004, 2026))
        self.modes |= NORMAL_MODES
        self.use_sets(ASCII_SETS, 0)
        self.page.top, self.page.bottom = 0, self.height - 1
        self.page.saved = Saved()

    def use_sets(self, charsets: str, level: int) -> None:
        """Set the designated character sets and which one is in use."""
        self.charsets = charsets
        self.level = level
        self.translation = _DESIGNATED.get(charsets[level])

    def write(self, text: str) -> None:
        """Print text that may hold CR and LF."""
        if "\n" in text:
            lines = self._tail(text).split("\n")
            for line in lines[:-1]:
                self._line(line)
                self.line_feed()
            self._line(lines[-1])
        elif "\r" in text:
            self._line(text)
        else:
            self.print(text)

    def _tail(self, text: str) -> str:
        """Return what of a long text will be on the page when all of it is written, and scroll for the rest."""
        page = self.page
        start = len(text)
        if text.count("\n") <= self.height or page.bottom - page.top + 1 < self.height:
            return text
        for _ in range(self.height + 1):
            start = text.rindex("\n", 0, start)
        if text[start - 1 : start] != "\r" and not self.newline:
            return text
        self.last = ""
        page.gone += self.y + text.count("\n", 0, start + 1) - page.bottom
        page.clear(0, self.height, self.palette.eraser(self.ink))
        self.x, self.y = 0, page.bottom
        return text[start + 1 :]

    def _line(self, line: str) -> None:
        """Print text that may hold CR."""
        if "\r" not in line:
            if line:
                self.print(line)
            return
        *pieces, last = line.split("\r")
        for piece in pieces:
            if piece:
                self.print(piece)
            self.x, self.last = 0, ""
        if last:
            self.print(last)

    def print(self, text: str) -> None:
        """Print characters."""
        end = self.x + len(text)
        if end <= self.columns and text.isascii() and self.translation is None and not self.insert:
            self.page.rows[self.y].put(self.x, text, self.ink)
            self.x, self.last = end, text[-1]
            return
        if self.translation is not None:
            text = text.translate(self.translation)
        if not text.isascii():
            text = to_cells(text)
            if MARK in text:
                self._print_marked(text)
                return
        self.print_cells(text)

    def print_cells(self, cells: str) -> None:
        """Print characters, given cell by cell."""
        end = self.x + len(cells)
        if end <= self.columns and not self.insert:
            self.page.rows[self.y].put(self.x, cells, self.ink)
            self.x = end
        elif self.autowrap:
            self._print_wrapping(cells)
        else:
            self._print_pinned(cells)
        self.last = cells[-2:] if cells[-1] == FILL else cells[-1]

    def _print_wrapping(self, cells: str) -> None:
        while cells:
            if self.x + 1 + (cells[1:2] == FILL) > self.columns:
                self.page.rows[self.y].erase(self.x, self.columns, self.ink)
                if self.y == self.page.bottom and FILL not in cells:
                    self._print_rows(cells)
                    return
                self.down()
                self.x = 0
                self.page.rows[self.y].wrapped = True
            cells = self._print_fitting(cells)

    def _print_rows(self, cells: str) -> None:
        """Print narrow characters on rows that scroll in at the bottom margin; none that would scroll out again."""
        page, columns = self.page, self.columns
        starts = range(0, len(cells), columns)
        lost = max(0, len(starts) - (page.bottom + 1 - page.top))
        page.scroll(len(starts), self.palette.eraser(self.ink))
        rows = page.rows[page.bottom + 1 + lost - len(starts) : page.bottom + 1]
        inks = self.ink * columns
        for row, start in zip(rows[:-1], starts[lost:], strict=False):
            row.text, row.inks, row.wrapped = cells[start : start + columns], inks, True
        rows[-1].put(0, cells[starts[-1] :], self.ink)
        rows[-1].wrapped = True
        self.x = len(cells) - starts[-1]

    def _print_fitting(self, cells: str) -> str:
        """Print as many cells as there is room for; return the others."""
        room = self.columns - self.x
        if cells[room : room + 1] == FILL:
            room -= 1
        run = cells[:room]
        row = self.page.rows[self.y]
        if self.insert and run:
            row.insert(self.x, len(run), self.ink)
        row.put(self.x, run, self.ink)
        self.x += len(run)
        return cells[room:]

    def _print_pinned(self, cells: str) -> None:
        """Print without wrapping: what does not fit is printed on the last column, one over the other."""
        rest = self._print_fitting(cells)
        if rest:
            self.x = self.columns - 1
            narrow = [cell for cell, after in zip(rest, rest[1:] + " ", strict=True) if FILL not in (cell, after)]
            if narrow:
                self._print_fitting(narrow[-1])
            self.x = self.columns - (rest[-1] == FILL)

    def _print_marked(self, cells: str) -> None:
        """Print characters of which some stand on the cell before them."""
        first, *rest = cells.split(MARK)
        if first:
            self.print_cells(first)
        for piece in rest:
            self._mark(piece[0])
            if piece[1:]:
                self.print_cells(piece[1:])

    def _mark(self, mark: str) -> None:
        """Put a mark on the character left of the cursor."""
        row = self.page.rows[self.y]
        at = self.x - 1
        if at > 0 and row.text[at] == FILL:
            at -= 1
        if at < 0:
            return
        if self.palette.crowded:
            self._let_clusters_go()
        row.text = row.text[:at] + self.palette.marked(row.text[at], mark) + row.text[at + 1 :]
        self.last = row.text[at : self.x]

    def down(self) -> None:
        """Move the cursor one row down, scrolling at the bottom margin."""
        if self.y == self.page.bottom:
            self.page.scroll(1, self.palette.eraser(self.ink))
        elif self.y < self.height - 1:
            self.y += 1

    def line_feed(self) -> None:
        """Obey LF; in new-line mode it returns the carriage too."""
        self.last = ""
        if self.newline:
            self.x = 0
        y = self.y
        self.down()
        if self.y != y:
            self.page.rows[self.y].wrapped = False
        if self.x >= self.columns:
            self.x -= 1

    def place(self, x: int, y: int) -> None:
        """Put the cursor, ``y`` counted from the top margin in origin mode."""
        self.x = max(0, min(x, self.columns - 1))
        if self.origin:
            self.y = max(self.page.top, min(self.page.top + y, self.page.bottom))
        else:
            self.y = max(0, min(y, self.height - 1))

    def restyle(self, parameters: str) -> None:
        """Obey ``CSI … m``."""
        self.ink = self.palette.restyled(self.ink, parameters)
        if self.palette.full:
            self._let_inks_go()

    def save(self) -> None:
        """Keep cursor, style and character sets."""
        self.page.saved = Saved(
            min(self.x, self.columns - 1), self.y, self.ink, self.charsets, self.level, self.origin
        )

    def restore(self) -> None:
        """Take back what was kept."""
        saved = self.page.saved
        self.x, self.y, self.ink = saved.x, saved.y, saved.ink
        self.set_origin(saved.origin)
        self.use_sets(saved.charsets, saved.level)
        if self.origin:
            self.y = max(self.page.top, min(self.y, self.page.bottom))

    def set_origin(self, on: bool) -> None:
        """Switch origin mode."""
        self.origin = on
        (self.modes.add if on else self.modes.discard)(ORIGIN)

    def show_alternate(self, on: bool) -> None:
        """Switch to the alternate page, which is blank then, or back to the primary one."""
        if on == (self.page is not self.primary):
            return
        if on:
            self.page = Page(self.columns, self.height, self.palette.eraser(self.ink))
            self.page.saved = self.alternate_saved
        else:
            self.alternate_saved = self.page.saved
            self.page = self.primary
        if self.origin:
            self.y = max(self.page.top, min(self.y, self.page.bottom))

    def resize(self, columns: int, height: int) -> None:
        """Change the size; rows are cut or lengthened, not flowed anew."""
        for page in self._pages() - {self.page}:
            page.resize(columns, height, page.saved.y)
        moved = self.page.resize(columns, height, self.y)
        self.alternate_saved = self.alternate_saved.within(columns, height)
        self.columns, self.height = columns, height
        self.x, self.y = min(self.x, columns - 1), self.y - moved

    def _pages(self) -> set[Page]:
        return {self.primary, self.page}

    def _let_inks_go(self) -> None:
        """Forget styles that nothing shows."""
        used = {self.ink, self.alternate_saved.ink}
        for page in self._pages():
            used.add(page.saved.ink)
            for row in page.rows:
                used.update(row.inks)
        moved = self.palette.keep(used)
        for page in self._pages():
            page.saved = attrs.evolve(page.saved, ink=page.saved.ink.translate(moved))
            for row in page.rows:
                row.inks = row.inks.translate(moved)
        self.alternate_saved = attrs.evolve(self.alternate_saved, ink=self.alternate_saved.ink.translate(moved))
        self.ink = self.ink.translate(moved)

    def _let_clusters_go(self) -> None:
        """Forget marked characters that nothing shows."""
        used = set(self.last)
        for page in self._pages():
            for row in page.rows:
                used.update(row.text)
        moved = self.palette.keep_clusters(used)
        for page in self._pages():
            for row in page.rows:
                row.text = row.text.translate(moved)
        self.last = self.last.translate(moved)

