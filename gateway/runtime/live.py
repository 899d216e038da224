"""The live stream: present screens, to those who may see them, on this node alone.

The rule: the operator's path never waits for a viewer and has no trace of one. The tap only notes that something
passed; some 40 ms later the screen is painted once for all viewers of a size, as the difference to what they have. Who
has not taken what he was shown is left out, and shown the whole present screen when he has: nothing is queued for him.
Nothing here knows of other nodes.

Every delivery is a fact before it is seen: ``live.watch_started``, and ``live.watch_ended`` once for each viewer.
"""

from __future__ import annotations

from typing import Any

import attrs
from twisted.internet.defer import CancelledError, Deferred
from zope.interface import implementer

from gateway.domain.facts import Fact
from gateway.domain.lane import Tick
from gateway.domain.screen.view import Picture, Update, picture
from gateway.domain.session import State
from gateway.interfaces.live import ILive, ILiveSeat, IViewer, NotWatchable
from gateway.runtime.roster import Roster
from gateway.runtime.run import Run
from gateway.runtime.stage import Stage


@implementer(ILiveSeat)
@attrs.define(eq=False, repr=False)
class Seat:
    """One viewer's place at one channel."""

    run: Run
    channel: int
    stage: Stage
    viewer: IViewer
    identity: dict[str, Any]
    words: str
    """Who watches, for the operator where that is announced."""
    _since: float = attrs.field(init=False, default=0.0)
    _left: bool = attrs.field(init=False, default=False)

    async def take(self) -> None:
        """Tell that somebody watches, then show him the present screen."""
        self._since = self.run.at
        try:
            await self.run.commit(Fact("live.watch_started", self.identity))
        except CancelledError:
            self.leave()  # it is told that he began to look, so it is told that he ceased
            raise
        if self.run.state is State.ENDED or self.stage.closed:
            self.leave()
            raise NotWatchable(f"{self.run.id} has just ended: `play {self.run.id}` shows its recording")
        if self.run.grant.policy.settings.live_announce:
            self.run.say(f"{self.words} is watching this session")
        self.stage.join(self.viewer, self._gone)
        self._nudge()

    def _nudge(self) -> None:
        """Have the channel choose its ways anew: output that is watched is read."""
        leg = self.run.legs.get(self.channel)
        if leg is not None:
            leg.feed(Tick())

    def refresh(self) -> None:
        """Be shown the whole present screen next."""
        self.stage.refresh(self.viewer)

    def leave(self) -> None:
        """See no more; told once."""
        self.stage.leave(self.viewer)
        self._gone()

    def _gone(self) -> None:
        if self._left:
            return
        self._left = True
        body = {**self.identity, "duration": round(self.run.at - self._since, 3)}
        self.run.tell(Fact("live.watch_ended", body))
        if self.run.grant.policy.settings.live_announce:
            self.run.say(f"{self.words} is not watching any more")
        self._nudge()


@implementer(ILive)
@attrs.frozen(eq=False, repr=False)
class Live:
    """Find a session of this process and deliver its present screen."""

    roster: Roster
    node: str

    def watch(
        self, session: str, channel: int | None, viewer: IViewer, *, by: str, by_name: str, source: str, door: str
    ) -> Deferred[ILiveSeat]:
        """Show a channel to a viewer from now on; see :class:`~gateway.interfaces.live.ILive`."""

        async def watched() -> ILiveSeat:
            seat = self._seat(session, channel, viewer, by, by_name, source, door)
            await seat.take()
            return seat

        return Deferred.fromCoroutine(watched())

    def snapshot(
        self, session: str, channel: int | None, *, by: str, by_name: str, source: str, door: str
    ) -> Deferred[tuple[int, Picture]]:
        """Return a channel's number and what it shows now."""

        async def seen() -> tuple[int, Picture]:
            glance = Glance()
            seat = self._seat(session, channel, glance, by, by_name, source, door)
            await seat.take()
            shown = picture(seat.stage.shown.screen)
            seat.leave()
            return seat.channel, shown

        return Deferred.fromCoroutine(seen())

    def _seat(
        self, session: str, channel: int | None, viewer: IViewer, by: str, by_name: str, source: str, door: str
    ) -> Seat:
        run = self._run(session, by)
        number = self._channel(run, channel)
        identity = {"by": by, "by_name": by_name, "from": source, "door": door, "channel": number}
        words = f"{by_name} ({by})" if by_name and by_name != by else by
        return Seat(run, number, run.stages[number], viewer, identity, words)

    def _run(self, session: str, by: str) -> Run:
        for run in self.roster.running():
            if run.id == session:
                return run
        node = next((str(row["node"]) for row in self.roster.sessions() if row["id"] == session), self.node)
        if node != self.node:
            there = f"ssh -t {by}@{node} watch {session}"
            raise NotWatchable(f"the live stream of {session} never leaves {node}, which holds it; there: {there}")
        raise NotWatchable(f"{session} has ended: `play {session}` shows its recording")

    def _channel(self, run: Run, channel: int | None) -> int:
        if channel in run.stages:
            return channel
        if channel is not None:
            known = "that one is not open" if channel not in run.legs else "it carries files or forwards, which are not"
            raise NotWatchable(f"channel {channel} of {run.id} has no screen: {known}; see `session show {run.id}`")
        found = sorted(run.stages, key=lambda number: (not run.stages[number].terminal, number))
        if not found:
            raise NotWatchable(f"{run.id} shows nothing yet, or only moves files; see `session show {run.id}`")
        return found[0]


@implementer(IViewer)
@attrs.define(eq=False)
class Glance:
    """A viewer who looks once."""

    size: tuple[int, int] | None = None

    def is_full(self) -> bool:
        """Say that nothing is to be shown: the picture is taken from the screen itself."""
        return True

    def show(self, update: Update) -> None:
        """Never called: he is full."""

    def over(self, words: str) -> None:
        """Have seen."""
