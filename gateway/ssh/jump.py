"""ProxyJump that ends inside the gateway: ``ssh -J alice@gw root@web1``.

The rule: the outer login says who; a ``direct-tcpip`` channel to a registered target's address is not dialled, it ends
here, and the gateway is itself the SSH server within it. The inner login says the account and proves nothing: it needs
no second authentication, because the channel belongs to an authenticated connection. Each inner connection is a session
of its own, with its own freeze, lock, end and recording. "No such target" and "not allowed" read the same.
"""

from __future__ import annotations

from typing import Any

import attrs
from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer

from gateway.domain.facts import Fact
from gateway.domain.login import OPERATOR, Reading
from gateway.domain.secret import Secret
from gateway.interfaces import IFacts, IPolicySource
from gateway.runtime.telling import tell
from gateway.ssh.forward import destination
from gateway.ssh.login import Login, MayCome, OpenDoor
from gateway.ssh.tunnel import WINDOW, Tunnel
from gateway.wire.algorithms import Offered
from gateway.wire.authority import IAttempt, IAuthority, IService, Outcome, Prompts
from gateway.wire.certificates import Certificate
from gateway.wire.channels import LARGEST_PACKET, ChannelEnd
from gateway.wire.connection import ADMINISTRATIVELY_PROHIBITED, RESOURCE_SHORTAGE
from gateway.wire.hostkeys import HostKey
from gateway.wire.keyblobs import PublicKey
from gateway.wire.pacing import FailurePace
from gateway.wire.rekeying import RekeyLimits
from gateway.wire.transport import OperatorTransport
from gateway.wire.userauth import UserAuthServer

MOST_INNER = 32
"""Inner connections one outer connection may have at a time."""


@attrs.define(eq=False, repr=False)
class JumpHost:
    """Answer the ``direct-tcpip`` channels of one outer connection."""

    login: Login
    policies: IPolicySource
    facts: IFacts
    clock: Any
    host_keys: tuple[HostKey, ...]
    pace: FailurePace
    open_door: OpenDoor
    may_come: MayCome
    offered: Offered = Offered()
    rekey: RekeyLimits = RekeyLimits()
    _inner: set[OperatorTransport] = attrs.field(init=False, factory=set)

    def open_requested(self, end: ChannelEnd, extra: bytes) -> None:
        """End the channel in a server of our own where it leads to a reachable target; refuse it in words otherwise."""
        where = destination(extra)
        target = self._target(*where) if where is not None else None
        if target is None:
            shown = f"{where[0]}:{where[1]}" if where is not None else "?"
            body = {"user": self.login.user.name, "source": self.login.source, "target": shown, "account": "",
                    "reason": "no_jump", "detail": "not a reachable target", "reference": ""}  # fmt: skip
            tell(self.facts, Fact("session.refused", body))
            end.refuse(ADMINISTRATIVELY_PROHIBITED, f"ostiary: {shown}: no such target, or not allowed")
        elif len(self._inner) >= MOST_INNER:
            end.refuse(RESOURCE_SHORTAGE, "ostiary: too many sessions on this connection")
        else:
            self._serve(end, target)

    def _target(self, host: str, port: int) -> str | None:
        name = self.policies.target_at(host, port)
        reachable = dict(self.policies.reachable(self.login.user, self.login.source))
        if name is None or name not in reachable:
            return None
        # Which account it will be is not known yet; the way there is the same for all.
        likely = Reading(self.login.user.name, name, reachable[name][0])
        self.may_come(self.login.user, (likely,), self.login.source)
        return name

    def _serve(self, end: ChannelEnd, target: str) -> None:
        authority = InnerAuthority(self.login, target, self.open_door)
        transport = OperatorTransport(
            clock=self.clock,
            host_keys=self.host_keys,
            make_userauth=lambda made: self._userauth(authority, made),
            ciphers=self.offered.ciphers,
            exchanges=self.offered.exchanges,
            rekey=self.rekey,
        )
        self._inner.add(transport)
        transport.on_closed = lambda reason: self._inner.discard(transport)
        tunnel = Tunnel(end, transport, self.login.source)
        end.listener = tunnel
        end.confirm(WINDOW, LARGEST_PACKET)
        transport.makeConnection(tunnel)

    def _userauth(self, authority: IAuthority, transport: OperatorTransport) -> Any:
        server = UserAuthServer(authority, self.clock, self.pace, self.login.source)
        server.transport = transport  # type: ignore[assignment]
        return server


@implementer(IAuthority)
@attrs.frozen
class InnerAuthority:
    """Take the outer login as the proof, and the inner name as the account."""

    login: Login
    target: str
    open_door: OpenDoor

    def banner(self) -> bytes:
        """Return nothing: the outer login has shown it."""
        return b""

    def begin(self, username: bytes, source: str) -> IAttempt:
        """Begin the login to an account."""
        account = username.decode("ascii", "replace")
        return InnerAttempt(self, account if OPERATOR.fullmatch(account) else "")


@implementer(IAttempt)
@attrs.frozen
class InnerAttempt:
    """Accept an account's name; what is allowed is settled by the session's freeze."""

    authority: InnerAuthority
    account: str

    def methods(self) -> tuple[bytes, ...]:
        """Accept ``none``: clients ask for it first."""
        return (b"none", b"password")

    def key_acceptable(self, key: PublicKey | Certificate) -> Deferred[bool]:
        """Refuse: keys are for the outer login."""
        return succeed(False)

    def key_verified(self, key: PublicKey | Certificate) -> Deferred[Outcome]:
        """Refuse: keys are for the outer login."""
        return succeed(Outcome.REFUSED)

    def password(self, secret: Secret) -> Deferred[Outcome]:
        """Refuse: passwords are for the outer login."""
        secret.wipe()
        return succeed(Outcome.REFUSED)

    def interactive(self) -> Deferred[Prompts | Outcome]:
        """Refuse: there is nothing to ask."""
        return succeed(Outcome.REFUSED)

    def answers(self, answers: tuple[Secret, ...]) -> Deferred[Prompts | Outcome]:
        """Refuse: nothing was asked."""
        return succeed(Outcome.REFUSED)

    def finish(self) -> IService:
        """Open the door of a session on the target."""
        outer = self.authority.login
        reading = Reading(outer.user.name, self.authority.target, self.account or "?")
        return self.authority.open_door(attrs.evolve(outer, readings=(reading,), method="jump"))
