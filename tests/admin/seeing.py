"""Live streams and search in memory, for the tests of verbs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock
from zope.interface import implementer

from gateway.domain.lane import Bytes, Lane
from gateway.domain.screen import Screen
from gateway.domain.screen.view import Picture, picture
from gateway.interfaces import ILive, ILiveSeat, ISearch, IViewer
from gateway.runtime.shown import Showing
from gateway.runtime.stage import Stage


@implementer(ISearch)
@attrs.define
class MemorySearch:
    """Find what a test puts in."""

    hits: list[dict[str, Any]] = attrs.field(factory=list)

    def find(
        self, wanted: str, most: int, among: Callable[[Mapping[str, Any]], bool]
    ) -> Deferred[list[dict[str, Any]]]:
        return succeed([hit for hit in self.hits if wanted in hit["snippet"] and among(hit)][:most])

    def add(self, session: str, started: str) -> Deferred[int]:
        return succeed(0)

    def missing(self, rows: Sequence[Mapping[str, Any]]) -> Deferred[list[tuple[str, str]]]:
        return succeed([])

    def forget(self, session: str) -> Deferred[None]:
        return succeed(None)


@implementer(ILiveSeat)
@attrs.define(eq=False)
class MemorySeat:
    """A viewer's place in memory."""

    stage: Stage
    viewer: IViewer
    channel: int = 1
    left: int = 0

    def refresh(self) -> None:
        self.stage.refresh(self.viewer)

    def leave(self) -> None:
        self.left += 1
        self.stage.leave(self.viewer)


@implementer(ILive)
@attrs.define(eq=False)
class MemoryLive:
    """One screen, whoever asks."""

    clock: Clock = attrs.field(factory=Clock)
    shown: Showing = attrs.field(factory=lambda: Showing(Screen(20, 4)))
    asked: list[dict[str, Any]] = attrs.field(factory=list)
    seats: list[MemorySeat] = attrs.field(factory=list)
    failure: Exception | None = None
    stage: Stage = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.stage = Stage(self.shown, self.clock, terminal=True)

    def feed(self, text: str) -> None:
        """Let the session show something."""
        self.shown.screen.feed(text.encode())
        self.stage.see(Bytes(Lane.TO_OPERATOR, b""), 0.0)
        self.clock.advance(1)

    def watch(self, session: str, channel: int | None, viewer: IViewer, **who: str) -> Deferred[ILiveSeat]:
        self.asked.append({"session": session, "channel": channel, **who})
        if self.failure is not None:
            return fail(self.failure)
        self.seats.append(MemorySeat(self.stage, viewer))
        self.stage.join(viewer, lambda: None)
        return succeed(self.seats[-1])

    def snapshot(self, session: str, channel: int | None, **who: str) -> Deferred[tuple[int, Picture]]:
        self.asked.append({"session": session, "channel": channel, **who})
        return succeed((channel or 1, picture(self.shown.screen)))
