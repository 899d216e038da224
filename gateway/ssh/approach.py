"""Go to a target before its operator is logged in: TCP and key exchange, and not a step further.

The rule: no credential, no fact and nobody's waiting is in it; what is not taken within ten seconds is dropped, and a
host of which nothing is known is dropped at once. An operator has two at a time at the most, and after one that nobody
took none for a minute: whoever knows a public key may not have the gateway knock at targets as often as he likes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IDelayedCall
from twisted.python.failure import Failure

from gateway.domain.entries import Target
from gateway.ssh.reach import HOST_KEY, Reach, TargetFailed
from gateway.wire.rekeying import RekeyLimits
from gateway.wire.target_transport import TargetTransport

LIFE = 10.0
"""Seconds within which an approach is taken or dropped."""
REST = 60.0
"""Seconds without approaches for an operator who did not take one."""
MOST_EACH = 2
MOST_TARGET = 8
MOST = 64

UNKNOWN = "host_key_unknown"


@attrs.define
class Counters:
    """What became of approaches."""

    begun: int = 0
    taken: int = 0
    dropped: int = 0
    failed: int = 0


@attrs.define(eq=False)
class Approach:
    """One connection that is made for a target, and who takes it."""

    operator: str
    target: Target
    going: Deferred[TargetTransport]
    expiry: IDelayedCall
    transport: TargetTransport | None = None
    handed: Deferred[TargetTransport] | None = None


@attrs.define(eq=False)
class Approaches:
    """Keep the connections that are made ahead."""

    reactor: Any
    wall: Callable[[], float]
    rekey: RekeyLimits = RekeyLimits()
    counters: Counters = attrs.field(init=False, factory=Counters)
    _open: list[Approach] = attrs.field(init=False, factory=list)
    _rests: dict[str, float] = attrs.field(init=False, factory=dict)

    def begin(self, operator: str, target: Target) -> None:
        """Go to a target for an operator who may be about to log in; not where that would be too much."""
        if target.jump or self._is_too_much(operator, target):
            return
        self.counters.begun += 1
        going = Deferred.fromCoroutine(Reach(self.reactor, self.wall, target, _unknown, rekey=self.rekey).secured())
        approach = Approach(operator, target, going, self.reactor.callLater(LIFE, self._expired, operator, target))
        self._open.append(approach)
        going.addCallbacks(self._arrived, self._failed, callbackArgs=(approach,), errbackArgs=(approach,))

    def take(self, operator: str, target: Target) -> Deferred[TargetTransport] | None:
        """Hand over what was made for exactly this target; None where there is nothing.

        Fails with :exc:`TargetFailed` as :meth:`Reach.secured` does; cancel to give up.
        """
        for approach in [each for each in self._open if each.operator == operator and each.target == target]:
            self._forget(approach)
            if approach.transport is None:
                self.counters.taken += 1
                return _handed(approach)
            if not approach.transport.carrier.ended:
                self.counters.taken += 1
                return succeed(approach.transport)
            self.counters.failed += 1
        return None

    def drop_all(self) -> None:
        """Drop everything: the node stops."""
        for approach in tuple(self._open):
            self._drop(approach)

    def _is_too_much(self, operator: str, target: Target) -> bool:
        now = self.reactor.seconds()
        self._rests = {name: until for name, until in self._rests.items() if until > now}
        mine = [each for each in self._open if each.operator == operator]
        there = [each for each in self._open if each.target.address == target.address]
        return (
            operator in self._rests
            or any(each.target == target for each in mine)
            or len(mine) >= MOST_EACH
            or len(there) >= MOST_TARGET
            or len(self._open) >= MOST
        )

    def _expired(self, operator: str, target: Target) -> None:
        for approach in [each for each in self._open if each.operator == operator and each.target == target]:
            self._drop(approach)

    def _drop(self, approach: Approach) -> None:
        self.counters.dropped += 1
        self._forget(approach)
        self._rest(approach)
        if approach.transport is None:
            approach.going.cancel()
        else:
            approach.transport.abort()

    def _forget(self, approach: Approach) -> None:
        self._open.remove(approach)
        if approach.expiry.active():
            approach.expiry.cancel()

    def _rest(self, approach: Approach) -> None:
        self._rests[approach.operator] = self.reactor.seconds() + REST

    def _arrived(self, transport: TargetTransport, approach: Approach) -> None:
        approach.transport = transport
        if approach.handed is not None:
            approach.handed.callback(transport)

    def _failed(self, failure: Failure, approach: Approach) -> None:
        """Tell who took it; where nobody did, whoever comes tries anew and hears why it fails."""
        if approach in self._open:
            self.counters.failed += 1
            self._forget(approach)
            self._rest(approach)
        if approach.handed is not None:
            approach.handed.errback(failure)


def _handed(approach: Approach) -> Deferred[TargetTransport]:
    """Return what fires when an approach arrives; to cancel it ends the approach."""
    handed: Deferred[TargetTransport] = Deferred(lambda _: approach.going.cancel())
    approach.handed = handed
    return handed


def _unknown(blob: bytes) -> Deferred[None]:
    return fail(TargetFailed(HOST_KEY, UNKNOWN, "nothing is known of this host"))
