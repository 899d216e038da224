"""The transport to operators."""

from __future__ import annotations

from typing import ClassVar

from twisted.conch.ssh import transport as conch
from twisted.internet.abstract import FileDescriptor
from twisted.internet.address import IPv4Address
from twisted.trial.unittest import SynchronousTestCase

from gateway.wire.fields import string
from gateway.wire.kex import METHODS
from gateway.wire.phases import Phase
from gateway.wire.transport import OperatorFactory, OperatorTransport
from gateway.wire.violation import Counts
from tests.wire.minimal import Answering, OpenDoor
from tests.wire.pair import HOST_KEY, Pair


class BorrowedTests(SynchronousTestCase):
    """Names of Conch and Twisted that are not public, or that we replace."""

    REPLACED: ClassVar = (
        "connectionMade",
        "dataReceived",
        "connectionLost",
        "sendPacket",
        "setService",
        "sendUnimplemented",
        "sendDisconnect",
    )
    USED: ClassVar = ("sendDebug", "sendIgnore", "getPeer", "getHost", "sessionID", "service", "isClient")

    def test_what_we_replace_in_conch_is_still_there(self) -> None:
        """A renamed method would leave Conch's own in service."""
        for shape in (conch.SSHServerTransport, conch.SSHClientTransport):
            for name in (*self.REPLACED, *self.USED):
                self.assertTrue(hasattr(shape, name), name)

    def test_conch_reaches_the_network_only_through_what_we_replaced(self) -> None:
        """Were there another writer, it would write in clear."""
        for name in ("sendDebug", "sendIgnore"):
            code = getattr(conch.SSHTransportBase, name).__code__
            self.assertIn("sendPacket", code.co_names)
            self.assertNotIn("write", code.co_names)

    def test_twisted_still_counts_unsent_bytes_under_these_names(self) -> None:
        """They are how we know what a stalled peer owes us."""
        descriptor = FileDescriptor(reactor=object())  # type: ignore[arg-type]
        self.assertEqual((descriptor.dataBuffer, descriptor.offset, descriptor._tempDataLen), (b"", 0, 0))


class OperatorTests(SynchronousTestCase):
    """The server's side."""

    def test_a_login_ends_with_the_connection_service(self) -> None:
        """Through version, exchange, service request and login."""
        pair = Pair().login()
        self.assertIs(pair.operator.service, pair.service)
        self.assertIs(pair.operator.carrier.link.phase, Phase.CONNECTED)
        self.assertEqual(pair.operator.peer_version, b"SSH-2.0-OpenSSH_9.9 Ostiary")
        self.assertEqual(pair.operator.tally.counted, {})
        self.assertFalse(pair.operator.isClient)

    def test_messages_reach_the_running_service(self) -> None:
        """As Conch's services expect them."""
        pair = Pair().login()
        pair.target.sendPacket(97, b"1234")
        pair.settle()
        self.assertEqual(pair.service.received, [(97, b"1234")])

    def test_services_other_than_the_login_are_refused(self) -> None:
        """CVE-2025-32433 and its like: ssh-connection comes by way of the login."""
        for payload in (string(b"ssh-connection"), b"", string(b"ssh-userauth") + b"x", string(b"x" * 65)):
            pair = Pair().begin().settle()
            pair.target.sendPacket(5, payload)
            pair.settle()
            self.assertEqual(pair.operator.tally.counted, {"service": 1})
            self.assertIsNone(pair.operator.service)
            self.assertIn(pair.operator, pair.reasons)

    def test_a_second_login_request_is_refused(self) -> None:
        """A service request behind the first would restart the count of tries."""
        pair = Pair().begin().settle()
        pair.target.sendPacket(5, string(b"ssh-userauth"))
        pair.target.sendPacket(5, string(b"ssh-userauth"))
        pair.settle()
        self.assertEqual(pair.operator.tally.counted, {"out-of-phase": 1})

    def test_a_second_answer_cannot_be_asked_for(self) -> None:
        """One exchange is one signature."""
        pair = Pair().begin().settle()
        link = pair.target.carrier.link
        link.advance(Phase.CONNECTED)
        link.rekey()
        for _ in range(2):
            link.writer.write(30, string(METHODS[b"mlkem768x25519-sha256"].open().public))
        pair.target.carrier.flush()
        pair.settle()
        self.assertEqual(pair.operator.tally.counted, {"out-of-phase": 1})

    def test_what_the_network_has_not_taken_is_known(self) -> None:
        """Collected, queued and unsent bytes count alike."""
        pair = Pair().login()
        self.assertEqual(pair.operator.buffered, 0)
        pair.operator.sendPacket(94, bytes(1000))
        self.assertGreater(pair.operator.buffered, 1000)
        pair.settle()
        pair.operator.rekey()
        pair.operator.sendPacket(94, bytes(2000))
        self.assertEqual(pair.operator.buffered, 2001)

    def test_small_senders_of_conch_work(self) -> None:
        """They go through our sendPacket."""
        pair = Pair().login()
        pair.operator.sendDebug(b"hello")
        pair.operator.sendIgnore(b"x")
        pair.operator.sendUnimplemented()
        pair.settle()
        self.assertEqual(pair.target.tally.counted, {})
        self.assertEqual(pair.reasons, {})

    def test_the_factory_makes_transports_that_count_together(self) -> None:
        """One tally for a listener."""
        tally = Counts()
        factory = OperatorFactory(
            clock=Pair().clock,
            host_keys=(HOST_KEY,),
            make_userauth=lambda transport: OpenDoor(transport, Answering()),
            tally=tally,
        )
        address = IPv4Address("TCP", "127.0.0.1", 1)
        one, other = factory.buildProtocol(address), factory.buildProtocol(address)
        self.assertIsInstance(one, OperatorTransport)
        self.assertIsNot(one.carrier, other.carrier)
        self.assertIs(one.tally, tally)
        self.assertIs(other.tally, tally)
