"""The door a login opens: a session, a refusal in words, or a program of the gateway.

The rule: the policy is frozen here, once, before anything of the target is touched; whoever is barred, not allowed or
ambiguous gets a door that says so on every channel. "No such target" and "not allowed" read the same.
"""

from __future__ import annotations

import difflib
import secrets
from collections.abc import Callable
from typing import Any, Protocol

import attrs
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from gateway.domain.entries import User
from gateway.domain.facts import Fact
from gateway.domain.grant import Grant, Refused
from gateway.domain.lock import Lock
from gateway.domain.login import Reading
from gateway.domain.session import State, reference, session_id
from gateway.interfaces import IArchive, IFacts, IPolicySource
from gateway.runtime.orders import Orders
from gateway.runtime.roster import Roster, rfc3339
from gateway.runtime.run import Run, Workings
from gateway.runtime.telling import tell
from gateway.ssh.channel import FromTarget, SessionChannel
from gateway.ssh.forward import FORWARD_KINDS, open_forward
from gateway.ssh.login import Login
from gateway.ssh.program import ProgramDoor, refusal_door
from gateway.ssh.target import Dialler, TargetFailed
from gateway.wire.authority import IService
from gateway.wire.channels import ChannelEnd
from gateway.wire.connection import ADMINISTRATIVELY_PROHIBITED, Connection

log = Logger()

USAGE, UNREACHABLE, TRY_LATER, DENIED, CONFIGURATION = 64, 69, 75, 77, 78
SESSION_CHANNELS = 32


class ForKind(Protocol):
    """Makes the program of a login that names no target."""

    def __call__(self, login: Login) -> ProgramDoor:
        """Return the door for this user."""


@attrs.frozen(eq=False, repr=False)
class Reception:
    """Everything a finished login needs to open its door."""

    policies: IPolicySource
    orders: Orders
    roster: Roster
    archive: IArchive
    facts: IFacts
    dialler: Dialler
    clock: Any
    wall: Callable[[], float]
    without_target: ForKind
    admitting: Callable[[], str]
    """Why no session can start now, as a line for the operator; empty where one can."""
    help_contact: str = ""

    def open_door(self, login: Login) -> IService:
        """Return the service of a finished login."""
        return Connection(self._door(login))

    def _door(self, login: Login) -> Any:
        if all(not reading.target for reading in login.readings):
            return self.without_target(login)
        readings = [reading for reading in login.readings if reading.target]
        chosen = self._choose(login.user, readings, login.source)
        if isinstance(chosen, str):
            return refusal_door(USAGE, chosen)
        return self.session_door(login, chosen)

    def _choose(self, user: User, readings: list[Reading], source: str) -> Reading | str:
        reachable = dict(self.policies.reachable(user, source))
        allowed: list[Reading] = []
        for reading in readings:
            accounts = reachable.get(reading.target, ())
            if reading.account in accounts:
                allowed.append(reading)
            elif not reading.account:
                allowed += [attrs.evolve(reading, account=account) for account in accounts]
        if len(allowed) == 1:
            return allowed[0]
        if not allowed:
            return readings[0] if readings[0].account else attrs.evolve(readings[0], account="?")
        shown = ", ".join(reading.written() for reading in allowed[:10])
        return f"{readings[0].written()} is not enough to say which: {shown}"

    def session_door(self, login: Login, reading: Reading) -> Any:
        """Freeze the policy of a session and start it, or say why not."""
        user, source = login.user, login.source
        lock = self.orders.barring(user.name, user.groups, reading.target)
        if lock is not None:
            self._refuse(login, reading, "locked", lock.id)
            return refusal_door(TRY_LATER, barred(user, lock))
        busy = self.admitting()
        if busy:
            self._refuse(login, reading, "not_admitting", busy)
            return refusal_door(TRY_LATER, busy)
        grant = self.policies.grant(user, reading.target, reading.account, source)
        if isinstance(grant, Refused):
            return refusal_door(DENIED, self._not_allowed(login, reading, grant))
        if reading.port and not grant.target.address.endswith(f":{reading.port}"):
            return refusal_door(DENIED, self._not_allowed(login, reading, Refused("port", "not a port of the target")))
        restrictions = grant.policy.restrictions
        wanted = (restrictions.approval, restrictions.present, restrictions.second_factor == "required")
        if any(wanted) or restrictions.reason == "required" or restrictions.tickets:
            self._refuse(login, reading, "unenforceable", "approval, presence, second factor or reason")
            return refusal_door(
                CONFIGURATION, "this grant asks for what this version can not check; tell an administrator"
            )
        return self._begin(grant)

    def _begin(self, grant: Grant) -> Any:
        name = session_id(self.wall(), secrets.randbits(25))
        workings = Workings(
            clock=self.clock,
            wall=self.wall,
            facts=self.facts,
            user_budget=self.roster.budget_of(grant.policy.operator),
            ended=self.roster.over,
            rule_order=self.orders.by_rule,
        )
        run = Run(name, grant, workings)
        facts = {"operator": grant.policy.operator, "target": grant.target.name, "account": grant.account,
                 "source": grant.source, "started": rfc3339(grant.at)}  # fmt: skip
        try:
            run.recording = self.archive.begin(name, facts, grant.policy.canonical, grant.policy.digest)
        except OSError as fault:
            run.tell(Fact("recording.failed", {"reason": fault.strerror or type(fault).__name__}))
            if grant.policy.settings.record_required:
                return refusal_door(TRY_LATER, "the session can not be recorded now, so it can not start; try later")
        self.roster.add(run)
        for lock in self.orders.covering(run.subject):
            run.lock(lock, self.orders.lock_notice(lock))
        return SessionDoor(run, self)

    def _not_allowed(self, login: Login, reading: Reading, refused: Refused) -> str:
        ref = self._refuse(login, reading, refused.reason, refused.detail)
        near = difflib.get_close_matches(
            reading.target, [name for name, _ in self.policies.reachable(login.user, login.source)], 1, 0.7
        )
        known = [name for name in near if name != reading.target]
        parts = [f"{reading.written()}: no such target, or not allowed ({ref})."]
        parts += [f"Did you mean {known[0]}?"] if known else []
        return " ".join([*parts, self.help_contact]).strip()

    def _refuse(self, login: Login, reading: Reading, reason: str, detail: str) -> str:
        ref = reference(secrets.randbits(40))
        body = {"user": login.user.name, "source": login.source, "target": reading.target, "account": reading.account,
                "reason": reason, "detail": detail, "reference": ref}  # fmt: skip
        tell(self.facts, Fact("session.refused", body))
        return ref


def barred(user: User, lock: Lock) -> str:
    """Return the line for an operator whom a lock bars."""
    who = f"{lock.by_name} ({lock.by})" if lock.by_name and lock.by_name != lock.by else lock.by
    since = rfc3339(lock.since)
    reason = f" Reason: {lock.reason}" if lock.reason else ""
    return f"{user.name} is locked by {who} since {since}: new sessions are refused.{reason}"


@attrs.define(eq=False, repr=False)
class SessionDoor:
    """Own the operator's connection and the target's, for one session."""

    run: Run
    reception: Reception
    operator: Connection | None = None
    target: Connection | None = None
    failed: TargetFailed | None = None
    permitted: set[str] = attrs.field(init=False, factory=set)
    _dialling: Deferred[None] | None = attrs.field(init=False, default=None)
    _waiting: list[Callable[[], None]] = attrs.field(init=False, factory=list)
    _no_more: bool = attrs.field(init=False, default=False)

    # The operator's connection.

    def started(self, connection: Connection) -> None:
        """Tell the session's start and go to the target."""
        self.operator = connection
        self.run.connections = self
        policy = self.run.grant.policy
        body = {"policy_text": policy.canonical.decode(), "grants": list(policy.grants), "ends": self.run.grant.ends}
        begun = self.run.tell(Fact("session.started", body))
        owner = TargetOwner(self)
        self._dialling = self.reception.dialler.dial(self.run.grant, self.run.id, begun, Connection(owner))
        self._dialling.addCallbacks(lambda _: None, self._dial_failed)

    def _dial_failed(self, failure: Failure) -> None:
        if self.run.state is State.ENDED:
            return
        if isinstance(failure.value, TargetFailed):
            self.failed = failure.value
        else:
            log.failure("session {session}: the way to the target failed", failure, session=self.run.id)
            text = f"the gateway could not reach {self.run.grant.target.name}; tell an administrator"
            self.failed = TargetFailed(CONFIGURATION, "internal", text, type(failure.value).__name__)
        body = {"reason": self.failed.reason, "detail": self.failed.detail, "outcome": str(self.failed.code)}
        self.run.tell(Fact("target.failed", body))
        self._ready()

    def target_started(self, connection: Connection) -> None:
        """Go on with what waited for the target."""
        self.target = connection
        if self.run.state is State.WAITING:
            self.run.state = State.LOCKED if self.run.locked else State.LIVE
        self._ready()

    def target_lost(self) -> None:
        """End the session: its target is gone."""
        self.run.end(UNREACHABLE, "target_lost", f"the connection to {self.run.grant.target.name} was lost")

    def _ready(self) -> None:
        waiting, self._waiting = self._waiting, []
        for go_on in waiting:
            go_on()

    def open_requested(self, end: ChannelEnd, extra: bytes) -> None:
        """Open a channel when the target is there and no lock covers the session."""
        if end.kind == "session" and (self._no_more or len(self.run.legs) + len(self._waiting) >= SESSION_CHANNELS):
            end.refuse(ADMINISTRATIVELY_PROHIBITED, "ostiary: no more sessions on this connection")
            return
        open_channel = self._session if end.kind == "session" else self._forward
        self._when_ready(lambda: open_channel(end, extra))

    def _when_ready(self, go_on: Callable[[], None]) -> None:
        if self.run.locked and self.failed is None:
            self._waiting.append(lambda: self._when_ready(go_on))
        elif self.target is None and self.failed is None:
            self._waiting.append(go_on)
        else:
            go_on()

    def unlocked(self) -> None:
        """Open the channels that waited for a lock's end."""
        if self.target is not None or self.failed is not None:
            self._ready()

    def _session(self, end: ChannelEnd, extra: bytes) -> None:
        if end.got_close or self.operator is None:
            return
        if self.failed is not None:
            self._explain(end, self.failed)
        elif self.target is not None:
            channel = SessionChannel(self.run, end, self._permit)
            listener = FromTarget(channel)
            listener.end = self.target.open("session", listener, end.room, end.packet)

    def _explain(self, end: ChannelEnd, failed: TargetFailed) -> None:
        door = refusal_door(failed.code, failed.text)
        door.open_requested(end, b"")

    def _permit(self, request: str) -> bool:
        right = {"auth-agent-req@openssh.com": "agent", "x11-req": "x11"}[request]
        if self.run.grant.policy.allows(right):
            self.permitted.add(right)
            return True
        self.run.tell(Fact("channel.refused", {"what": right, "reason": "right_missing"}))
        return False

    def _forward(self, end: ChannelEnd, extra: bytes) -> None:
        if self.failed is not None:
            end.refuse(ADMINISTRATIVELY_PROHIBITED, f"ostiary: {self.failed.text}")
        elif self.target is None or end.kind not in FORWARD_KINDS:
            self.run.tell(Fact("channel.refused", {"what": end.kind, "reason": "kind"}))
            end.refuse(ADMINISTRATIVELY_PROHIBITED, f"ostiary: {end.kind} channels are not allowed")
        else:
            open_forward(self.run, end, extra, self.target)

    def global_requested(self, name: str, payload: bytes) -> bool:
        """Note no-more-sessions; refuse the rest, which is also what a keepalive wants to hear."""
        if name == "no-more-sessions@openssh.com":
            self._no_more = True
        elif name not in ("keepalive@openssh.com", "hostkeys-prove-00@openssh.com"):
            self.run.tell(Fact("channel.refused", {"what": name, "reason": "right_missing"}))
        return False

    def lost(self) -> None:
        """End the session: the operator is gone."""
        self.operator = None
        self.run.cut("operator_left")

    # What the session does with its connections.

    def cut(self) -> None:
        """Abort both connections in this turn."""
        self._leave_target()
        if self.operator is not None:
            self.operator.transport.abort()

    def close(self) -> None:
        """Abort the target's; give the operator a second to read his line."""
        self._leave_target()
        operator = self.operator
        if operator is not None:
            self.reception.clock.callLater(1.0, operator.transport.lose)

    def _leave_target(self) -> None:
        if self._dialling is not None and not self._dialling.called:
            self._dialling.cancel()
        target, self.target = self.target, None
        if target is not None and target.running:
            target.transport.abort()


@attrs.define(eq=False, repr=False)
class TargetOwner:
    """Own the target's connection: what a target may do by itself is next to nothing."""

    door: SessionDoor

    def started(self, connection: Connection) -> None:
        """Go on."""
        self.door.target_started(connection)

    def open_requested(self, end: ChannelEnd, extra: bytes) -> None:
        """Let a target open agent and X11 channels that were permitted and asked for; nothing else."""
        right = {"auth-agent@openssh.com": "agent", "x11": "x11"}.get(end.kind, "")
        operator = self.door.operator
        if operator is None or right not in self.door.permitted:
            end.refuse(ADMINISTRATIVELY_PROHIBITED, f"{end.kind} channels are not allowed")
            return
        open_forward(self.door.run, end, extra, operator, from_target=True)

    def global_requested(self, name: str, payload: bytes) -> bool:
        """Refuse."""
        return False

    def lost(self) -> None:
        """Tell the session."""
        self.door.target_lost()
