"""Who may log in: passwords and one-time codes, checked off the reactor.

The rule: an unknown user costs the same time as a known one. A one-time code is kept as a keyed hash, lives fifteen
minutes, and is spent on disk before it lets anybody in.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from typing import Any

import attrs
from twisted.internet.defer import Deferred
from zope.interface import implementer

from gateway.directory.directory import Directory, InThread
from gateway.directory.passwords import DUMMY, Hash, hash_password, read_hash
from gateway.domain.difference import Problem
from gateway.domain.entries import User
from gateway.domain.facts import Entry, Fact
from gateway.domain.secret import Secret
from gateway.interfaces.directory import DirectoryError, IOperatorSource
from gateway.interfaces.facts import IFacts, IFold

CODE_LIFE = 15 * 60
"""Seconds that a one-time code can be used."""
CODE_SIGNS = "0123456789abcdefghjkmnpqrstvwxyz"


@attrs.frozen
class Code:
    """A one-time code that has not been used: its keyed hash and when it ends."""

    id: str
    key: bytes = attrs.field(repr=False)
    tag: bytes = attrs.field(repr=False)
    ends: float


@implementer(IOperatorSource, IFold)
@attrs.define(eq=False)
class Operators:
    """Find operators and check what they prove; attach it to the journal after the directory.

    ``in_thread`` runs the hashing in a bounded pool; ``now`` gives seconds since the epoch; ``deactivated`` says
    whether an order has switched a user off.
    """

    _directory: Directory
    _facts: IFacts
    _in_thread: InThread
    _now: Callable[[], float]
    _deactivated: Callable[[str], bool]
    _codes: dict[str, dict[str, Code]] = attrs.field(factory=dict, repr=False)
    _spent: set[str] = attrs.field(factory=set)

    def find(self, name: str) -> User | None:
        """Return the user of that name, also an inactive one."""
        return self._directory.snapshot().user.get(name)

    def is_active(self, name: str) -> bool:
        """Say whether a user may log in at all."""
        user = self.find(name)
        return user is not None and user.active and not self._deactivated(name)

    def check_password(self, user: User | None, password: Secret) -> Deferred[bool]:
        """Check a password, or a code for the first login; a second factor is asked for after this one."""
        return Deferred.fromCoroutine(self._check(user, password))

    def hindrance(self, user: User) -> str | None:
        """Say why a user can not log in whatever he proves, in words for the admin; None where he can."""
        if not self.is_active(user.name):
            return "the account is switched off"
        return None

    def set_password(self, name: str, password: Secret | None, *, by: str, reason: str = "") -> Deferred[None]:
        """Set a user's password, or take it away with None; fires once that is on disk."""
        return Deferred.fromCoroutine(self._set(name, password, by, reason))

    def issue_code(self, name: str, *, by: str, reason: str = "") -> Deferred[str]:
        """Make a one-time code for a user, in place of any earlier one; fires with its text, shown once."""
        return Deferred.fromCoroutine(self._issue(name, by, reason))

    def apply(self, entry: Entry) -> None:
        """Take one fact into account."""
        body = entry.body
        if body is None or entry.kind != "user.password_set":
            return
        if "code" in body and body["code"] not in self._spent:
            code = Code(body["code"], bytes.fromhex(body["key"]), bytes.fromhex(body["tag"]), body["ends"])
            self._codes[body["user"]] = {code.id: code}
        if "spent" in body:
            self._spend(body["user"], body["spent"])

    async def _check(self, user: User | None, password: Secret) -> bool:
        stored = DUMMY if user is None or user.password is None else read_hash(user.password)
        fits: bool = await self._in_thread(lambda: _fits(stored, password))
        known = user is not None and self._may(user)
        if fits and known and stored is not DUMMY:
            return True
        code = self._matching(user.name if user else "", password)
        if code is None or user is None or not known:
            return False
        self._spend(user.name, code.id)
        await self._facts.tell(Fact("user.password_set", {"user": user.name, "spent": code.id, "by": user.name}))
        return True

    def _may(self, user: User) -> bool:
        return self.hindrance(user) is None and user.kind == "person"

    def _matching(self, name: str, password: Secret) -> Code | None:
        now, found = self._now(), None
        for code in self._codes.get(name, {}).values():
            if hmac.compare_digest(password.tag(code.key), code.tag) and now < code.ends:
                found = code
        return found

    def _spend(self, name: str, code_id: str) -> None:
        self._spent.add(code_id)
        self._codes.get(name, {}).pop(code_id, None)

    async def _set(self, name: str, password: Secret | None, by: str, reason: str) -> None:
        self._known(name)
        hashed = "" if password is None else await self._in_thread(lambda: hash_password(password))
        await self._facts.tell(
            Fact("user.password_set", {"user": name, "hash": hashed, "by": by, "reason": reason})
        )

    async def _issue(self, name: str, by: str, reason: str) -> str:
        self._known(name)
        signs = "".join(secrets.choice(CODE_SIGNS) for _ in range(12))
        text = "-".join((signs[:4], signs[4:8], signs[8:]))
        key = secrets.token_bytes(32)
        body: dict[str, Any] = {
            "user": name, "code": secrets.token_hex(8), "key": key.hex(), "ends": self._now() + CODE_LIFE,
            "tag": Secret(text.encode()).tag(key).hex(), "by": by, "reason": reason,
        }  # fmt: skip
        await self._facts.tell(Fact("user.password_set", body))
        return text

    def _known(self, name: str) -> None:
        if self.find(name) is None:
            raise DirectoryError([Problem(f"there is no user {name!r:.80}")])


def _fits(stored: Hash, password: Secret) -> bool:
    return stored.fits(password)
