"""The built-in demo target: an SSH server on loopback inside the gateway, for the first five minutes.

The rule: it listens on loopback only, its host key and its passwords live in memory and change at each
start, and the gateway logs in to it as to any other target. What it shows is a toy shell and a scratch
directory, never the machine.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from twisted.internet.defer import Deferred, gatherResults, maybeDeferred, succeed
from twisted.internet.interfaces import IAddress, IListeningPort
from twisted.internet.protocol import Factory, Protocol
from zope.interface import implementer

from gateway.domain.secret import Secret
from gateway.ssh.demo_commands import COMMANDS
from gateway.ssh.demo_files import Scratch
from gateway.ssh.demo_sftp import Sftp
from gateway.ssh.demo_shell import Machine, Shell
from gateway.ssh.program import ProgramDoor
from gateway.wire.authority import IAttempt, IAuthority, IService, Outcome, Prompts, ShownKey
from gateway.wire.connection import Connection
from gateway.wire.hostkeys import HostKey, from_private_key
from gateway.wire.keyblobs import parse_blob
from gateway.wire.pacing import FailurePace
from gateway.wire.transport import OperatorTransport
from gateway.wire.userauth import UserAuthServer

MOST_CONNECTIONS = 64


def random_password() -> Secret:
    """Return a new password of 128 bits."""
    return Secret(secrets.token_hex(16).encode())


@attrs.define(eq=False)
class DemoTarget:
    """Run the demo target; ``files`` is its scratch directory, ``wall`` gives seconds since 1970.

    ``password`` logs in to ``accounts``; ``sudo_password`` is what its sudo asks for.
    """

    files: Path
    wall: Callable[[], float]
    accounts: tuple[str, ...] = ("root",)
    password: Secret = attrs.field(factory=random_password)
    sudo_password: Secret = attrs.field(factory=random_password)
    host_key: HostKey = attrs.field(
        init=False, factory=lambda: from_private_key(Ed25519PrivateKey.generate())
    )
    transports: set[OperatorTransport] = attrs.field(init=False, factory=set)
    pace: FailurePace = attrs.field(init=False, factory=lambda: FailurePace(secrets.token_bytes(32)))
    _clock: Any = attrs.field(init=False, default=None)
    _machine: Machine = attrs.field(init=False)
    _port: IListeningPort | None = attrs.field(init=False, default=None)

    @property
    def host_key_line(self) -> str:
        """Return the host key as an OpenSSH line."""
        return parse_blob(self.host_key.blob).line

    def start(self, reactor: Any) -> Deferred[int]:
        """Prepare the scratch directory and listen; fires with the port, fails with OSError."""
        return maybeDeferred(self._start, reactor)

    def _start(self, reactor: Any) -> int:
        scratch = Scratch(self.files)
        scratch.prepare()
        self._clock = reactor
        self._machine = Machine(reactor, self.wall, scratch, self.sudo_password)
        self._port = reactor.listenTCP(0, DemoFactory(self), interface="127.0.0.1")
        return int(self._port.getHost().port)  # type: ignore[union-attr]

    def stop(self) -> Deferred[None]:
        """Stop listening and cut every connection; fires when all are gone."""
        port, self._port = self._port, None
        waited: list[Deferred[Any]] = [maybeDeferred(port.stopListening)] if port is not None else []
        for transport in tuple(self.transports):
            waited.append(transport.closed)
            transport.abort()
        return gatherResults(waited).addCallback(lambda _: None)

    def make_transport(self) -> OperatorTransport | None:
        """Return the transport of a new connection, None where there are too many."""
        if len(self.transports) >= MOST_CONNECTIONS:
            return None
        transport = OperatorTransport(
            clock=self._clock, host_keys=(self.host_key,), make_userauth=self._userauth
        )
        transport.on_closed = lambda _: self.transports.discard(transport)
        self.transports.add(transport)
        return transport

    def _userauth(self, transport: OperatorTransport) -> Any:
        return UserAuthServer(DemoAuthority(self), self._clock, self.pace)

    def door(self, account: str) -> IService:
        """Return the service of somebody who logged in."""

        def make_shell() -> Shell:
            return Shell(self._machine, COMMANDS, account)

        def make_sftp() -> Sftp:
            return Sftp(self._machine.files)

        door = ProgramDoor(make_shell, "the demo target forwards nothing", {"sftp": make_sftp})
        return Connection(door)


class DemoFactory(Factory):
    """Make a transport for each connection."""

    noisy = False

    def __init__(self, target: DemoTarget) -> None:
        self.target = target

    def buildProtocol(self, addr: IAddress | None) -> Protocol | None:
        """Return a transport, or None where there are too many."""
        transport = self.target.make_transport()
        if transport is not None:
            transport.factory = self  # type: ignore[assignment]
        return transport


@implementer(IAuthority)
@attrs.frozen(eq=False)
class DemoAuthority:
    """Let in who knows this process's password."""

    target: DemoTarget

    def banner(self) -> bytes:
        """Say nothing before login."""
        return b""

    def begin(self, username: bytes, source: str) -> IAttempt:
        """Begin the attempt of one connection."""
        return DemoAttempt(self.target, username.decode("utf-8", "replace"))


@implementer(IAttempt)
@attrs.frozen(eq=False)
class DemoAttempt:
    """Weigh passwords; there is no other method."""

    target: DemoTarget
    account: str

    def methods(self) -> tuple[bytes, ...]:
        """Return the one method."""
        return (b"password",)

    def key_acceptable(self, key: ShownKey) -> Deferred[bool]:
        """Refuse: there are no keys here."""
        return succeed(False)

    def key_verified(self, key: ShownKey) -> Deferred[Outcome]:
        """Refuse: there are no keys here."""
        return succeed(Outcome.REFUSED)

    def password(self, secret: Secret) -> Deferred[Outcome]:
        """Weigh a password."""
        right = secret.same_as(self.target.password)
        secret.wipe()
        known = self.account in self.target.accounts
        return succeed(Outcome.ACCEPTED if right and known else Outcome.REFUSED)

    def interactive(self) -> Deferred[Prompts | Outcome]:
        """Refuse: there are no prompts here."""
        return succeed(Outcome.REFUSED)

    def answers(self, answers: tuple[Secret, ...]) -> Deferred[Prompts | Outcome]:
        """Refuse: there are no prompts here."""
        return succeed(Outcome.REFUSED)

    def finish(self) -> IService:
        """Open the door."""
        return self.target.door(self.account)
