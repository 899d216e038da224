"""What stands in the way of each kind of channel, and how its bytes travel: two literal tables.

A reviewer reads the enforcement here: GATES from left to right is the way to the target, from right to left the way
to the operator. The lock is nearest to the operator. What is not in a table does not run.

WAYS says how much of a lane is read: MEDIATE runs every byte through the flow. The faster ways (sift, tap, splice)
belong to the wire's own issue; until then every lane is mediated, which is slower and never looser.
"""

from __future__ import annotations

import enum
from collections.abc import Callable

import attrs

from gateway.domain.audited import Attempts, AuditedGate
from gateway.domain.barrier import LockGate
from gateway.domain.flow import Flow, Gate, Tap
from gateway.domain.greeting import GreetingGate
from gateway.domain.lane import Lane
from gateway.domain.policy import FrozenPolicy
from gateway.domain.rights import Kind
from gateway.domain.risk import Risk


class Way(enum.Enum):
    """Name how a lane's bytes travel."""

    MEDIATE = "mediate"


@attrs.frozen
class Makings:
    """What gates are made of: the frozen policy, and what the session's channels share."""

    policy: FrozenPolicy
    attempts: Attempts
    risk: Risk
    terminal: bool
    locked: bool
    where: str = ""


def _lock(makings: Makings) -> Gate:
    return LockGate(terminal=makings.terminal, locked=makings.locked)


def _audited(makings: Makings) -> Gate:
    return AuditedGate(makings.policy, makings.attempts, makings.risk)


def _greeting(makings: Makings) -> Gate:
    return GreetingGate(makings.where)


EARLY: tuple[Callable[[Makings], Gate], ...] = (_lock,)
"""Before a channel's kind is known: only requests travel, and a lock holds them."""

GATES: dict[Kind, tuple[Callable[[Makings], Gate], ...]] = {
    Kind.PTY: (_lock, _audited),
    Kind.SHELL: (_lock, _audited),
    Kind.EXEC: (_lock, _audited),
    Kind.GIT: (_lock, _audited),
    Kind.SFTP: (_lock, _audited),
    Kind.SCP: (_lock, _audited),
    Kind.RSYNC: (_lock, _audited),
    Kind.FORWARD: (_lock, _greeting),
    Kind.AGENT: (_lock,),
    Kind.X11: (_lock,),
}

WAYS: dict[Kind, dict[Lane, Way]] = {
    kind: {Lane.TO_TARGET: Way.MEDIATE, Lane.TO_OPERATOR: Way.MEDIATE} for kind in Kind
}


def early_flow(makings: Makings) -> Flow:
    """Make the flow of a channel whose kind is not known yet."""
    return Flow(tuple(make(makings) for make in EARLY))


def flow_of(kind: Kind, makings: Makings, taps: tuple[Tap, ...]) -> Flow:
    """Make the flow of a channel: its kind's gates, and the taps that watch it."""
    return Flow(tuple(make(makings) for make in GATES[kind]), taps)
