"""The flow of one channel: gates decide, taps watch, in an order that is one tuple.

The rules, all of them here:

1. TO_TARGET runs the gates left to right, TO_OPERATOR right to left; what leaves the last one has passed.
2. What a gate emits along a lane enters the *next* gate of that lane; other effects skip the remaining gates.
3. Ticks and orders come to every gate, left to right, whatever is held; an answer comes to the gate that asked. A
   gate that waits for a time says so (:class:`Waiter`); a tick comes then, or a little later.
4. While a gate waits for an answer, what it passes on along the asked lane waits behind it, in order. The gate
   itself goes on weighing both lanes; it may take its question back. One open ticket per gate and lane.
5. A tap sees what passed before anybody outside does, and can change nothing.
6. **Fail closed.** A gate that raises ends the session: nothing of that turn is forwarded, nor anything after it.
   An essential tap (the recorder) that raises does the same; any other tap is dropped. Both tell a fact.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Protocol, cast

import attrs

from gateway.domain.facts import Fact
from gateway.domain.lane import (
    Answered,
    Ask,
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
    Request,
    Resize,
    Seen,
    Tell,
    Tick,
    Withdraw,
)

FAILED = 78
"""The exit code where the gateway itself failed."""


class Gate(Protocol):
    """Decide: return the events to pass on and the effects to do, in order."""

    def weigh(self, event: Event, at: float) -> Iterable[Event | Effect]:
        """Weigh one event at a time, ``at`` seconds after the session's start."""


class Tap(Protocol):
    """Watch what passed every gate."""

    essential: bool
    """An essential tap that fails ends the session."""

    def see(self, seen: Seen, at: float) -> None:
        """Take note; raising says that nothing could be noted."""


class Waiter(Protocol):
    """A gate that also waits for time to pass."""

    due: float | None
    """When it wants a tick, in seconds after the session's start; None while it waits for nothing."""


class FlowFault(Exception):
    """A gate broke the rules of the flow."""


@attrs.define(eq=False)
class _Enter:
    index: int
    event: Event | Effect


@attrs.define(eq=False)
class _Show:
    tap: Tap
    seen: Seen


_Step = _Enter | _Show


@attrs.define
class _Waiting:
    """What waits behind a gate's open ticket."""

    index: int
    lane: Lane
    events: list[LaneEvent] = attrs.field(factory=list)


@attrs.define(eq=False)
class Flow:
    """Run one channel's events through its gates and show what passed to its taps."""

    gates: tuple[Gate, ...]
    taps: tuple[Tap, ...] = ()
    ended: bool = attrs.field(default=False, init=False)
    _held: dict[Lane, int] = attrs.field(init=False, factory=lambda: dict.fromkeys(Lane, 0))
    _waiting: dict[int, _Waiting] = attrs.field(init=False, factory=dict)
    _out: list[Effect] = attrs.field(init=False, factory=list)
    _waiters: tuple[Waiter, ...] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        """Know which gates wait for time."""
        self._waiters = tuple(cast(Waiter, gate) for gate in self.gates if hasattr(gate, "due"))

    @property
    def due(self) -> float | None:
        """When the next gate wants a tick, in seconds after the session's start; None where none waits."""
        if self.ended or not self._waiters:
            return None
        return min((gate.due for gate in self._waiters if gate.due is not None), default=None)

    def held(self, lane: Lane) -> int:
        """Return the bytes that rest in the flow on a lane."""
        return self._held[lane]

    def rests(self, lane: Lane) -> bool:
        """Say whether something of a lane rests in the flow, so that what comes now has to go behind it."""
        return self._held[lane] > 0 or any(waiting.lane is lane for waiting in self._waiting.values())

    def feed(self, event: Event, at: float) -> list[Effect]:
        """Run one event to its end and return what is to be done, in order; an ended flow does nothing more."""
        return self._run(self._entries(event), at)

    def say(self, text: str, at: float) -> list[Effect]:
        """Show the taps a line the gateway says by itself, and return what is to be done, as :meth:`feed` does."""
        return self._run([_Enter(-1, Notice(text))], at)

    def _run(self, entries: list[_Step], at: float) -> list[Effect]:
        if self.ended:
            return []
        self._out = []
        work: deque[_Step] = deque(entries)
        while work and not self.ended:
            step = work.popleft()
            try:
                following = self._do(step, at)
            except Exception as fault:  # fail closed, whatever it is: rule 6
                self._failed(step, fault)
                continue
            work.extendleft(following[::-1])
        out, self._out = self._out, []
        return out

    def _entries(self, event: Event) -> list[_Step]:
        match event:
            case Bytes():
                return [_Enter(self._first(event.lane), event)]
            case Tick() | Order():
                return [_Enter(index, event) for index in range(len(self.gates))]
            case Answered():
                waiting = self._waiting.get(event.ticket)
                return [] if waiting is None else [_Enter(waiting.index, event)]
            case _:
                return [_Enter(self._first(event.lane), event)]

    def _first(self, lane: Lane) -> int:
        return 0 if lane is Lane.TO_TARGET else len(self.gates) - 1

    def _do(self, step: _Step, at: float) -> list[_Step]:
        if isinstance(step, _Show):
            step.tap.see(step.seen, at)
            return []
        if not 0 <= step.index < len(self.gates):
            return self._passed(step.event)
        event = step.event
        assert isinstance(event, Event)  # noqa: S101 - _after() sends only lane events to further gates
        emitted = list(self.gates[step.index].weigh(event, at))
        if len(emitted) == 1 and emitted[0] is event and isinstance(event, Bytes) and not self._waiting:
            # As _after() says, without asking who waits: the commonest case by far.
            return [_Enter(step.index + (1 if event.lane is Lane.TO_TARGET else -1), event)]
        behind = self._close(event) if isinstance(event, Answered) else []
        return [after for each in [*emitted, *behind] for after in self._after(step.index, each)]

    def _close(self, over: Answered | Withdraw) -> list[LaneEvent]:
        waiting = self._waiting.pop(over.ticket)
        self._held[waiting.lane] -= sum(_weight(event) for event in waiting.events)
        return waiting.events

    def _after(self, index: int, each: Event | Effect) -> list[_Step]:
        match each:
            case Bytes() | End() | Close() | Resize() | Request():
                waiting = self._ticket_of(index, each.lane)
                if waiting is None:
                    return [_Enter(index + (1 if each.lane is Lane.TO_TARGET else -1), each)]
                waiting.events.append(each)
                self._held[each.lane] += _weight(each)
                return []
            case Hold() | Credit():
                self._held[each.lane] += each.count if isinstance(each, Hold) else -each.count
                if self._held[each.lane] < 0:
                    raise FlowFault("a gate credited more than was held")
                return []
            case Ask():
                return self._ask(index, each)
            case Withdraw():
                return self._withdraw(index, each)
            case Tick() | Order() | Answered():
                raise FlowFault(f"a gate emitted {type(each).__name__}, which only comes from outside")
            case _:
                return [_Enter(-1, each)]

    def _ticket_of(self, index: int, lane: Lane) -> _Waiting | None:
        found = (each for each in self._waiting.values() if each.index == index and each.lane is lane)
        return next(found, None)

    def _ask(self, index: int, ask: Ask) -> list[_Step]:
        if ask.ticket in self._waiting or self._ticket_of(index, ask.lane):
            raise FlowFault("a gate may have one open ticket on a lane")
        self._waiting[ask.ticket] = _Waiting(index, ask.lane)
        return [_Enter(-1, ask)]

    def _withdraw(self, index: int, withdrawn: Withdraw) -> list[_Step]:
        waiting = self._waiting.get(withdrawn.ticket)
        if waiting is None or waiting.index != index:
            raise FlowFault("a gate may take back only what it asked and nobody has answered")
        behind = self._close(withdrawn)
        return [_Enter(-1, withdrawn), *(after for event in behind for after in self._after(index, event))]

    def _passed(self, effect: Event | Effect) -> list[_Step]:
        assert isinstance(effect, Effect)  # noqa: S101 - events that are no effects never leave a gate, see _after()
        self._out.append(effect)
        match effect:
            case Bytes() | End() | Close() | Resize() | Request() | Notice() | Mark():
                return [_Show(tap, effect) for tap in self.taps]
            case EndSession():
                self.ended = True
                return []
            case _:
                return []

    def _failed(self, step: _Step, fault: Exception) -> None:
        where = step.tap if isinstance(step, _Show) else self.gates[step.index]
        body = {"where": type(where).__name__, "what": type(fault).__name__}
        told = Tell(Fact("session.failed", body))
        if isinstance(step, _Show) and not step.tap.essential:
            self.taps = tuple(tap for tap in self.taps if tap is not step.tap)
            self._out.append(told)
            return
        self.ended = True
        reason = "recording_failed" if isinstance(step, _Show) else "gate_failed"
        self._out = [told, EndSession(FAILED, reason, "the gateway could not go on safely; the session is over")]


def _weight(event: LaneEvent) -> int:
    return len(event.chunk) if isinstance(event, Bytes) else 0
