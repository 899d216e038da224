"""Who is logged in to the console.

The rule: the browser holds a random word, we its hash. A visit ends after 15 idle minutes, after 8 hours, and in the
turn in which its person is locked, switched off or loses a role; what streams to him ends with it. Visits are kept in
memory: a restart ends them all.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable

import attrs
from twisted.logger import Logger
from zope.interface import implementer

from gateway.admin.refusal import Refusal
from gateway.admin.room import Room
from gateway.admin.vigil import STANDING
from gateway.domain.facts import Entry
from gateway.interfaces.facts import IFold

log = Logger()

IDLE, LIFE = 15 * 60.0, 8 * 3600.0
MOST, MOST_OF_ONE, MOST_STREAMS = 2000, 20, 12
"""Visits in all and of one person; streams of one visit."""

RoomOf = Callable[[str, str, str], Room]
"""The room of a user, by name, source and door; raises :exc:`Refusal` for who may not come in now."""


@attrs.define(eq=False, repr=False)
class Visit:
    """One person in one browser; ``forms`` is the word his forms carry."""

    name: str
    method: str
    source: str
    agent: str
    begun: float
    seen: float
    roles: frozenset[str]
    key: bytes
    forms: str = attrs.field(factory=lambda: secrets.token_urlsafe(24))
    streams: set[Callable[[], None]] = attrs.field(factory=set)
    """Each cuts one stream."""
    notes: list[tuple[str, str]] = attrs.field(factory=list)
    """What the next page says first: a kind (``done | wrong``) and words."""
    over: bool = False


@implementer(IFold)
@attrs.define(eq=False, repr=False)
class Visits:
    """Keep the visits; attach it to the journal behind the folds that say how people stand."""

    room_of: RoomOf
    now: Callable[[], float]
    _open: dict[bytes, Visit] = attrs.field(init=False, factory=dict)

    def begin(self, name: str, source: str, method: str, agent: str) -> tuple[str, Visit]:
        """Begin a visit; return the browser's word and it. Raises :exc:`Refusal`."""
        room = self.room_of(name, source, "web")
        self._make_way(name)
        word = secrets.token_urlsafe(32)
        now, key = self.now(), _key(word)
        visit = Visit(name, method, source, agent, now, now, room.caller.roles, key)
        self._open[key] = visit
        return word, visit

    def find(self, word: str, *, touch: bool = True) -> Visit | None:
        """Return the visit a browser's word belongs to, None where there is none (any more)."""
        visit = self._open.get(_key(word)) if word else None
        if visit is None:
            return None
        if self._has_ended(visit):
            self.end(visit)
            return None
        if touch:
            visit.seen = self.now()
        return visit

    def room(self, visit: Visit, source: str) -> Room:
        """Return the room of who visits, as he stands now. Raises :exc:`Refusal` and ends the visit."""
        try:
            room = self.room_of(visit.name, source, "web")
        except Refusal:
            self.end(visit)
            raise
        if visit.roles - room.caller.roles:
            self.end(visit)
            raise Refusal(77, "denied", f"{visit.name} has lost a role: log in again")
        return room

    def end(self, visit: Visit) -> None:
        """End a visit and all that streams to it."""
        visit.over = True
        self._open.pop(visit.key, None)
        for cut in tuple(visit.streams):
            cut()
        visit.streams.clear()

    def all(self) -> tuple[Visit, ...]:
        """Return the visits that go on."""
        return tuple(self._open.values())

    def apply(self, entry: Entry) -> None:
        """Look at every visit again when somebody's standing has changed."""
        if entry.kind not in STANDING:
            return
        for visit in self.all():
            try:
                self.room(visit, visit.source)
            except Refusal as refusal:
                log.info("a visit of {name} ended: {why}", name=visit.name, why=refusal.message)

    def tick(self) -> None:
        """End what has been idle or lasted too long, with what streams to it."""
        for visit in self.all():
            if self._has_ended(visit):
                self.end(visit)

    def _has_ended(self, visit: Visit) -> bool:
        """Say whether a visit has been idle, with nothing open that is looked at, or has lasted too long."""
        now = self.now()
        return now - visit.begun > LIFE or (now - visit.seen > IDLE and not visit.streams)

    def _make_way(self, name: str) -> None:
        own = [visit for visit in self.all() if visit.name == name]
        if len(own) >= MOST_OF_ONE:
            self.end(min(own, key=lambda visit: visit.seen))
        if len(self._open) >= MOST:
            self.end(min(self.all(), key=lambda visit: visit.seen))


def _key(word: str) -> bytes:
    return hashlib.sha256(word.encode("utf-8", "replace")).digest()
