"""What stands in the way of each kind of channel, and how its bytes travel: two literal tables.

A reviewer reads the enforcement here: GATES from left to right is the way to the target, from right to left the way
to the operator. The lock is nearest to the operator. What is not in a table does not run.

WAYS says how fast a lane may travel while nobody reads it: SPLICE re-addresses each packet and counts its bytes, TAP
also gives the recorder a copy. Whoever reads a lane (see :func:`reads`) brings it back to MEDIATE, which runs every
byte through the flow; a gate or tap that is not known here reads everything.
"""

from __future__ import annotations

import enum
from collections.abc import Callable

import attrs

from gateway.domain.audited import AuditedGate
from gateway.domain.barrier import LockGate
from gateway.domain.elevation import ElevationGate, Prompts, Tried
from gateway.domain.flow import Flow, Gate, Tap
from gateway.domain.greeting import GreetingGate
from gateway.domain.lane import Lane
from gateway.domain.policy import FrozenPolicy
from gateway.domain.rights import Kind
from gateway.domain.risk import Risk
from gateway.domain.screen import Screen
from gateway.domain.verdict import Attempts
from gateway.runtime.record import Recorder
from gateway.runtime.shown import Showing, Trail
from gateway.runtime.stage import Stage


class Way(enum.Enum):
    """Name how a lane's bytes travel."""

    MEDIATE = "mediate"
    TAP = "tap"
    SPLICE = "splice"


@attrs.frozen
class Makings:
    """What gates are made of: the frozen policy, and what the session's channels share."""

    policy: FrozenPolicy
    attempts: Attempts
    risk: Risk
    terminal: bool
    locked: bool
    where: str = ""
    screen: Screen | None = None
    tried: Tried = attrs.field(factory=Tried)


def _lock(makings: Makings) -> Gate:
    return LockGate(makings.terminal, makings.locked, makings.screen)


def _audited(makings: Makings) -> Gate:
    return AuditedGate(makings.policy, makings.attempts, makings.risk, makings.terminal)


def _elevation(makings: Makings) -> Gate:
    policy, how = makings.policy, makings.policy.credential.elevation
    asked = makings.terminal and policy.elevate and how.method in ANSWERED
    return ElevationGate(Prompts(how.program, how.method, policy.account) if asked else None, makings.tried)


def _greeting(makings: Makings) -> Gate:
    return GreetingGate(makings.where)


ANSWERED = frozenset({"password"})
"""Methods of elevation that answer a prompt on a terminal."""

EARLY: tuple[Callable[[Makings], Gate], ...] = (_lock,)
"""Before a channel's kind is known: only requests travel, and a lock holds them."""

GATES: dict[Kind, tuple[Callable[[Makings], Gate], ...]] = {
    Kind.PTY: (_lock, _audited, _elevation),
    Kind.SHELL: (_lock, _audited),
    Kind.EXEC: (_lock, _audited, _elevation),
    Kind.GIT: (_lock, _audited),
    Kind.SFTP: (_lock, _audited),
    Kind.SCP: (_lock, _audited),
    Kind.RSYNC: (_lock, _audited),
    Kind.FORWARD: (_lock, _greeting),
    Kind.AGENT: (_lock,),
    Kind.X11: (_lock,),
}

WAYS: dict[Kind, dict[Lane, Way]] = {
    Kind.PTY: {Lane.TO_TARGET: Way.MEDIATE, Lane.TO_OPERATOR: Way.MEDIATE},
    Kind.SHELL: {Lane.TO_TARGET: Way.MEDIATE, Lane.TO_OPERATOR: Way.TAP},
    Kind.EXEC: {Lane.TO_TARGET: Way.SPLICE, Lane.TO_OPERATOR: Way.TAP},
    Kind.GIT: {Lane.TO_TARGET: Way.TAP, Lane.TO_OPERATOR: Way.TAP},
    Kind.SFTP: {Lane.TO_TARGET: Way.TAP, Lane.TO_OPERATOR: Way.TAP},
    Kind.SCP: {Lane.TO_TARGET: Way.TAP, Lane.TO_OPERATOR: Way.TAP},
    Kind.RSYNC: {Lane.TO_TARGET: Way.TAP, Lane.TO_OPERATOR: Way.TAP},
    Kind.FORWARD: {Lane.TO_TARGET: Way.SPLICE, Lane.TO_OPERATOR: Way.SPLICE},
    Kind.AGENT: {Lane.TO_TARGET: Way.SPLICE, Lane.TO_OPERATOR: Way.SPLICE},
    Kind.X11: {Lane.TO_TARGET: Way.SPLICE, Lane.TO_OPERATOR: Way.SPLICE},
}

COMMANDED = frozenset({Kind.PTY, Kind.SHELL, Kind.EXEC})
"""Kinds whose input may be commands: with audited rules it is never passed unread."""


def reads(who: Gate | Tap, kind: Kind, lane: Lane) -> bool:
    """Say whether a gate or tap reads a lane's bytes now; one that is not known reads everything."""
    match who:
        case LockGate():
            return who.locked
        case AuditedGate():
            ruled = who.policy.audited or who.policy.restrictions.allow_only
            return bool(ruled) and lane is Lane.TO_TARGET and kind in COMMANDED
        case ElevationGate():
            return who.active
        case GreetingGate():
            return not who.decided
        case Recorder():
            return who.reads(lane)
        case Showing():
            return lane is Lane.TO_OPERATOR
        case Trail():
            return who.open and lane is Lane.TO_OPERATOR
        case Stage():
            return False
        case _:
            return True


def way_now(kind: Kind | None, lane: Lane, flow: Flow) -> Way:
    """Return how a lane travels at this moment: as WAYS says while nobody reads it and nothing rests in it."""
    if kind is None or flow.ended or flow.rests(lane):
        return Way.MEDIATE
    watching: tuple[Gate | Tap, ...] = (*flow.gates, *flow.taps)
    if any(reads(who, kind, lane) for who in watching):
        return Way.MEDIATE
    return WAYS[kind][lane]


def early_flow(makings: Makings) -> Flow:
    """Make the flow of a channel whose kind is not known yet."""
    return Flow(tuple(make(makings) for make in EARLY))


def flow_of(kind: Kind, makings: Makings, taps: tuple[Tap, ...]) -> Flow:
    """Make the flow of a channel: its kind's gates, and the taps that watch it."""
    return Flow(tuple(make(makings) for make in GATES[kind]), taps)
