"""All destinations of a node, and the anchor that goes to each.

The rule: they share threads that no session waits for. Every minute the head of the journal is told, so each receiver
holds a proof of how the journal stood.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall, deferLater
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.python.threadpool import ThreadPool

from gateway.domain.facts import Fact, leaving
from gateway.interfaces import IFactSink, IJournal
from gateway.siem.cursor import cursor_of
from gateway.siem.destinations import Destination, opening
from gateway.siem.feed import Feed, Filter
from gateway.siem.notices import Notice, noticed, opening_notice
from gateway.siem.outlet import Outlet, Workings
from gateway.siem.sinks import opening_sink

log = Logger()
THREADS = 4
ANCHOR_SECONDS = 60.0
TEST_SECONDS = 10.0
LOOK_SECONDS = 0.1
TO_PEOPLE = frozenset({"mail", "hook"})
"""The forms of those outlets that tell people."""


@attrs.define(eq=False)
class Outlets:
    """Hold a node's outlets; ``folder`` is where their cursors are."""

    journal: IJournal
    reactor: Any
    wall: Callable[[], float]
    folder: Path
    outlets: list[Outlet] = attrs.field(factory=list)
    _pool: ThreadPool = attrs.field(factory=lambda: ThreadPool(0, THREADS, "ostiary-siem"))
    _loops: list[LoopingCall] = attrs.field(factory=list)
    _ceasing: list[Callable[[], None]] = attrs.field(factory=list)

    def in_thread(self, function: Callable[..., Any], *arguments: Any) -> Deferred[Any]:
        """Run a function in the outlets' own threads."""
        return deferToThreadPool(self.reactor, self._pool, function, *arguments)

    @property
    def workings(self) -> Workings:
        """Return what each outlet works with."""
        return Workings(self.journal, self.reactor, self.wall, self.in_thread)

    def add(self, destination: Destination) -> None:
        """Add a SIEM destination; raise ValueError for one that is there already."""
        wanted = Filter(destination.min_severity, destination.kinds)
        feed = Feed(self.journal, wanted, destination.shape)
        way = opening(destination, self.reactor, self.in_thread)
        self.add_outlet(Outlet(
            destination.transport, destination.format, way, feed, cursor_of(self.folder, destination.transport),
            self.workings,
        ))  # fmt: skip

    def add_sink(self, destination: Destination, sink: IFactSink) -> None:
        """Add a plugin's sink as a destination; raise ValueError for one that is there already."""
        feed = Feed(self.journal, Filter(destination.min_severity, destination.kinds), leaving)
        cursor = cursor_of(self.folder, destination.transport)
        name = destination.transport
        self.add_outlet(Outlet(name, "plugin", opening_sink(sink), feed, cursor, self.workings))

    def add_notice(self, notice: Notice, node: str) -> None:
        """Add somebody to be told of grave events; raise ValueError for one that is there already."""
        feed = Feed(self.journal, notice.wanted, noticed)
        way = opening_notice(notice, node, self.in_thread)
        cursor = cursor_of(self.folder, notice.name)
        form = "hook" if notice.is_hook else "mail"
        self.add_outlet(Outlet(notice.name, form, way, feed, cursor, self.workings, notice.digest, from_now=True))

    def add_outlet(self, outlet: Outlet) -> None:
        """Add an outlet; raise ValueError where its name is taken."""
        if any(other.name == outlet.name for other in self.outlets):
            raise ValueError(f"{outlet.name} is configured twice; each destination has one cursor")
        self.outlets.append(outlet)

    def start(self) -> None:
        """Begin to send."""
        if not self.outlets:
            return
        self._pool.start()
        for outlet in self.outlets:
            self._ceasing.append(self.journal.follow(outlet.ring))
            outlet.start()
        self._loop(self._tick, 1.0)
        self._loop(self.anchor, ANCHOR_SECONDS)

    async def stop(self) -> None:
        """Hand over what is there, within some seconds, and keep the cursors."""
        if not self._ceasing:
            return
        for loop in self._loops:
            loop.stop()
        for stopped in [Deferred.fromCoroutine(outlet.stop()) for outlet in self.outlets]:
            await stopped
        for cease in self._ceasing:
            cease()
        self._ceasing.clear()
        self._pool.stop()

    def anchor(self) -> None:
        """Tell the journal's head, which goes to every destination."""
        seq, linked = self.journal.head()
        self.journal.tell(Fact("journal.head", {"head": seq, "hash": linked.hex()})).addErrback(_untold)

    def status(self) -> Sequence[Mapping[str, Any]]:
        """Return each destination's state."""
        return [outlet.row() for outlet in self.outlets]

    async def test(self, by: str, wanted: str = "") -> Sequence[Mapping[str, Any]]:
        """Tell a test event; return how each destination fared with it after at most :data:`TEST_SECONDS`.

        ``wanted`` names one of them; empty: all, ``people``: those that tell people.
        """
        chosen = [outlet for outlet in self.outlets if wanted in ("", outlet.name, _kind(outlet))]
        entry = await self.journal.tell(Fact("siem.tested", {"by": by}))
        for outlet in chosen:
            outlet.hurry()
        until = self.reactor.seconds() + TEST_SECONDS
        while self.reactor.seconds() < until and not all(_has(outlet, entry.seq) for outlet in chosen):
            await deferLater(self.reactor, LOOK_SECONDS)
        return [{**outlet.row(), "id": entry.id, "delivered": _has(outlet, entry.seq)} for outlet in chosen]

    def faults(self) -> list[dict[str, object]]:
        """Return the destinations that are down, since when."""
        return [
            {"name": "siem_down", "since": outlet.since, "detail": f"{outlet.name}: {outlet.detail}"}
            for outlet in self.outlets
            if outlet.is_down()
        ]

    def _tick(self) -> None:
        for outlet in self.outlets:
            outlet.tick()

    def _loop(self, call: Callable[[], object], seconds: float) -> None:
        loop = LoopingCall(call)
        loop.clock = self.reactor
        loop.start(seconds, now=False).addErrback(lambda failure: log.failure("a duty of the outlets failed", failure))
        self._loops.append(loop)


def _kind(outlet: Outlet) -> str:
    return "people" if outlet.format in TO_PEOPLE else "siem"


def _has(outlet: Outlet, seq: int) -> bool:
    place = outlet.handed
    return place is not None and place.origin == outlet.workings.journal.origin and place.seq >= seq


def _untold(failure: Failure) -> None:
    log.error("the journal's head could not be told: {words}", words=failure.getErrorMessage())
