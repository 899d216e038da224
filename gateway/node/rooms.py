"""Make every room of a node and hand them to each other.

The rule: everything that blocks (keys, the journal's replay) happens here, before the reactor serves anybody; what
fails is a ValueError or OSError in words, and the node does not start.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import attrs
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.internet.threads import deferToThreadPool
from twisted.python.threadpool import ThreadPool

from gateway.admin.tokens import Tokens
from gateway.archive.archive import Archive
from gateway.archive.holds import Holds
from gateway.archive.keys import NodeKeys
from gateway.archive.search import Search
from gateway.config import Config
from gateway.directory.access import Access
from gateway.directory.directory import Directory
from gateway.directory.operators import Operators
from gateway.directory.source import PolicySource
from gateway.domain.grant import Grant
from gateway.domain.restraint import Standing
from gateway.domain.snapshot import Snapshot
from gateway.interfaces import IFactSink, IFactSinkFactory, IJournal
from gateway.journal.beside import load_key
from gateway.journal.opening import open_journal
from gateway.node.inspection import Inspection, make_inspection
from gateway.plugins.named import named, settings_of
from gateway.runtime.approvals import Approvals
from gateway.runtime.live import Live
from gateway.runtime.orders import Orders
from gateway.runtime.roster import Roster
from gateway.runtime.run import Run
from gateway.runtime.spool import Spool
from gateway.siem.destinations import Destination
from gateway.siem.notices import Notice
from gateway.siem.outlets import Outlets
from gateway.vault.codes import SecondFactors
from gateway.vault.files import load_or_make_node_key, read_passphrase
from gateway.vault.seal import NodeKey
from gateway.vault.vault import Vault
from gateway.vault.wrapping import unwrap_with, wrap_for

STORE = "journal.sqlite"
THREADS = 4
"""Threads for password hashing, key decryption, big parses, fsync and verification."""


@attrs.define(eq=False, repr=False)
class Rooms:
    """Every room of a node; ``reactor`` is None where nothing runs (offline)."""

    config: Config
    state: Path
    reactor: Any
    pool: ThreadPool | None
    wall: Callable[[], float]
    journal: IJournal
    directory: Directory
    operators: Operators
    vault: Vault
    factors: SecondFactors
    policies: PolicySource
    roster: Roster
    orders: Orders
    approvals: Approvals
    live: Live
    archive: Archive
    tokens: Tokens
    search: Search
    holds: Holds
    outlets: Outlets
    """Where facts leave the node; none where nothing runs."""
    spool: Spool
    """Where files lie while they are evaluated."""
    inspection: Inspection
    """Who evaluates files, and where denied ones are kept."""
    environment: dict[str, str]
    """What ``env:`` references see: the process's environment, and the demo target's password."""

    @property
    def clock(self) -> Any:
        """The reactor's clock; offline one that stands still."""
        return self.reactor if self.reactor is not None else Clock()

    def in_thread(self, function: Callable[..., Any], *arguments: Any) -> Deferred[Any]:
        """Run a function in the node's threads; at once where no reactor runs."""
        if self.reactor is None or self.pool is None:
            return _now(function, *arguments)
        return deferToThreadPool(self.reactor, self.pool, function, *arguments)

    def access(self) -> Access:
        """Return the answers to who may reach what, for this moment."""
        return Access(self.directory.snapshot(), self.wall(), self.orders.is_deactivated, self.policies.reach())

    async def close(self) -> None:
        """Wait for the recordings being sealed, then close the journal and the threads."""
        await self.roster.settled()
        self.search.close()
        await self.journal.close()  # type: ignore[attr-defined]
        self.inspection.close()
        if self.pool is not None:
            self.pool.stop()


def _now(function: Callable[..., Any], *arguments: Any) -> Deferred[Any]:
    async def call() -> Any:
        return function(*arguments)

    return Deferred.fromCoroutine(call())


def make_rooms(config: Config, reactor: Any, environ: Mapping[str, str], anew: bool = False) -> Rooms:
    """Open the store under the configured state directory and make every room; raise ValueError in words."""
    state = Path(config.node.state)
    make_state(state)
    pool = None
    if reactor is not None:
        pool = ThreadPool(0, THREADS, "ostiary")
        pool.start()
    in_thread: Callable[..., Deferred[Any]] = _now if pool is None else partial(deferToThreadPool, reactor, pool)
    wall = time.time
    journal = open_journal(state / STORE, config.node.name, 0, reactor)
    environment = dict(environ)
    directory = Directory(journal, in_thread)
    passphrase = read_passphrase(config.node.passphrase, environ)
    node_key = load_or_make_node_key(str(state / "node.key"), passphrase)
    vault = Vault(node_key, journal, wall, in_thread, environment)
    policies = PolicySource(directory.snapshot, wall, config.session_settings)
    inspection = make_inspection(config, state, reactor, in_thread, policies.files.content, journal, wall)
    policies.version, directory.trial = inspection.shelf.version, inspection.shelf.check

    roster = Roster(
        journal, wall, config.node.name, lambda session: tuple(journal.entries(session=session)),
        Today(policies, directory),
    )
    orders = Orders(roster, journal, reactor if reactor is not None else Clock(), wall, config.lock.contact)
    approvals = Approvals(orders.clock, wall, partial(approvers, directory, orders))
    orders.standing = partial(standing, directory, orders)
    operators = Operators(directory, journal, in_thread, wall, orders.is_deactivated)
    factors, tokens = SecondFactors(vault, journal, wall, config.node.name), Tokens(journal, wall)
    for fold in (directory, vault, orders, operators, roster, factors, tokens):
        journal.attach(fold)
    archive, search, holds = _recordings(state, _recording_keys(state, node_key), in_thread, journal)
    outlets = Outlets(journal, reactor, wall, state / "siem")
    if reactor is not None:
        add_destinations(config, outlets)
    return Rooms(
        config, state, reactor, pool, wall, journal, directory, operators, vault, factors, policies, roster, orders,
        approvals, Live(roster, config.node.name), archive, tokens, search, holds, outlets,
        Spool.open(state / "spool", in_thread), inspection, environment,
    )  # fmt: skip


def approvers(directory: Directory, orders: Orders) -> list[tuple[str, str]]:
    """Return names and full names of those who could answer a request now, approvers before admins."""
    locked = {lock["subject"] for lock in orders.locks() if lock["scope"] == "user"}
    able = [
        user for user in directory.snapshot().user.values()
        if {"approver", "admin"} & set(user.roles) and user.active and user.name not in locked
        and not orders.is_deactivated(user.name)
    ]  # fmt: skip
    able.sort(key=lambda user: ("approver" not in user.roles, user.name))
    return [(user.name, user.full_name) for user in able]


def standing(directory: Directory, orders: Orders, user: str) -> Standing:
    """Say who a user is to a rule that would switch him off: the last admin who can act, a service."""
    users = directory.snapshot().user
    locked = {lock["subject"] for lock in orders.locks() if lock["scope"] == "user"}
    admins = {
        name for name, each in users.items()
        if "admin" in each.roles and each.active and name not in locked and not orders.is_deactivated(name)
    }  # fmt: skip
    found = users.get(user)
    return Standing(admins == {user}, found is not None and found.kind == "service")


def add_destinations(config: Config, outlets: Outlets) -> None:
    """Add whom events are sent to and who is told of them; raise ValueError for one that lacks something."""
    for siem in config.siem:
        destination = Destination(**attrs.asdict(siem, recurse=False))
        if destination.plugin:
            outlets.add_sink(destination, sink_of(destination))
        elif destination.settings:
            raise ValueError(f"[[siem]] {destination.transport}: `settings` are for plugins")
        else:
            outlets.add(destination)
    for notify in config.notify:
        notice = Notice(**attrs.asdict(notify, recurse=False))
        if notice.is_hook and not notice.secret:
            raise ValueError(f"[[notify]] {notice.name}: name with `secret` the file that signs its notices")
        if not notice.is_hook and bool(notice.login) != bool(notice.secret):
            raise ValueError(f"[[notify]] {notice.name}: `login` and the `secret` with its password go together")
        if not notice.is_hook and not notice.to:
            raise ValueError(f"[[notify]] {notice.name}: say with `to` who is to get the mail")
        outlets.add_notice(notice, config.node.name)


def sink_of(destination: Destination) -> IFactSink:
    """Set a plugin up as its name and settings say; raise ValueError where it is not there or lacks something."""
    factory = named(IFactSinkFactory, destination.plugin, "the sink of facts")
    where = f"[[siem]] {destination.transport}"
    settings = settings_of(factory.schema, dict(destination.settings), where)
    try:
        made: IFactSink = factory.configure(settings)
    except ValueError as failure:
        raise ValueError(f"{where}: {failure}") from None
    return made


@attrs.define(eq=False, repr=False)
class Today:
    """Say with which digest a running session would start now; worked out once for each change of the settings."""

    policies: PolicySource
    directory: Directory
    _snapshot: Snapshot | None = None
    _digests: dict[str, str] = attrs.field(factory=dict)

    def __call__(self, run: Run) -> str:
        """Return the digest, empty where the session would be refused."""
        snapshot = self.directory.snapshot()
        if snapshot is not self._snapshot:
            self._snapshot = snapshot
            self._digests.clear()
        if run.id not in self._digests:
            self._digests[run.id] = self._digest(snapshot, run)
        return self._digests[run.id]

    def _digest(self, snapshot: Snapshot, run: Run) -> str:
        user = snapshot.user.get(run.grant.policy.operator)
        if user is None:
            return ""
        found = self.policies.grant(user, run.grant.target.name, run.grant.account, run.grant.source)
        return found.policy.digest if isinstance(found, Grant) else ""


def _recordings(
    state: Path, keys: NodeKeys, in_thread: Callable[..., Deferred[Any]], journal: IJournal
) -> tuple[Archive, Search, Holds]:
    """Make what keeps recordings, what finds them, and what holds them."""
    archive = Archive(state / "recordings", keys, in_thread)
    commands = partial(commands_of, journal)
    search = Search(str(state / "search"), archive.directory, archive.about, keys, in_thread, commands)
    holds = Holds(journal, lambda session: str(archive.about(session).get("operator", "")))
    journal.attach(holds)
    return archive, search, holds


COMMAND_KINDS = ("command.executed", "command.audited", "command.denied", "command.opaque")


def commands_of(journal: IJournal, session: str) -> list[tuple[float, str]]:
    """Return a session's commands with their seconds from its start; reads the journal's disk."""
    began, found = 0.0, []
    for entry in journal.entries(kinds=("session.started", *COMMAND_KINDS), session=session):
        body = entry.body or {}
        if entry.kind == "session.started":
            began = entry.time
        elif body.get("text"):
            found.append((max(0.0, entry.time - began), str(body["text"])))
    return list(dict.fromkeys(found))


def _recording_keys(state: Path, node_key: NodeKey) -> NodeKeys:
    signing = load_key(state / "recording.key")
    return NodeKeys(
        wrap=lambda key: wrap_for(key, (node_key.public(),)),
        unwrap=lambda wrapped: unwrap_with(node_key, wrapped),
        sign=signing.sign,
        public_key=signing.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw),
    )


def make_state(state: Path) -> None:
    """Make the state directory, 0700; raise ValueError where others may look into it."""
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    mode = state.stat().st_mode & 0o777
    if mode & 0o077:
        raise ValueError(f"the state directory {state} is open to others (mode {mode:o}); run: chmod 700 {state}")
    if state.stat().st_uid != os.geteuid():
        raise ValueError(f"the state directory {state} belongs to uid {state.stat().st_uid}; run as that user")


def is_empty(rooms: Rooms) -> bool:
    """Say whether nobody was ever added to the store."""
    return not rooms.directory.snapshot().user


