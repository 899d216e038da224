"""Second factors: time-based one-time codes (RFC 6238), each good once.

The rule: a code is accepted for the present step or one beside it, never for a step at or before the last one that
was accepted, and its step is spent on disk before it lets anybody in. Who guesses is stopped: after ten wrong codes in
a row a user's codes are refused for five minutes, and admins are told. Seeds never leave the vault again after the
moment of enrolment.

Known limit: the count of wrong codes lives in this process; a restart forgives it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable
from urllib.parse import quote

import attrs
from twisted.internet.defer import Deferred
from zope.interface import implementer

from gateway.domain.facts import Entry, Fact
from gateway.domain.secret import Secret
from gateway.interfaces.facts import IFacts, IFold
from gateway.interfaces.vault import ISecondFactors
from gateway.vault.vault import Vault

STEP = 30
"""Seconds a code is shown for."""
BESIDE = 1
"""Steps a clock may be wrong by."""
DIGITS = 6
SEED_SIZE = 20
MOST_WRONG = 10
BARRED_FOR = 300.0
"""Seconds for which a user's codes are refused once too many were wrong."""


def code_at(seed: Secret, counter: int, digits: int = DIGITS) -> Secret:
    """Return the code of a counter (RFC 4226 §5.3, HMAC-SHA-1) or of a time step (RFC 6238)."""
    digest = hmac.digest(seed.reveal(), counter.to_bytes(8, "big"), hashlib.sha1)
    place = digest[-1] & 15
    number = int.from_bytes(digest[place : place + 4], "big") & 0x7FFFFFFF
    return Secret(b"%0*d" % (digits, number % 10**digits))


def address_of(seed: Secret, user: str, node: str) -> str:
    """Return the ``otpauth:`` address that authenticators read, usually as a QR code."""
    shared = base64.b32encode(seed.reveal()).decode().rstrip("=")
    issuer = quote(f"Ostiary {node}", safe="")
    return f"otpauth://totp/{issuer}:{quote(user, safe='')}?secret={shared}&issuer={issuer}"


@attrs.define
class Wrong:
    """Count the wrong codes of one user in a row; ``until`` bars him, in seconds since the epoch."""

    count: int = 0
    until: float = 0.0


@implementer(ISecondFactors, IFold)
@attrs.define(eq=False)
class SecondFactors:
    """Enrol and check; attach it to the journal before use. ``now`` gives seconds since the epoch."""

    _vault: Vault
    _facts: IFacts
    _now: Callable[[], float]
    _node: str
    _spent: dict[str, int] = attrs.field(factory=dict)
    _wrong: dict[str, Wrong] = attrs.field(factory=dict)

    def apply(self, entry: Entry) -> None:
        """Take one fact into account."""
        if entry.kind == "user.code_spent" and entry.body is not None:
            self._spend(entry.body["user"], entry.body["step"])

    def enrolled(self, user: str) -> bool:
        """Say whether a user has an authenticator."""
        return self._vault.has(_id(user))

    def enrol(self, user: str, *, by: str, reason: str = "", tried: bool = False) -> Deferred[str]:
        """Make a new seed, in use at once or, with ``tried``, once :meth:`confirm` has seen a code of it."""

        async def enrol() -> str:
            seed = Secret(secrets.token_bytes(SEED_SIZE))
            await self._vault.seal(_waiting(user) if tried else _id(user), seed, by=by, reason=reason)
            if not tried:
                self._wrong.pop(user, None)
            return address_of(seed, user, self._node)

        return Deferred.fromCoroutine(enrol())

    def confirm(self, user: str, code: Secret, *, by: str, reason: str = "") -> Deferred[bool]:
        """Put the seed that waits into use, where the code is one of it; the code is good for a login no more."""

        async def confirm() -> bool:
            if not self._vault.has(_waiting(user)):
                return False
            seed, present = self._vault.open(_waiting(user)), int(self._now() // STEP)
            found = [step for step in _steps(present) if code_at(seed, step).same_as(code)]
            if not found:
                return False
            await self._vault.seal(_id(user), seed, by=by, reason=reason)
            await self._vault.drop(_waiting(user), by=by, reason=reason)
            self._wrong.pop(user, None)
            await self._spent_on_disk(user, found[-1])
            return True

        return Deferred.fromCoroutine(confirm())

    def drop(self, user: str, *, by: str, reason: str = "") -> Deferred[None]:
        """Forget a user's authenticator."""
        return self._vault.drop(_id(user), by=by, reason=reason)

    def check(self, user: str, code: Secret) -> Deferred[bool]:
        """Say whether a code is right, now and for the first time; fires once its step is spent on disk."""
        return Deferred.fromCoroutine(self._check(user, code))

    async def _check(self, user: str, code: Secret) -> bool:
        now = self._now()
        wrong = self._wrong.setdefault(user, Wrong())
        if not self.enrolled(user) or now < wrong.until:
            return False
        step = self._step_of(user, code, int(now // STEP))
        if step is None:
            await self._count(user, wrong, now)
            return False
        self._wrong.pop(user, None)
        await self._spent_on_disk(user, step)
        return True

    def _step_of(self, user: str, code: Secret, present: int) -> int | None:
        seed, found = self._vault.open(_id(user)), None
        for step in _steps(present):
            if code_at(seed, step).same_as(code) and step > self._spent.get(user, 0):
                found = step
        return found

    async def _count(self, user: str, wrong: Wrong, now: float) -> None:
        wrong.count += 1
        if wrong.count >= MOST_WRONG:
            self._wrong[user] = Wrong(until=now + BARRED_FOR)
            await self._facts.tell(Fact("auth.guessed", {"user": user, "wrong": wrong.count, "seconds": BARRED_FOR}))

    async def _spent_on_disk(self, user: str, step: int) -> None:
        self._spend(user, step)  # at once: the same code on another connection comes too late
        await self._facts.tell(Fact("user.code_spent", {"user": user, "step": step}))

    def _spend(self, user: str, step: int) -> None:
        self._spent[user] = max(step, self._spent.get(user, 0))


def _steps(present: int) -> range:
    return range(present - BESIDE, present + BESIDE + 1)


def _id(user: str) -> str:
    return f"totp/{user}"


def _waiting(user: str) -> str:
    return f"totp-waiting/{user}"
