"""Immediate orders: act first, then commit, then acknowledge.

The rule: a lock or interruption reaches the running sessions in the turn it is given; its fact is committed next; the
one who gave it hears of it last. What bars new sessions is a fold of those facts, so it survives a restart. Nobody
gives orders for himself. How far a rule may go by itself is settled in :mod:`gateway.domain.restraint`.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs
from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from zope.interface import implementer

from gateway.domain.facts import Entry, Fact
from gateway.domain.lane import GiveOrder, Order, OrderKind
from gateway.domain.lock import Lock, LockSet, Scope, Subject
from gateway.domain.restraint import MOST, Measure, Restraint, Standing
from gateway.domain.risk import RULE
from gateway.domain.session import State, crockford
from gateway.interfaces import IFacts, IFold, IOrders
from gateway.runtime.roster import Roster
from gateway.runtime.run import Run

END_NOTICES: dict[str, Callable[[str, str], str]] = {
    "generic": lambda by_name, reason: "an administrator ended this session",
    "reason": lambda by_name, reason: f"{by_name} ended this session: {reason or 'no reason given'}",
}
"""What an interrupted operator is told, by ``[interrupt] notice``; ``none`` is not here."""


POLICY = "policy"
"""The door of what rules order."""
TRY_LATER = 75


class NotForOneself(ValueError):
    """Somebody gave an order for himself."""


@implementer(IOrders, IFold)
@attrs.define(eq=False, repr=False)
class Orders:
    """Give orders to the sessions of this process."""

    roster: Roster
    facts: IFacts
    clock: IReactorTime
    wall: Callable[[], float]
    contact: str = ""
    standing: Callable[[str], Standing] = lambda user: Standing()
    """Says who a user is, to a rule that would switch him off."""
    _restraint: Restraint = attrs.field(init=False, factory=Restraint)
    _set: LockSet = attrs.field(init=False, factory=LockSet)
    _timer: IDelayedCall | None = attrs.field(init=False, default=None)

    def apply(self, entry: Entry) -> None:
        """Take a committed fact into account."""
        self._set.apply(entry)
        if entry.kind == "user.deactivated" and entry.body and entry.body.get("door") == POLICY:
            self._restraint.note(str(entry.body["order"]), entry.time)
        self._wake()

    # Locks.

    async def _locked(self, lock: Lock, door: str) -> Mapping[str, Any]:
        requested = self.wall()
        self._set.add(lock)
        hit = [run for run in self.roster.running() if lock.covers(run.subject)]
        for run in hit:
            run.lock(lock, self.lock_notice(lock))
            if run.state is State.WAITING and lock.bars(run.subject):
                run.refuse(TRY_LATER, "locked", self.barred(run.subject.user, lock))
        body = {**lock.body(), "door": door, **_times(requested, self.wall()), "sessions": [r.id for r in hit]}
        told = [Fact("user.locked", body), *(self._of(run, "session.locked", lock) for run in hit)]
        await self.facts.tell_all(told)
        self._wake()
        return self.shape(lock)

    def lock(
        self, scope: str, subject: str, *, by: str, by_name: str, reason: str, ttl: float | None, only: bool,
        door: str,
    ) -> Deferred[Mapping[str, Any]]:  # fmt: skip
        """Freeze and bar; see :class:`~gateway.interfaces.IOrders`."""
        owner = self._owner(scope, subject)
        if by and by in (subject if scope == "user" else "", owner):
            raise NotForOneself("nobody locks himself; ask another administrator")
        now = self.wall()
        lock = Lock(
            id="L-" + crockford(secrets.randbits(40), 8), scope=Scope(scope), subject=subject, by=by,
            by_name=by_name, reason=reason, since=now, until=None if ttl is None else now + ttl, only=only, user=owner,
        )  # fmt: skip
        return Deferred.fromCoroutine(self._locked(lock, door))

    def unlock(
        self, scope: str, subject: str, *, by: str, by_name: str, reason: str, door: str
    ) -> Deferred[Sequence[str]]:
        """Release every lock in force with that scope and subject."""
        found = [
            lock for lock in self._set.in_force(self.wall()) if (lock.scope.value, lock.subject) == (scope, subject)
        ]
        if by and any(self._is_own(lock, by) for lock in found):
            raise NotForOneself("nobody unlocks himself; ask another administrator")
        ids = tuple(lock.id for lock in found)
        return Deferred.fromCoroutine(self._unlocked(ids, by, by_name, reason, door))

    def _is_own(self, lock: Lock, by: str) -> bool:
        """Say whether somebody would release himself: his own lock, or what another's lock froze of his."""
        if by in (lock.user, lock.subject if lock.scope is Scope.USER else ""):
            return True
        frozen = (run for run in self.roster.running() if run.subject.user == by and lock.covers(run.subject))
        return lock.by != by and any(frozen)

    async def _unlocked(self, ids: tuple[str, ...], by: str, by_name: str, reason: str, door: str) -> Sequence[str]:
        if not ids:
            return ()
        body = {"locks": list(ids), "by": by, "by_name": by_name, "reason": reason, "door": door}
        await self.facts.tell(Fact("user.unlocked", {**body, **_times(self.wall(), self.wall())}))
        released = self._release(ids, f"unlocked by {by_name or by} at {_clock(self.wall(), self.wall())}")
        if released:
            await self.facts.tell_all(
                [Fact("session.unlocked", {**run.identity(), "by": by, "reason": reason}) for run in released]
            )
        return ids

    def _release(self, ids: tuple[str, ...], notice: str) -> list[Run]:
        self._set.release(ids)
        released = [run for run in self.roster.running() if run.unlock(ids, notice)]
        self._wake()
        return released

    def locks(self) -> Sequence[Mapping[str, Any]]:
        """Return the locks in force."""
        return [self.shape(lock) for lock in self._set.in_force(self.wall())]

    def barring(self, user: str, groups: Sequence[str], target: str) -> Lock | None:
        """Return a lock that bars a new session."""
        return self._set.barring(Subject("", user, tuple(groups), target), self.wall())

    def covering(self, subject: Subject) -> tuple[Lock, ...]:
        """Return the locks that freeze a session which starts now."""
        return self._set.covering(subject, self.wall())

    def shape(self, lock: Lock) -> Mapping[str, Any]:
        """Return a lock in the JSON shape of the public contract."""
        covered = [run.id for run in self.roster.running() if lock.covers(run.subject)]
        user = lock.subject if lock.scope is Scope.USER else lock.user
        return {
            "id": lock.id, "scope": lock.scope.value, "subject": lock.subject, "user": user,
            "session": lock.subject if lock.scope is Scope.SESSION else "", "by": lock.by, "by_name": lock.by_name,
            "reason": lock.reason, "since": lock.since, "until": lock.until, "state": "complete", "enforced": "1/1",
            "only": lock.only, "sessions": covered,
        }  # fmt: skip

    def lock_notice(self, lock: Lock) -> str:
        """Return the line a frozen operator sees."""
        since = _clock(lock.since, self.wall())
        parts = [f"LOCKED by {_who(lock)} at {since}: your keys are ignored until it is released."]
        parts += [f"Reason: {lock.reason}."] if lock.reason else []
        return " ".join([*parts, self.contact]).strip()

    def barred(self, user: str, lock: Lock) -> str:
        """Return the line for an operator whose new sessions a lock refuses."""
        reason = f" Reason: {lock.reason}." if lock.reason else ""
        since = _clock(lock.since, self.wall())
        line = f"{user} is locked by {_who(lock)} since {since}: new sessions are refused.{reason}"
        return f"{line} {self.contact}".rstrip()

    def _owner(self, scope: str, subject: str) -> str:
        if scope != "session":
            return ""
        return str(self.roster.find(subject)["operator"])

    def _wake(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        end = self._set.next_end(self.wall())
        self._timer = None if end is None else self.clock.callLater(max(0.0, end - self.wall()) + 0.001, self._expire)

    def _expire(self) -> None:
        now = self.wall()
        over = {lock.id for run in self.roster.running() for lock in run.locks.values() if not lock.in_force(now)}
        for run in self._release(tuple(sorted(over)), f"the lock ended at {_clock(now, now)}"):
            run.tell(Fact("session.unlocked", {"by": "", "reason": "the time of the lock is over"}))

    # Ends.

    def interrupt(
        self, scope: str, subject: str, *, by: str, by_name: str, reason: str, door: str
    ) -> Deferred[Sequence[str]]:
        """Cut sessions now."""
        requested = self.wall()
        hit = [run for run in self.roster.running() if subject == (run.id if scope == "session" else run.subject.user)]
        for run in hit:
            self._interrupt(run, by_name or by, reason)
        return Deferred.fromCoroutine(self._cut(hit, requested, by, reason, door))

    def _interrupt(self, run: Run, by_name: str, reason: str) -> None:
        words = END_NOTICES.get(run.grant.policy.settings.interrupt_notice)
        if words is None:
            run.cut("interrupted")
        else:
            run.end(79, "interrupted", words(by_name, reason))

    async def _cut(self, hit: list[Run], requested: float, by: str, reason: str, door: str) -> Sequence[str]:
        bodies = [
            {**run.identity(), "by": by, "reason": reason, "door": door, **_times(requested, run.effective_at)}
            for run in hit
        ]
        if bodies:
            await self.facts.tell_all([Fact("session.interrupted", body) for body in bodies])
        return [run.id for run in hit]

    def mark(self, session: str, *, by: str, by_name: str, reason: str, door: str) -> Deferred[None]:
        """Put a mark into a running session's recording."""
        run = next((each for each in self.roster.running() if each.id == session), None)
        if run is None:
            return fail(ValueError(f"{session} is over: marks are put into running sessions"))
        order = Order(OrderKind.MARK, by=by, reason=f"{by}: {reason}")
        for leg in tuple(run.legs.values()):
            leg.feed(order)
        body = {"by": by, "by_name": by_name, "reason": reason, "door": door, "t": round(run.at, 3)}
        return run.commit(Fact("session.marked", body)).addCallback(lambda _: None)

    def deactivate(self, user: str, *, by: str, by_name: str, reason: str, door: str) -> Deferred[Sequence[str]]:
        """Switch an account off and end its sessions."""
        if by == user:
            raise NotForOneself("nobody deactivates himself; ask another administrator")
        requested = self.wall()
        order = "D-" + crockford(secrets.randbits(40), 8)
        self._set.deactivate(order, user)
        if door == POLICY:
            self._restraint.note(order, requested)
        hit = [run for run in self.roster.running() if run.subject.user == user]
        for run in hit:
            run.end(79, "deactivated", f"the account {user} was deactivated; the session is over")
        body = {"order": order, "user": user, "by": by, "by_name": by_name, "reason": reason, "door": door}
        fact = Fact("user.deactivated", {**body, **_times(requested, self.wall()), "sessions": [r.id for r in hit]})
        told = self.facts.tell(fact)
        return told.addCallback(lambda _: [run.id for run in hit])

    def activate(self, user: str, *, by: str, by_name: str, reason: str, door: str) -> Deferred[None]:
        """Switch an account on again."""
        if by == user:
            raise NotForOneself("nobody activates himself; ask another administrator")
        orders = list(self._set.deactivations_of(user))
        body = {"orders": orders, "user": user, "by": by, "by_name": by_name, "reason": reason, "door": door}
        return self.facts.tell(Fact("user.activated", body)).addCallback(lambda _: self._set.activate(orders))

    def by_rule(self, run: Run, order: GiveOrder) -> None:
        """Give the order a rule asks for, about the operator of a session."""
        user, by = run.subject.user, f"policy rule {order.rule}"
        reason = f"{'risk' if order.rule == RULE else f'rule {order.rule}'} in session {run.id}"
        measure = Measure.LOCK
        if order.kind is OrderKind.DEACTIVATE:
            measure = self._restrained(run, order.rule)
        match measure:
            case Measure.DEACTIVATE:
                done: Deferred[Any] = self.deactivate(user, by=by, by_name=by, reason=reason, door=POLICY)
            case Measure.LOCK:
                done = self.lock("user", user, by=by, by_name=by, reason=reason, ttl=None, only=False, door=POLICY)
            case Measure.SPARE:
                return
        done.addErrback(run.not_kept, f"user.{measure.value}").addErrback(lambda _: None)

    def _restrained(self, run: Run, rule: str) -> Measure:
        """Return what a rule may do to the operator's account, and tell where that is less than it says."""
        now, standing = self.wall(), self.standing(run.subject.user)
        services = any(each.services for each in run.grant.policy.audited if each.name == rule)
        measure = self._restraint.measure(standing, services, now)
        if measure is Measure.SPARE:
            run.tell(Fact("user.spared", {"rule": rule, "reason": standing.spared(services), "outcome": "ended"}))
        elif measure is Measure.LOCK and self._restraint.alarm(now):
            reason = f"rules switched off {MOST} accounts within ten minutes; more are locked"
            run.tell(Fact("user.deactivations_limited", {"rule": rule, "reason": reason, "outcome": "locked"}))
        return measure

    def is_deactivated(self, user: str) -> bool:
        """Say whether a deactivation is in force."""
        return bool(self._set.deactivations_of(user))

    def _of(self, run: Run, kind: str, lock: Lock) -> Fact:
        return Fact(kind, {**run.identity(), "lock": lock.id, "by": lock.by, "reason": lock.reason})


def _times(requested: float, effective: float) -> dict[str, float]:
    return {"requested_at": requested, "effective_at": effective}


def _who(lock: Lock) -> str:
    return f"{lock.by_name} ({lock.by})" if lock.by_name and lock.by_name != lock.by else lock.by


def _clock(epoch: float, now: float) -> str:
    """Write a moment in local time: of today without its date."""
    moment, today = time.localtime(epoch), time.localtime(now)
    return time.strftime("%H:%M" if moment[:3] == today[:3] else "%Y-%m-%d %H:%M", moment)
