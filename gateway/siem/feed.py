"""The journal, read on behind a cursor.

The rule: the journal is the spool, so nothing waits in memory. Reading goes page by page in a thread; what a
destination does not want is passed over there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase
from itertools import islice
from typing import Any

import attrs

from gateway.domain.facts import KINDS, Entry
from gateway.interfaces import IJournal
from gateway.siem.cursor import Place

PAGE = 256
ALWAYS = frozenset({"journal.head", "siem.gap", "siem.tested"})
"""Kinds that no filter holds back: anchors, gaps and tests."""


@attrs.frozen
class Filter:
    """Say which entries a destination wants."""

    min_severity: int = 0
    globs: tuple[str, ...] = ("*",)
    always: frozenset[str] = ALWAYS
    _kinds: frozenset[str] = attrs.field(init=False)

    @_kinds.default
    def _matching(self) -> frozenset[str]:
        return frozenset(kind for kind in KINDS if any(fnmatchcase(kind, glob) for glob in self.globs))

    def wants(self, entry: Entry) -> bool:
        """Say whether an entry is to be sent."""
        if entry.kind in self.always:
            return True
        return entry.severity >= self.min_severity and entry.kind in self._kinds


@attrs.frozen
class Page:
    """Hold what was read: the messages to send, up to which place, and the events without a body."""

    messages: Sequence[Any]
    place: Place | None
    bodiless: Sequence[Place] = ()


@attrs.define(eq=False)
class Feed:
    """Read a journal's entries once each, from a place that can be put back."""

    journal: IJournal
    wanted: Filter
    shape: Callable[[Entry], Any]
    place: Place | None = None
    _rows: Iterator[Entry] | None = None

    def rewind(self, place: Place | None) -> None:
        """Go on behind a place; None: with the oldest entry there is."""
        self.place, self._rows = place, None

    def read(self) -> Page:
        """Read a page, as messages; an empty one where there is nothing yet. Call it from a thread."""
        if self._rows is None:
            self._rows = self._open(self.place)
        entries = list(islice(self._rows, PAGE))
        if len(entries) < PAGE:
            self._rows = None
        if not entries:
            return Page((), None)
        self.place = Place(entries[-1].origin, entries[-1].seq)
        wanted = [entry for entry in entries if self.wanted.wants(entry)]
        bodiless = [Place(entry.origin, entry.seq) for entry in wanted if entry.body is None]
        return Page([self.shape(entry) for entry in wanted], self.place, bodiless)

    def _open(self, place: Place | None) -> Iterator[Entry]:
        if place is None:
            return iter(self.journal.entries())
        if place.origin == self.journal.origin and place.seq <= self.journal.head()[0]:
            return iter(self.journal.entries(place.seq))
        rows = iter(self.journal.entries())
        for entry in rows:
            if entry.origin == place.origin and entry.seq == place.seq:
                return rows
        # The store is another one, or an older copy of it: whatever it holds is sent.
        return iter(self.journal.entries())
