"""``twistd -n pam``: make the rooms, start in order, serve, stop in order.

The rule: nothing listens before the journal, the keys and the folds are there; nothing is closed before the sessions
are told and their recordings sealed.
"""

from __future__ import annotations

import atexit
import gc
import os
import resource
import secrets
import stat
import sys
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar

import attrs
from twisted.application.service import Service
from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.error import CannotListenError, ReactorNotRunning
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.python.usage import Options as UsageOptions
from twisted.python.usage import UsageError

from gateway.admin.ctl import SOCKET
from gateway.admin.room import Front
from gateway.admin.socket import VerbFactory
from gateway.admin.verbs import VERBS
from gateway.admin.vigil import Vigil
from gateway.admin.welcome import FirstStart, started
from gateway.config import Config, ConfigError, load
from gateway.directory.operators import CODE_LIFE
from gateway.domain.facts import Fact
from gateway.domain.secret import Secret
from gateway.interfaces import VaultError
from gateway.journal.errors import JournalRefused
from gateway.node.door import admission, offered, with_backlog
from gateway.node.first import DEMO_PASSWORD, called, first_start, has_demo, refuse_empty, said
from gateway.node.http import HttpDoors
from gateway.node.keeping import Keeping
from gateway.node.rooms import Rooms, make_rooms
from gateway.node.verbs import VerbRooms
from gateway.node.version import VERSION
from gateway.node.watch import DiskWatch
from gateway.ssh.demo import DemoTarget
from gateway.ssh.jump import JumpHost
from gateway.ssh.listener import Listener
from gateway.ssh.login import Authority, Login, OpenDoor
from gateway.ssh.menu import Chooser, Menu
from gateway.ssh.operator import Reception
from gateway.ssh.program import ProgramDoor
from gateway.ssh.target import Dialler
from gateway.ssh.vouching import Revocations, Vouching, read_authorities
from gateway.wire.hostkeys import BadHostKey, HostKey, load_host_keys
from gateway.wire.pacing import FailurePace
from gateway.wire.rekeying import RekeyLimits

log = Logger()
VERB_ROLES = frozenset({"admin", "auditor", "approver"})
CHECKPOINT_SECONDS = 10.0
EXPIRY_SECONDS = 600.0
SWEEP_SECONDS = 3600.0
REVOCATION_SECONDS = 5.0
EXPLAINED = (ValueError, OSError, JournalRefused, VaultError, CannotListenError, BadHostKey)
"""Failures to start that say in words what is wrong."""
TICK = 15.0
"""Seconds between two looks at who has been idle in the console."""
SWITCH_SECONDS = 0.001
"""How long a thread may keep the reactor waiting for the interpreter."""


class Options(UsageOptions):
    """Options of ``twistd pam``."""

    optParameters: ClassVar[list[list[str | None]]] = [
        ["config", "c", None, "pam.toml; else $OSTIARY_CONFIG, /etc/ostiary/pam.toml, or defaults"]
    ]
    loaded: Config

    def postOptions(self) -> None:
        """Read the configuration; what is wrong with it is said like any other wrong option."""
        try:
            self.loaded = load(self["config"], os.environ)
        except ConfigError as failure:
            raise UsageError(f"ostiary: {failure}") from None


def makeService(options: Options) -> Node:
    """Make the node's service for twistd."""
    from twisted.internet import reactor  # noqa: TID251 - twistd has chosen it

    return Node(options.loaded, reactor, os.environ)


@attrs.define(eq=False, slots=False, init=False)
class Node(Service):
    """One node: its rooms while it runs."""

    name = "ostiary"

    def __init__(self, config: Config, reactor: Any, environ: Mapping[str, str]) -> None:
        self.config = config
        self.reactor = reactor
        self.environ = environ
        self.rooms: Rooms | None = None
        self.ports: list[Any] = []
        self.places: list[tuple[str, str]] = []
        self.ssh_port = 0
        self._vigil = Vigil(VERBS)
        self._demo: DemoTarget | None = None
        self._listener: Listener | None = None
        self._loops: list[LoopingCall] = []
        self.watch: DiskWatch | None = None
        self._keeping: Keeping | None = None
        self._revocations: Revocations | None = None
        self._http: HttpDoors | None = None
        self._started = False

    def startService(self) -> None:
        """Start; a node that can not start says why and stops the process with an error."""
        super().startService()  # type: ignore[no-untyped-call]
        self.reactor.callWhenRunning(self._start)

    def _start(self) -> None:
        starting = ensureDeferred(self.start())
        starting.addErrback(self._can_not_start)

    def _can_not_start(self, failure: Failure) -> None:
        if isinstance(failure.value, EXPLAINED):
            say(f"ostiary: can not start: {failure.getErrorMessage()}\n")
        else:
            log.failure("can not start", failure)
        atexit.register(_leave_with_an_error)
        try:
            self.reactor.stop()
        except ReactorNotRunning:
            os._exit(1)

    async def start(self) -> None:
        """Make the rooms, recover what a dead process left, and listen."""
        os.umask(0o077)
        sys.setswitchinterval(SWITCH_SECONDS)
        raise_open_files()
        rooms = self.rooms = make_rooms(self.config, self.reactor, self.environ)
        refuse_empty(rooms)
        http = self._http = HttpDoors(rooms, VERSION, self._admitting, lambda: self._listener)
        await rooms.inspection.load(rooms.directory.snapshot())
        await self._recover(rooms)
        self.watch = DiskWatch(rooms.archive, rooms.roster, rooms.journal, rooms.wall)
        self.watch.look()
        host_keys = load_host_keys(rooms.state, rooms.state / "ssh_host_ed25519_key")
        await self._listen(rooms, host_keys, http)
        await self._listen_http(http)
        await self._listen_socket(rooms)
        codes = await first_start(rooms)
        if has_demo(rooms):
            await self._start_demo(rooms)
        await rooms.journal.tell(Fact("node.started", {"node": self.config.node.name, "version": VERSION}))
        rooms.outlets.start()
        keep = float(self.config.record.keep)
        keeping = self._keeping = Keeping(rooms.archive, rooms.search, rooms.journal, rooms.holds, rooms.wall, keep)
        keeping.start().addCallback(lambda _: keeping.sweep())
        self._loop(keeping.sweep, SWEEP_SECONDS)
        self._loop(rooms.roster.tick, 1.0)
        self._loop(self.watch.look, 5.0)
        self._loop(lambda: self._checkpoint(rooms), CHECKPOINT_SECONDS)
        self._loop(rooms.inspection.expire, EXPIRY_SECONDS)
        self._started = True
        settle_collector()
        say(self._words(rooms, host_keys[0].fingerprint, codes))

    def _words(self, rooms: Rooms, fingerprint: str, codes: dict[str, str]) -> str:
        name = self.config.node.name
        words = started(name, VERSION, self.config.source, self.places, fingerprint)
        if not codes:
            return words
        first = FirstStart(
            VERSION, name, str(rooms.state), "127.0.0.1", self.ssh_port, fingerprint, "admin", codes["admin"], "demo",
            codes["demo"], "root", "demo", CODE_LIFE, called(), dict(self.places).get("console", ""),
        )  # fmt: skip
        return words + said(rooms, first)

    async def _recover(self, rooms: Rooms) -> None:
        for row in await rooms.archive.recover():
            await rooms.journal.tell(Fact("recording.recovered", dict(row)))
        unfinished = [{**session, "reason": "node_died", "duration": None} for session in rooms.roster.unfinished()]
        await rooms.journal.tell_all([Fact("session.ended", body) for body in unfinished])

    async def _start_demo(self, rooms: Rooms) -> None:
        password = secrets.token_urlsafe(24)
        self._demo = DemoTarget(rooms.state / "demo-files", rooms.wall, password=Secret(password.encode()))
        port = await self._demo.start(self.reactor)
        rooms.environment[DEMO_PASSWORD] = password
        values = {"address": f"127.0.0.1:{port}", "host_keys": [self._demo.host_key_line]}
        await rooms.directory.change("target", "demo", values, by=f"node@{self.config.node.name}")

    async def _listen(self, rooms: Rooms, host_keys: tuple[HostKey, ...], http: HttpDoors) -> None:
        rekey = RekeyLimits(octets=self.config.ssh.rekey_limit)
        reception = self._reception = self._receive(rooms, host_keys, rekey, http)
        vouching = await self._vouch(rooms)

        def authority(open_door: OpenDoor) -> Authority:
            return Authority(
                rooms.operators, open_door, self.config.ssh.banner, vouching, reception.may_come, rooms.factors
            )

        pace = FailurePace(secrets.token_bytes(32))
        self._listener = Listener(
            self.reactor, host_keys, rooms.journal, authority, reception.open_door, pace,
            admission(self.config.ssh, self.reactor.seconds), offered(self.config.ssh),
            self.config.ssh.login_grace_time, rekey, self.config.ssh.proxy_from,
        )  # fmt: skip
        await self._open_ports(self._listener)
        front = Front("127.0.0.1", self.ssh_port, tuple(key.line for key in host_keys))
        self._verbs = VerbRooms(
            rooms, front, self._faults, http.web, http.monitoring.figures.disproved, reception.dialler
        )
        rooms.journal.attach(self._vigil)

    def _receive(
        self, rooms: Rooms, host_keys: tuple[HostKey, ...], rekey: RekeyLimits, http: HttpDoors
    ) -> Reception:
        return Reception(
            operators=rooms.operators,
            policies=rooms.policies,
            orders=rooms.orders,
            approvals=rooms.approvals,
            roster=rooms.roster,
            archive=rooms.archive,
            facts=rooms.journal,
            dialler=Dialler(self.reactor, rooms.vault, rooms.journal, rooms.wall, rekey, http.arrived),
            clock=self.reactor,
            wall=rooms.wall,
            without_target=self._without_target,
            admitting=self._admitting,
            depot=rooms.spool.depot,
            answering=rooms.spool.answering(),
            evaluating=rooms.inspection.answering,
            help_contact=self.config.help.contact,
            host_keys=host_keys,
        )

    async def _open_ports(self, listener: Listener) -> None:
        for text in self.config.ssh.listen:
            endpoint = serverFromString(self.reactor, with_backlog(text))  # type: ignore[no-untyped-call]
            port = await endpoint.listen(listener.factory())
            self.ports.append(port)
            self.places.append(("ssh", place_of(port)))
            self.ssh_port = self.ssh_port or int(getattr(port.getHost(), "port", 0))

    async def _vouch(self, rooms: Rooms) -> Vouching:
        """Read who vouches for operators' keys, and what is revoked; a list of no use is a fault, not the end."""
        settings = self.config.ssh
        authorities = read_authorities(settings.user_ca)
        if settings.revoked_keys:
            path = settings.revoked_keys.removeprefix("file:")
            revocations = self._revocations = Revocations(path, rooms.in_thread, rooms.wall)
            await revocations.look()
            # Each login looks too; this is for `status` to know of a fault before somebody is kept out.
            self._loop(lambda: Deferred.fromCoroutine(revocations.look()), REVOCATION_SECONDS)
        return Vouching(authorities, rooms.wall, self._revocations)

    def _faults(self) -> list[Any]:
        rooms = self.rooms
        mine = (rooms.outlets, rooms.inspection) if rooms is not None else ()
        sources = (self.watch, self._revocations, *mine)
        return [fault for source in sources if source is not None for fault in source.faults()]

    def _admitting(self) -> str:
        if self.watch is None or not self._started:
            return "the gateway is starting; try again"
        return self.watch.admitting()

    def _without_target(self, login: Login) -> ProgramDoor:
        room = self._verbs.of_login(login)
        verbs = partial(self._vigil.program, room)
        menu = partial(self._menu, login)
        prefers_verbs = bool(VERB_ROLES & set(login.user.roles))
        if "operator" not in login.user.roles:
            return ProgramDoor(lambda: Chooser(verbs, None, prefers_verbs), clock=self.reactor)
        jump = self._jump_host(login).open_requested
        return ProgramDoor(lambda: Chooser(verbs, menu, prefers_verbs), jump=jump, clock=self.reactor)

    def _jump_host(self, login: Login) -> JumpHost:
        assert self._listener is not None and self.rooms is not None  # noqa: S101 - a login came through it
        return JumpHost(
            login, self.rooms.policies, self.rooms.journal, self.reactor, self._listener.host_keys,
            self._listener.pace, self._reception.open_door, self._reception.may_come,
            self._listener.offered, self._listener.rekey,
        )  # fmt: skip

    def _menu(self, login: Login) -> Menu:
        return Menu(
            login.user.name,
            lambda: self._reception.reachable(login),
            partial(self._reception.begin_chosen, login),
        )

    async def _listen_http(self, http: HttpDoors) -> None:
        for port, what, place in await http.listen(self.reactor, self._verbs, self.ssh_port):
            self.ports.append(port)
            self.places.append((what, place))
        self._loop(http.tick, TICK)

    async def _listen_socket(self, rooms: Rooms) -> None:
        path = rooms.state / SOCKET
        path.parent.mkdir(mode=0o700, exist_ok=True)
        if path.exists() and stat.S_ISSOCK(path.lstat().st_mode):
            path.unlink()
        factory = VerbFactory(self._verbs.room, self.config.node.name, VERBS)
        self.ports.append(self.reactor.listenUNIX(str(path), factory, mode=0o600, wantPID=False))

    def _loop(self, call: Callable[[], object], seconds: float) -> None:
        loop = LoopingCall(call)
        loop.clock = self.reactor
        loop.start(seconds, now=False).addErrback(lambda failure: log.failure("a regular duty failed", failure))
        self._loops.append(loop)

    def _checkpoint(self, rooms: Rooms) -> None:
        for run in rooms.roster.running():
            if run.recording is not None:
                heads = dict(run.recording.checkpoint())
                run.tell(Fact("recording.checkpoint", {"tracks": heads}))

    def stopService(self) -> Deferred[None]:
        """Stop: no new connections, sessions told and sealed, the journal closed."""
        super().stopService()  # type: ignore[no-untyped-call]
        return ensureDeferred(self.stop())

    async def stop(self) -> None:
        """Stop in order."""
        for loop in self._loops:
            if loop.running:
                loop.stop()
        for port in self.ports:
            await port.stopListening()
        rooms, self.rooms = self.rooms, None
        if rooms is not None:
            await self._leave(rooms)

    async def _leave(self, rooms: Rooms) -> None:
        for run in rooms.roster.running():
            run.end(75, "node_stopped", "the gateway is being stopped; the session is over")
        await rooms.roster.settled()
        if self._keeping is not None:
            await self._keeping.stop()
        if self._listener is not None:
            self._listener.abort_all()
            self._reception.dialler.approaches.drop_all()
        if self._http is not None:
            self._http.close()
        if self._demo is not None:
            await self._demo.stop()
        await rooms.journal.tell(Fact("node.stopped", {"node": self.config.node.name}))
        await rooms.outlets.stop()
        if self._http is not None:
            self._http.stop()
        await rooms.close()


def raise_open_files() -> None:
    """Permit this process as many open files as it may have: every session is several sockets and files."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def settle_collector() -> None:
    """Leave what was made at the start out of garbage collections, and collect less often: they stop the reactor."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def say(words: str) -> None:
    """Say something to whoever started the node: twistd has put a log in the place of ``sys.stderr``."""
    stream = sys.__stderr__
    if stream is not None:
        stream.write(words)
        stream.flush()


def place_of(port: Any) -> str:
    """Return where a port listens, for people."""
    where = port.getHost()
    return f"{where.host}:{where.port}" if hasattr(where, "port") else str(where)


def _leave_with_an_error() -> None:
    """Give the code that twistd has no way to give; registered last, so it is called when all else is done."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(1)
