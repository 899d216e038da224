"""Who is it, and what did he ask for: the answers to the wire's login queue.

The rule: an unknown, inactive or unreadable name takes the same way as a known one and is refused at the end; the
operator's identity is that of the verified key or password, never of a name merely offered. A certificate is worth
its authority's word for this name, here and now; what is revoked is weighed anew for each proof. Who needs a second
factor is asked for its code after the first proof, on the same connection (keyboard-interactive, RFC 4256); who has
no authenticator yet is refused.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs
from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer

from gateway.domain.entries import User
from gateway.domain.grant import within
from gateway.domain.login import BadLogin, Reading, read_login
from gateway.domain.secret import Secret
from gateway.interfaces import IOperatorSource, ISecondFactors
from gateway.ssh.vouching import Vouching
from gateway.wire.authority import IAttempt, IAuthority, IService, Outcome, Prompts, Refused, ShownKey
from gateway.wire.certificates import Certificate, Untrusted
from gateway.wire.keyblobs import BadKey, PublicKey, parse_line

METHODS = (b"publickey", b"password")
SECOND = (b"keyboard-interactive",)
"""What may continue once the first factor is proven."""
QUESTION = "One-time code: "


@attrs.frozen
class Login:
    """Say who logged in, how, from where, and every reading of the name he used."""

    user: User
    readings: tuple[Reading, ...]
    source: str
    method: str
    fingerprint: str = ""
    certificate: Certificate | None = None
    second_factor: bool = False
    """Whether a one-time code was proven too."""

    def outlived(self, now: float) -> bool:
        """Say whether the certificate of this login has expired: no new session may start on it, days later."""
        return self.certificate is not None and now >= self.certificate.valid_before


OpenDoor = Callable[[Login], IService]

MayCome = Callable[[User, tuple[Reading, ...], str], None]
"""Told of a user whose key was offered, or who has logged in, with the readings of his name and his address."""


def _unprepared(user: User, readings: tuple[Reading, ...], source: str) -> None:
    """Prepare nothing."""


@implementer(IAuthority)
@attrs.frozen
class Authority:
    """Answer for all connections; ``open_door`` makes the service of a finished login."""

    operators: IOperatorSource
    open_door: OpenDoor
    text: str
    vouching: Vouching = attrs.field(factory=Vouching)
    may_come: MayCome = _unprepared
    factors: ISecondFactors | None = None
    """Without, nobody gets in who needs a second factor."""

    def banner(self) -> bytes:
        """Return the text shown before login."""
        return self.text.encode() + b"\n" if self.text else b""

    def begin(self, username: bytes, source: str) -> IAttempt:
        """Begin one user's attempt on one connection."""
        readings: tuple[Reading, ...] = ()
        try:
            name = username.decode("utf-8")
            readings = read_login(name, lambda each: self.operators.find(each) is not None)
        except (BadLogin, UnicodeDecodeError):
            name = ""
        return Attempt(self, readings, source, name[:64] if name.isprintable() else "")


@implementer(IAttempt)
@attrs.define(eq=False)
class Attempt:
    """Weigh what one user offers."""

    authority: Authority
    readings: tuple[Reading, ...]
    source: str
    name: str
    _login: Login | None = attrs.field(init=False, default=None)

    def methods(self) -> tuple[bytes, ...]:
        """Return the methods that may continue: the same for everybody until a first factor is proven."""
        return METHODS if self._login is None else SECOND

    def key_acceptable(self, key: ShownKey) -> Deferred[bool]:
        """Say whether the user may log in with a key; fails with Refused where he may not."""
        return Deferred.fromCoroutine(self._key_acceptable(key))

    def key_verified(self, key: ShownKey) -> Deferred[Outcome]:
        """Weigh a key that signed this login; fails with Refused where it will not do."""
        return Deferred.fromCoroutine(self._key_verified(key))

    async def _key_acceptable(self, key: ShownKey) -> bool:
        user = await self._holder(key)
        if self._may_log_in(user):
            self.authority.may_come(user, self.readings, self.source)
        return True

    async def _key_verified(self, key: ShownKey) -> Outcome:
        certificate = key if isinstance(key, Certificate) else None
        return self._weighed(await self._holder(key), "publickey", key.fingerprint, certificate)

    def password(self, secret: Secret) -> Deferred[Outcome]:
        """Weigh a password or one-time code."""
        return Deferred.fromCoroutine(self._password(secret))

    async def _password(self, secret: Secret) -> Outcome:
        user = self._user()
        person = user if user is not None and user.kind == "person" else None
        try:
            right = await self.authority.operators.check_password(person, secret)
        finally:
            secret.wipe()
        return self._weighed(self._user() if right and person is not None else None, "password", "")

    def interactive(self) -> Deferred[Prompts | Outcome]:
        """Ask for the one-time code; before a first factor it is not among the methods."""
        return succeed(Outcome.REFUSED if self._login is None else Prompts("", "", ((QUESTION, False),)))

    def answers(self, answers: tuple[Secret, ...]) -> Deferred[Prompts | Outcome]:
        """Weigh the one-time code."""
        return Deferred.fromCoroutine(self._code(answers))

    async def _code(self, answers: tuple[Secret, ...]) -> Outcome:
        login = self._login
        factors = self.authority.factors
        if login is None or factors is None or len(answers) != 1:
            return Outcome.REFUSED
        try:
            right = await factors.check(login.user.name, answers[0])
        finally:
            answers[0].wipe()
        if not right or self._user() is None:  # he may have been switched off meanwhile
            return Outcome.REFUSED
        self._login = attrs.evolve(login, method=f"{login.method}+totp", second_factor=True)
        return Outcome.ACCEPTED

    def finish(self) -> IService:
        """Open the door."""
        assert self._login is not None  # noqa: S101 - called after ACCEPTED only
        return self.authority.open_door(self._login)

    def _may_log_in(self, user: User) -> bool:
        factors = self.authority.factors
        if user.second_factor != "none" and (factors is None or not factors.enrolled(user.name)):
            return False
        return not user.origin or within(self.source, user.origin)

    def _user(self) -> User | None:
        if not self.readings:
            return None
        name = self.readings[0].operator
        return self.authority.operators.find(name) if self.authority.operators.is_active(name) else None

    async def _holder(self, key: ShownKey) -> User:
        """Return whose key it is; raise Refused where it is nobody's, revoked, or not to be trusted now."""
        self._named(key)
        why = await self.authority.vouching.revoked(key)
        if why:
            raise Refused(why, key.fingerprint)
        return self._named(key)  # anew: he may have been switched off while the list was read

    def _named(self, key: ShownKey) -> User:
        user = self._user()
        if user is None:
            raise Refused("unknown or inactive user", key.fingerprint)
        if isinstance(key, Certificate):
            try:
                self.authority.vouching.trust(key, user.name, self.source)
            except Untrusted as fault:
                raise Refused(str(fault), key.fingerprint) from None
        elif not any(_same(line, key) for line in user.keys):
            raise Refused("not a key of this user", key.fingerprint)
        return user

    def _weighed(
        self, user: User | None, method: str, fingerprint: str, certificate: Certificate | None = None
    ) -> Outcome:
        if user is None or not self._may_log_in(user):
            return Outcome.REFUSED
        self._login = Login(user, self.readings, self.source, method, fingerprint, certificate)
        return Outcome.ACCEPTED if user.second_factor == "none" else Outcome.PARTIAL


def _same(line: str, key: PublicKey) -> bool:
    try:
        return parse_line(line).blob == key.blob
    except BadKey:
        return False
