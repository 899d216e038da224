"""Whether the prompt is back after a line was released or thrown away, so that keys may pass again.

The rule: a prompt is back when the line editor reads again and what stands before the cursor is a known prompt, or
nothing more comes; or when nobody waits for it any more: then a program reads.
"""

from __future__ import annotations

import enum

import attrs

from gateway.domain.lane import Effect
from gateway.domain.lines.accepting import Accepting
from gateway.domain.lines.oracle import Oracle

PATIENCE = 0.35
"""Seconds after which a program is taken to read what comes behind a line."""
CANCELLED = 1.0
"""The same, where a line editor was told to throw a line away and has to draw its prompt anew."""
MOST_ABORTS = 2
"""So often Ctrl-C is pressed again where an editor kept the line: bash does in vi mode, after Esc; and where it did
not hear: bash and zsh may sleep over a signal that comes just before they wait for a key."""


class Phase(enum.Enum):
    """Say what becomes of keys."""

    EDITING = "editing"
    """They pass, up to one that commits."""
    WEIGHING = "weighing"
    """A commit key is held: its line is not certain yet."""
    REVIEWING = "reviewing"
    """A commit key is held: approvers decide on its line."""
    RUNNING = "running"
    """A line was released: what comes behind it waits for the prompt."""


class Back(enum.Enum):
    """Say what has come of the wait."""

    LATER = "later"
    THERE = "there"
    AGAIN = "again"
    """The line that was thrown away is still there."""


@attrs.define(eq=False)
class Returning:
    """Wait for one terminal's prompt."""

    oracle: Oracle
    accepting: Accepting
    until: float = 0.0
    aborts: int = 0
    """How often a line may be thrown away again that is still there."""

    def begin(self, at: float, cancelled: bool = False) -> float:
        """Begin to wait; return until when."""
        self.until = at + (CANCELLED if cancelled and self.accepting.ceases else PATIENCE)
        return self.until

    def look(self, at: float) -> tuple[Back, list[Effect]]:
        """Say whether the prompt is back, and what is told for that."""
        accepting, oracle = self.accepting, self.oracle
        told: list[Effect] = []
        if accepting.awaited and at >= oracle.drawn_at and oracle.left_behind:
            told = accepting.take()
        waits = accepting.awaited or accepting.ceases
        if (oracle.editor or not oracle.modern) and not waits and self._prompted(at):
            return self._there(told)
        if at < self.until:
            return Back.LATER, told
        if accepting.ceases and self.aborts:
            self.aborts -= 1
            return Back.AGAIN, told
        if oracle.editor and (accepting.awaited or accepting.ceases):
            accepting.untaken()
        return Back.THERE, told

    def due(self, at: float) -> float:
        """Return when to look again."""
        drawn = self.oracle.drawn_at
        return drawn if at < drawn < self.until else self.until

    def _prompted(self, at: float) -> bool:
        """Say whether a prompt stands there, whoever wrote it."""
        shown_since = self.oracle.pace.shown > self.oracle.pace.passed
        return shown_since and at >= self.oracle.drawn_at and (self.oracle.modern or self.oracle.screen.cursor[0] > 0)

    def _there(self, told: list[Effect]) -> tuple[Back, list[Effect]]:
        if self.aborts and self.oracle.editor and not self.oracle.showing.ready:
            self.aborts -= 1
            return Back.AGAIN, told
        self.aborts = 0
        self.oracle.prompted()
        if self.oracle.open and self.oracle.showing.ready:
            told += self.accepting.overruled()
        return Back.THERE, told
