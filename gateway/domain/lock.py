"""Locks in force, as an observed-remove set; deactivations the same way.

The rule: a lock is in force from its own fact until a release that names its id, or until its time has come.
So the order in which facts of different nodes arrive never matters, and a lock placed while somebody releases
another one stays. Nothing here reads a clock: ``now`` comes in, in seconds since the epoch.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Any, assert_never

import attrs

from gateway.domain.facts import Entry
from gateway.domain.snapshot import matches


class Scope(enum.Enum):
    """Say whom a lock covers."""

    USER = "user"
    SESSION = "session"
    TARGET = "target"
    GROUP = "group"
    ALL = "all"


@attrs.frozen
class Subject:
    """Name a session, or one about to start (``session`` empty), as locks see it."""

    session: str
    user: str
    groups: tuple[str, ...]
    target: str


@attrs.frozen
class Lock:
    """One lock: ``only`` freezes without barring new sessions; ``until`` is None for "until released"."""

    id: str
    scope: Scope
    subject: str
    by: str
    by_name: str
    reason: str
    since: float
    until: float | None = None
    only: bool = False
    user: str = ""
    """Whose new sessions a lock of scope session bars: the operator of that session."""

    def covers(self, subject: Subject) -> bool:
        """Say whether a running session is frozen by this lock."""
        match self.scope:
            case Scope.ALL:
                return True
            case Scope.USER:
                return subject.user == self.subject
            case Scope.SESSION:
                return subject.session == self.subject
            case Scope.GROUP:
                return self.subject in subject.groups
            case Scope.TARGET:
                return matches(self.subject, subject.target)
            case _:
                assert_never(self.scope)

    def bars(self, subject: Subject) -> bool:
        """Say whether a session about to start is refused because of this lock."""
        if self.only:
            return False
        if self.scope is Scope.SESSION:
            return subject.user == self.user
        return self.covers(subject)

    def in_force(self, now: float) -> bool:
        """Say whether the lock's own time has not run out."""
        return self.until is None or now < self.until

    def body(self) -> dict[str, Any]:
        """Return the lock as the body of its fact."""
        return {
            "lock": self.id, "scope": self.scope.value, "subject": self.subject, "by": self.by,
            "by_name": self.by_name, "reason": self.reason, "since": self.since, "until": self.until,
            "only": self.only, "user": self.user,
        }  # fmt: skip


@attrs.define
class LockSet:
    """Fold ``user.locked``, ``user.unlocked``, ``user.deactivated`` and ``user.activated`` into what is in force."""

    _locks: dict[str, Lock] = attrs.field(factory=dict)
    _released: set[str] = attrs.field(factory=set)
    _deactivated: dict[str, str] = attrs.field(factory=dict)
    _activated: set[str] = attrs.field(factory=set)

    def apply(self, entry: Entry) -> None:
        """Take one entry into account."""
        body = entry.body
        if body is None:
            return
        match entry.kind:
            case "user.locked":
                self.add(lock_of(body))
            case "user.unlocked":
                self.release(tuple(body["locks"]))
            case "user.deactivated":
                self.deactivate(body["order"], body["user"])
            case "user.activated":
                self.activate(tuple(body["orders"]))
            case _:
                pass

    def add(self, lock: Lock) -> None:
        """Put a lock in force, unless its release came first."""
        if lock.id not in self._released:
            self._locks[lock.id] = lock

    def release(self, ids: Sequence[str]) -> None:
        """Take the named locks out, also those whose fact has not come yet."""
        self._released.update(ids)
        for lock_id in ids:
            self._locks.pop(lock_id, None)

    def deactivate(self, order: str, user: str) -> None:
        """Switch an account off by an order's id, unless that order was taken back already."""
        if order not in self._activated:
            self._deactivated[order] = user

    def activate(self, orders: Sequence[str]) -> None:
        """Take the named deactivations back."""
        self._activated.update(orders)
        for order in orders:
            self._deactivated.pop(order, None)

    def deactivations_of(self, user: str) -> tuple[str, ...]:
        """Return the ids of the deactivations in force for a user."""
        return tuple(order for order, name in tuple(self._deactivated.items()) if name == user)

    def in_force(self, now: float) -> tuple[Lock, ...]:
        """Return the locks in force, oldest first."""
        found = [lock for lock in self._locks.values() if lock.in_force(now)]
        return tuple(sorted(found, key=lambda lock: (lock.since, lock.id)))

    def covering(self, subject: Subject, now: float) -> tuple[Lock, ...]:
        """Return the locks that freeze a running session, oldest first."""
        return tuple(lock for lock in self.in_force(now) if lock.covers(subject))

    def barring(self, subject: Subject, now: float) -> Lock | None:
        """Return the oldest lock that refuses a new session."""
        return next((lock for lock in self.in_force(now) if lock.bars(subject)), None)

    def next_end(self, now: float) -> float | None:
        """Return when the next lock runs out by itself."""
        return min((lock.until for lock in self.in_force(now) if lock.until is not None), default=None)


def lock_of(body: Any) -> Lock:
    """Read a lock back from the body of its fact."""
    return Lock(
        id=body["lock"], scope=Scope(body["scope"]), subject=body["subject"], by=body["by"],
        by_name=body["by_name"], reason=body["reason"], since=body["since"], until=body["until"],
        only=body["only"], user=body["user"],
    )  # fmt: skip
