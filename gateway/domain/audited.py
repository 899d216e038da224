"""The gate of audited commands: what is about to run is judged before the target sees it.

The rule: an ``exec`` request is judged as one line; what the verdict keeps back is refused with its channel. What is to
be reviewed is held here until approvers have answered; Ctrl-C on a terminal takes the question back, and so does the
end of the channel.

Known limits: here the command line of an ``exec`` is judged; what a subsystem may do is the rights' affair. What is
typed or piped into a shell is judged by the gates in :mod:`gateway.domain.lines`.
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from gateway.domain.lane import (
    Answered,
    Ask,
    Bytes,
    Close,
    Effect,
    Event,
    Lane,
    Notice,
    Order,
    Refuse,
    Request,
    Tick,
    Withdraw,
)
from gateway.domain.policy import FrozenPolicy
from gateway.domain.review import CANCEL, Decision, Review
from gateway.domain.risk import Risk
from gateway.domain.shell import Shell
from gateway.domain.verdict import Attempts, Judge, Outcome, Verdict

DENIED = 77
TICKET = -1
"""The audited gate's ticket: a channel has one command line, and so one question about it."""


@attrs.frozen
class _Held:
    """A request that waits for approvers, and what comes of it."""

    request: Request
    verdict: Verdict


@attrs.define(eq=False)
class AuditedGate:
    """Judge exec requests by the frozen rules."""

    policy: FrozenPolicy
    attempts: Attempts
    risk: Risk
    terminal: bool = False
    typed: bool = False
    """Whether another gate judges what a shell started here reads from its input."""
    _held: _Held | None = attrs.field(init=False, default=None)

    def weigh(self, event: Event, at: float) -> Iterator[Event | Effect]:
        """Pass what may run; report, refuse or end otherwise."""
        match event:
            case Request(lane=Lane.TO_TARGET, name="exec"):
                yield from self._judged(event, event.payload[4:].decode("utf-8", "surrogateescape"))
            case Tick() | Order():
                pass
            case Answered():
                yield from self._answered(event.answer)
            case Bytes(lane=Lane.TO_TARGET) if self._held and self.terminal and CANCEL in event.chunk:
                yield from self._taken_back(self._held.verdict)
            case Close(lane=Lane.TO_TARGET) if self._held:
                self._held = None
                yield Withdraw(TICKET)
                yield event
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
            case Outcome.REVIEW:
                self._held = _Held(event, verdict)
                yield Ask(TICKET, Lane.TO_TARGET, Review(verdict.line, verdict.rule, "exec"))
            case _:
                yield Refuse(DENIED, verdict.words)
                yield from verdict.orders

    def _answered(self, decision: Decision) -> Iterator[Event | Effect]:
        held, self._held = self._held, None
        if held is None:
            return
        if decision.given:
            yield Notice(f'"{held.verdict.line}" was {decision.words}')
            yield from held.verdict.executed
            yield held.request
        else:
            yield from held.verdict.refused
            yield Refuse(DENIED, f'"{held.verdict.line}" was not approved: {decision.words}')

    def _taken_back(self, verdict: Verdict) -> Iterator[Effect]:
        self._held = None
        yield from verdict.refused
        # First the end, then the ticket: what was typed meanwhile goes nowhere.
        yield Refuse(DENIED, f'"{verdict.line}" was withdrawn; it did not run')
        yield Withdraw(TICKET)
