"""One session's two connections: the operator's, the target's, and the channels between them.

The rule: the session's start is told before the target is logged in to; channels wait for the target, and for the end
of a lock; what ends the session ends both connections. What a target may do by itself is next to nothing.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import attrs
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from gateway.domain.elevation import Proven, Wanted, Withheld
from gateway.domain.facts import Fact
from gateway.domain.session import State
from gateway.runtime.run import Run
from gateway.ssh.antechamber import Antechamber, waits
from gateway.ssh.channel import FromTarget, Requests, SessionChannel
from gateway.ssh.elevating import Elevating
from gateway.ssh.forward import FORWARD_KINDS, open_forward
from gateway.ssh.keepalive import Keepalive
from gateway.ssh.menu import Choice
from gateway.ssh.probe import Probe
from gateway.ssh.program import Refusal, refusal_door, refuse_channel
from gateway.ssh.reach import TargetFailed
from gateway.ssh.target import Dialler
from gateway.wire.channels import ChannelEnd
from gateway.wire.connection import ADMINISTRATIVELY_PROHIBITED, Connection
from gateway.wire.coupling import couple
from gateway.wire.fields import string

log = Logger()

UNREACHABLE, CONFIGURATION = 69, 78
SESSION_CHANNELS = 32
LOCKED = "locked"
"""The reason of a session that a lock met on its way to the target."""


@attrs.define(eq=False, repr=False)
class SessionDoor:
    """Own the operator's connection and the target's, for one session."""

    run: Run
    dialler: Dialler
    clock: Any
    operator: Connection | None = None
    target: Connection | None = None
    failed: TargetFailed | None = None
    permitted: set[str] = attrs.field(init=False, factory=set)
    antechamber: Antechamber | None = attrs.field(init=False, default=None)
    """Where the session waits for approvers; None where it does not."""
    _dialling: Deferred[None] | None = attrs.field(init=False, default=None)
    _waiting: list[Callable[[], None]] = attrs.field(init=False, factory=list)
    _elevating: Elevating | None = attrs.field(init=False, default=None)
    _no_more: bool = attrs.field(init=False, default=False)
    _watches: list[Keepalive] = attrs.field(init=False, factory=list)

    # The operator's connection.

    def started(self, connection: Connection) -> None:
        """Begin: the connection is this session's own."""
        self._begin(connection)

    def begin_chosen(self, chosen: Choice) -> None:
        """Begin in a channel of a connection that is the menu's: the session ends with that channel."""
        connection = chosen.end.sender
        assert isinstance(connection, Connection)  # noqa: S101 - the menu's channels have no other sender
        self.run.when_empty = self.lost
        self._begin(connection)
        terminal = string(chosen.term.encode()) + struct.pack(">LLLL", chosen.columns, chosen.rows, 0, 0)
        first = (("pty-req", terminal + string(chosen.modes), None), ("shell", b"", None))
        if self.antechamber is not None:
            self.antechamber.admit(chosen.end, first, terminal=True)
        else:
            self._go_on(chosen.end, first)

    def _begin(self, connection: Connection) -> None:
        """Take the operator's connection, and go to the target unless somebody has to agree first."""
        self.operator = connection
        self.run.connections = self
        self._watch(connection, lambda: self.run.cut("operator_lost"))
        if waits(self.run.grant.policy.restrictions):
            self.antechamber = Antechamber(self.run, self._start, self._go_on)
        else:
            self._start()

    def _go_on(self, end: ChannelEnd, first: Requests) -> None:
        self._when_ready(lambda: self._session(end, b"", first))

    def _start(self) -> None:
        """Tell the session's start and go to the target."""
        self.antechamber = None
        policy = self.run.grant.policy
        body = {"policy_text": policy.canonical.decode(), "grants": list(policy.grants), "ends": self.run.grant.ends,
                **self.run.purpose}  # fmt: skip
        begun = self.run.commit(Fact("session.started", body))
        owner = TargetOwner(self)
        self._dialling = self.dialler.dial(self.run.grant, self.run.id, begun, Connection(owner))
        self._dialling.addCallbacks(lambda _: None, self._dial_failed)

    def _dial_failed(self, failure: Failure) -> None:
        if self.run.state is State.ENDED or self.failed is not None:
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
        if self.run.state is State.ENDED or self.failed is not None:
            connection.transport.abort()
            return
        self.target = connection
        self._watch(connection, self._target_silent)
        if self.operator is not None:
            couple(self.operator.transport.carrier, connection.transport.carrier)
        if self.run.state is State.WAITING:
            self.run.state = State.LOCKED if self.run.locked else State.LIVE
        self._ready()

    def target_lost(self) -> None:
        """End the session: its target is gone."""
        if self.failed is None:
            self.run.end(UNREACHABLE, "target_lost", f"the connection to {self.run.grant.target.name} was lost")

    def _target_silent(self) -> None:
        self.run.end(UNREACHABLE, "target_lost", f"{self.run.grant.target.name} does not answer any more")

    def _watch(self, connection: Connection, lost: Callable[[], None]) -> None:
        keepalive = Keepalive(self.clock, connection, lost)
        self._watches.append(keepalive)
        keepalive.start()

    def _ready(self) -> None:
        waiting, self._waiting = self._waiting, []
        for go_on in waiting:
            go_on()

    def open_requested(self, end: ChannelEnd, extra: bytes) -> None:
        """Open a channel when the target is there and no lock covers the session."""
        waiting = len(self._waiting) + (0 if self.antechamber is None else len(self.antechamber))
        if end.kind == "session" and (self._no_more or len(self.run.legs) + waiting >= SESSION_CHANNELS):
            end.refuse(ADMINISTRATIVELY_PROHIBITED, "ostiary: no more sessions on this connection")
            return
        if self.run.state is State.ENDED:
            end.refuse(ADMINISTRATIVELY_PROHIBITED, "ostiary: the session is over")
            return
        if self.antechamber is not None and end.kind == "session":
            self.antechamber.admit(end)
            return
        open_channel = self._session if end.kind == "session" else self._forward
        self._when_ready(lambda: open_channel(end, extra))

    def elevate(self, terminal: object, wanted: Wanted) -> Deferred[Proven | Withheld]:
        """Find out who asks on a terminal, on the target's own connection."""
        if self._elevating is None and self.target is not None:
            internal = self.run.grant.policy.credential.elevation.internal_sftp
            probe = Probe(self.target, internal)
            self._elevating = Elevating(self.run, self.dialler.vault, probe, self._terminals)
        assert self._elevating is not None  # noqa: S101 - a terminal that asks is one of the target's
        return self._elevating.ask(terminal, wanted)

    def _terminals(self) -> list[object]:
        legs = [leg for leg in self.run.legs.values() if isinstance(leg, SessionChannel)]
        return [leg.junction.questions for leg in legs if leg.terminal]

    def _when_ready(self, go_on: Callable[[], None]) -> None:
        if self.failed is None and (self.run.locked or self.target is None):
            self._waiting.append(lambda: self._when_ready(go_on))
        else:
            go_on()

    def refused(self, code: int, reason: str, text: str) -> None:
        """Give up the way to the target; say the line on every channel that waits or comes."""
        self.failed = TargetFailed(code, reason, text, reason)
        if self.antechamber is not None:
            self.antechamber.close(text, code)
            self.run.end(code, reason, None)
            return
        self._drop_target()
        self._ready()

    def unlocked(self) -> None:
        """Open the channels that waited for a lock's end."""
        if self.target is not None or self.failed is not None:
            self._ready()

    def _session(self, end: ChannelEnd, extra: bytes, first: Requests = ()) -> None:
        if end.got_close or self.operator is None:
            if first and self.run.state is not State.ENDED:
                self.lost()
            return
        if self.failed is not None:
            self._explain(end, self.failed)
        elif self.target is not None:
            channel = SessionChannel(self.run, end, self._permit, first)
            listener = FromTarget(channel)
            listener.end = self.target.open("session", listener, end.room, end.packet)

    def _explain(self, end: ChannelEnd, failed: TargetFailed) -> None:
        if end.confirmed:
            refuse_channel(end, Refusal(failed.code, failed.text))
            self.run.end(failed.code, _ending(failed), None)
        else:
            refusal_door(Refusal(failed.code, failed.text)).open_requested(end, b"")

    def _permit(self, request: str) -> bool:
        right = {"auth-agent-req@openssh.com": "agent", "x11-req": "x11"}[request]
        if self.run.grant.policy.allows(right):
            self.permitted.add(right)
            return True
        self.run.tell(Fact("channel.refused", {"what": right, "reason": "right_missing"}))
        return False

    def _forward(self, end: ChannelEnd, extra: bytes) -> None:
        if end.got_close:
            return
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
        self.run.cut("operator_left" if self.failed is None else _ending(self.failed))

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
            self.clock.callLater(1.0, operator.transport.lose)

    def _leave_target(self) -> None:
        antechamber, self.antechamber = self.antechamber, None
        if antechamber is not None:
            antechamber.close("the session is over")
        for keepalive in self._watches:
            keepalive.stop()
        self._drop_target()

    def _drop_target(self) -> None:
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


def _ending(failed: TargetFailed) -> str:
    return LOCKED if failed.reason == LOCKED else "target_failed"
