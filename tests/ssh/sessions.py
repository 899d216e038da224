"""A whole session in memory: a client's connection, the gateway's door, and a scripted target."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from gateway.domain.budget import Budget
from gateway.domain.entries import Target
from gateway.domain.facts import Entry
from gateway.domain.grant import Grant
from gateway.interfaces import Snapshot
from gateway.journal.memory import MemoryJournal
from gateway.runtime.approvals import Approvals
from gateway.runtime.orders import Orders
from gateway.runtime.roster import Roster
from gateway.runtime.run import Run, Workings
from gateway.ssh.session import SessionDoor
from gateway.wire.channels import ChannelEnd
from gateway.wire.connection import Connection
from gateway.wire.fields import string
from tests.domain.depots import Depot
from tests.domain.policies import NOW, granted
from tests.wire.joined import Heard, Open, Side, join, settle


@attrs.define(eq=False)
class Track:
    """Keep what is written; fail when told to."""

    recording: Recording
    kind: str
    facts: Mapping[str, Any]
    written: int = 0
    events: list[tuple[str, bytes]] = attrs.field(factory=list)
    ended: bool = False

    def write(self, at: float, code: str, chunk: bytes) -> None:
        if self.recording.failure is not None:
            raise self.recording.failure
        assert not self.ended
        self.events.append((code, chunk))
        self.recording.written += len(chunk)

    def end(self, at: float) -> None:
        self.ended = True

    def text(self, code: str) -> bytes:
        return b"".join(chunk for each, chunk in self.events if each == code)


@attrs.define(eq=False)
class Recording:
    """A recording in memory."""

    written: int = 0
    failure: OSError | None = None
    tracks: dict[int, Track] = attrs.field(factory=dict)
    snapshots: dict[int, Snapshot | None] = attrs.field(factory=dict)
    sealed: list[str] = attrs.field(factory=list)
    seal_failure: Exception | None = None

    def track(
        self, channel: int, kind: str, at: float, facts: Mapping[str, Any], snapshot: Snapshot | None = None
    ) -> Track:
        if self.failure is not None:
            raise self.failure
        self.tracks[channel] = Track(self, kind, facts)
        self.snapshots[channel] = snapshot
        return self.tracks[channel]

    def checkpoint(self) -> Mapping[str, Any]:
        return {}

    async def _seal(self, reason: str) -> Mapping[str, Any]:
        if self.seal_failure is not None:
            raise self.seal_failure
        assert all(track.ended for track in self.tracks.values())
        self.sealed.append(reason)
        return {"root": "00", "bytes": self.written}

    def seal(self, at: float, reason: str) -> Deferred[Mapping[str, Any]]:
        return Deferred.fromCoroutine(self._seal(reason))


@attrs.define(eq=False)
class Dialling:
    """Reach the scripted target when told to."""

    waiting: Deferred[None] | None = None
    connection: Connection | None = None
    cancelled: int = 0
    ahead: list[tuple[str, Target]] = attrs.field(factory=list)

    @property
    def approaches(self) -> Dialling:
        return self

    def begin(self, operator: str, target: Target) -> None:
        self.ahead.append((operator, target))

    def dial(self, grant: Grant, session: str, started: Deferred[Any], connection: Connection) -> Deferred[None]:
        self.connection = connection
        self.waiting = Deferred(lambda _: setattr(self, "cancelled", self.cancelled + 1))
        return self.waiting


APPROVERS = (("bob", "Bob"), ("alice", "Alice"))
"""Names and full names of those who may answer a request."""


class World:
    """Everything around one session."""

    def __init__(self, *, dialled: bool = True, recorded: bool = True, people: Any = APPROVERS, **grant: Any) -> None:
        self.clock = Clock()
        self.set_forward = 0.0
        self.journal = MemoryJournal(wall=self.wall)
        self.roster = Roster(self.journal, self.wall, "gw1", self.details)
        self.orders = Orders(self.roster, self.journal, self.clock, self.wall)
        self.approvals = Approvals(self.clock, self.wall, lambda: people)
        self.journal.attach(self.roster)
        self.journal.attach(self.orders)
        self.budget = Budget()
        self.recording = Recording() if recorded else None
        self.dialling = Dialling()
        self.run = self.make_run("S-0000000000001", granted(**grant))
        self.door = SessionDoor(self.run, self.dialling, self.clock)  # type: ignore[arg-type]
        self.client_owner, self.target_owner = Open(), Open()
        self.client, self.gateway = join(Connection(self.client_owner), Connection(self.door))
        self.sides: list[Side] = [self.client, self.gateway]
        if dialled:
            self.reach()

    def make_run(self, name: str, grant: Grant) -> Run:
        """Add a session to the roster."""
        run = Run(name, grant, Workings(
            clock=self.clock, wall=self.wall, facts=self.journal, user_budget=self.budget, ended=self.roster.over,
            rule_order=self.orders.by_rule, ask=self.approvals.ask, depot=lambda run, channel: Depot(),
        ), recording=self.recording)  # type: ignore[arg-type] # fmt: skip
        self.roster.add(run)
        return run

    def wall(self) -> float:
        """Seconds since the epoch."""
        return NOW + self.clock.seconds() + self.set_forward

    def details(self, session: str) -> list[Entry]:
        """All entries of a session."""
        return list(self.journal.entries(session=session))

    def reach(self) -> None:
        """Let the target answer the dialler."""
        assert self.dialling.connection is not None and self.dialling.waiting is not None
        self.target, self.inner = join(Connection(self.target_owner), self.dialling.connection)
        self.sides += [self.target, self.inner]
        self.dialling.waiting.callback(None)

    def settle(self) -> World:
        """Deliver until nothing waits."""
        settle(*self.sides)
        return self

    def open(self, kind: str = "session", window: int = 1 << 20, extra: bytes = b"") -> tuple[ChannelEnd, Heard]:
        """Open a channel as the client."""
        heard = Heard()
        end = self.client.connection.open(kind, heard, window, extra=extra)
        self.settle()
        return end, heard

    def exec(self, command: str, window: int = 1 << 20) -> tuple[ChannelEnd, Heard]:
        """Open a session channel and run a command in it."""
        end, heard = self.open(window=window)
        end.request("exec", string(command.encode()), wants_reply=True)
        self.settle()
        return end, heard

    def far(self, index: int = -1) -> tuple[ChannelEnd, Heard]:
        """Return the target's end of a channel."""
        return self.target_owner.ends[index], self.target_owner.heard[index]

    def accept(self) -> None:
        """Have the target say yes to whatever was asked."""
        for end, heard in zip(self.target_owner.ends, self.target_owner.heard, strict=True):
            while heard.slots:
                end.reply(heard.slots.pop(0), True)
        self.settle()

    def kinds(self, *wanted: str) -> list[str]:
        """Return the kinds of the facts told, of the themes that are wanted."""
        return [entry.kind for entry in self.journal.entries() if not wanted or entry.kind.startswith(wanted)]

    def bodies(self, kind: str) -> list[Mapping[str, Any]]:
        """Return the bodies of one kind of fact."""
        return [entry.body or {} for entry in self.journal.entries(kinds=[kind])]

    def lock(self, **more: Any) -> Any:
        """Lock alice."""
        options: dict[str, Any] = {
            "by": "bob",
            "by_name": "Bob",
            "reason": "why",
            "ttl": None,
            "only": False,
            "door": "test",
        }
        return self.orders.lock("user", "alice", **{**options, **more})

    def unlock(self) -> Any:
        """Release alice."""
        return self.orders.unlock("user", "alice", by="bob", by_name="Bob", reason="", door="test")


def status(code: int) -> tuple[str, str, bytes]:
    """Return an exit status as a client hears it."""
    return ("request", "exit-status", struct.pack(">L", code))


def pty() -> bytes:
    """Return the payload of a pty-req."""
    return string(b"xterm") + struct.pack(">LLLL", 80, 24, 0, 0) + string(b"\0")
