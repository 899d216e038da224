"""The way to a session's target: dial, recognise the host, log in.

The rule: nothing is dialled without a Grant, and nothing of the credential is used before the host's key is one that
is pinned, or that an authority of the target certified for it, and ``session.started`` is on disk. The operator is
never asked anything. What goes wrong is a :exc:`TargetFailed` with a line for the operator and an exit code; it is
told as a fact, never a hang.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.defer import TimeoutError as WaitTimeout
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.error import (
    ConnectError,
    ConnectionRefusedError,
    DNSLookupError,
    NoRouteError,
    TimeoutError,
)
from twisted.internet.protocol import Factory

from gateway.domain.entries import Credential, Target
from gateway.domain.facts import Fact
from gateway.domain.grant import Grant
from gateway.domain.secret import Secret
from gateway.interfaces import ICredentialVault, IFacts, IKeyPair, VaultError
from gateway.wire.algorithms import TARGET_CERTIFICATES, TARGET_KEYS
from gateway.wire.certificates import PLAIN, Untrusted, holder_key, parse_certificate, trust_host
from gateway.wire.connection import Connection
from gateway.wire.hostkeys import fingerprint
from gateway.wire.keyblobs import BadKey, PublicKey, parse_blob, parse_line
from gateway.wire.target_transport import TargetTransport
from gateway.wire.userauth_client import (
    CertificateOffer,
    KeyOffer,
    NoneOffer,
    Offer,
    PasswordOffer,
    TargetLoginLost,
    TargetLoginRefused,
    UserAuthClient,
)
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


@attrs.frozen
class Dialler:
    """What is needed to reach targets."""

    reactor: Any
    """IReactorTCP, IReactorTime and name resolution."""
    vault: ICredentialVault
    facts: IFacts
    wall: Callable[[], float]
    """Seconds since 1970: certificates are judged by it."""

    def dial(self, grant: Grant, session: str, started: Deferred[Any], connection: Connection) -> Deferred[None]:
        """Connect, recognise and log in; fires when ``connection`` runs, fails with :exc:`TargetFailed`.

        ``started`` fires when the session's start is on disk: no credential is used before. Cancel to give up.
        """
        return Deferred.fromCoroutine(Dial(self, grant, session).run(started, connection))


@attrs.define(eq=False)
class Dial:
    """One attempt to reach one target."""

    by: Dialler
    grant: Grant
    session: str

    @property
    def _name(self) -> str:
        return self.grant.target.name

    async def run(self, started: Deferred[Any], connection: Connection) -> None:
        """Go all the way; raise :exc:`TargetFailed`."""
        transport = await self._connect()
        arrived = False
        try:
            await self._within(EXCHANGE_SECONDS, transport.secured)
            await started
            offer = await self._offer()
            await self._log_in(transport, offer, connection)
            arrived = True
        finally:
            if not arrived:
                transport.abort()

    async def _connect(self) -> TargetTransport:
        target = self.grant.target
        if target.jump:
            raise TargetFailed(
                CONFIGURATION, "jump", f"{self._name} is behind {target.jump}, which this version can not cross"
            )
        host, port = split_address(target.address)
        endpoint = HostnameEndpoint(self.by.reactor, host, port, timeout=CONNECT_SECONDS)
        try:
            factory = Factory.forProtocol(self._transport)
            factory.noisy = False
            protocol = await endpoint.connect(factory)
            assert isinstance(protocol, TargetTransport)  # noqa: S101 - what the factory makes
            return protocol
        except (ConnectError, DNSLookupError) as fault:
            words = why_unreachable(fault)
            raise TargetFailed(UNREACHABLE, "unreachable", f"cannot reach {self._name} ({words})") from None

    def _transport(self) -> TargetTransport:
        return TargetTransport(
            clock=self.by.reactor,
            verify_host_key=self._recognise,
            host_key_algorithms=host_algorithms(self.grant.target),
        )

    def _recognise(self, algorithm: bytes, blob: bytes) -> Deferred[None]:
        target = self.grant.target
        try:
            if recognise(target, algorithm, blob, self.by.wall()):
                return succeed(None)
        except TargetFailed as failed:
            return fail(failed)
        return Deferred.fromCoroutine(self._queue(blob, fingerprint(blob)))

    async def _queue(self, blob: bytes, shown: str) -> None:
        body = {"target": self._name, "key": key_line(blob), "fingerprint": shown, "session": self.session}
        await self.by.facts.tell(Fact("target.key_queued", body))
        text = f"{self._name} shows an unknown host key ({shown}); an administrator must run: "
        raise TargetFailed(HOST_KEY, "host_key_unknown", f"{text}pamctl target trust {self._name}", shown)

    async def _offer(self) -> Offer:
        credential = self.grant.policy.credential
        try:
            if credential.kind == "password":
                return PasswordOffer(_writer(await self.by.vault.password(credential)))
            if credential.kind == "none":
                return NoneOffer()
            return await self._signing_offer(credential)
        except VaultError as fault:
            text = (
                f"the gateway's credential for {self.grant.account}@{self._name} can not be used; tell an administrator"
            )
            raise TargetFailed(CONFIGURATION, "credential", text, str(fault)) from None

    async def _signing_offer(self, credential: Credential) -> Offer:
        pair: IKeyPair = await self.by.vault.key(
            credential, operator=self.grant.policy.operator, session=self.session
        )
        offer = CertificateOffer if credential.kind == "certificate" else KeyOffer
        return offer(pair.public_blob(), tuple(pair.algorithms()), pair.sign)

    async def _log_in(self, transport: TargetTransport, offer: Offer, connection: Connection) -> None:
        service = UserAuthClient(self.grant.account.encode(), offer, connection, self.by.reactor)
        try:
            await self._within(EXCHANGE_SECONDS, transport.request_service(b"ssh-userauth"))
            transport.setService(service)
            await service.outcome
        except TargetLoginRefused as fault:
            text = f"{self._name} refused the gateway's login as {self.grant.account}; tell an administrator"
            raise TargetFailed(UNREACHABLE, "login_refused", text, fault.reason) from None
        except TargetLoginLost as fault:
            raise TargetFailed(UNREACHABLE, "login_lost", f"{self._name} broke off the login", str(fault)) from None

    async def _within(self, seconds: float, waited: Deferred[None]) -> None:
        waited.addTimeout(seconds, self.by.reactor)
        try:
            await waited
        except ConnectionEnded as fault:
            raise TargetFailed(UNREACHABLE, "exchange", f"{self._name} broke off the connection ({fault})") from None
        except WaitTimeout:
            raise TargetFailed(UNREACHABLE, "timeout", f"{self._name} does not answer as an SSH server") from None


def _writer(secret: Secret) -> Callable[[Callable[[bytes], None]], None]:
    return lambda write: write(secret.reveal())


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
    return TARGET_CERTIFICATES + plain if target.host_ca else plain


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
