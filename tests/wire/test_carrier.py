"""When a connection writes, waits and ends."""

from __future__ import annotations

from twisted.internet import interfaces
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from gateway.wire.carrier import EXCHANGE_DEADLINE, FLUSH_AT, LINGER
from gateway.wire.phases import Phase
from gateway.wire.rekeying import RekeyLimits
from tests.wire.minimal import Answering
from tests.wire.pair import Pair, Wire


@implementer(interfaces.ITCPTransport)
class TcpWire(Wire):
    """A wire that has the switch of a socket."""

    no_delay = False

    def setTcpNoDelay(self, enabled: bool) -> None:
        self.no_delay = enabled


class WritingTests(SynchronousTestCase):
    """What goes to the network, and when."""

    def test_the_packets_of_one_turn_leave_in_one_write(self) -> None:
        """Each send wakes the peer and costs a system call."""
        pair = Pair().login()
        wire = pair.wires[pair.operator]
        before = wire.writes
        for _ in range(20):
            pair.operator.sendPacket(94, b"x")
        self.assertEqual(wire.writes, before)
        pair.clock.advance(0)
        self.assertEqual(wire.writes, before + 1)

    def test_a_large_turn_does_not_wait_for_its_end(self) -> None:
        """What was collected is bounded."""
        pair = Pair().login()
        before = pair.wires[pair.operator].writes
        for _ in range(2 * FLUSH_AT // 32768):
            pair.operator.sendPacket(94, bytes(32768))
        self.assertGreaterEqual(pair.wires[pair.operator].writes, before + 1)

    def test_small_packets_are_not_held_back_by_tcp(self) -> None:
        """A keystroke waits for nobody."""
        pair = Pair()
        wire = pair.wires[pair.operator] = TcpWire()
        pair.begin()
        self.assertTrue(wire.no_delay)

    def test_the_server_answers_an_exchange_in_one_write(self) -> None:
        """Answer, NEWKEYS and extensions are one flight."""
        pair = Pair().begin()
        pair.settle()
        # Version line, KEXINIT, and then everything else.
        self.assertEqual(pair.wires[pair.operator].writes, 3)


class WaitingTests(SynchronousTestCase):
    """Telling who produces."""

    def test_a_full_network_and_a_change_of_keys_both_stop_who_produces(self) -> None:
        """One signal for both, told once per change."""
        pair = Pair().login()
        told: list[bool] = []
        pair.operator.on_writable = told.append
        pair.operator.carrier.pauseProducing()
        pair.operator.rekey()
        self.assertEqual(told, [False])
        pair.settle()
        self.assertEqual(told, [False])
        pair.operator.carrier.resumeProducing()
        self.assertEqual(told, [False, True])
        pair.operator.rekey()
        pair.settle()
        self.assertEqual(told, [False, True, False, True])

    def test_reading_stops_until_every_reason_is_gone(self) -> None:
        """Two who wait do not release each other."""
        pair = Pair().login()
        wire = pair.wires[pair.operator]
        pair.operator.pause_reading("one")
        pair.operator.pause_reading("two")
        self.assertEqual(wire.producerState, "paused")
        pair.operator.resume_reading("one")
        self.assertEqual(wire.producerState, "paused")
        pair.operator.resume_reading("two")
        self.assertEqual(wire.producerState, "producing")


class KeyAgeTests(SynchronousTestCase):
    """How long keys serve."""

    def test_keys_change_after_their_time(self) -> None:
        """An idle session does not keep one key for a day."""
        pair = Pair(operator={"rekey": RekeyLimits(seconds=100.0)}).login()
        first = pair.target.carrier.link.writer.cipher
        pair.clock.advance(99)
        self.assertFalse(pair.settle().operator.blocked)
        self.assertIs(pair.target.carrier.link.writer.cipher, first)
        pair.clock.advance(1)
        self.assertTrue(pair.operator.blocked)
        pair.settle()
        self.assertIsNot(pair.target.carrier.link.writer.cipher, first)
        pair.clock.advance(100)
        self.assertTrue(pair.operator.blocked)

    def test_a_time_that_passes_before_the_login_counts_after_it(self) -> None:
        """We never change keys of somebody who is still logging in."""
        pair = Pair(operator={"rekey": RekeyLimits(seconds=100.0)}).begin().settle()
        pair.clock.advance(101)
        self.assertFalse(pair.operator.blocked)
        pair.operator.carrier.link.advance(Phase.CONNECTED)
        pair.operator.sendPacket(94, b"")
        pair.clock.advance(0)
        self.assertTrue(pair.operator.blocked)

    def test_keys_change_after_bytes_and_after_packets_in_either_direction(self) -> None:
        """GCM's limit and our own."""
        for limits in (RekeyLimits(octets=20_000), RekeyLimits(packets=20)):
            for sender in ("operator", "target"):
                pair = Pair(operator={"rekey": limits}).login()
                first = pair.operator.carrier.link.reader.cipher
                for _ in range(20):
                    getattr(pair, sender).sendPacket(94, bytes(1000))
                pair.settle()
                self.assertIsNot(pair.operator.carrier.link.reader.cipher, first, (limits, sender))

    def test_a_change_that_nobody_answers_ends_the_connection(self) -> None:
        """Else everything we have to say would wait for ever."""
        pair = Pair().login()
        pair.operator.rekey()
        pair.clock.advance(EXCHANGE_DEADLINE)
        self.assertEqual(pair.operator.tally.counted, {"kex-overdue": 1})
        self.assertTrue(pair.wires[pair.operator].closing)


class EndingTests(SynchronousTestCase):
    """How a connection ends."""

    def test_a_violation_is_one_goodbye_one_count_and_no_traceback(self) -> None:
        """An attack does not flood the log."""
        pair = Pair().login()
        pair.operator.dataReceived(bytes(4096))
        pair.operator.dataReceived(bytes(4096))
        self.assertEqual(pair.operator.tally.counted, {"length": 1})
        pair.settle()
        self.assertEqual(pair.reasons[pair.target], "the peer disconnected (reason 2)")
        self.assertEqual(pair.reasons[pair.operator], "a packet's length cannot be right")
        self.assertEqual(self.flushLoggedErrors(), [])

    def test_a_stranger_who_speaks_something_else_is_told_in_a_line(self) -> None:
        """Before the version lines there are no packets to say it in."""
        pair = Pair().begin()
        wire = pair.wires[pair.operator]
        wire.clear()
        pair.operator.dataReceived(b"GET / HTTP/1.0\r\n\r\n")
        self.assertEqual(wire.value(), b"this is an SSH 2.0 service\r\n")
        self.assertTrue(wire.closing)

    def test_a_peer_that_does_not_read_our_goodbye_is_cut_off(self) -> None:
        """A closing connection does not linger for as long as the peer likes."""
        pair = Pair().login()
        pair.operator.lose()
        wire = pair.wires[pair.operator]
        self.assertTrue(wire.closing and not wire.aborted)
        self.assertIsNone(wire.producer)
        pair.clock.advance(LINGER)
        self.assertTrue(wire.aborted)

    def test_lose_sends_what_was_collected(self) -> None:
        """The last words of a service arrive."""
        pair = Pair().login()
        pair.operator.sendPacket(97, b"last")
        pair.operator.lose()
        asking = pair.target.service
        pair.settle()
        self.assertEqual(asking.received, [(97, b"last")])

    def test_lose_during_a_change_of_keys_waits_for_what_is_queued(self) -> None:
        """The end of an output is not lost because keys changed just then; nor does it wait for ever."""
        pair = Pair().login()
        asking = pair.target.service
        pair.operator.rekey()
        pair.operator.sendPacket(97, b"last")
        pair.operator.lose()
        self.assertFalse(pair.wires[pair.operator].closing)
        pair.settle()
        self.assertEqual(asking.received, [(97, b"last")])
        self.assertIn(pair.operator, pair.reasons)
        stuck = Pair().login()
        stuck.operator.rekey()
        stuck.operator.sendPacket(97, b"last")
        stuck.operator.lose()
        stuck.clock.advance(LINGER)
        self.assertTrue(stuck.wires[stuck.operator].aborted)

    def test_a_login_that_ends_after_the_connection_starts_nothing(self) -> None:
        """A service on a dead connection would never be stopped."""
        pair = Pair().begin().settle()
        pair.operator.abort()
        pair.settle()
        started = Answering()
        pair.operator.setService(started)
        self.assertIsNone(pair.operator.carrier.service)

    def test_abort_sends_nothing(self) -> None:
        """An interrupted session looks like a lost network."""
        pair = Pair().login()
        pair.operator.sendPacket(97, b"last")
        pair.operator.abort()
        self.assertEqual(pair.wires[pair.operator].value(), b"")
        self.assertTrue(pair.wires[pair.operator].aborted)

    def test_the_end_is_told_once_and_leaves_no_timer(self) -> None:
        """Services stop, waiters learn why, the clock forgets the connection."""
        pair = Pair().login()
        told: list[str] = []
        pair.operator.closed.addCallback(told.append)
        pair.operator.sendPacket(94, b"")
        pair.operator.sendDisconnect(11, b"enough")
        pair.settle()
        self.assertEqual((told, pair.service.stopped), (["enough"], 1))
        pair.operator.sendPacket(94, b"into the void")
        pair.operator.lose()
        pair.operator.abort()
        self.assertEqual(pair.clock.getDelayedCalls(), [])
