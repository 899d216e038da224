"""Try the way to a target, for an admin: as far as its host key, or as far as a login.

The rule: a trial goes the way of a session, with the same checks and the same words for what goes wrong; no credential
is used before it is on disk who tries, and nothing is asked of the target once it has let the gateway in.
"""

from __future__ import annotations

from typing import Any

import attrs
from twisted.internet.defer import Deferred

from gateway.domain.entries import Credential, Target
from gateway.domain.facts import Fact
from gateway.domain.hops import Hop
from gateway.ssh.crossing import HopOwner
from gateway.ssh.reach import TargetFailed
from gateway.ssh.target import Dialler, Leg
from gateway.wire.connection import Connection
from gateway.wire.hostkeys import fingerprint
from gateway.wire.target_transport import TargetTransport


@attrs.define(eq=False)
class Trial:
    """One trial by one admin; ``outcome`` of its fact is ``ok`` or the reason of the failure."""

    by: Dialler
    admin: str
    target: Target
    hops: tuple[Hop, ...]
    _made: list[TargetTransport] = attrs.field(init=False, factory=list)

    async def run(self, credential: Credential | None) -> dict[str, Any]:
        """Return what was found: ``target, host_key, version, seconds``; raise :exc:`TargetFailed`."""
        begun = self.by.reactor.seconds()
        outcome = "given_up"
        try:
            if credential is not None or self.hops:
                await self._told("begun", credential)
            transport = await self._way(credential)
            outcome = "ok"
            return {
                "target": self.target.name, "host_key": fingerprint(transport.host_key),
                "version": transport.peer_version.decode("ascii", "replace"),
                "seconds": round(self.by.reactor.seconds() - begun, 3),
            }  # fmt: skip
        except TargetFailed as failed:
            outcome = failed.reason
            raise
        finally:
            for transport in reversed(self._made):
                transport.abort()
            await self._told(outcome, credential)

    async def _way(self, credential: Credential | None) -> TargetTransport:
        through: Connection | None = None
        for hop in self.hops:
            onward = Connection(HopOwner())
            await self._leg(hop.target, hop.credential, onward, through)
            through = onward
        if credential is not None:
            return await self._leg(self.target, credential, Connection(HopOwner()), through)
        return await self._reached(self._to(self.target, None, through))

    def _to(self, target: Target, credential: Credential | None, through: Connection | None) -> Leg:
        known = credential or Credential("", target.name, "")
        return Leg(self.by, target, known.account, known, self.admin, "trial", through)

    async def _reached(self, leg: Leg) -> TargetTransport:
        transport = await leg.secured()
        self._made.append(transport)
        return transport

    async def _leg(
        self, target: Target, credential: Credential, connection: Connection, through: Connection | None
    ) -> TargetTransport:
        leg = self._to(target, credential, through)
        transport = await self._reached(leg)
        await leg.log_in(transport, await leg.offer(), connection)
        return transport

    def _told(self, outcome: str, credential: Credential | None) -> Deferred[Any]:
        body = {"target": self.target.name, "by": self.admin, "outcome": outcome}
        if credential is not None:
            body["credential"] = credential.name
            body["account"] = credential.account
        return self.by.facts.tell(Fact("target.tested", body))
