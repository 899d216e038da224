"""What stands in the way of each kind of channel, and how its bytes travel: two literal tables.

A reviewer reads the enforcement here: GATES from left to right is the way to the target, from right to left the way
to the operator. The lock is nearest to the operator. What is not in a table does not run.

WAYS says how fast a lane may travel while nobody reads it: SPLICE re-addresses each packet and counts its bytes, TAP
also gives the recorder a copy, SIFT asks the gate of transfers for each packet where it stands. Whoever reads a lane
(see :func:`reads`) brings it back to MEDIATE, which runs every byte through the flow; a gate or tap that is not known
here reads everything.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator
from functools import partial

import attrs

from gateway.domain.audited import AuditedGate
from gateway.domain.barrier import LockGate
from gateway.domain.elevation import ElevationGate, Prompts, Tried
from gateway.domain.flow import Flow, Gate, Tap
from gateway.domain.greeting import GreetingGate
from gateway.domain.lane import Lane, Tell
from gateway.domain.lines.gate import LineGate
from gateway.domain.lines.piped import PipedGate
from gateway.domain.lines.watching import LineWatch
from gateway.domain.policy import FrozenPolicy
from gateway.domain.rights import Kind
from gateway.domain.risk import Risk
from gateway.domain.scp.gate import ScpGate
from gateway.domain.screen import Screen
from gateway.domain.sftp.gate import SftpGate
from gateway.domain.sftp.sieve import passes_down, passes_up
from gateway.domain.transfer import Desk
from gateway.domain.verdict import Attempts, Judge
from gateway.domain.zmodem import ZmodemGate
from gateway.runtime.record import Recorder
from gateway.runtime.shown import Showing, Trail
from gateway.runtime.stage import Stage


class Way(enum.Enum):
    """Name how a lane's bytes travel."""

    MEDIATE = "mediate"
    TAP = "tap"
    SIFT = "sift"
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
    """What a terminal shows; None where there is none."""
    tried: Tried = attrs.field(factory=Tried)
    desk: Callable[[str], Desk] | None = None
    """Makes the desk of a channel's transfers, of a protocol."""


def _lock(makings: Makings) -> Gate:
    return LockGate(makings.terminal, makings.locked, makings.screen)


def _audited(makings: Makings) -> Gate:
    return AuditedGate(makings.policy, makings.attempts, makings.risk, makings.terminal)


def _elevation(makings: Makings) -> Gate:
    policy, how = makings.policy, makings.policy.credential.elevation
    asked = makings.terminal and policy.elevate and how.method in ANSWERED
    return ElevationGate(Prompts(how.program, how.method, policy.account) if asked else None, makings.tried)


def _commanded(makings: Makings) -> Gate:
    return AuditedGate(makings.policy, makings.attempts, makings.risk, makings.terminal, typed=True)


def _lines(makings: Makings) -> Gate:
    judge = Judge(makings.policy, makings.attempts, makings.risk)
    if makings.screen is None:
        return PipedGate(judge)
    return LineGate(judge, makings.screen) if judge.ruled else LineWatch(judge, makings.screen)


def _greeting(makings: Makings) -> Gate:
    return GreetingGate(makings.where)


def _sftp(makings: Makings) -> Gate:
    assert makings.desk is not None  # noqa: S101 - a session has one
    return SftpGate(makings.desk("sftp"))


def _zmodem(makings: Makings) -> Gate:
    return ZmodemGate(makings.policy)


def _scp(makings: Makings) -> Gate:
    assert makings.desk is not None  # noqa: S101 - a session has one
    return ScpGate(makings.desk("scp"), makings.where)


ANSWERED = frozenset({"password"})
"""Methods of elevation that answer a prompt on a terminal."""


EARLY: tuple[Callable[[Makings], Gate], ...] = (_lock,)
"""Before a channel's kind is known: only requests travel, and a lock holds them."""

GATES: dict[Kind, tuple[Callable[[Makings], Gate], ...]] = {
    Kind.PTY: (_lock, _lines, _zmodem, _elevation),
    Kind.SHELL: (_lock, _lines),
    Kind.EXEC: (_lock, _commanded, _lines, _elevation),
    Kind.GIT: (_lock, _audited),
    Kind.SFTP: (_lock, _audited, _sftp),
    Kind.SCP: (_lock, _audited, _scp),
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
    Kind.SFTP: {Lane.TO_TARGET: Way.SIFT, Lane.TO_OPERATOR: Way.SIFT},
    Kind.SCP: {Lane.TO_TARGET: Way.SIFT, Lane.TO_OPERATOR: Way.SIFT},
    Kind.RSYNC: {Lane.TO_TARGET: Way.TAP, Lane.TO_OPERATOR: Way.TAP},
    Kind.FORWARD: {Lane.TO_TARGET: Way.SPLICE, Lane.TO_OPERATOR: Way.SPLICE},
    Kind.AGENT: {Lane.TO_TARGET: Way.SPLICE, Lane.TO_OPERATOR: Way.SPLICE},
    Kind.X11: {Lane.TO_TARGET: Way.SPLICE, Lane.TO_OPERATOR: Way.SPLICE},
}

TRANSFERRING = (SftpGate, ScpGate)
"""Gates that have something to tell when their channel is over."""


def reads(who: Gate | Tap, kind: Kind, lane: Lane) -> bool:
    """Say whether a gate or tap reads a lane's bytes now; one that is not known reads everything."""
    match who:
        case LockGate():
            return who.locked
        case AuditedGate():
            return False
        case PipedGate():
            return who.active and lane is Lane.TO_TARGET
        case ElevationGate():
            return who.active
        case GreetingGate():
            return not who.decided
        case SftpGate() | ScpGate():
            return False
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


def sieve_of(flow: Flow, lane: Lane) -> Callable[[memoryview], bool] | None:
    """Return who says of a chunk where it stands whether it may pass whole; None where nobody sifts."""
    for gate in flow.gates:
        match gate:
            case SftpGate():
                return partial(passes_up if lane is Lane.TO_TARGET else passes_down, gate)
            case ScpGate():
                return partial(gate.passes, lane)
            case _:
                continue
    return None


def unfinished(flow: Flow) -> Iterator[Tell]:
    """Forget the files of a channel that is over; tell what became of each."""
    for gate in flow.gates:
        if isinstance(gate, SftpGate | ScpGate):
            yield from gate.unfinished()


def early_flow(makings: Makings) -> Flow:
    """Make the flow of a channel whose kind is not known yet."""
    return Flow(tuple(make(makings) for make in EARLY))


def flow_of(kind: Kind, makings: Makings, taps: tuple[Tap, ...]) -> Flow:
    """Make the flow of a channel: its kind's gates, and the taps that watch it."""
    return Flow(tuple(make(makings) for make in GATES[kind]), taps)
