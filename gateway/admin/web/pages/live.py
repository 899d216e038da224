"""What is seen while it happens: the wall's tiles, a session's live screen, the screen as text.

The rule: every delivery of a screen is told before it is seen, one record for each viewer and as long as he looks; it
ends with the page, with the visit and with the session. Of what a slow browser has not taken it gets the newest alone.
The operator has no trace of any of it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from gateway.admin.refusal import Exit, Refusal, missing
from gateway.admin.times import spell
from gateway.admin.web.console import Visitor
from gateway.admin.web.following import Watching, who
from gateway.admin.web.miniature import svg
from gateway.admin.web.pages.sessions import MOST
from gateway.admin.web.pages.words import line
from gateway.admin.web.reply import FORGET, Reply, text_reply
from gateway.admin.web.sse import Newest, event
from gateway.admin.web.visits import MOST_STREAMS
from gateway.domain.screen import Screen
from gateway.domain.screen.view import Picture, Update, picture
from gateway.interfaces import ILiveSeat, IViewer, NotWatchable

log = Logger()

TILES = 24
"""Screens that one wall shows."""
LOOK, OFTEN, TURN = 1.0, 0.5, 0.05
"""Seconds between two looks at who is there, between two pictures of a tile, and between the tiles' turns: in each turn
one tile is drawn, some two milliseconds at the most, so that no key waits for a wall."""
IMAGE = "image/svg+xml; charset=utf-8"

Row = Mapping[str, Any]


def channel_asked(visitor: Visitor) -> int | None:
    """Return the channel that is asked for, None where it is left open."""
    text = visitor.ask.asked("channel")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else None


async def whole_id(visitor: Visitor, identity: str) -> str:
    """Return a session's whole id. Raises :exc:`Refusal`."""
    return str((await visitor.fetch(line("session show", identity))).data["id"])


async def tile(visitor: Visitor, identity: str) -> Reply:
    """Show a session's present screen once, as a picture."""
    session = await whole_id(visitor, identity)
    try:
        _, shown = await visitor.room.live.snapshot(session, channel_asked(visitor), **who(visitor.room))
    except NotWatchable as refusal:
        raise missing(str(refusal)) from None
    return Reply(200, svg(shown).encode("utf-8", "replace"), IMAGE, (FORGET,))


async def text(visitor: Visitor, identity: str) -> Reply:
    """Show a session's present screen once, as text."""
    asked = channel_asked(visitor)
    named = identity if asked is None else f"{identity}/{asked}"
    try:
        found = await visitor.fetch(line("snapshot", named, flags=("text",)))
    except Refusal as refusal:
        return text_reply(f"{refusal.message}\n", 404)
    return text_reply("\n".join(found.data["text"]) + "\n")


def opened(visitor: Visitor, stream: Newest, left: Callable[[], None], begun: Callable[[], None]) -> Reply:
    """Return the answer of a stream that ends with the visit. Raises :exc:`Refusal` where there are too many."""
    visit = visitor.visit
    if len(visit.streams) >= MOST_STREAMS:
        raise Refusal(Exit.LATER, "too_many", f"you have {MOST_STREAMS} live pages open: close some")

    def cut() -> None:
        stream.put("over", event("over", {"words": "your visit has ended"}))
        left()
        stream.end()

    def started() -> None:
        visit.streams.add(cut)
        begun()

    def ended() -> None:
        visit.streams.discard(cut)
        left()

    return stream.reply(started, ended)


# One session.


async def session(visitor: Visitor, identity: str) -> Reply:
    """Follow a session."""
    name, channel = await whole_id(visitor, identity), channel_asked(visitor)
    stream = Newest(visitor.console.clock)
    watching = Watching(stream)
    return opened(visitor, stream, watching.leave, lambda: watching.begin(visitor.room, name, channel))


# The wall.


@implementer(IViewer)
@attrs.define(eq=False)
class Tile:
    """One session on a wall: a picture now and then, when it has changed."""

    session: str
    stream: Newest
    size: tuple[int, int] | None = None
    seat: ILiveSeat | None = None
    again: float = 0.0
    """When one that is over may be tried anew."""
    _due: bool = attrs.field(init=False, default=True)
    _behind: bool = attrs.field(init=False, default=False)
    _left: bool = attrs.field(init=False, default=False)
    _seen: Picture | None = attrs.field(init=False, default=None)
    _drawn: float = attrs.field(init=False, default=float("-inf"))

    def is_full(self) -> bool:
        """Say whether the next picture is not due yet."""
        self._behind = not self._due
        return self._behind

    def show(self, update: Update) -> None:
        """Take the whole screen; what is no whole one is asked for as one later."""
        self._due = False
        if not update.fresh:
            self._behind = True
            return
        screen = Screen(update.columns, update.rows)
        screen.feed(update.painted)
        shown = picture(screen)
        if shown != self._seen:
            self._seen = shown
            told = {"id": self.session, "svg": svg(shown)}
            self.stream.put(f"screen {self.session}", event("screen", told))

    def over(self, words: str) -> None:
        """Be gone: the next look at who is there takes the tile away."""
        self._left = True

    def tick(self, now: float) -> bool:
        """Be shown anew where something was left out and it is time; say whether that was so."""
        if not self._behind or self.stream.is_behind or self.seat is None or self._left or now - self._drawn < OFTEN:
            return False
        self._due, self._drawn = True, now
        self.seat.refresh()
        return True

    def leave(self) -> None:
        """See no more."""
        self._left = True
        if self.seat is not None:
            self.seat.leave()

    def seated(self, seat: ILiveSeat) -> None:
        """Take a place, or give it back at once."""
        self.seat = seat
        if self._left:
            seat.leave()

    @property
    def left(self) -> bool:
        """Say whether it is over."""
        return self._left


@attrs.define(eq=False)
class Wall:
    """All tiles of one browser's wall."""

    visitor: Visitor
    stream: Newest
    _tiles: dict[str, Tile] = attrs.field(init=False, factory=dict)
    _looks: LoopingCall = attrs.field(init=False)
    _paints: LoopingCall = attrs.field(init=False)
    _wanted: list[str] = attrs.field(init=False, factory=list)
    _said: str = attrs.field(init=False, default="")

    def __attrs_post_init__(self) -> None:
        """Make the clocks."""
        self._looks, self._paints = LoopingCall(self._look), LoopingCall(self._paint)
        self._looks.clock = self._paints.clock = self.visitor.console.clock

    def begin(self) -> None:
        """Look at once, and from now on."""
        for loop, seconds in ((self._looks, LOOK), (self._paints, TURN)):
            loop.start(seconds).addErrback(self._failed)

    def leave(self) -> None:
        """Look no more."""
        for loop in (self._looks, self._paints):
            if loop.running:
                loop.stop()
        for each in self._tiles.values():
            each.leave()
        self._tiles.clear()

    def _failed(self, failure: Failure) -> None:
        log.failure("a wall failed", failure=failure)
        self.stream.end()

    async def _rows(self) -> list[Row]:
        rows: list[Row] = (await self.visitor.fetch(line("sessions", flags=("live",)))).data
        return sorted(rows, key=lambda row: (-(row["risk"] or 0), row["idle_s"] or 0.0))

    def _look(self) -> Deferred[None]:
        return Deferred.fromCoroutine(self._looked())

    async def _looked(self) -> None:
        rows = await self._rows()
        told = [{"id": row["id"], "idle": spell(row["idle_s"]), "look": look(row)} for row in rows[:MOST]]
        said = json.dumps(told)
        if said != self._said and not self.stream.is_behind:
            self._said = said
            self.stream.put("wall", event("wall", told))
        here = [row["id"] for row in rows if row["node"] == self.visitor.room.node and row["state"] != "waiting"]
        self._wanted = here[:TILES]
        for gone in set(self._tiles) - set(self._wanted):
            self._tiles.pop(gone).leave()

    def _join(self, session: str) -> None:
        new = self._tiles[session] = Tile(session, self.stream)
        taking = self.visitor.room.live.watch(session, None, new, **who(self.visitor.room))
        taking.addCallbacks(new.seated, self._not_shown, errbackArgs=(new,))

    def _not_shown(self, failure: Failure, new: Tile) -> None:
        """Leave a tile without a picture: the session has no screen yet, or the fact can not be kept."""
        new.leave()
        new.again = self.visitor.console.clock.seconds() + LOOK
        if not isinstance(failure.value, NotWatchable | OSError):
            log.failure("a session can not be shown", failure=failure)

    def _paint(self) -> None:
        """Let one tile have its turn: a new one first, else who has waited longest."""
        now = self.visitor.console.clock.seconds()
        for session in self._wanted:
            known = self._tiles.get(session)
            if known is None or (known.left and now >= known.again):
                self._join(session)
                return
        for session, each in tuple(self._tiles.items()):
            if each.tick(now):
                self._tiles[session] = self._tiles.pop(session)
                return


def look(row: Row) -> str:
    """Return what changes how a tile is made: when it does, the wall is made anew."""
    return f"{row['state']} {row['risk']} {row['level']} {row['drifted']} {row['protocol']}"


async def wall(visitor: Visitor) -> Reply:
    """Follow all that goes on."""
    stream = Newest(visitor.console.clock)
    seen = Wall(visitor, stream)
    return opened(visitor, stream, seen.leave, seen.begin)
