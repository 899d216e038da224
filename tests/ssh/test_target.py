"""The login to a target: what waits for what, and what a credential never does."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import attrs
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from twisted.internet import reactor
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import deferLater
from twisted.trial.unittest import SynchronousTestCase, TestCase

from gateway.domain.entries import Credential, GrantRule, Target, User
from gateway.domain.grant import Grant, Question, freeze
from gateway.domain.secret import Secret
from gateway.domain.snapshot import Snapshot
from gateway.interfaces import VaultError
from gateway.ssh.demo import DemoTarget
from gateway.ssh.reach import TargetFailed
from gateway.ssh.target import Dialler, pipelines
from gateway.wire.connection import Connection
from gateway.wire.hostkeys import from_private_key
from gateway.wire.target_transport import TargetTransport
from gateway.wire.userauth_client import KeyOffer, NoneOffer, PasswordOffer
from tests.ssh.dialling import Silent, ToldFacts

PASSWORD = Credential("demo", "demo", "root", kind="password")


@attrs.define
class PasswordVault:
    """Give a password when told to."""

    given: Deferred[Secret] = attrs.field(factory=Deferred)
    asked: int = 0

    def password(self, credential: Credential) -> Deferred[Secret]:
        """Return the password, sooner or later."""
        self.asked += 1
        return self.given


class PipeliningTests(SynchronousTestCase):
    """Who may be sent a login behind its service request."""

    def test_only_known_servers_and_only_where_nothing_is_left_to_choose(self) -> None:
        """How an RSA key signs is for the server to say, and it may say so behind its answer."""
        curve, large = ed25519.Ed25519PrivateKey.generate(), rsa.generate_private_key(65537, 2048)
        for key, pipelined in ((from_private_key(curve), True), (from_private_key(large), False)):
            offer = KeyOffer(key.blob, key.algorithms, key.sign)
            self.assertIs(pipelines(b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3", offer), pipelined)
            self.assertIs(pipelines(b"SSH-2.0-dropbear_2022.83", offer), pipelined)
            self.assertFalse(pipelines(b"SSH-2.0-Cisco-1.25", offer))
        for other in (NoneOffer(), PasswordOffer(lambda write: write(b""))):
            self.assertTrue(pipelines(b"SSH-2.0-OpenSSH_7.4", other))


class DialTests(TestCase):
    """Dials to a demo target on the loopback."""

    timeout = 30

    async def start(self) -> None:
        """Start a target, and note what is sent to it and what it accepts."""
        self.vault, self.facts, self.seen = PasswordVault(), ToldFacts(), list[int]()
        demo = DemoTarget(Path(self.mktemp()).absolute(), lambda: 0.0, password=Secret(b"open sesame"))
        self.addCleanup(demo.stop)
        port = await demo.start(reactor)
        self.target = Target("demo", f"127.0.0.1:{port}", host_keys=(demo.host_key_line,))
        self.dialler = Dialler(reactor, self.vault, self.facts, time.time)  # type: ignore[arg-type]
        self.addCleanup(self.dialler.approaches.drop_all)
        self.transports: list[TargetTransport] = []
        send, accept, begin = (
            TargetTransport.sendPacket,
            TargetTransport.service_received,
            TargetTransport.connectionMade,
        )

        def sent(transport: TargetTransport, number: int, payload: bytes) -> None:
            self.seen.append(number)
            send(transport, number, payload)

        def accepted(transport: TargetTransport, number: int, payload: bytes) -> None:
            self.seen.append(number)
            accept(transport, number, payload)

        def begun(transport: TargetTransport) -> None:
            self.transports.append(transport)
            begin(transport)

        for name, replaced in (("sendPacket", sent), ("service_received", accepted), ("connectionMade", begun)):
            self.patch(TargetTransport, name, replaced)

    def dial(self, started: Deferred[Any]) -> tuple[Connection, Deferred[None]]:
        """Begin to dial."""
        alice = User("alice", roles=("operator",))
        rule = GrantRule("ops", users=("alice",), targets=("*",), accounts=("root",), rights=("exec",))
        snapshot = Snapshot(
            user={"alice": alice}, target={"demo": self.target}, grant={"ops": rule}, credential={"demo": PASSWORD}
        )
        grant = freeze(snapshot, Question(alice, "demo", "root", "127.0.0.1", time.time()))
        assert isinstance(grant, Grant), grant
        connection = Connection(Silent())  # type: ignore[arg-type]
        return connection, self.dialler.dial(grant, "S-0123456789ABC", started, connection)

    async def until(self, holds: Any) -> None:
        while not holds():
            await deferLater(reactor, 0.01)

    async def leave(self, connection: Connection) -> None:
        connection.transport.abort()
        await self.transports[-1].closed

    async def test_the_login_goes_out_behind_its_service_request(self) -> None:
        """The target's answer to the first comes after both."""
        await self.start()
        self.vault.given.callback(Secret(b"open sesame"))
        connection, dialled = self.dial(succeed(None))
        await dialled
        self.assertTrue(connection.running)
        self.assertEqual(self.seen, [5, 50, 6])
        await self.leave(connection)

    async def test_the_credential_is_looked_up_at_once_and_used_last(self) -> None:
        """Neither without the session's start on disk, nor before the host is known."""
        await self.start()
        started: Deferred[Any] = Deferred()
        connection, dialled = self.dial(started)
        self.assertEqual(self.vault.asked, 1)
        self.vault.given.callback(Secret(b"open sesame"))
        await self.until(lambda: self.transports and self.transports[0].host_key)
        await deferLater(reactor, 0.05)
        self.assertEqual(self.seen, [])
        started.callback(None)
        await dialled
        self.assertEqual(self.seen[:2], [5, 50])
        await self.leave(connection)

    async def test_a_credential_that_can_not_be_used_ends_the_dial_in_words(self) -> None:
        """The connection is cut, nothing was sent."""
        await self.start()
        self.vault.given = fail(VaultError("no such file"))
        _, dialled = self.dial(succeed(None))
        failed = await self.assertFailure(dialled, TargetFailed)
        self.assertEqual((failed.code, failed.reason, failed.detail), (78, "credential", "no such file"))
        await self.transports[0].closed
        self.assertEqual(self.seen, [])

    async def test_a_host_that_is_another_is_said_before_a_credential_that_is_missing(self) -> None:
        """And what the vault says then is of no interest."""
        await self.start()
        self.target = attrs.evolve(self.target, host_keys=(DemoTarget(Path(), time.time).host_key_line,))
        self.vault.given = fail(VaultError("no such file"))
        _, dialled = self.dial(succeed(None))
        failed = await self.assertFailure(dialled, TargetFailed)
        self.assertEqual(failed.reason, "host_key_changed")
        await self.transports[0].closed

    async def test_what_was_made_ahead_is_taken(self) -> None:
        """One connection in all; for a target that was changed meanwhile there is a second one."""
        await self.start()
        self.vault.given.callback(Secret(b"open sesame"))
        self.dialler.approaches.begin("alice", self.target)
        await self.until(lambda: self.transports and self.transports[0].host_key)
        connection, dialled = self.dial(succeed(None))
        await dialled
        self.assertEqual(len(self.transports), 1)
        await self.leave(connection)

    async def test_a_host_that_is_unknown_is_queued_by_the_session_alone(self) -> None:
        """The approach is not worth a fact; the session's own connection is."""
        await self.start()
        self.target = attrs.evolve(self.target, host_keys=())
        self.dialler.approaches.begin("alice", self.target)
        _, dialled = self.dial(succeed(None))
        failed = await self.assertFailure(dialled, TargetFailed)
        self.assertEqual(failed.reason, "host_key_unknown")
        self.assertEqual([fact.kind for fact in self.facts.told], ["target.key_queued"])
        for transport in self.transports:
            await transport.closed
