"""What a channel shows, kept by a tap: a terminal's screen, or the end of a command's output.

The rule: it stands behind the recorder. When the recording asks for the screen that its next frame begins with, the
event that is about to be written is not on it yet. A line that is drawn over the screen is not on it.
"""

from __future__ import annotations

from collections import deque

import attrs

from gateway.domain.lane import Bytes, Lane, Notice, Resize, Seen
from gateway.domain.notice import line
from gateway.domain.screen import Screen

KEPT = 64 * 1024
"""Bytes of a command's output that are kept for somebody who may come to look."""


@attrs.define(eq=False)
class Showing:
    """Feed a screen with what leaves the last gate for the operator, and the gateway's own notices."""

    screen: Screen
    essential: bool = attrs.field(default=False, init=False)

    def see(self, seen: Seen, at: float) -> None:
        """Take what passed."""
        match seen:
            case Bytes(lane=Lane.TO_OPERATOR):
                self.screen.feed(seen.chunk)
            case Notice(drawn=None):
                self.screen.feed(line(seen.text, terminal=True))
            case Resize():
                self.screen.resize(seen.columns, seen.rows)
            case _:
                pass

    def close(self) -> None:
        """Keep the screen: others read it too."""


@attrs.define(eq=False)
class Trail:
    """Keep the end of the output of a command without a terminal; it is a screen only while somebody looks."""

    essential: bool = attrs.field(default=False, init=False)
    open: bool = attrs.field(default=False, init=False)
    _screen: Screen = attrs.field(init=False, factory=Screen)
    _chunks: deque[bytes] = attrs.field(init=False, factory=deque)
    _size: int = attrs.field(init=False, default=0)

    @property
    def screen(self) -> Screen:
        """The output's end on a screen of the usual size, kept up from now on."""
        if not self.open:
            self.open, self._screen = True, Screen()
            for chunk in self._chunks:
                self._feed(chunk)
        return self._screen

    def see(self, seen: Seen, at: float) -> None:
        """Take what passed."""
        match seen:
            case Bytes(lane=Lane.TO_OPERATOR):
                self._take(seen.chunk)
            case Notice():
                self._take(line(seen.text, terminal=False))
            case _:
                pass

    def close(self) -> None:
        """Let the screen go: nobody looks."""
        self.open, self._screen = False, Screen()

    def _take(self, chunk: bytes) -> None:
        self._chunks.append(chunk[-KEPT:])
        self._size += len(self._chunks[-1])
        while self._size - len(self._chunks[0]) >= KEPT:
            self._size -= len(self._chunks.popleft())
        if self.open:
            self._feed(chunk)

    def _feed(self, chunk: bytes) -> None:
        self._screen.feed(chunk.replace(b"\n", b"\r\n"))
