"""The way to a session's target: dial, recognise the host, log in.

The rule: nothing is logged in to without a Grant, and nothing of the credential is used before the host's key is one
that is pinned, or that an authority of the target certified for it, and ``session.started`` is on disk. The credential
is looked up meanwhile. The operator is never asked anything. What goes wrong is a :exc:`TargetFailed` with a line for
the operator and an exit code; it is told as a fact, never a hang.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import attrs
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from gateway.domain.entries import Credential, Target
from gateway.domain.facts import Fact
from gateway.domain.grant import Grant
from gateway.domain.secret import Secret
from gateway.interfaces import ICredentialVault, IFacts, IKeyPair, VaultError
from gateway.ssh.approach import UNKNOWN, Approaches
from gateway.ssh.crossing import HopOwner
from gateway.ssh.reach import (
    CONFIGURATION,
    EXCHANGE_SECONDS,
    HOST_KEY,
    UNREACHABLE,
    Reach,
    TargetFailed,
    key_line,
)
from gateway.wire.connection import Connection
from gateway.wire.hostkeys import fingerprint
from gateway.wire.rekeying import RekeyLimits
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

PIPELINING: Final = (b"SSH-2.0-OpenSSH_", b"SSH-2.0-dropbear")
"""Servers that are known to read a login request which follows its service request without waiting."""


def _unmeasured(seconds: float, result: str) -> None:
    """Measure nothing."""


@attrs.frozen
class Dialler:
    """What is needed to reach targets."""

    reactor: Any
    """IReactorTCP, IReactorTime and name resolution."""
    vault: ICredentialVault
    facts: IFacts
    wall: Callable[[], float]
    """Seconds since 1970: certificates are judged by it."""
    rekey: RekeyLimits = RekeyLimits()
    arrived: Callable[[float, str], None] = _unmeasured
    """Told how many seconds the way to a target took, and ``ok`` or the reason of its end."""
    approaches: Approaches = attrs.field(
        init=False, default=attrs.Factory(lambda self: Approaches(self.reactor, self.wall, self.rekey), takes_self=True)
    )

    def dial(self, grant: Grant, session: str, started: Deferred[Any], connection: Connection) -> Deferred[None]:
        """Connect, recognise and log in; fires when ``connection`` runs, fails with :exc:`TargetFailed`.

        ``started`` fires when the session's start is on disk: no credential is used before. Cancel to give up.
        """
        dialled = Deferred.fromCoroutine(Dial(self, grant, session).run(started, connection))
        return dialled.addBoth(self._measured, self.reactor.seconds())

    def _measured(self, outcome: Any, begun: float) -> Any:
        reason = outcome.value if isinstance(outcome, Failure) else None
        result = "ok" if reason is None else reason.reason if isinstance(reason, TargetFailed) else "given_up"
        self.arrived(self.reactor.seconds() - begun, result)
        return outcome


@attrs.define(eq=False)
class Dial:
    """One attempt to reach one target, and first the hosts on the way to it."""

    by: Dialler
    grant: Grant
    session: str
    _made: list[TargetTransport] = attrs.field(init=False, factory=list)

    async def run(self, started: Deferred[Any], connection: Connection) -> None:
        """Go all the way; raise :exc:`TargetFailed`."""
        policy, through = self.grant.policy, None
        arrived = False
        try:
            for hop in policy.hops:
                onward = Connection(HopOwner())
                await self._leg(hop.target, hop.credential, hop.credential.account, started, onward, through)
                through = onward
            await self._leg(self.grant.target, policy.credential, self.grant.account, started, connection, through)
            arrived = True
        finally:
            if not arrived:
                for transport in reversed(self._made):
                    transport.abort()

    async def _leg(
        self, target: Target, credential: Credential, account: str, started: Deferred[Any], connection: Connection,
        through: Connection | None,
    ) -> None:  # fmt: skip
        leg = Leg(self.by, target, account, credential, self.grant.policy.operator, self.session, through)
        offered = Deferred.fromCoroutine(leg.offer())
        arrived = False
        try:
            transport = await leg.secured()
            self._made.append(transport)
            await started
            await leg.log_in(transport, await offered, connection)
            arrived = True
        finally:
            if not arrived:
                # Why the way ended is known; what became of the credential then is of no use to anybody.
                offered.addErrback(lambda _: None)
                offered.cancel()


@attrs.define(eq=False)
class Leg:
    """One host: reach it, recognise it, log in to it."""

    by: Dialler
    target: Target
    account: str
    credential: Credential
    operator: str
    session: str
    through: Connection | None
    reach: Reach = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        """Say how to reach it."""
        self.reach = Reach(
            self.by.reactor, self.by.wall, self.target, self._unknown, self.through, self.by.rekey,
        )

    async def secured(self) -> TargetTransport:
        """Take the connection that was made ahead, or make one."""
        ahead = self.by.approaches.take(self.operator, self.target)
        if ahead is not None:
            try:
                return await ahead
            except TargetFailed as failed:
                if failed.reason != UNKNOWN:
                    raise
        return await self.reach.secured()

    def _unknown(self, blob: bytes) -> Deferred[None]:
        return Deferred.fromCoroutine(self._queue(blob, fingerprint(blob)))

    async def _queue(self, blob: bytes, shown: str) -> None:
        name = self.target.name
        body = {"target": name, "key": key_line(blob), "fingerprint": shown, "session": self.session}
        await self.by.facts.tell(Fact("target.key_queued", body))
        text = f"{name} shows an unknown host key ({shown}); an administrator must run: "
        raise TargetFailed(HOST_KEY, "host_key_unknown", f"{text}pamctl target trust {name}", shown)

    async def offer(self) -> Offer:
        """Look up the credential; raise :exc:`TargetFailed`."""
        credential = self.credential
        try:
            if credential.kind == "password":
                return PasswordOffer(_writer(await self.by.vault.password(credential)))
            if credential.kind == "none":
                return NoneOffer()
            return await self._signing_offer()
        except VaultError as fault:
            text = f"the gateway's credential for {self.account}@{self.target.name} can not be used; "
            raise TargetFailed(CONFIGURATION, "credential", f"{text}tell an administrator", str(fault)) from None

    async def _signing_offer(self) -> Offer:
        pair: IKeyPair = await self.by.vault.key(self.credential, operator=self.operator, session=self.session)
        offer = CertificateOffer if self.credential.kind == "certificate" else KeyOffer
        return offer(pair.public_blob(), tuple(pair.algorithms()), pair.sign)

    async def log_in(self, transport: TargetTransport, offer: Offer, connection: Connection) -> None:
        """Log in and run the connection; raise :exc:`TargetFailed`."""
        service = UserAuthClient(self.account.encode(), offer, connection, self.by.reactor)
        name = self.target.name
        try:
            accepted = transport.request_service(b"ssh-userauth")
            if pipelines(transport.peer_version, offer):
                # If it is never accepted the login's own outcome says so.
                accepted.addErrback(lambda _: None)
            else:
                await self.reach.within(EXCHANGE_SECONDS, accepted)
            transport.setService(service)
            await service.outcome
        except TargetLoginRefused as fault:
            text = f"{name} refused the gateway's login as {self.account}; tell an administrator"
            raise TargetFailed(UNREACHABLE, "login_refused", text, fault.reason) from None
        except TargetLoginLost as fault:
            raise TargetFailed(UNREACHABLE, "login_lost", f"{name} broke off the login", str(fault)) from None


def pipelines(peer_version: bytes, offer: Offer) -> bool:
    """Say whether a login may follow its service request at once.

    Not where there is a choice of how to sign: what the target says of that may stand behind its answer.
    """
    choice = isinstance(offer, KeyOffer | CertificateOffer) and len(offer.algorithms) != 1
    return peer_version.startswith(PIPELINING) and not choice


def _writer(secret: Secret) -> Callable[[Callable[[bytes], None]], None]:
    return lambda write: write(secret.reveal())
