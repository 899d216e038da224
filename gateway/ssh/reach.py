"""As far as one can go to a target without a credential: connect, exchange keys, recognise the host.

The rule: a connection is given out only when the host's key is one that is pinned, or that an authority of the target
certified for it. What goes wrong is a :exc:`TargetFailed` with a line for the operator and an exit code; never a hang.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
from twisted.internet.abstract import isIPAddress
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.defer import TimeoutError as WaitTimeout
from twisted.internet.endpoints import HostnameEndpoint, TCP4ClientEndpoint
from twisted.internet.error import (
    ConnectError,
    ConnectionRefusedError,
    DNSLookupError,
    NoRouteError,
    TimeoutError,
)
from twisted.internet.protocol import Factory

from gateway.domain.entries import Target
from gateway.ssh.crossing import NotCrossed, Passage
from gateway.wire.algorithms import (
    EXCHANGES,
    GCM_FIRST,
    MACS_OFFERED,
    OLD_CIPHERS_OFFERED,
    OLD_EXCHANGES,
    OLD_HOST_KEYS,
    OLD_MACS_OFFERED,
    TARGET_CERTIFICATES,
    TARGET_KEYS,
    Names,
)
from gateway.wire.certificates import PLAIN, Untrusted, holder_key, parse_certificate, trust_host
from gateway.wire.connection import Connection
from gateway.wire.hostkeys import fingerprint
from gateway.wire.keyblobs import BadKey, PublicKey, parse_blob, parse_line
from gateway.wire.rekeying import RekeyLimits
from gateway.wire.target_transport import TargetTransport
from gateway.wire.violation import ConnectionEnded

UNREACHABLE, HOST_KEY, CONFIGURATION = 69, 76, 78
CONNECT_SECONDS = 10.0
EXCHANGE_SECONDS = 20.0


class TargetFailed(Exception):
    """The target can not be used; ``text`` is for the operator, ``reason`` a stable word, ``detail`` for admins."""

    def __init__(self, code: int, reason: str, text: str, detail: str = "") -> None:
        super().__init__(text)
        self.code = code
        self.reason = reason
        self.text = text
        self.detail = detail


@attrs.frozen(eq=False)
class Reach:
    """One attempt to reach a target; *unknown* is asked about the key of a host of which nothing is known."""

    reactor: Any
    """IReactorTCP, IReactorTime and name resolution."""
    wall: Callable[[], float]
    """Seconds since 1970: certificates are judged by it."""
    target: Target
    unknown: Callable[[bytes], Deferred[None]]
    through: Connection | None = None
    """The connection to the host before it on the way; None: from here."""
    rekey: RekeyLimits = RekeyLimits()

    async def secured(self) -> TargetTransport:
        """Return a connection with the recognised host; raise :exc:`TargetFailed`."""
        transport = await self._connect()
        arrived = False
        try:
            await self.within(EXCHANGE_SECONDS, transport.secured)
            arrived = True
        finally:
            if not arrived:
                transport.abort()
        return transport

    async def within(self, seconds: float, waited: Deferred[None]) -> None:
        """Await what the target has to do; raise :exc:`TargetFailed` when it does not."""
        waited.addTimeout(seconds, self.reactor)
        name = self.target.name
        try:
            await waited
        except ConnectionEnded as fault:
            raise TargetFailed(UNREACHABLE, "exchange", f"{name} broke off the connection ({fault})") from None
        except WaitTimeout:
            raise TargetFailed(UNREACHABLE, "timeout", f"{name} does not answer as an SSH server") from None

    async def _connect(self) -> TargetTransport:
        target = self.target
        host, port = split_address(target.address)
        if self.through is not None:
            return await self._cross(self.through, host, port)
        # An address needs no look-up, which costs more than the rest of the way there.
        kind = TCP4ClientEndpoint if isIPAddress(host) else HostnameEndpoint
        endpoint = kind(self.reactor, host, port, timeout=CONNECT_SECONDS)
        try:
            factory = Factory.forProtocol(self._transport)
            factory.noisy = False
            protocol = await endpoint.connect(factory)
            assert isinstance(protocol, TargetTransport)  # noqa: S101 - what the factory makes
            return protocol
        except (ConnectError, DNSLookupError) as fault:
            words = why_unreachable(fault)
            raise TargetFailed(UNREACHABLE, "unreachable", f"cannot reach {target.name} ({words})") from None

    async def _cross(self, hop: Connection, host: str, port: int) -> TargetTransport:
        transport, name = self._transport(), self.target.name
        opened = Passage(hop, transport).begin(host, port)
        opened.addTimeout(CONNECT_SECONDS, self.reactor)
        try:
            await opened
        except NotCrossed as fault:
            raise TargetFailed(UNREACHABLE, "unreachable", f"cannot reach {name} on its way ({fault})") from None
        except WaitTimeout:
            raise TargetFailed(UNREACHABLE, "timeout", f"cannot reach {name} on its way (no answer)") from None
        return transport

    def _transport(self) -> TargetTransport:
        return TargetTransport(
            clock=self.reactor,
            verify_host_key=self._recognise,
            host_key_algorithms=host_algorithms(self.target),
            ciphers=ciphers(self.target),
            exchanges=exchanges(self.target),
            macs=macs(self.target),
            rekey=self.rekey,
        )

    def _recognise(self, algorithm: bytes, blob: bytes) -> Deferred[None]:
        try:
            known = recognise(self.target, algorithm, blob, self.wall())
        except TargetFailed as failed:
            return fail(failed)
        return succeed(None) if known else self.unknown(blob)


def split_address(address: str) -> tuple[str, int]:
    """Split ``host:port`` or ``[v6]:port``; the port defaults to 22."""
    if address.startswith("["):
        host, _, rest = address[1:].partition("]")
        return host, int(rest[1:] or 22)
    host, _, port = address.rpartition(":")
    return (host, int(port)) if host else (address, 22)


def readable_keys(lines: tuple[str, ...]) -> tuple[PublicKey, ...]:
    """Return the keys of a target's lines; a line that can not be read vouches for nothing."""
    found: list[PublicKey] = []
    for each in lines:
        try:
            found.append(parse_line(each))
        except BadKey:
            continue
    return tuple(found)


def host_algorithms(target: Target) -> tuple[bytes, ...]:
    """Return what is offered to a target: certificates first where it has authorities, then what is pinned.

    Where nothing is pinned, plain keys are offered too: a host that has no certificate is then refused in words.
    """
    kinds = {name for key in readable_keys(target.host_keys) for name in key.algorithms}
    plain = tuple(name for name in TARGET_KEYS if name in kinds) or TARGET_KEYS
    if b"rsa-sha2-512" in plain:
        plain += named(target, OLD_HOST_KEYS)
    return TARGET_CERTIFICATES + plain if target.host_ca else plain


def exchanges(target: Target) -> Names:
    """Return which key exchanges are offered to a target: the old ones that its entry names behind the others."""
    return EXCHANGES + named(target, OLD_EXCHANGES)


def ciphers(target: Target) -> Names:
    """Return which ciphers are offered to a target, the old ones behind the others."""
    return GCM_FIRST + named(target, OLD_CIPHERS_OFFERED)


def macs(target: Target) -> Names:
    """Return which MACs are offered to a target, the old ones behind the others."""
    return MACS_OFFERED + named(target, OLD_MACS_OFFERED)


def named(target: Target, old: Names) -> Names:
    """Return which of some old algorithms a target's entry allows."""
    return tuple(name for name in old if name.decode("ascii") in target.legacy)


def recognise(target: Target, algorithm: bytes, blob: bytes, now: float) -> bool:
    """Say whether a host that proved to hold a key is the target; raise :exc:`TargetFailed` for another one.

    False is an unknown host: nothing is pinned and no authority named. A pinned key stays good in any certificate,
    also one that has expired.
    """
    pinned = readable_keys(target.host_keys)
    key = holder_key(algorithm, blob)
    if key in pinned:
        return True
    if target.host_ca:
        _recognise_certified(target, algorithm, blob, now)
        return True
    if pinned:
        text = f"{target.name} shows another host key than the pinned one ({key.fingerprint}); tell an administrator"
        raise TargetFailed(HOST_KEY, "host_key_changed", text, key.fingerprint)
    return False


def _recognise_certified(target: Target, algorithm: bytes, blob: bytes, now: float) -> None:
    shown = fingerprint(blob)
    if algorithm not in PLAIN:
        text = f"{target.name} shows a host key without the certificate that it should have ({shown}); "
        raise TargetFailed(HOST_KEY, "host_certificate_missing", f"{text}tell an administrator", shown)
    certificate = parse_certificate(blob)
    names = (split_address(target.address)[0], target.name)
    try:
        trust_host(certificate, readable_keys(target.host_ca), names, now)
    except Untrusted as fault:
        detail = f"{certificate.title} {certificate.fingerprint}"
        text = f"{target.name} can not prove who it is: {fault}; tell an administrator"
        raise TargetFailed(HOST_KEY, f"host_{fault.reason}", text, detail) from None


def key_line(blob: bytes) -> str:
    """Write a host key as an OpenSSH line; raise TargetFailed for one that can not be read."""
    try:
        return parse_blob(blob).line
    except BadKey as fault:
        raise TargetFailed(
            HOST_KEY, "host_key_bad", f"the target shows a host key that can not be used ({fault})"
        ) from None


def why_unreachable(fault: Exception) -> str:
    """Say in words why a connection failed."""
    match fault:
        case ConnectionRefusedError():
            return "connection refused"
        case TimeoutError():
            return f"no answer within {CONNECT_SECONDS:.0f} s"
        case DNSLookupError():
            return "its name can not be resolved"
        case NoRouteError():
            return "no route to it"
        case _:
            return "the connection failed"
