"""Whose connection it is, where a front end passes it on."""

from __future__ import annotations

from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure

from gateway.ssh.frontend import HEADER_SECONDS, MOST_HEADERLESS
from gateway.ssh.listener import SILENCE
from gateway.wire.userauth_client import KeyOffer
from tests.ssh.test_listener import OTHER, SOURCE, Caller, ListenerCase
from tests.wire.pair import Wire

FRONT = "10.0.0.1"
HEADER = f"PROXY TCP4 {SOURCE} {FRONT} 40000 22\r\n".encode()


class FrontEndTests(ListenerCase):
    """A listener with a front end, and arrivals that are counted by whom they are of."""

    def setUp(self) -> None:
        super().setUp()
        self.listener.proxy_from = (FRONT, "10.1.0.0/16")

    def passed_on(self, address: str = FRONT) -> tuple[Any, Wire]:
        """Connect from a front end."""
        protocol, wire = self.call_only(address), Wire()
        protocol.makeConnection(wire)
        return protocol, wire

    def call_only(self, address: str) -> Any:
        return self.factory.buildProtocol(IPv4Address("TCP", address, 40_000))

    def test_the_source_is_the_one_that_the_header_says(self) -> None:
        """However the header is cut; nothing is said and nothing is made before it is whole."""
        for cuts in (1, 7, len(HEADER)):
            passed, wire = self.passed_on("10.1.2.3")
            for start in range(0, len(HEADER), cuts):
                self.assertEqual((wire.value(), len(self.listener.transports)), (b"", 0))
                passed.dataReceived(HEADER[start : start + cuts])
            self.assertTrue(wire.value().startswith(b"SSH-2.0-"))
            (door,) = self.listener.transports
            self.assertIs(wire.protocol, door)
            door.connectionLost(Failure(ConnectionDone()))

    def test_what_follows_the_header_is_the_clients(self) -> None:
        """In one segment, or in the next."""
        passed, _ = self.passed_on()
        passed.dataReceived(HEADER + b"SSH-2.0-x\r\n")
        (door,) = self.listener.transports
        self.assertEqual(door.peer_version, b"SSH-2.0-x")

    def test_admission_and_facts_are_about_the_source(self) -> None:
        """Three wait from one address, the fourth is cut; a failed login names the address and not the front end."""
        wires = []
        for _ in range(4):
            passed, wire = self.passed_on()
            passed.dataReceived(HEADER)
            wires.append(wire)
        self.assertEqual([wire.aborted for wire in wires], [False, False, False, True])
        self.assertIsNone(self.call_only(SOURCE))
        self.assertIsNotNone(self.call_only("198.51.100.9"))
        door = next(each for each in self.listener.transports if each.transport is not None)
        caller = Caller(self.clock, door, self.called_from("198.51.100.1").client)
        caller.wires = {door: door.transport, caller.client: Wire()}
        caller.log_in(KeyOffer(OTHER.blob, OTHER.algorithms, OTHER.sign))
        caller.leave()
        (failed,) = [fact for fact in self.facts.told if fact.kind == "auth.failed"]
        self.assertEqual(failed.body["source"], SOURCE)

    def called_from(self, source: str) -> Caller:
        found = self.call(source)
        assert found is not None
        return found

    def test_a_front_end_that_speaks_for_itself_is_its_own_source(self) -> None:
        """A health check, or one that does not know."""
        passed, wire = self.passed_on()
        passed.dataReceived(b"PROXY UNKNOWN\r\n")
        self.assertTrue(wire.value().startswith(b"SSH-2.0-"))
        self.assertEqual(len(self.listener.transports), 1)

    def test_without_a_header_nobody_comes_in_by_a_front_end(self) -> None:
        """Other bytes, or none in time; it is counted, and nobody is punished for it."""
        passed, wire = self.passed_on()
        passed.dataReceived(b"SSH-2.0-OpenSSH_9.9\r\n")
        self.assertTrue(wire.aborted)
        passed.dataReceived(HEADER)
        silent, wire = self.passed_on()
        silent.dataReceived(HEADER[:-1])
        self.clock.advance(HEADER_SECONDS)
        self.assertTrue(wire.aborted)
        self.assertEqual(self.listener.violations.counted["proxy-header"], 2)
        self.assertEqual((len(self.listener.transports), self.listener.front_ends.headerless), (0, set()))

    def test_a_header_of_anybody_else_is_junk(self) -> None:
        """It is a version line like no other, and breaks the protocol."""
        caller = self.called()
        caller.door.dataReceived(HEADER)
        self.assertTrue(caller.door.carrier.ended)
        self.assertEqual(self.listener.violations.counted["version"], 1)

    def test_what_has_no_header_yet_is_bounded_and_is_cut_with_the_rest(self) -> None:
        """Also when its client leaves."""
        passed = [self.passed_on() for _ in range(MOST_HEADERLESS)]
        self.assertIsNone(self.call_only(FRONT))
        passed[0][0].connectionLost()
        self.assertIsNotNone(self.call_only(FRONT))
        self.listener.abort_all()
        self.assertTrue(passed[1][1].aborted)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_a_front_ends_client_has_the_same_time_as_any(self) -> None:
        """It is silent from the header on."""
        passed, _ = self.passed_on()
        passed.dataReceived(HEADER)
        self.clock.advance(SILENCE + 0.1)
        self.assertEqual(len(self.listener.transports), 0)
