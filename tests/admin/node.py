"""A node in memory for the tests of verbs: real directory and journal, doubles for sessions, recordings, vault."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC
from typing import Any

import attrs
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock
from zope.interface import implementer

from gateway.admin.perform import perform
from gateway.admin.room import Access, Caller, Front, Local, Proofs, Room
from gateway.admin.streams import Stdin, Streams, no_files
from gateway.admin.verbs import VERBS
from gateway.archive.holds import Holds
from gateway.archive.reel import Part, Reel
from gateway.directory.access import Access as DirectoryAccess
from gateway.directory.directory import Directory
from gateway.domain.cast import Document, Event
from gateway.domain.grant import Question, Refused, freeze
from gateway.domain.lock import Lock
from gateway.domain.secret import Secret
from gateway.interfaces import (
    ApprovalError,
    ArchiveError,
    IApprovals,
    IArchive,
    ICredentialVault,
    IOrders,
    IReel,
    IRoster,
)
from gateway.journal.memory import MemoryJournal
from gateway.vault.codes import SecondFactors
from gateway.vault.seal import NodeKey
from gateway.vault.vault import Vault
from tests.admin.seeing import MemoryLive, MemorySearch

HASH = "$scrypt$ln=15,r=8,p=1$c2FsdHNhbHRzYWx0c2FsdA$" + "QUJD" * 10 + "QUI"
NOW = 1_795_000_000.0
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" + "A" * 42 + "A"
TOML = f"""
[[user]]
name = "alice"
full_name = "Alice Ray"
roles = ["operator"]
groups = ["ops"]
[[user]]
name = "root"
full_name = "Ruth Admin"
roles = ["admin"]
groups = ["staff"]
[[user]]
name = "ann"
roles = ["auditor"]
[[target]]
name = "web1"
address = "10.0.0.11:22"
host_keys = ["{KEY}"]
[[credential]]
name = "web1-deploy"
target = "web1"
account = "deploy"
[[grant]]
name = "ops-web"
groups = ["ops"]
targets = ["web*"]
accounts = ["deploy"]
rights = ["shell"]
"""
ONE, TWO = "S-0123456789ABC", "S-0123456799ABC"


def session(identity: str, operator: str = "alice", **more: Any) -> dict[str, Any]:
    """Return a session's row, as a roster gives it."""
    return {
        "id": identity, "operator": operator, "account": "deploy", "target": "web1", "node": "gw1",
        "protocol": "ssh", "state": "live", "started": "2026-11-18T06:00:00.000Z", "ended": None, "idle_s": 3.0,
        "risk": 60, "level": "high", "watchers": 1, "policy": "d" * 64, "drifted": False, "reason": "",
        "source": "10.1.1.1", **more,
    }  # fmt: skip


@implementer(IRoster)
@attrs.define
class MemoryRoster:
    """Know the sessions that a test puts in."""

    rows: list[dict[str, Any]] = attrs.field(factory=list)
    policies: dict[str, tuple[str, bytes]] = attrs.field(factory=dict)
    refusals: dict[str, dict[str, Any]] = attrs.field(factory=dict)

    def sessions(self, *, live: bool = False) -> Sequence[Mapping[str, Any]]:
        """Return the rows."""
        return [row for row in self.rows if row["ended"] is None or not live]

    def names(self) -> Sequence[str]:
        """Return the ids."""
        return [row["id"] for row in self.rows]

    def find(self, prefix: str) -> Mapping[str, Any]:
        """Return one, with the lists of ``session show``."""
        row = next((row for row in self.rows if row["id"] == prefix), None)
        if row is None:
            raise KeyError(prefix)
        return {"channels": [], "commands": [], "transfers": [], "admin_actions": [], "blind_s": 0, **row}

    def policy(self, prefix: str) -> tuple[str, bytes]:
        """Return a policy that was put in."""
        return self.policies[prefix]

    def reference(self, ref: str) -> Mapping[str, Any]:
        """Return a refusal that was put in."""
        return self.refusals[ref]


@implementer(IApprovals)
@attrs.define(eq=False)
class MemoryApprovals:
    """One request of alice, for two approvers."""

    rows: list[dict[str, Any]] = attrs.field(factory=lambda: [{
        "id": "Q-0000000A", "subject": "command", "session": ONE, "operator": "alice", "account": "root",
        "target": "web1", "command": "rm \x1b[31m", "rule": "rm", "since": NOW, "until": NOW + 300, "needed": 2,
        "given": ["carol"], "source": "192.0.2.7",
    }])  # fmt: skip
    given: list[tuple[str, str, str]] = attrs.field(factory=list)

    def requests(self) -> Sequence[Mapping[str, Any]]:
        """Return what waits."""
        return self.rows

    def approve(self, prefix: str, *, by: str, by_name: str, reason: str, door: str) -> Deferred[Mapping[str, Any]]:
        """Agree."""
        return self._answered("approve", prefix, by, reason, "given" if by == "admin" else "waiting")

    def deny(self, prefix: str, *, by: str, by_name: str, reason: str, door: str) -> Deferred[Mapping[str, Any]]:
        """Refuse."""
        return self._answered("deny", prefix, by, reason, "denied")

    def _answered(self, how: str, prefix: str, by: str, reason: str, state: str) -> Deferred[Mapping[str, Any]]:
        if not self.rows[0]["id"].startswith(prefix):
            raise ApprovalError(f"{prefix} waits for nobody")
        if by == self.rows[0]["operator"]:
            raise ValueError("nobody answers his own request")
        self.given.append((how, by, reason))
        return succeed({**self.rows[0], "state": state})


@implementer(IOrders)
@attrs.define
class MemoryOrders:
    """Write down every order."""

    given: list[tuple[Any, ...]] = attrs.field(factory=list)
    in_force: list[dict[str, Any]] = attrs.field(factory=list)
    off: set[str] = attrs.field(factory=set)

    def lock(
        self, scope: str, subject: str, *, by: str, by_name: str, reason: str, ttl: float | None, only: bool, door: str
    ) -> Deferred[Mapping[str, Any]]:
        """Put a lock in force."""
        self.given.append(("lock", scope, subject, by, by_name, reason, ttl, only, door))
        row = {
            "id": f"L-{len(self.in_force):07}", "scope": scope, "subject": subject, "user": "", "session": "", "by": by,
            "by_name": by_name, "reason": reason, "since": NOW, "until": None if ttl is None else NOW + ttl,
            "state": "complete", "enforced": "1/1", "sessions": [ONE],
        }  # fmt: skip
        self.in_force.append(row)
        return succeed(row)

    def unlock(
        self, scope: str, subject: str, *, by: str, by_name: str, reason: str, door: str
    ) -> Deferred[Sequence[str]]:
        """Release what matches."""
        self.given.append(("unlock", scope, subject, by, by_name, reason, door))
        found = [row for row in self.in_force if (row["scope"], row["subject"]) == (scope, subject)]
        self.in_force = [row for row in self.in_force if row not in found]
        return succeed([row["id"] for row in found])

    def interrupt(
        self, scope: str, subject: str, *, by: str, by_name: str, reason: str, door: str
    ) -> Deferred[Sequence[str]]:
        """Write it down; the caller's own session is refused."""
        if subject == by:
            raise ValueError("nobody interrupts himself")
        self.given.append(("interrupt", scope, subject, by, by_name, reason, door))
        return succeed([ONE] if subject in ("alice", ONE) else [])

    def deactivate(self, user: str, *, by: str, by_name: str, reason: str, door: str) -> Deferred[Sequence[str]]:
        """Switch a user off."""
        self.given.append(("deactivate", user, by, by_name, reason, door))
        self.off.add(user)
        return succeed([ONE])

    def activate(self, user: str, *, by: str, by_name: str, reason: str, door: str) -> Deferred[None]:
        """Switch a user on."""
        self.given.append(("activate", user, by, by_name, reason, door))
        self.off.discard(user)
        return succeed(None)

    def mark(self, session: str, *, by: str, by_name: str, reason: str, door: str) -> Deferred[None]:
        """Write it down."""
        self.given.append(("mark", session, by, by_name, reason, door))
        return succeed(None)

    def is_deactivated(self, user: str) -> bool:
        """Say whether a user was switched off."""
        return user in self.off

    def locks(self) -> Sequence[Mapping[str, Any]]:
        """Return what is in force."""
        return self.in_force

    def barring(self, user: str, groups: Sequence[str], target: str) -> Lock | None:
        """Bar nobody."""
        return None


@implementer(IArchive)
@attrs.define
class MemoryArchive:
    """Know the recordings that a test puts in, by session with their result."""

    results: dict[str, str] = attrs.field(factory=dict)
    deleted: set[str] = attrs.field(factory=set)
    failure: OSError | None = None
    unreadable: ArchiveError | None = None

    def begin(self, session: str, facts: Mapping[str, Any], policy: bytes, digest: str) -> Any:
        """Not for verbs."""
        raise OSError("read only")

    def recordings(self) -> Sequence[Mapping[str, Any]]:
        """Return the sessions."""
        return [{"session": each} for each in self.results]

    def about(self, session: str) -> Mapping[str, Any]:
        """Return whose it is, and its state."""
        return {"session": session, "state": self.results.get(session, "")}

    def recover(self) -> Deferred[Sequence[Mapping[str, Any]]]:
        """Find nothing."""
        return succeed([])

    def verify(self, session: str) -> Deferred[Mapping[str, Any]]:
        """Return the result that was put in."""
        if self.failure is not None:
            return fail(self.failure)
        row = {
            "frames": 3,
            "events": 42,
            "signed_by": "gw1",
            "anchored_by": "",
            "policy": "d",
            "detail": "",
            "at": None,
        }
        if session in self.deleted:
            row["deleted"] = {"reason": "kept for 365 days"}
        return succeed({"id": session, "result": self.results[session], **row})

    def export_cast(self, session: str, channel: int | None = None) -> Deferred[bytes]:
        """Return a cast with one event."""
        if self.unreadable is not None:
            return fail(self.unreadable)
        if channel not in (None, 1):
            return fail(KeyError(channel))
        return succeed(b'{"version": 2, "width": 80, "height": 24}\n[0.1, "o", "\\u001b[31mhi"]\n')

    def reel(self, session: str, channel: int | None = None) -> Deferred[IReel]:
        """Return a track with one event."""
        if channel not in (None, 1):
            return fail(KeyError(channel))
        document = Document((Event(0.1, "o", "\x1b[31mhi"),))
        part = Part(0.1, 0.1, document=document)
        return succeed(Reel(session, 1, "pty", {}, (part,), "", None, lambda read, n: succeed(read(n))))

    def free_space(self) -> int:
        """Return a lot."""
        return 1 << 40


@implementer(ICredentialVault)
@attrs.define
class MemoryVault:
    """Keep what was put, by id; the tests look into it."""

    kept: dict[str, Secret] = attrs.field(factory=dict)

    def put(self, secret_id: str, secret: Secret, *, by: str, reason: str = "", kind: str = "") -> Deferred[None]:
        """Keep it."""
        self.kept[secret_id] = secret
        return succeed(None)

    def drop(self, secret_id: str, *, by: str, reason: str = "") -> Deferred[None]:
        """Forget it."""
        self.kept.pop(secret_id, None)
        return succeed(None)

    def has(self, secret_id: str) -> bool:
        """Say whether it is kept."""
        return secret_id in self.kept

    def password(self, credential: Any) -> Deferred[Secret]:
        """Not for verbs."""
        raise OSError("closed")

    def key(self, credential: Any, *, operator: str = "", session: str = "") -> Deferred[object]:
        """Not for verbs."""
        raise OSError("closed")

    def ca_public_line(self) -> Deferred[str]:
        """Not for verbs."""
        raise OSError("closed")


@attrs.frozen
class Said:
    """What a verb said."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """The data of ``--json``."""
        document = json.loads(self.out)
        assert document["schema"] == "pam/1"
        return document["data"]

    @property
    def error(self) -> Any:
        """The error of ``--json``."""
        return json.loads(self.out)["error"]


def at_once(work: Callable[[], Any]) -> Deferred[Any]:
    """Run here and now."""

    async def run() -> Any:
        return work()

    return Deferred.fromCoroutine(run())


@attrs.define
class MemoryNode:
    """A node that verbs can be called on."""

    clock: Clock = attrs.field(factory=Clock)
    journal: MemoryJournal = attrs.field(factory=lambda: MemoryJournal("gw1", wall=lambda: NOW))
    roster: MemoryRoster = attrs.field(factory=MemoryRoster)
    orders: MemoryOrders = attrs.field(factory=MemoryOrders)
    approvals: MemoryApprovals = attrs.field(factory=MemoryApprovals)
    live: MemoryLive = attrs.field(factory=MemoryLive)
    search: MemorySearch = attrs.field(factory=MemorySearch)
    archive: MemoryArchive = attrs.field(factory=MemoryArchive)
    vault: MemoryVault = attrs.field(factory=MemoryVault)
    faults: list[dict[str, Any]] = attrs.field(factory=list)
    problems: list[str] = attrs.field(factory=list)
    done: list[tuple[str, ...]] = attrs.field(factory=list)
    hash_failure: Exception | None = None
    refusal: ValueError | None = None
    disproved: Callable[[], None] = lambda: None
    directory: Directory = attrs.field(init=False)
    holds: Holds = attrs.field(init=False)
    factors: SecondFactors = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        sealing = Vault(NodeKey.fresh(), self.journal, lambda: NOW)
        self.factors = SecondFactors(sealing, self.journal, lambda: NOW, "gw1")
        self.clock.advance(NOW)
        self.directory = Directory(self.journal)
        self.holds = Holds(self.journal, lambda session: "alice")
        self.journal.attach(self.holds)
        for fold in (self.directory, sealing, self.factors):
            self.journal.attach(fold)
        self.directory.commit(self.directory.plan(TOML), by="test")

    def room(self, caller: Caller) -> Room:
        """Return the room for a caller."""
        return Room(
            node="gw1", caller=caller, clock=self.clock, directory=self.directory, roster=self.roster,
            orders=self.orders, approvals=self.approvals, live=self.live, archive=self.archive, vault=self.vault,
            search=self.search, holds=self.holds, factors=self.factors, journal=self.journal, access=self._access(),
            front=Front("gw.example", 2222, (KEY,)),
            local=Local(
                lambda admin, by: self._did("init", admin, by), lambda user, by: self._did("recover", user, by),
                lambda by: self._did("demo off", by),
            ),
            proofs=Proofs(lambda path: self.archive.verify(ONE), lambda: succeed({"id": "gw1#0", "result": "OK"})),
            hash_password=self._hash,
            check=lambda text, name: self.problems, faults=lambda: self.faults,
            gaps=lambda: ("[[siem]]: nothing is sent yet",), in_thread=at_once, contact="the desk", zone=UTC,
            disproved=self.disproved,
        )  # fmt: skip

    def _hash(self, secret: Secret) -> Deferred[str]:
        if self.hash_failure is not None:
            raise self.hash_failure
        return succeed(HASH)

    def _did(self, *what: str) -> Deferred[str]:
        if self.refusal is not None:
            return fail(self.refusal)
        self.done.append(what)
        return succeed(f"{what[0]} done")

    def _access(self) -> Access:
        snapshot = self.directory.snapshot()
        asked = DirectoryAccess(snapshot, NOW, self.orders.is_deactivated)
        return Access(
            who=asked.who,
            what=asked.what,
            why=lambda user, account, target: asked.why(user, account, target),
            reachable=lambda user, source: [("web1", ("deploy",))] if user == "alice" else [],
            today=self._today,
        )

    def _today(self, row: Mapping[str, Any]) -> Any:
        snapshot = self.directory.snapshot()
        user = snapshot.user.get(row["operator"])
        if user is None:
            return Refused("no_user", "the user is gone")
        return freeze(snapshot, Question(user, row["target"], row["account"], row["source"], NOW))

    def say(self, line: str | list[str], caller: str | Caller = "root", stdin: bytes = b"", **files: bytes) -> Said:
        """Call a verb as a user and return what it said; it must be done at once."""
        out, err, codes = bytearray(), bytearray(), list[int]()

        def read(path: str) -> Deferred[Mapping[str, bytes]]:
            return succeed({path: files["file"]}) if files else no_files(path)

        source = Stdin()
        source.received(stdin)
        source.eof()
        streams = Streams(source, out.extend, err.extend, files=read)
        words = line.split() if isinstance(line, str) else line
        room = self.room(self.caller(caller) if isinstance(caller, str) else caller)
        Deferred.fromCoroutine(perform(VERBS, room, words, streams)).addCallback(codes.append)
        assert codes, f"{line} is not done"
        return Said(codes[0], out.decode(), err.decode())

    def caller(self, name: str, *more_roles: str) -> Caller:
        """Return a user of the directory as a caller."""
        user = self.directory.snapshot().user[name]
        return Caller(name, user.full_name, frozenset({*user.roles, *more_roles}), "10.9.9.9", "ssh")

    def kinds(self) -> list[str]:
        """Return the kinds of all facts told."""
        return [entry.kind for entry in self.journal.entries()]


LOCAL = Caller("uid:0(root)@gw1", "root", frozenset({"admin", "local"}), "local", "pamctl")
