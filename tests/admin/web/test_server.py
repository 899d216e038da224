"""From bytes to an app and back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransportWithDisconnection
from twisted.trial.unittest import SynchronousTestCase

from gateway.admin.web.asked import Ask
from gateway.admin.web.reply import Pipe, Reply, text_reply
from gateway.admin.web.server import IDLE, LARGE, PATIENCE, SMALL, Door, Front, Limited

Answer = Callable[[Ask], Awaitable[Reply]]


class Wire(StringTransportWithDisconnection):
    """A connection in memory that can be aborted."""

    aborted = False

    def abortConnection(self) -> None:
        self.aborted = True
        self.loseConnection()


class ServerTests(SynchronousTestCase):
    """One listener in memory."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.asked: list[Ask] = []
        self.front = Front(proven=lambda authorization: authorization == "Bearer good")
        self.answer: Answer = self.echo

    async def echo(self, ask: Ask) -> Reply:
        return text_reply("hello")

    async def app(self, ask: Ask) -> Reply:
        self.asked.append(ask)
        return await self.answer(ask)

    def factory(self, **limits: int) -> Limited:
        return Limited(Door(self.app, self.clock, self.front), **limits)

    def connect(self, factory: Limited | None = None, host: str = "10.0.0.9") -> tuple[Any, Wire]:
        factory = factory or self.factory()
        address = IPv4Address("TCP", host, 1234)
        protocol = factory.buildProtocol(address)
        wire = Wire(address, peerAddress=address)
        wire.protocol = protocol
        protocol.makeConnection(wire)
        return protocol, wire

    def send(self, text: bytes, **more: Any) -> bytes:
        protocol, wire = self.connect(**more)
        protocol.dataReceived(text)
        return wire.value()

    def test_every_answer_carries_the_headers_of_caution(self) -> None:
        """And does not say what serves it; over TLS it says that TLS is to be kept."""
        said = self.send(b"GET /a?b=c HTTP/1.1\r\nHost: gw\r\n\r\n").lower()
        expected = (b"content-security-policy: default-src 'none'", b"x-content-type-options: nosniff",
                    b"x-frame-options: deny", b"cache-control: no-store", b"referrer-policy: same-origin")  # fmt: skip
        for header in expected:
            self.assertIn(header, said)
        self.assertNotIn(b"unsafe-inline", said)
        self.assertNotIn(b"\r\nserver:", said)
        self.assertNotIn(b"strict-transport", said)
        self.assertTrue(said.endswith(b"\r\n\r\nhello"))
        self.front = Front(secure=True)
        self.assertIn(b"strict-transport-security", self.send(b"GET / HTTP/1.1\r\nHost: gw\r\n\r\n").lower())

    def test_a_request_is_read_once_and_whole(self) -> None:
        """Path, query, cookies, body and whose it is."""
        self.send(b"POST /a%20b?x=1&x=2 HTTP/1.1\r\nHost: gw\r\nCookie: a=b; c=d\r\nContent-Length: 4\r\n\r\nbody")
        ask = self.asked[0]
        self.assertEqual((ask.method, ask.path, ask.query), ("POST", "/a b", (("x", "1"), ("x", "2"))))
        self.assertEqual((dict(ask.cookies), ask.body, ask.source), ({"a": "b", "c": "d"}, b"body", "10.0.0.9"))

    def test_what_is_no_path_is_refused(self) -> None:
        """It climbs, or is no text."""
        for path in (b"/../etc/passwd", b"/%2e%2e/x", b"/%ff", b"/a%00b", b"x", b"/?%zz=" + b"&a" * 300):
            said = self.send(b"GET " + path + b" HTTP/1.1\r\nHost: gw\r\n\r\n")
            self.assertIn(b" 400 ", said.partition(b"\r\n")[0], path)
        self.assertEqual(self.asked, [])

    def test_a_body_is_small_until_somebody_has_proven_something(self) -> None:
        """It is refused by its announced length, before a byte is kept; one without is refused too."""
        def head(length: int, more: bytes = b"") -> bytes:
            return b"POST / HTTP/1.1\r\nHost: gw\r\nContent-Length: %d\r\n%s\r\n" % (length, more)

        self.assertTrue(self.send(head(SMALL + 1)).startswith(b"HTTP/1.1 413"))
        good = b"Authorization: Bearer good\r\n"
        self.assertEqual(self.send(head(SMALL + 1, good)), b"")
        self.assertTrue(self.send(head(LARGE + 1, good)).startswith(b"HTTP/1.1 413"))
        chunked = b"POST / HTTP/1.1\r\nHost: gw\r\nTransfer-Encoding: chunked\r\n\r\n"
        self.assertTrue(self.send(chunked).startswith(b"HTTP/1.1 411"))
        self.assertEqual(self.asked, [])

    def test_connections_are_limited_in_all_and_by_address(self) -> None:
        """Who left makes room."""
        factory = self.factory(most=3, of_one=2)
        self.connect(factory)
        _, second = self.connect(factory)
        self.assertIsNone(factory.buildProtocol(IPv4Address("TCP", "10.0.0.9", 1)))
        self.connect(factory, "10.0.0.10")
        self.assertIsNone(factory.buildProtocol(IPv4Address("TCP", "10.0.0.11", 1)))
        second.loseConnection()
        self.assertIsNotNone(factory.buildProtocol(IPv4Address("TCP", "10.0.0.11", 1)))
        self.assertEqual(factory.refused, 2)

    def test_who_says_nothing_is_cut(self) -> None:
        """Also with half a request."""
        protocol, wire = self.connect()
        protocol.dataReceived(b"GET / HT")
        self.clock.advance(IDLE + 1)
        self.clock.advance(60)
        self.assertFalse(wire.connected)

    def test_an_app_that_fails_says_nothing_of_why(self) -> None:
        """The log has it."""
        async def failing(ask: Ask) -> Reply:
            raise RuntimeError("a secret detail")

        self.answer = failing
        said = self.send(b"GET / HTTP/1.1\r\nHost: gw\r\n\r\n")
        self.assertIn(b" 500 ", said)
        self.assertNotIn(b"secret", said)
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)

    def test_what_runs_for_a_reader_is_cancelled_when_he_leaves(self) -> None:
        """Before the answer, and in the middle of it."""
        cancelled: list[str] = []

        def waiting(word: str) -> Deferred[None]:
            return Deferred(lambda _: cancelled.append(word))

        async def streaming(pipe: Pipe) -> None:
            await pipe.send(b"one")
            await waiting("stream")

        async def slow(ask: Ask) -> Reply:
            if ask.path == "/stream":
                return Reply(stream=streaming)
            await waiting("answer")
            return text_reply("never")

        self.answer = slow
        for path in (b"/answer", b"/stream"):
            protocol, wire = self.connect()
            protocol.dataReceived(b"GET " + path + b" HTTP/1.1\r\nHost: gw\r\n\r\n")
            wire.loseConnection()
        self.assertEqual(cancelled, ["answer", "stream"])

    def test_a_reader_who_takes_nothing_is_waited_for_and_then_cut(self) -> None:
        """What is offered meanwhile is left out, what is sent waits."""
        pipes: list[Pipe] = []
        sent: list[bytes] = []

        async def streaming(pipe: Pipe) -> None:
            pipes.append(pipe)
            for chunk in (b"one", b"two"):
                await pipe.send(chunk)
                sent.append(chunk)
                if chunk == b"one":
                    pause()
            await Deferred()

        def pause() -> None:
            wire.producer.pauseProducing()

        async def app(ask: Ask) -> Reply:
            return Reply(stream=streaming)

        self.answer = app
        protocol, wire = self.connect()
        protocol.dataReceived(b"GET / HTTP/1.1\r\nHost: gw\r\n\r\n")
        self.assertEqual(sent, [b"one"])
        self.assertFalse(pipes[0].offer(b"left out"))
        wire.producer.resumeProducing()
        self.assertEqual(sent, [b"one", b"two"])
        pause()
        self.clock.advance(PATIENCE + 1)
        self.assertTrue(wire.aborted)

    def test_a_front_end_is_believed_and_nobody_else(self) -> None:
        """What it says last is what it knows itself."""
        self.front = Front(front_ends=("10.0.0.9",))
        request = b"GET / HTTP/1.1\r\nHost: gw\r\nX-Forwarded-For: 1.1.1.1, 192.0.2.7\r\n\r\n"
        self.send(request)
        self.send(request, host="10.0.0.8")
        self.assertEqual([ask.source for ask in self.asked], ["192.0.2.7", "10.0.0.8"])
