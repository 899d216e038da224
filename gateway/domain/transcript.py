"""What a session showed, as lines of text with their times.

The rule: a line, on however many rows it stands, is told once the cursor has left it, or when the output ends. A line
that only moved is not told again. The same output, cut anywhere into pieces, gives the same lines.

Known limits: a line that is longer than half the screen is told in pieces; one that is changed in place more often
than the screen is looked at is told as it was then; what a full-screen program paints is told row by row.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import attrs

from gateway.domain.cast import Event, size_of
from gateway.domain.screen import Screen

REST = 0.5
"""Seconds of silence after which what stands is looked at."""

_LINES = re.compile(r"[^\n]*\n?")

_WIPING = re.compile("(?=\x1b\\[(?:\\?(?:47|1047|1049)[hl]|[23]?J)|\x1bc)")
"""Stands before what takes a screenful away: it is looked at first."""

_BEGUN = re.compile("\x1b(?:\\[[?0-9]{0,6})?\\Z")
"""The beginning of a sequence that a later event ends."""


@attrs.frozen
class Line:
    """A line of text, ``at`` seconds from the start of the session."""

    at: float
    text: str


@attrs.define(eq=False)
class Transcript:
    """Turn a track's events into lines; a track without a terminal is text as it is."""

    columns: int = 80
    rows: int = 24
    terminal: bool = True
    _screen: Screen = attrs.field(init=False)
    _known: list[str] = attrs.field(init=False, factory=list)
    _scrolled: int = attrs.field(init=False, default=0)
    _alternate: bool = attrs.field(init=False, default=False)
    _looked: int = attrs.field(init=False, default=0)
    _last: float = attrs.field(init=False, default=0.0)
    _carry: str = attrs.field(init=False, default="")

    def __attrs_post_init__(self) -> None:
        self._screen = Screen(self.columns, self.rows)
        self._known = self._screen.text()

    def begin(self, columns: int, rows: int, init: str) -> None:
        """Begin with a screen as a recording keeps it: what is on it already is told no more."""
        self._screen = Screen(columns, rows)
        self._screen.feed(init.encode("utf-8", "surrogateescape"))
        self._known, self._scrolled = self._screen.text(), self._screen.scrolled
        self._alternate = self._screen.alternate

    def lines(self, events: Iterable[Event]) -> Iterator[Line]:
        """Yield the lines that stand after each of the events."""
        for event in events:
            if event.at - self._last >= REST:
                yield from self._look(self._last)
            self._last = max(self._last, event.at)
            if event.code == "r" and (size := size_of(event.text)):
                yield from self._look(event.at, whole=True)
                self._screen.resize(*size)
                self._known, self._scrolled = self._screen.text(), self._screen.scrolled
            elif event.code == "o":
                yield from self._output(event)

    def rest(self) -> Iterator[Line]:
        """Yield what stands at the end."""
        yield from self._look(self._last, whole=True)

    def _output(self, event: Event) -> Iterator[Line]:
        text = self._carry + (event.text if self.terminal else event.text.replace("\n", "\r\n"))
        begun = _BEGUN.search(text)
        self._carry = begun[0] if begun else ""
        text = text[: len(text) - len(self._carry)]
        for number, part in enumerate(_WIPING.split(text)):
            if number:
                yield from self._look(event.at, whole=True)
            yield from self._fed_with(part, event.at)

    def _fed_with(self, text: str, at: float) -> Iterator[Line]:
        least = max(1, self._screen.rows // 2)
        for piece in _pieces(text, self._screen.columns * max(1, least // 2)):
            self._screen.feed(piece.encode("utf-8", "surrogateescape"))
            if self._place() - self._looked >= least:
                yield from self._look(at)

    def _look(self, at: float, whole: bool = False) -> Iterator[Line]:
        """Yield the lines that changed since the last look; the one with the cursor only if the whole is wanted."""
        screen = self._screen
        self._looked = self._place()
        after, cursor = screen.text(), -1 if whole else screen.cursor[1]
        before = self._before(after)
        self._scrolled, self._known = screen.scrolled, list(after)
        for first, end in self._wholes():
            if after[first:end] == before[first:end]:
                continue
            # A line that fills the screen is told piece by piece, for its beginning is about to scroll away.
            in_pieces = first == 0 and screen.wrapped(0)
            if first <= cursor < end:
                in_pieces = in_pieces or (first == 0 and 2 * cursor >= screen.rows)
                kept = cursor if in_pieces else first
                self._known[kept:end] = before[kept:end]
                end = kept
            if in_pieces:
                first = next((n for n in range(first, end) if after[n] != before[n]), end)
            text = "".join(screen.row(number) for number in range(first, end)).rstrip(" ")
            if text.strip():
                yield Line(at, text)

    def _place(self) -> int:
        """Return which row of all that ever were has the cursor."""
        return self._screen.scrolled + self._screen.cursor[1]

    def _before(self, after: list[str]) -> list[str]:
        """Return what was known of the rows, where they are now."""
        screen = self._screen
        if screen.alternate == self._alternate:
            known = self._known[max(0, screen.scrolled - self._scrolled) :]
        else:
            self._alternate = screen.alternate
            known = [] if screen.alternate else after
        return (known + [""] * len(after))[: len(after)]

    def _wholes(self) -> Iterator[tuple[int, int]]:
        """Yield the rows of each line: first, and one past its last continuation."""
        starts = [number for number in range(self._screen.rows) if not number or not self._screen.wrapped(number)]
        yield from zip(starts, [*starts[1:], self._screen.rows], strict=True)


def _pieces(text: str, longest: int) -> Iterator[str]:
    """Cut text behind its line feeds, and what is longer."""
    for line in _LINES.findall(text):
        for start in range(0, len(line), longest):
            yield line[start : start + longest]
