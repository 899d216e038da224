"""Take operators' connections: admission before anything is made, a grace from the first moment, one fact a failure.

The rule: a connection that has not logged in costs little and lasts a minute at the most, a silent one a quarter of
that, and less where its place is wanted; how many such there may be is decided before a transport is made. Each arrival
leaves admission exactly once, at its login or at its end, whichever comes first.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import attrs
from twisted.internet.interfaces import IAddress, IDelayedCall
from twisted.internet.protocol import Factory, Protocol
from twisted.logger import Logger

from gateway.domain.facts import Fact
from gateway.domain.grant import within
from gateway.interfaces import IFacts
from gateway.runtime.telling import tell
from gateway.ssh.frontend import FrontEnds
from gateway.ssh.login import Authority, Login, OpenDoor
from gateway.wire.admission import Admission, Parting, Waiting
from gateway.wire.algorithms import Offered
from gateway.wire.authority import IService
from gateway.wire.hostkeys import HostKey
from gateway.wire.pacing import FailurePace
from gateway.wire.rekeying import RekeyLimits
from gateway.wire.transport import OperatorTransport
from gateway.wire.userauth import Ending, Limits, Refusal, UserAuthServer
from gateway.wire.violation import Counts

log = Logger()

GRACE = 60.0
"""Seconds in which a connection must have logged in, where nothing else is said."""
SILENCE = 15.0
"""Seconds in which its client must have come to the key exchange: programs do that, nobody is asked anything yet."""

INCOMPATIBLE = frozenset({"version", "no-agreement"})
"""Violations of honest clients: they speak another protocol, or other algorithms."""
CRASH = "crash"
"""What the transport counts when an exception ended the connection."""


def _own_admission(listener: Listener) -> Admission:
    return Admission(listener.clock.seconds, random.SystemRandom().random)


@attrs.define(eq=False, repr=False)
class Listener:
    """Hold what all connections of the door share; ``violations`` counts what broke the protocol, by name."""

    clock: Any
    host_keys: tuple[HostKey, ...]
    facts: IFacts
    make_authority: Callable[[OpenDoor], Authority]
    open_door: OpenDoor
    pace: FailurePace
    admission: Admission = attrs.field(default=attrs.Factory(_own_admission, takes_self=True))
    offered: Offered = Offered()
    grace: float = GRACE
    rekey: RekeyLimits = RekeyLimits()
    proxy_from: tuple[str, ...] = ()
    """The addresses of front ends, whose connections begin with a PROXY header."""
    violations: Counts = attrs.field(init=False, factory=Counts)
    transports: set[OperatorTransport] = attrs.field(init=False, factory=set)
    front_ends: FrontEnds = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        """Have what front ends pass on counted with the rest."""
        self.front_ends = FrontEnds(self.clock, self.violations)

    def factory(self) -> Factory:
        """Return the factory for an endpoint."""
        return DoorFactory(self)

    def abort_all(self) -> None:
        """Cut every connection."""
        self.front_ends.abort_all()
        for transport in tuple(self.transports):
            transport.abort()


class DoorFactory(Factory):
    """Make a transport for each connection that is admitted."""

    noisy = False

    def __init__(self, listener: Listener) -> None:
        self.listener = listener

    def buildProtocol(self, addr: IAddress | None) -> Protocol | None:
        """Return a transport, or None for a connection that is refused."""
        address = getattr(addr, "host", "")
        if address and within(address, self.listener.proxy_from):
            return self.listener.front_ends.passed_on(address, self.admit)
        return self.admit(str(address or "local"))

    def admit(self, source: str) -> Protocol | None:
        """Return a transport for a source, or None when it is refused."""
        waiting = self.listener.admission.arrive(source)
        if waiting is None:
            return None
        transport = Arrival(self.listener, source, waiting).transport
        transport.factory = self  # type: ignore[assignment]
        return transport


@attrs.define(eq=False, repr=False)
class Arrival:
    """One connection from its first byte to its login."""

    listener: Listener
    source: str
    waiting: Waiting
    transport: OperatorTransport = attrs.field(init=False)
    refusals: list[Refusal] = attrs.field(init=False, factory=list)
    _userauth: UserAuthServer | None = attrs.field(init=False, default=None)
    _grace: IDelayedCall = attrs.field(init=False)
    _silence: IDelayedCall = attrs.field(init=False)
    _breaches: set[str] = attrs.field(init=False, factory=set)
    _overdue: bool = attrs.field(init=False, default=False)
    _arrived: bool = attrs.field(init=False, default=False)

    def __attrs_post_init__(self) -> None:
        """Start the grace time and the transport."""
        listener = self.listener
        self.transport = OperatorTransport(
            clock=listener.clock,
            host_keys=listener.host_keys,
            make_userauth=self._make_userauth,
            tally=self,
            ciphers=listener.offered.ciphers,
            exchanges=listener.offered.exchanges,
            rekey=listener.rekey,
        )
        self.transport.on_closed = self._closed
        self.waiting.cut, self.waiting.has_spoken = self.transport.abort, self._has_spoken
        listener.transports.add(self.transport)
        self._grace = listener.clock.callLater(listener.grace, self._late)
        self._silence = listener.clock.callLater(min(SILENCE, listener.grace), self._still_silent)

    def count(self, name: str) -> None:
        """Count a violation, for the listener and for how this connection parts."""
        self.listener.violations.count(name)
        if not self._arrived:
            self._breaches.add(name)

    def _late(self) -> None:
        self._overdue = True
        self.transport.abort()
        # An arrival whose connection broke before it was made is told of no end.
        self._leave()

    def _has_spoken(self) -> bool:
        return bool(self.transport.carrier.link.session_id)

    def _still_silent(self) -> None:
        if not self._has_spoken():
            self._late()

    def _make_userauth(self, transport: OperatorTransport) -> Any:
        listener = self.listener
        authority = listener.make_authority(self._open_door)
        limits = Limits(grace=listener.grace)
        server = UserAuthServer(authority, listener.clock, listener.pace, self.source, limits, self._refused)
        server.transport = transport  # type: ignore[assignment]
        self._userauth = server
        return server

    def _refused(self, refusal: Refusal) -> None:
        self.refusals.append(refusal)
        del self.refusals[:-16]

    def _open_door(self, login: Login) -> IService:
        body = {"user": login.user.name, "source": self.source, "method": login.method,
                "fingerprint": login.fingerprint, "failures": len(self.refusals), **_vouched(login)}  # fmt: skip
        tell(self.listener.facts, Fact("auth.succeeded", body))
        self._arrived = True
        self._part(Parting.KEY_PROVEN if login.fingerprint else Parting.LOGGED_IN)
        return self.listener.open_door(login)

    def _part(self, parting: Parting) -> None:
        for call in (self._grace, self._silence):
            if call.active():
                call.cancel()
        admission = self.listener.admission
        served = admission.counters.penalties_begun
        admission.part(self.waiting, parting)
        if admission.counters.penalties_begun != served:
            log.info(
                "connections from {source} are refused for a while: it {why}", source=self.source, why=parting.value
            )

    def _closed(self, reason: str) -> None:
        self._leave()
        if not self._arrived and self.refusals:
            last = self.refusals[-1]
            body = {"user": _shown(last.username), "source": self.source, "method": _shown(last.method),
                    "reason": last.reason, "fingerprint": last.fingerprint, "failures": len(self.refusals),
                    "tried": _tried(self.refusals)}  # fmt: skip
            tell(self.listener.facts, Fact("auth.failed", body))

    def _leave(self) -> None:
        self.listener.transports.discard(self.transport)
        self._part(self._parting())

    def _parting(self) -> Parting:
        """Say how a connection ended that has not logged in, the worst first."""
        ending = self._userauth.ending if self._userauth is not None else Ending.OPEN
        if CRASH in self._breaches:
            return Parting.CRASH
        if ending is Ending.BREACH or self._breaches - INCOMPATIBLE:
            return Parting.BREACH
        if ending is Ending.FAULT or self._arrived:
            return Parting.EXCUSED
        if self._overdue or ending is Ending.GRACE:
            return Parting.OVERDUE
        return Parting.FAILED if self.refusals else Parting.NO_LOGIN


def _tried(refusals: list[Refusal]) -> list[dict[str, str]]:
    """Return every proof that failed, for a client offers all it has and the last is seldom the one that was meant."""
    return [
        {"method": _shown(each.method), "reason": each.reason, "fingerprint": each.fingerprint} for each in refusals
    ]


def _vouched(login: Login) -> dict[str, str]:
    """Return what a certificate adds to who he is; the serial number as text, for JSON has no 64-bit numbers."""
    certificate = login.certificate
    if certificate is None:
        return {}
    authority = certificate.authority.fingerprint
    return {"key_id": certificate.title, "serial": str(certificate.serial), "authority": authority}


def _shown(raw: bytes) -> str:
    text = raw[:128].decode("utf-8", "replace")
    return "".join(character if character.isprintable() else "?" for character in text)
