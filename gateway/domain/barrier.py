"""The lock gate: while a lock covers the session nothing moves, and nothing is lost.

The rule, for every channel of a frozen session:

* typed input of a terminal is discarded, counted and so credited; it is never delivered, also not later;
* everything else, in both lanes, is held in order, and delivered exactly so on release;
* the operator is told once when it begins and once when it ends; a terminal has the notice drawn over its first
  lines while it is locked, and exactly its own screen back on release.

The bytes held are bounded by the windows that were open when the lock fell: nothing held is refunded. Requests have
no window: more than :data:`MOST_HELD` of them end the session.
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from gateway.domain.lane import (
    Bytes,
    Close,
    Credit,
    Effect,
    End,
    EndSession,
    Event,
    Hold,
    Lane,
    LaneEvent,
    Mark,
    Notice,
    Order,
    OrderKind,
    Request,
    Resize,
)
from gateway.domain.overlay import drawn, lifted
from gateway.domain.screen import Screen

DROPPED_REQUESTS = frozenset({"signal", "break"})
"""Requests of a terminal that are keys by another name."""
MOST_HELD = 256
"""Requests that are held; more of them are a flood."""
SMALL_CHUNK = 512
"""Chunks up to this size are joined while they are held: memory is bounded by bytes, not by their number."""
FLOODED = 75


@attrs.define(eq=False)
class LockGate:
    """Freeze one channel between a LOCK order and the UNLOCK order that releases the session."""

    terminal: bool
    locked: bool = False
    screen: Screen | None = None
    """The terminal's screen, for the notice to be drawn over it and taken away again."""
    discarded: int = attrs.field(default=0, init=False)
    """Typed bytes that were discarded while locked."""
    _held: list[LaneEvent] = attrs.field(init=False, factory=list)

    def weigh(self, event: Event, at: float) -> Iterator[Event | Effect]:
        """Pass what may move now; hold, discard or release otherwise."""
        match event:
            case Order():
                yield from self._ordered(event)
            case Bytes() | End() | Close() | Resize() | Request():
                if self.locked:
                    yield from self._frozen(event)
                else:
                    yield event
            case _:
                pass

    def _ordered(self, order: Order) -> Iterator[Event | Effect]:
        if order.kind is OrderKind.MARK:
            yield Mark(order.reason)
        if order.kind is OrderKind.LOCK and not self.locked:
            self.locked = True
            yield Notice(order.notice, None if self.screen is None else drawn(order.notice, self.screen))
        elif order.kind is OrderKind.UNLOCK and self.locked:
            self.locked = False
            held, self._held = self._held, []
            yield Notice(order.notice, None if self.screen is None else lifted(self.screen, _size(held)))
            for event in held:
                if isinstance(event, Bytes):
                    yield Credit(event.lane, len(event.chunk))
                yield event

    def _frozen(self, event: LaneEvent) -> Iterator[Effect]:
        if self.terminal and self._is_typed(event):
            if isinstance(event, Bytes):
                self.discarded += len(event.chunk)
            return
        if isinstance(event, Bytes):
            yield Hold(event.lane, len(event.chunk))
            self._hold_bytes(event)
            return
        if isinstance(event, Resize):
            self._held = [held for held in self._held if not isinstance(held, Resize)]
        self._held.append(event)
        if isinstance(event, Request) and sum(isinstance(held, Request) for held in self._held) > MOST_HELD:
            yield EndSession(FLOODED, "lock_flooded", "too many requests came while the session was locked; it is over")

    def _hold_bytes(self, event: Bytes) -> None:
        last = self._held[-1] if self._held else None
        alike = isinstance(last, Bytes) and (last.lane, last.stderr) == (event.lane, event.stderr)
        if isinstance(last, Bytes) and alike and len(last.chunk) + len(event.chunk) <= SMALL_CHUNK:
            self._held[-1] = Bytes(event.lane, last.chunk + event.chunk, event.stderr)
        else:
            self._held.append(event)

    def _is_typed(self, event: LaneEvent) -> bool:
        if event.lane is not Lane.TO_TARGET:
            return False
        return isinstance(event, Bytes) or (isinstance(event, Request) and event.name in DROPPED_REQUESTS)


def _size(held: list[LaneEvent]) -> tuple[int, int] | None:
    """Return the size that the terminal has by now, where it was changed."""
    return next(((each.columns, each.rows) for each in held if isinstance(each, Resize)), None)
