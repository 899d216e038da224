"""One destination: its feed, its way out, its cursor, its state.

The rule: an outlet asks nobody to wait. It reads the journal behind its cursor, hands pages over as fast as its way
takes them, and moves the cursor only over what can not be lost any more. Whatever fails is tried again, later and
later.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import attrs
from twisted.internet.defer import CancelledError, Deferred, DeferredLock, TimeoutError
from twisted.internet.error import ConnectError
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from gateway.domain.facts import Entry, Fact
from gateway.interfaces import IJournal
from gateway.siem.cursor import Cursor, Place
from gateway.siem.feed import Feed, Page
from gateway.siem.ways import IWay

log = Logger()
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
STEADY = 10.0
"""Seconds after which a way that was opened counts as good."""
DOWN = 60.0
"""Seconds without a way after which ``status`` names a fault."""
MOST_GATHERED = 256
"""Events of one digest."""
GRACE = 3.0
"""Seconds a stopped outlet may still hand over what is there."""


class Stopped(Exception):
    """The outlet is being stopped."""


@attrs.frozen
class Workings:
    """What every outlet works with; ``in_thread`` runs a function in threads no session waits for."""

    journal: IJournal
    clock: Any
    wall: Callable[[], float]
    in_thread: Callable[..., Deferred[Any]]
    lots: Callable[[float, float], float] = random.uniform


@attrs.define(eq=False)
class Outlet:
    """Send a feed to one destination until it is stopped; ``pace`` is the least time between two messages."""

    name: str
    format: str
    opening: Callable[[], Awaitable[IWay]]
    feed: Feed
    cursor: Cursor
    workings: Workings
    pace: float = 0.0
    from_now: bool = False
    """Whether it begins with what happens next, not with the oldest event."""
    state: str = "starting"
    since: float = 0.0
    detail: str = ""
    sent: int = 0
    handed: Place | None = None
    confirmed: Place | None = None
    """The place that the cursor may show; ``handed`` is as far as was given away."""
    _kept: Place | None = None
    _gap: Place | None = None
    _way: IWay | None = None
    _keeping: DeferredLock = attrs.field(factory=DeferredLock)
    _marks: deque[tuple[int, Place]] = attrs.field(factory=deque)
    _aging: deque[tuple[float, Place]] = attrs.field(factory=deque)
    _count: int = 0
    _bell: Deferred[None] | None = None
    _rung: bool = False
    _stopping: bool = False
    _running: Deferred[None] | None = None
    _pause: Deferred[None] | None = None

    # Its life.

    def start(self) -> None:
        """Begin; the Deferred of :meth:`stop` tells the end."""
        self._turn("starting", "")
        self._running = Deferred.fromCoroutine(self._run())
        self._running.addErrback(self._ended)

    async def stop(self) -> None:
        """Hand over what is there, within :data:`GRACE`, and keep the cursor."""
        self._stopping = True
        self.ring()
        self.hurry()
        if self._running is not None:
            grace = self.workings.clock.callLater(GRACE, self._running.cancel)
            await self._running
            if grace.active():
                grace.cancel()
        await self._keep()

    def _ended(self, failure: Failure) -> None:
        log.failure("the outlet to {name} ended", failure, name=self.name)
        self._turn("failed", failure.getErrorMessage())

    def tick(self) -> None:
        """Move the cursor; called every second."""
        if self._way is not None:
            self._settle(self._way)
        if self.confirmed != self._kept and not self._keeping.locked:
            Deferred.fromCoroutine(self._keep()).addErrback(self._unkept)

    def _unkept(self, failure: Failure) -> None:
        failure.trap(OSError)  # type: ignore[no-untyped-call]
        log.warn("the cursor of {name}: {words}", name=self.name, words=failure.getErrorMessage())

    def ring(self, entry: Entry | None = None) -> None:
        """Note that something was committed."""
        bell, self._bell = self._bell, None
        self._rung = True
        if bell is not None:
            bell.callback(None)

    async def _run(self) -> None:
        tries = 0
        while not self._stopping:
            opened = self.workings.clock.seconds()
            try:
                if self.confirmed is None:
                    await self._find_place()
                await self._serve()
            except Stopped:
                break
            except (OSError, ConnectError, TimeoutError, CancelledError) as failure:
                self._turn("waiting", str(failure) or type(failure).__name__)
            tries = 1 if self.workings.clock.seconds() - opened > STEADY else tries + 1
            await self._rest(self.workings.lots(0.1, min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(tries, 10))))
        self._turn("stopped", "")

    async def _find_place(self) -> None:
        self.confirmed = self._kept = await self.workings.in_thread(self.cursor.read)
        if self.confirmed is None and self.from_now:
            journal = self.workings.journal
            self.confirmed = Place(journal.origin, journal.head()[0])

    def hurry(self) -> None:
        """Wait no longer: neither for a digest to fill nor until the next try."""
        if self._pause is not None:
            self._pause.cancel()

    async def _rest(self, seconds: float) -> None:
        """Wait; :meth:`stop` and :meth:`hurry` cut it short."""
        if self._stopping:
            return
        self._pause = deferLater(self.workings.clock, seconds)
        try:
            await self._pause
        except CancelledError:
            return
        finally:
            self._pause = None

    # One way, from its opening to its end.

    async def _serve(self) -> None:
        way = self._way = await self.opening()
        self._turn("connected", "")
        self._marks.clear()
        self._aging.clear()
        self._count = 0
        self.feed.rewind(self.confirmed)
        lost = way.lost().addCallback(self.ring)
        try:
            while not lost.called:
                await self._step(way)
            raise OSError("the connection is gone")
        finally:
            self._way = None
            await self._close(way)

    async def _close(self, way: IWay) -> None:
        try:
            await way.close().addTimeout(GRACE, self.workings.clock)
        except (TimeoutError, CancelledError):
            way.drop()

    async def _step(self, way: IWay) -> None:
        self._rung = False
        page: Page = await self.workings.in_thread(self.feed.read)
        if page.place is None:
            if self._stopping:
                self._settle(way)
                raise Stopped
            await self._wait_for_bell()
            return
        page = await self._gathered(page)
        self._tell_gap(page)
        if page.messages:
            self._count += len(page.messages)
            await way.send(page.messages)
            self.sent += len(page.messages)
        if page.place is not None:
            self.handed = page.place
            self._marks.append((self._count, page.place))
        self._settle(way)
        if page.messages and self.pace:
            await self._rest(self.pace)

    async def _gathered(self, page: Page) -> Page:
        """Return a page, for a digest with all that has come since."""
        while self.pace and page.messages and len(page.messages) < MOST_GATHERED:
            more: Page = await self.workings.in_thread(self.feed.read)
            if more.place is None:
                break
            page = Page([*page.messages, *more.messages], more.place, [*page.bodiless, *more.bodiless])
        return page

    async def _wait_for_bell(self) -> None:
        if not self._rung and not self._stopping:
            self._bell = Deferred()
            await self._bell

    def _settle(self, way: IWay) -> None:
        """Move what can not be lost any more behind the cursor."""
        gone, now = way.acknowledged(), self.workings.clock.seconds()
        while self._marks and self._marks[0][0] <= gone:
            self._aging.append((now, self._marks.popleft()[1]))
        while self._aging and now - self._aging[0][0] >= way.window:
            self.confirmed = self._aging.popleft()[1]

    async def _keep(self) -> None:
        await self._keeping.acquire()
        try:
            place = self.confirmed
            if place is not None and place != self._kept:
                await self.workings.in_thread(self.cursor.write, place)
                self._kept = place
        finally:
            self._keeping.release()

    def _tell_gap(self, page: Page) -> None:
        """Tell of events whose bodies are gone; not again of those that are sent again."""
        told = self._gap
        missing = [each for each in page.bodiless if told is None or each.origin != told.origin or each.seq > told.seq]
        if missing:
            first, self._gap = missing[0], missing[-1]
            body = {
                "destination": self.name, "count": len(missing), "first": f"{first.origin}/{first.seq}",
                "last": f"{self._gap.origin}/{self._gap.seq}", "reason": "the bodies were pruned before they were sent",
            }  # fmt: skip
            self.workings.journal.tell(Fact("siem.gap", body)).addErrback(self._untold)

    def _untold(self, failure: Failure) -> None:
        log.error("a gap at {name} could not be kept: {words}", name=self.name, words=failure.getErrorMessage())

    # What others may know.

    def _turn(self, state: str, detail: str) -> None:
        if state != self.state or not self.since:
            self.since = self.workings.wall()
        if state == "waiting" and detail != self.detail:
            log.warn("{name}: {detail}", name=self.name, detail=detail)
        self.state, self.detail = state, detail

    def lag(self) -> int | None:
        """Return how many events of this journal were not handed over yet; None where it can not be said."""
        head = self.workings.journal.head()[0]
        place = self.handed or self.confirmed
        if place is None:
            return head
        return head - place.seq if place.origin == self.workings.journal.origin else None

    def row(self) -> Mapping[str, Any]:
        """Return its state for people and programs."""
        return {
            "destination": self.name, "format": self.format, "state": self.state, "since": self.since,
            "sent": self.sent, "lag": self.lag(), "detail": self.detail,
            "cursor": f"{self.confirmed.origin}/{self.confirmed.seq}" if self.confirmed else None,
        }  # fmt: skip

    def is_down(self) -> bool:
        """Say whether it has had no way out for long, or has given up."""
        return self.state == "failed" or (self.state == "waiting" and self.workings.wall() - self.since >= DOWN)
