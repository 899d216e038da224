"""The gate of audited commands: what is about to run is judged before the target sees it.

The rule: an ``exec`` request is judged as one line; what the verdict keeps back is refused with its channel.

Known limits: here the command line of an ``exec`` is judged; what a subsystem may do is the rights' affair. What is
typed or piped into a shell is judged by the gates in :mod:`gateway.domain.lines`.
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from gateway.domain.lane import Effect, Event, Lane, Order, Refuse, Request, Tick
from gateway.domain.policy import FrozenPolicy
from gateway.domain.risk import Risk
from gateway.domain.shell import Shell
from gateway.domain.verdict import Attempts, Judge, Outcome

DENIED = 77


@attrs.define(eq=False)
class AuditedGate:
    """Judge exec requests by the frozen rules."""

    policy: FrozenPolicy
    attempts: Attempts
    risk: Risk
    typed: bool = False
    """Whether another gate judges what a shell started here reads from its input."""

    def weigh(self, event: Event, at: float) -> Iterator[Event | Effect]:
        """Pass what may run; report, refuse or end otherwise."""
        match event:
            case Request(lane=Lane.TO_TARGET, name="exec"):
                yield from self._judged(event, event.payload[4:].decode("utf-8", "surrogateescape"))
            case Tick() | Order():
                pass
            case _:
                yield event

    def _judged(self, event: Request, line: str) -> Iterator[Event | Effect]:
        verdict = Judge(self.policy, self.attempts, self.risk).weigh((line,), "exec", Shell(self.typed))
        yield from verdict.told
        match verdict.outcome:
            case Outcome.PASS:
                yield from verdict.executed
                yield event
            case Outcome.ENDS:
                yield from verdict.orders
            case _:
                yield Refuse(DENIED, verdict.words)
                yield from verdict.orders
