"""The demo target as a server: where it listens, whom it lets in, how it stops."""

from __future__ import annotations

from pathlib import Path

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.protocol import Protocol
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import TestCase

from gateway.domain.secret import Secret
from gateway.ssh.demo import MOST_CONNECTIONS, DemoAttempt, DemoFactory, DemoTarget
from gateway.wire.authority import Outcome
from gateway.wire.channels import ChannelEnd
from gateway.wire.connection import Connection
from gateway.wire.fields import string
from gateway.wire.target_transport import TargetTransport
from gateway.wire.userauth_client import PasswordOffer, TargetLoginRefused, UserAuthClient


class Exec:
    """Own a connection: run one command; fires with its output when the channel closes."""

    def __init__(self, command: bytes) -> None:
        self.command, self.out = command, b""
        self.done: Deferred[bytes] = Deferred()

    def started(self, connection: Connection) -> None:
        self.end = connection.open("session", self, 100_000)

    def opened(self) -> None:
        self.end.request("exec", string(self.command), wants_reply=True)

    def received(self, chunk: bytes, stderr: bool) -> None:
        self.out += chunk

    def closed(self) -> None:
        self.done.callback(self.out)

    def open_requested(self, end: ChannelEnd, extra: bytes) -> None: ...

    def open_refused(self, code: int, text: str) -> None: ...

    def global_requested(self, name: str, payload: bytes) -> bool:
        return False

    def requested(self, name: str, payload: bytes, slot: int | None) -> None: ...

    def replied(self, ok: bool) -> None: ...

    def widened(self) -> None: ...

    def ended(self) -> None: ...

    def lost(self) -> None: ...


class DemoTests(TestCase):
    """A demo target of this process."""

    timeout = 30

    def setUp(self) -> None:
        self.target = DemoTarget(Path(self.mktemp()).absolute(), lambda: 0.0, password=Secret(b"open sesame"))

    async def begin(self) -> int:
        self.addCleanup(self.target.stop)
        return await self.target.start(reactor)

    async def transport(self, port: int) -> TargetTransport:
        async def pinned(algorithm: bytes, blob: bytes) -> None:
            self.assertEqual(blob, self.target.host_key.blob)

        transport = TargetTransport(
            clock=reactor, verify_host_key=lambda algorithm, blob: Deferred.fromCoroutine(pinned(algorithm, blob))
        )
        await connectProtocol(TCP4ClientEndpoint(reactor, "127.0.0.1", port), transport)
        await transport.request_service(b"ssh-userauth")
        return transport

    async def test_the_gateways_own_login_runs_a_command(self) -> None:
        """The way every session takes, over the loopback."""
        transport = await self.transport(await self.begin())
        owner = Exec(b"whoami")
        offer = PasswordOffer(lambda write: write(b"open sesame"))
        transport.setService(UserAuthClient(b"root", offer, Connection(owner), reactor))
        self.assertEqual(await owner.done, b"root\n")

    async def test_a_wrong_password_is_refused(self) -> None:
        """Nothing is opened."""
        transport = await self.transport(await self.begin())
        client = UserAuthClient(b"root", PasswordOffer(lambda write: write(b"guess")), Connection(Exec(b"id")), reactor)
        transport.setService(client)
        await self.assertFailure(client.outcome, TargetLoginRefused)

    async def test_only_the_known_account_with_the_password_gets_in(self) -> None:
        """Keys and prompts never do."""
        for account, password, outcome in (
            ("root", b"open sesame", Outcome.ACCEPTED),
            ("root", b"open sesam", Outcome.REFUSED),
            ("root", b"", Outcome.REFUSED),
            ("mallory", b"open sesame", Outcome.REFUSED),
        ):
            secret = Secret(password)
            self.assertIs(await DemoAttempt(self.target, account).password(secret), outcome)
            self.assertRaises(TypeError, secret.matcher)
        attempt = DemoAttempt(self.target, "root")
        self.assertEqual(attempt.methods(), (b"password",))
        self.assertIs(await attempt.interactive(), Outcome.REFUSED)
        self.assertIs(await attempt.answers(()), Outcome.REFUSED)

    async def test_it_listens_on_loopback_only(self) -> None:
        """On a port that the system chooses."""
        fake = MemoryReactorClock()
        await self.target.start(fake)
        (listening,) = fake.tcpServers
        self.assertEqual((listening[0], listening[3]), (0, "127.0.0.1"))
        await self.target.stop()

    async def test_keys_and_passwords_are_new_in_each_process(self) -> None:
        """Nothing of them lies on the disk."""
        first, second = (DemoTarget(Path(self.mktemp()).absolute(), lambda: 0.0) for _ in range(2))
        self.assertNotEqual(first.host_key_line, second.host_key_line)
        self.assertFalse(first.password.same_as(second.password))
        self.assertFalse(first.password.same_as(first.sudo_password))
        self.assertTrue(first.host_key_line.startswith("ssh-ed25519 "))

    async def test_there_are_only_so_many_connections(self) -> None:
        """One more is not taken, and one that left makes room."""
        port = await self.begin()
        factory = DemoFactory(self.target)
        silent = [
            await connectProtocol(TCP4ClientEndpoint(reactor, "127.0.0.1", port), Protocol())
            for _ in range(MOST_CONNECTIONS)
        ]
        self.assertEqual(len(self.target.transports), MOST_CONNECTIONS)
        self.assertIsNone(factory.buildProtocol(None))
        closed = next(iter(self.target.transports)).closed
        self.target.transports.copy().pop().abort()
        for each in silent:
            each.transport.loseConnection()
        await closed
        self.assertIsNotNone(factory.buildProtocol(None))
        self.target.transports.clear()

    async def test_a_folder_that_can_not_be_made_is_told_at_the_start(self) -> None:
        """As an OSError of start's result."""
        blocked = Path(self.mktemp()).absolute()
        blocked.write_text("a file")
        target = DemoTarget(blocked / "files", lambda: 0.0)
        await self.assertFailure(target.start(reactor), OSError)
        await target.stop()
