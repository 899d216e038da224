"""A screen as somebody else's terminal may safely be given it.

The rule: what is painted is made from the model alone and speaks a small language, :data:`GRAMMAR`: text, colours,
cursor, blanking. Nothing that a session wrote is ever passed on: no OSC, DCS or query, no control character, no
character that turns the direction of text. Two pictures differ by the bytes of :func:`paint`, and whoever was painted
the first and is given them sees the second.

Known limits: reverse video of the whole screen is not shown, and a terminal that gives a character another width than
this model is off by it until the row's next piece.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

import attrs

from gateway.domain.screen.cells import PLAIN, Style, width
from gateway.domain.screen.screen import Screen
from gateway.domain.screen.sgr import sequence
from gateway.domain.screen.terminal import SHOWN

Span = tuple[int, str, Style]
"""First column, text, look."""
Spans = tuple[Span, ...]

ENTER = "\x1b[?1049h\x1b[?7l\x1b[m\x1b[2J"
"""Takes a terminal over: its own page, and no line ever wraps."""
LEAVE = "\x1b[m\x1b[?25h\x1b[?7h\x1b[?1049l"
"""Gives it back as it was."""

GRAMMAR: Final = re.compile(
    r"(?:\x1b\[(?:\d{1,4};\d{1,4}H|[0-9;]*m|2J|K|\?(?:25|7|1049)[hl])|[^\x00-\x1f\x7f-\x9f])*"
)
"""All that a viewer's terminal is ever sent, as decoded text; which characters may stand in it says :func:`safe`."""

JOINERS: Final = frozenset("\u200d\ufe0e\ufe0f")
SIMPLE: Final = re.compile(
    "[\x20-\x7e\u00a1-\u00ac\u00ae-\u02ff\u2500-\u259f\u3041-\u3096\u30a1-\u30ff\u4e00-\u9fff\uac00-\ud7a3]*"
)
"""Text that every terminal shows alike."""
TRUSTED: Final = "\U0001f000"
"""From here on terminals do not agree how wide a character is."""


@attrs.frozen
class Picture:
    """What a screen shows at one moment; the cursor is None where it is hidden."""

    columns: int
    rows: tuple[Spans, ...]
    cursor: tuple[int, int] | None


def picture(screen: Screen) -> Picture:
    """Return what a screen shows now."""
    rows = tuple(tuple(screen.spans(n)) for n in range(screen.rows))
    return Picture(screen.columns, rows, screen.cursor if SHOWN in screen.modes else None)


@attrs.frozen
class Window:
    """The cells a viewer has; a larger screen is cut around its cursor, a smaller one stands in the middle."""

    columns: int
    rows: int

    def through(self, shown: Picture) -> Picture:
        """Return a picture as it looks through the window."""
        if (shown.columns, len(shown.rows)) == (self.columns, self.rows):
            return shown
        x, y = shown.cursor or (0, 0)
        left, top = _origin(self.columns, shown.columns, x), _origin(self.rows, len(shown.rows), y)
        rows = tuple(self._row(shown, top + n, left) for n in range(self.rows))
        cursor = None
        if shown.cursor is not None and 0 <= x - left < self.columns and 0 <= y - top < self.rows:
            cursor = x - left, y - top
        return Picture(self.columns, rows, cursor)

    def _row(self, shown: Picture, n: int, left: int) -> Spans:
        if not 0 <= n < len(shown.rows):
            return ((0, " " * self.columns, PLAIN),)
        found: list[Span] = []
        for x, text, style in shown.rows[n]:
            found += _clipped(x - left, text, style, self.columns)
        end = found[-1][0] + sum(taken for _, taken in _cells(found[-1][1])) if found else 0
        start = found[0][0] if found else 0
        ahead = ((0, " " * start, PLAIN),) if start else ()
        behind = ((end, " " * (self.columns - end), PLAIN),) if end < self.columns else ()
        return (*ahead, *found, *behind)


def _clipped(x: int, text: str, style: Style, columns: int) -> list[Span]:
    """Return the part of a piece that lies within the columns; halves of wide characters become blanks."""
    kept, start = "", max(0, x)
    for character, taken in _cells(text):
        if x >= 0 and x + taken <= columns:
            kept += character
        elif x + taken > 0 and x < columns:
            kept += " "
        x += taken
    return [(start, kept, style)] if kept else []


def _origin(room: int, size: int, cursor: int) -> int:
    """Return where a window begins in a screen along one side; below zero where there is room around it."""
    return -((room - size) // 2) if room >= size else min(max(0, cursor - room + 1), size - room)


def paint(before: Picture | None, after: Picture) -> str:
    """Return what turns one picture into another of the same size; None before: any terminal that was entered."""
    words: list[str] = []
    if before is None or before.columns != after.columns or len(before.rows) != len(after.rows):
        before = Picture(after.columns, (((0, " " * after.columns, PLAIN),),) * len(after.rows), (-1, -1))
        words.append("\x1b[m\x1b[2J")
    brush = _Brush()
    for y, (old, new) in enumerate(zip(before.rows, after.rows, strict=True)):
        if old != new:
            brush.row(y, old, new)
    if not words and not brush.words and before.cursor == after.cursor:
        return ""
    words += brush.words
    return "".join(words) + _cursor(after.cursor)


def _cursor(cursor: tuple[int, int] | None) -> str:
    return "\x1b[m\x1b[?25l" if cursor is None else f"\x1b[m\x1b[{cursor[1] + 1};{cursor[0] + 1}H\x1b[?25h"


def lines(shown: Picture, coloured: bool) -> str:
    """Return a picture as lines of text, blanks at their ends left out; coloured ones carry their looks."""
    found = []
    for row in shown.rows:
        brush = _Brush()
        for x, text, style in _trimmed(row):
            if coloured:
                brush.look(style)
            brush.text(x, None, text)
        words = "".join(brush.words)
        found.append(words + "\x1b[m" * (brush.style != PLAIN) if coloured else words.rstrip(" "))
    return "\n".join(found) + "\n"


def _trimmed(row: Spans) -> Spans:
    """Return a row without the plain blanks at its end."""
    if row and row[-1][2] == PLAIN:
        x, text, _ = row[-1]
        text = text.rstrip(" ")
        return (*row[:-1], (x, text, PLAIN)) if text else row[:-1]
    return row


@attrs.define
class _Brush:
    """Write down what paints; know the look that is set by then."""

    words: list[str] = attrs.field(factory=list)
    style: Style = PLAIN

    def row(self, y: int, old: Spans, new: Spans) -> None:
        """Paint the pieces of a row from the first that differs to the last."""
        same = 0
        while same < min(len(old), len(new)) and old[same] == new[same]:
            same += 1
        end = len(new)
        while end > same and end - len(new) + len(old) > same and new[end - 1] == old[end - len(new) + len(old) - 1]:
            end -= 1
        pieces = _trimmed(new[same:]) if end == len(new) else new[same:end]
        blank = pieces != new[same:end]
        if same < len(old) and pieces:
            pieces = (_shortened(old[same], pieces[0]), *pieces[1:])
        start = pieces[0][0] if pieces else new[same][0]
        self.words.append(f"\x1b[{y + 1};{start + 1}H")
        for x, text, style in pieces:
            self.look(style)
            self.text(x, y, text)
        if blank:
            self.look(PLAIN)
            self.words.append("\x1b[K")

    def look(self, style: Style) -> None:
        """Set a look."""
        if style != self.style:
            self.style = style
            self.words.append(sequence(style))

    def text(self, x: int, y: int | None, text: str) -> None:
        """Write text from column ``x`` on; in a row ``y`` what follows a character of doubtful width is placed anew."""
        if SIMPLE.fullmatch(text):
            self.words.append(text)
            return
        for character, taken in _cells(text):
            x += taken
            self.words.append(safe(character))
            if y is not None and (len(character) > 1 or character >= TRUSTED):
                self.words.append(f"\x1b[{y + 1};{x + 1}H")


def _shortened(old: Span, new: Span) -> Span:
    """Return a piece without what the old one begins with alike, where every character takes one cell."""
    if old[0] != new[0] or old[2] != new[2] or not (old[1].isascii() and new[1].isascii()):
        return new
    alike = 0
    while alike < min(len(old[1]), len(new[1])) and old[1][alike] == new[1][alike]:
        alike += 1
    return (new[0] + alike, new[1][alike:], new[2])


def _cells(text: str) -> list[tuple[str, int]]:
    """Return text cell by cell: each character with its marks, and how many cells it takes."""
    found: list[tuple[str, int]] = []
    for character in text:
        taken = width(character)
        if taken or not found:
            found.append((character, taken))
        else:
            found[-1] = (found[-1][0] + character, found[-1][1])
    return found


@lru_cache(maxsize=8192)
def safe(text: str) -> str:
    """Return one cell's character with its marks as any terminal may be given it, as wide as it was."""
    first = text[:1]
    if not (first.isprintable() or unicodedata.category(first) == "Co"):
        return "  " if width(first) == 2 else " " if first.isspace() else "\ufffd"
    return first + "".join(mark for mark in text[1:] if mark in JOINERS or unicodedata.category(mark) in ("Mn", "Me"))


@attrs.frozen
class Update:
    """What a viewer is shown next: a picture's size, whether it stands alone, and what paints it."""

    columns: int
    rows: int
    fresh: bool
    painted: bytes
