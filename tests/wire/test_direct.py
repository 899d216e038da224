"""Reading into one place and writing at once, on real sockets."""

from __future__ import annotations

import socket
from types import SimpleNamespace
from typing import Any

import attrs
from twisted.internet import reactor as installed
from twisted.internet.defer import Deferred, succeed
from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.protocol import Factory
from twisted.internet.task import deferLater
from twisted.trial.unittest import SynchronousTestCase, TestCase

from gateway.wire.direct import (
    CONSIDERATE_READS,
    EARLY_READS,
    LARGE_READ,
    MORE_READS,
    MUCH,
    SMALL_READ,
    TYPING,
    DirectSocket,
    Typing,
)
from gateway.wire.packets import LONGEST_PAYLOAD
from gateway.wire.target_transport import TargetTransport
from gateway.wire.transport import OperatorFactory
from tests.wire.minimal import Answering, OpenDoor
from tests.wire.pair import HOST_KEY, Asking

reactor: Any = installed


class Keeping(Answering):
    """Keep the payloads of data messages."""

    def __init__(self) -> None:
        super().__init__()
        self.chunks: list[bytes] = []
        self.arrived: Deferred[None] = Deferred()
        self.expected = 0

    def packetReceived(self, number: int, payload: bytes) -> None:
        self.chunks.append(payload)
        if len(self.chunks) == self.expected:
            self.arrived.callback(None)


class SocketTests(TestCase):
    """Both of our transports over loopback."""

    async def connect(self) -> tuple[Keeping, TargetTransport, Any]:
        """Log in; return what the operator's side keeps, the target's side, and the operator's side."""
        service, made = Keeping(), list[Any]()

        def door(transport: Any) -> OpenDoor:
            made.append(transport)
            return OpenDoor(transport, service)

        factory = OperatorFactory(clock=reactor, host_keys=(HOST_KEY,), make_userauth=door)
        port = reactor.listenTCP(0, factory, interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        factory.noisy = False  # type: ignore[attr-defined]
        client = Factory.forProtocol(
            lambda: TargetTransport(clock=reactor, verify_host_key=lambda *_: succeed(None))
        )
        client.noisy = False
        where = TCP4ClientEndpoint(reactor, "127.0.0.1", port.getHost().port)
        target: Any = await where.connect(client)
        await target.secured
        asked = target.request_service(b"ssh-userauth")
        target.setService(Asking(target))
        await asked
        while not service.__dict__.get("transport"):
            await deferLater(reactor, 0.01)
        self.addCleanup(self.end, target, made[0])
        return service, target, made[0]

    async def end(self, *transports: Any) -> None:
        """Close both and wait for it."""
        closed = [transport.closed for transport in transports]
        transports[0].abort()
        for each in closed:
            await each

    async def test_packets_of_all_sizes_arrive_as_they_were_sent(self) -> None:
        """Cut wherever the network cuts, with and without a leftover, also larger than what is lent."""
        service, target, _ = await self.connect()
        sizes = [1, 31, 32_768, 70_000, LONGEST_PAYLOAD, 5, 200_000, *([32_768] * 40), 3, LONGEST_PAYLOAD]
        sent = [bytes((number % 256,)) * size for number, size in enumerate(sizes)]
        service.expected = len(sent)
        for payload in sent:
            target.sendPacket(94, payload)
        await service.arrived
        self.assertEqual(service.chunks, sent)

    async def test_what_the_kernel_does_not_take_waits_in_order(self) -> None:
        """A peer that does not read for a while gets everything afterwards, and the writer is told meanwhile."""
        service, target, operator = await self.connect()
        told: list[bool] = []
        target.on_writable = told.append
        operator.pause_reading("test")
        sent = [bytes((number,)) * 100_000 for number in range(120)]
        service.expected = len(sent)
        for payload in sent:
            target.sendPacket(94, payload)
        await deferLater(reactor, 0.05)
        self.assertEqual(told, [False])
        self.assertGreater(target.carrier.unsent(), 0)
        operator.resume_reading("test")
        await service.arrived
        self.assertEqual(service.chunks, sent)
        self.assertEqual(told, [False, True])

    async def test_a_peer_that_is_gone_ends_the_connection(self) -> None:
        """An orderly end and a reset are both told once."""
        for reset in (False, True):
            _, target, operator = await self.connect()
            closed = operator.closed
            plain = target.transport.getHandle()
            if reset:
                plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                target.abort()
            else:
                plain.shutdown(socket.SHUT_WR)
            await closed


@attrs.define(eq=False)
class Plain:
    """A socket that always has a line to read and remembers what was set."""

    family: int = socket.AF_INET
    quick: int = 0
    much: list[int] = attrs.field(factory=list)

    def recv_into(self, place: memoryview) -> int:
        if not self.much:
            raise BlockingIOError
        return self.much.pop(0)

    def recv(self, size: int) -> bytes:
        return b"line"

    def send(self, octets: bytes) -> int:
        return len(octets)

    def fileno(self) -> int:
        return 0

    def setsockopt(self, level: int, name: int, value: int) -> None:
        assert (level, name, value) == (socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        self.quick += 1


@attrs.define(eq=False)
class Line:
    """A link that lends nothing, and the transport it is on."""

    socket: Plain = attrs.field(factory=Plain)
    lendable: bool = False
    ended: bool = False
    connected: bool = True
    disconnecting: bool = False
    dataBuffer: bytes = b""
    _tempDataLen: int = 0
    bufferSize: int = 100
    doRead: Any = None
    reader: Any = attrs.field(factory=lambda: SimpleNamespace(leftover=memoryview(b""), whole=0))


class QuickTests(SynchronousTestCase):
    """What is acknowledged at once."""

    def setUp(self) -> None:
        self.line: Any = Line()
        self.received: Any = lambda octets: None
        self.direct = DirectSocket(self.line, self.line, lambda octets: self.received(octets), lambda view: None)
        TYPING._left = 0

    def test_what_nobody_answers_at_the_beginning_is_acknowledged_at_once(self) -> None:
        """A peer that waits for the acknowledgement goes on; later on the kernel knows best."""
        self.direct.attach()
        for _ in range(EARLY_READS + 5):
            self.assertIsNone(self.direct.read())
        self.assertEqual(self.line.socket.quick, EARLY_READS)

    def test_an_answer_is_the_acknowledgement(self) -> None:
        """Nothing more is done for it; nor for a connection that has ended."""
        self.direct.attach()
        self.received = lambda octets: self.direct.write(b"answer")
        self.direct.read()
        self.received = lambda octets: None
        self.line.ended = True
        self.direct.read()
        self.assertEqual(self.line.socket.quick, 0)

    def test_a_socket_of_the_file_system_acknowledges_nothing(self) -> None:
        """There is nobody to wait."""
        self.line.socket.family = socket.AF_UNIX
        self.direct.attach()
        self.direct.read()
        self.assertEqual(self.line.socket.quick, 0)


class MoreTests(SynchronousTestCase):
    """How often one turn of the reactor reads."""

    def setUp(self) -> None:
        self.line: Any = Line(lendable=True)
        self.line.reader = SimpleNamespace(leftover=memoryview(b""), whole=0)
        self.line.socket.much = [MUCH] * 10
        self.taken: list[int] = []
        self.holds: set[str] = set()
        self.on_lent: Any = lambda: None
        self.direct = DirectSocket(self.line, self.line, lambda octets: None, self.lent, self.holds)
        TYPING._left = 0
        self.addCleanup(setattr, TYPING, "_left", 0)

    def lent(self, view: memoryview) -> None:
        self.taken.append(len(view))
        self.on_lent()

    def test_where_much_comes_more_is_read_but_not_without_end(self) -> None:
        """Others have their turn as well."""
        self.direct.read()
        self.assertEqual(self.taken, [MUCH] * (1 + MORE_READS))

    def test_it_ends_with_little_or_nothing(self) -> None:
        """There is no use in asking again."""
        for much, expected in (([MUCH, 5, MUCH], [MUCH, 5]), ([MUCH], [MUCH]), ([5, MUCH], [5])):
            self.taken.clear()
            self.line.socket.much = list(much)
            self.assertIsNone(self.direct.read())
            self.assertEqual(self.taken, expected)

    def test_it_ends_where_nothing_more_may_be_read(self) -> None:
        """The other side takes nothing more, somebody types, or the connection has ended meanwhile."""
        for stop in (lambda: self.holds.add("why"), TYPING.noticed, lambda: setattr(self.line, "ended", True)):
            self.taken.clear()
            self.on_lent = stop
            self.direct.read()
            self.assertEqual(self.taken, [MUCH])
            self.holds.clear()
            TYPING._left = 0


class FirstTests(SynchronousTestCase):
    """Who goes first."""

    def setUp(self) -> None:
        self.addCleanup(setattr, TYPING, "_left", 0)
        self.addCleanup(TYPING._typists.clear)
        self.near, self.far = socket.socketpair()
        self.addCleanup(self.near.close)
        self.addCleanup(self.far.close)
        self.typist = self.direct(self.near)
        plain: Any = Plain(much=[MUCH] * 10)
        self.bulk = self.direct(plain)
        self.bulk.link.reader.whole = 32_768
        self.taken: list[int] = []
        TYPING.reading = self.typist
        TYPING.noticed()
        TYPING.reading = None

    def direct(self, plain: Any) -> Any:
        """Return a connection on a socket."""
        line: Any = Line(socket=plain, lendable=True)
        line.reader = SimpleNamespace(leftover=memoryview(b""), whole=0)
        return DirectSocket(line, line, lambda octets: None, lambda view: self.taken.append(len(view)))

    def test_bulk_data_steps_back_once_for_a_key_that_waits(self) -> None:
        """The second time it is read, whoever else has sent something."""
        self.far.send(b"k")
        self.assertIsNone(self.bulk.read())
        self.assertEqual(self.taken, [])
        self.bulk.read()
        self.assertEqual(self.taken, [MUCH])

    def test_nobody_steps_back_for_nothing(self) -> None:
        """Nor for a key that is its own, for one whose connection is held or gone, or where little is read."""
        self.bulk.read()
        self.far.send(b"k")
        self.bulk.link.reader.whole = 40
        self.bulk.read()
        self.bulk.link.reader.whole = 32_768
        self.typist.holds = {"why"}
        self.bulk.read()
        self.assertEqual(self.taken, [MUCH] * 3)
        self.assertEqual(len(TYPING._typists), 0)
        TYPING.reading = self.bulk
        TYPING.noticed()
        TYPING.noticed()
        TYPING.reading = None
        self.assertEqual(len(TYPING._typists), 1)
        self.bulk.read()
        self.assertEqual(self.taken, [MUCH] * 4)


class TypingTests(SynchronousTestCase):
    """How much is read at once."""

    def test_reads_are_small_for_a_while_after_a_key(self) -> None:
        """Then large again."""
        typing = Typing()
        self.assertEqual(typing.portion(), LARGE_READ)
        typing.noticed()
        portions = {typing.portion() for _ in range(CONSIDERATE_READS)}
        self.assertEqual((portions, typing.portion()), ({SMALL_READ}, LARGE_READ))

    def test_there_is_one_for_all_connections(self) -> None:
        """A key in one session makes the bulk data of another considerate."""
        TYPING.noticed()
        self.addCleanup(setattr, TYPING, "_left", 0)
        self.assertEqual(TYPING.portion(), SMALL_READ)
