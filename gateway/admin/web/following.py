"""Following one session over HTTP: its screen as server-sent events, from the first whole picture on.

    event: screen   {"cols", "rows", "init"} paints a fresh terminal, {"o"} changes it
    event: over     {"words"} ends it

The rule: every delivery of a screen is told before it is seen, and again when it ends. Who has not taken what he was
sent is left out, and shown the whole present screen when he has.
"""

from __future__ import annotations

import attrs
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from gateway.admin.room import Room
from gateway.admin.web.sse import Newest, event
from gateway.domain.screen.view import Update
from gateway.interfaces import ILiveSeat, IViewer, NotWatchable

log = Logger()


def who(room: Room) -> dict[str, str]:
    """Return who looks, for the record."""
    caller = room.caller
    return {"by": caller.name, "by_name": caller.full_name, "source": caller.source, "door": caller.door}


@implementer(IViewer)
@attrs.define(eq=False)
class Watching:
    """A browser or program that follows one session."""

    stream: Newest
    size: tuple[int, int] | None = None
    seat: ILiveSeat | None = None
    _behind: bool = attrs.field(init=False, default=False)
    _left: bool = attrs.field(init=False, default=False)

    def __attrs_post_init__(self) -> None:
        """Hear when the browser has taken all that was sent."""
        self.stream.drained = self.drained

    def begin(self, room: Room, session: str, channel: int | None) -> None:
        """Take a place; what is in the way of that is the only thing that is sent."""
        taking = room.live.watch(session, channel, self, **who(room))
        taking.addCallbacks(self.seated, self._not_seated)

    def is_full(self) -> bool:
        """Say whether the browser has not taken what it was sent."""
        self._behind = self.stream.is_behind
        return self._behind

    def show(self, update: Update) -> None:
        """Send the picture, or its difference to the last one."""
        painted = update.painted.decode("utf-8", "replace")
        told = {"cols": update.columns, "rows": update.rows, "init": painted} if update.fresh else {"o": painted}
        self.stream.put("screen", event("screen", told))

    def over(self, words: str) -> None:
        """Say that there is nothing more to see."""
        self.stream.put("over", event("over", {"words": words}))
        self.stream.end()

    def drained(self) -> None:
        """Be shown afresh what was left out."""
        if self._behind and self.seat is not None:
            self._behind = False
            self.seat.refresh()

    def leave(self) -> None:
        """See no more."""
        self._left = True
        if self.seat is not None:
            self.seat.leave()

    def seated(self, seat: ILiveSeat) -> None:
        """Take a place, or give it back at once where the browser has left meanwhile."""
        self.seat = seat
        if self._left:
            seat.leave()

    def _not_seated(self, failure: Failure) -> None:
        known = isinstance(failure.value, NotWatchable | OSError)
        words = str(failure.value) if known else "the session can not be shown"
        if not known:
            log.failure("a session can not be shown", failure=failure)
        self.stream.put("over", event("over", {"words": words}))
        self.stream.end()
