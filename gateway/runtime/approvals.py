"""Requests that wait for approvers: held lines, and sessions that may not start alone.

The rule: a request lives in this process and nowhere else, so a node that dies has refused it. It ends once: given,
denied, expired, or withdrawn. An approval is on disk before anything runs; a refusal needs nothing but its giver.
Nobody answers his own request; of those who agree each counts once. While a session is locked nothing of it is
approved.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from zope.interface import implementer

from gateway.domain.facts import Fact
from gateway.domain.review import Decision, Review, Ruling
from gateway.domain.session import crockford
from gateway.interfaces import ApprovalError, IApprovals
from gateway.runtime.neighbours import Asker
from gateway.runtime.orders import NotForOneself
from gateway.runtime.run import Run

_SESSION = "this session waits for approval"
MOST_NAMED = 5
"""Approvers that the operator is told of by name."""


@attrs.define(eq=False)
class Request:
    """One request that nobody has ended yet; ``since`` and ``until`` in seconds since the epoch."""

    id: str
    run: Run
    review: Review
    asker: Asker
    since: float
    until: float
    given: dict[str, str] = attrs.field(factory=dict)
    """Who has agreed so far: name and full name."""
    _timer: IDelayedCall | None = None

    def body(self) -> dict[str, Any]:
        """Return what each of its facts carries; nothing of the session's content."""
        return {"request": self.id, "subject": self.review.subject, "rule": self.review.rule}

    def row(self) -> dict[str, Any]:
        """Return it for approvers."""
        policy = self.run.grant.policy
        return {
            "id": self.id, "subject": self.review.subject, "session": self.run.id, "operator": policy.operator,
            "account": policy.account, "target": policy.target.name, "command": self.review.line,
            "rule": self.review.rule, "since": self.since, "until": self.until, "needed": self.review.needed,
            "given": sorted(self.given), "source": self.run.grant.source, "purpose": self.review.purpose,
        }  # fmt: skip


@implementer(IApprovals)
@attrs.define(eq=False, repr=False)
class Approvals:
    """Hold the requests of this process."""

    clock: IReactorTime
    wall: Callable[[], float]
    approvers: Callable[[], Sequence[tuple[str, str]]] = tuple
    """Names and full names of those who could answer now."""
    _open: dict[str, Request] = attrs.field(init=False, factory=dict)

    # The asking side.

    def ask(self, run: Run, review: Review, asker: Asker) -> Callable[[], None]:
        """Ask; return what takes the question back. The answer never comes in the same turn."""
        others = [(name, full) for name, full in self.approvers() if name != run.subject.user]
        now, seconds = self.wall(), run.grant.policy.settings.approval_timeout
        request = Request("Q-" + crockford(secrets.randbits(40), 8), run, review, asker, now, now + seconds)
        self._open[request.id] = request
        if len(others) < review.needed:
            ruling, seconds = Ruling.NOBODY, 0
        else:
            ruling = Ruling.EXPIRED
            asker.say(_asked(request, others, seconds))
        request._timer = self.clock.callLater(seconds, self._decide, request, Decision(ruling))
        told = {**request.body(), "needed": review.needed, "until": request.until}
        run.tell(Fact("approval.requested", {**told, "approvers": [name for name, _ in others]}))
        if review.line:
            run.tell(Fact("command.held", {**told, "command": review.line, "known_by": review.known_by}))
        return partial(self._withdraw, request)

    def _withdraw(self, request: Request) -> None:
        self._decide(request, Decision(Ruling.WITHDRAWN))

    def _decide(self, request: Request, decision: Decision) -> bool:
        """End a request, once; return whether it was this that ended it."""
        if self._open.pop(request.id, None) is None:
            return False
        if request._timer is not None and request._timer.active():
            request._timer.cancel()
        if decision.ruling in (Ruling.EXPIRED, Ruling.NOBODY, Ruling.WITHDRAWN):
            outcome = {**request.body(), "outcome": decision.ruling.value, "reason": decision.words}
            request.run.tell(Fact("approval.denied", outcome))
        if decision.ruling is not Ruling.WITHDRAWN:
            request.asker.decided(decision)
        return True

    # The answering side.

    def requests(self) -> Sequence[Mapping[str, Any]]:
        """Return what waits, the oldest first."""
        return [request.row() for request in self._open.values()]

    def approve(self, prefix: str, *, by: str, by_name: str, reason: str, door: str) -> Deferred[Mapping[str, Any]]:
        """Agree; see :class:`~gateway.interfaces.IApprovals`."""
        request = self._find(prefix, by)
        if request.run.locked:
            raise ApprovalError(f"session {request.run.id} is locked: nothing of it can be approved before its release")
        if by in request.given:
            raise ApprovalError(f"you have approved {request.id} already; somebody else has to")
        return Deferred.fromCoroutine(self._approved(request, by, by_name, reason, door))

    async def _approved(
        self, request: Request, by: str, by_name: str, reason: str, door: str
    ) -> Mapping[str, Any]:
        request.given[by] = by_name
        given, needed = len(request.given), request.review.needed
        body = {**request.body(), "by": by, "by_name": by_name, "reason": reason, "door": door}
        await request.run.commit(Fact("approval.given", {**body, "given": given, "needed": needed}))
        if given >= needed:
            who = ", ".join(full or name for name, full in request.given.items())
            if not self._decide(request, Decision(Ruling.GIVEN, by, who, reason)):
                raise ApprovalError(f"{request.id} ended while you answered: nothing runs")
        return {**request.row(), "state": "given" if given >= needed else "waiting"}

    def deny(self, prefix: str, *, by: str, by_name: str, reason: str, door: str) -> Deferred[Mapping[str, Any]]:
        """Refuse; see :class:`~gateway.interfaces.IApprovals`."""
        request = self._find(prefix, by)
        return Deferred.fromCoroutine(self._denied(request, by, by_name, reason, door))

    async def _denied(self, request: Request, by: str, by_name: str, reason: str, door: str) -> Mapping[str, Any]:
        self._decide(request, Decision(Ruling.DENIED, by, by_name, reason))
        body = {**request.body(), "by": by, "by_name": by_name, "reason": reason, "door": door, "outcome": "denied"}
        await request.run.commit(Fact("approval.denied", body))
        return {**request.row(), "state": "denied"}

    def _find(self, prefix: str, by: str) -> Request:
        wanted = prefix.strip().upper().removeprefix("Q-").translate(str.maketrans("OIL", "011"))
        found = [request for name, request in self._open.items() if wanted and name[2:].startswith(wanted)]
        if len(found) != 1:
            words = f"is the beginning of {len(found)} requests" if found else "waits for nobody (any more)"
            raise ApprovalError(f"{prefix} {words}; see `requests`")
        if by == found[0].run.subject.user:
            raise NotForOneself("nobody answers his own request; ask another approver")
        return found[0]


def _asked(request: Request, others: Sequence[tuple[str, str]], seconds: float) -> str:
    """Return the line that tells the operator who is asked."""
    names = [full or name for name, full in others[:MOST_NAMED]]
    more = len(others) - len(names)
    who = ", ".join(names) + (f" and {more} more" if more > 0 else "")
    review = request.review
    what = f'"{review.line}" waits for approval (rule {review.rule})' if review.line else _SESSION
    of = f" by {review.needed} of" if review.needed > 1 else " by one of" if len(others) > 1 else ":"
    span = f"{seconds // 60:.0f} minutes" if seconds > 90 else f"{seconds:.0f} seconds"
    return f"{what}{of} {who}; request {request.id}, {span}. Ctrl-C cancels."
