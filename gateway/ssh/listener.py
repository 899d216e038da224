"""Take operators' connections: caps before anything is allocated, a grace from the first moment, one fact a failure.

The rule: a connection that has not logged in costs little and lasts a minute at the most; how many such there may be
is decided before a transport is made.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import attrs
from twisted.internet.interfaces import IAddress, IDelayedCall
from twisted.internet.protocol import Factory, Protocol

from gateway.domain.facts import Fact
from gateway.interfaces import IFacts
from gateway.runtime.telling import tell
from gateway.ssh.login import Authority, Login, OpenDoor
from gateway.wire.authority import IService
from gateway.wire.hostkeys import HostKey
from gateway.wire.pacing import FailurePace
from gateway.wire.transport import OperatorTransport
from gateway.wire.userauth import Refusal, UserAuthServer

GRACE = 60.0
"""Seconds in which a connection must have logged in."""
MOST_WAITING = 256
"""Connections that have not logged in."""
MOST_WAITING_PER_SOURCE = 64


@attrs.define(eq=False, repr=False)
class Listener:
    """Hold what all connections of the operators' door share."""

    clock: Any
    host_keys: tuple[HostKey, ...]
    facts: IFacts
    make_authority: Callable[[OpenDoor], Authority]
    open_door: OpenDoor
    pace: FailurePace
    waiting: Counter[str] = attrs.field(init=False, factory=Counter)
    transports: set[OperatorTransport] = attrs.field(init=False, factory=set)

    def factory(self) -> Factory:
        """Return the factory for an endpoint."""
        return DoorFactory(self)

    def admits(self, source: str) -> bool:
        """Say whether one more connection from an address may wait for its login."""
        return self.waiting[source] < MOST_WAITING_PER_SOURCE and self.waiting.total() < MOST_WAITING

    def abort_all(self) -> None:
        """Cut every connection."""
        for transport in tuple(self.transports):
            transport.abort()


class DoorFactory(Factory):
    """Make a transport for each connection that is admitted."""

    noisy = False

    def __init__(self, listener: Listener) -> None:
        self.listener = listener

    def buildProtocol(self, addr: IAddress | None) -> Protocol | None:
        """Return a transport, or None where too many wait."""
        source = str(getattr(addr, "host", "") or "local")
        if not self.listener.admits(source):
            return None
        transport = Arrival(self.listener, source).transport
        transport.factory = self  # type: ignore[assignment]
        return transport


@attrs.define(eq=False, repr=False)
class Arrival:
    """One connection from its first byte to its login."""

    listener: Listener
    source: str
    transport: OperatorTransport = attrs.field(init=False)
    refusals: list[Refusal] = attrs.field(init=False, factory=list)
    _grace: IDelayedCall = attrs.field(init=False)
    _arrived: bool = attrs.field(init=False, default=False)

    def __attrs_post_init__(self) -> None:
        """Start the grace time and the transport."""
        listener = self.listener
        listener.waiting[self.source] += 1
        self.transport = OperatorTransport(
            clock=listener.clock, host_keys=listener.host_keys, make_userauth=self._userauth
        )
        self.transport.on_closed = self._closed
        listener.transports.add(self.transport)
        self._grace = listener.clock.callLater(GRACE, self.transport.abort)

    def _userauth(self, transport: OperatorTransport) -> Any:
        authority = self.listener.make_authority(self._open_door)
        server = UserAuthServer(authority, self.listener.clock, self.listener.pace, self.source, tell=self._refused)
        server.transport = transport  # type: ignore[assignment]
        return server

    def _refused(self, refusal: Refusal) -> None:
        self.refusals.append(refusal)
        del self.refusals[:-16]

    def _open_door(self, login: Login) -> IService:
        self._settled()
        body = {"user": login.user.name, "source": self.source, "method": login.method,
                "fingerprint": login.fingerprint, "failures": len(self.refusals), **_vouched(login)}  # fmt: skip
        tell(self.listener.facts, Fact("auth.succeeded", body))
        self._arrived = True
        return self.listener.open_door(login)

    def _settled(self) -> None:
        if self._grace.active():
            self._grace.cancel()
            self.listener.waiting[self.source] -= 1
            if self.listener.waiting[self.source] <= 0:
                del self.listener.waiting[self.source]

    def _closed(self, reason: str) -> None:
        was_waiting = self._grace.active()
        self._settled()
        self.listener.transports.discard(self.transport)
        if not was_waiting and not self._arrived:
            self.listener.waiting[self.source] -= 1
        if not self._arrived and self.refusals:
            last = self.refusals[-1]
            body = {"user": _shown(last.username), "source": self.source, "method": _shown(last.method),
                    "reason": last.reason, "fingerprint": last.fingerprint, "failures": len(self.refusals),
                    "tried": _tried(self.refusals)}  # fmt: skip
            tell(self.listener.facts, Fact("auth.failed", body))


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
