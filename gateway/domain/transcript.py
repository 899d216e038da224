"""What a session showed, as lines of text with their times.

The rule: a line is told once it stands: when the cursor has left it, when it has scrolled away, or when the output
rests. A line that only moved is not told again. The same events, cut anywhere into pieces, give the same lines.

Known limits: a line that is changed in place more often than the screen is looked at is told as it was when it was
looked at; what a full-screen program paints is told row by row.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import attrs

from gateway.domain.cast import Event, size_of
from gateway.domain.screen import Screen

REST = 0.5
"""Seconds of silence after which what stands is looked at."""

_PIECES = re.compile(r"[^\n]*\n?")


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
    _fed: int = attrs.field(init=False, default=0)
    _last: float = attrs.field(init=False, default=0.0)

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
        text = event.text if self.terminal else event.text.replace("\n", "\r\n")
        for piece in _PIECES.findall(text):
            self._screen.feed(piece.encode("utf-8", "surrogateescape"))
            self._fed += piece.endswith("\n")
            if self._fed >= max(1, self._screen.rows // 2):
                yield from self._look(event.at)

    def _look(self, at: float, whole: bool = False) -> Iterator[Line]:
        """Yield the rows that changed since the last look; the cursor's own only if the whole is wanted."""
        self._fed = 0
        screen = self._screen
        after, cursor = screen.text(), -1 if whole else screen.cursor[1]
        if screen.alternate != self._alternate:
            self._alternate, before = screen.alternate, [""] * len(after)
            if not screen.alternate:
                before = after
        else:
            before = self._known[max(0, screen.scrolled - self._scrolled) :]
        self._scrolled = screen.scrolled
        before = (before + [""] * len(after))[: len(after)]
        for number, text in enumerate(after):
            if text != before[number] and number != cursor and text.strip():
                yield Line(at, text)
        self._known = after
        if cursor >= 0:
            self._known[cursor] = before[cursor]
