"""The operators' door: who is let in to try, how each arrival parts, what is told of it."""

from __future__ import annotations

from typing import Any

import attrs
from cryptography.hazmat.primitives.asymmetric import ed25519
from twisted.internet.address import IPv4Address, UNIXAddress
from twisted.internet.defer import succeed
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.entries import User
from gateway.ssh.listener import GRACE, SILENCE, Listener
from gateway.ssh.login import Authority
from gateway.wire.admission import Admission, Limits
from gateway.wire.hostkeys import from_private_key
from gateway.wire.pacing import FailurePace
from gateway.wire.target_transport import TargetTransport
from gateway.wire.transport import OperatorTransport
from gateway.wire.userauth_client import KeyOffer, Offer, PasswordOffer, UserAuthClient
from tests.ssh.dialling import ToldFacts
from tests.wire.admitting import Hands
from tests.wire.pair import HOST_KEY, Wire
from tests.wire.recording import RecordingService

KEY = from_private_key(ed25519.Ed25519PrivateKey.generate())
OTHER = from_private_key(ed25519.Ed25519PrivateKey.generate())
SOURCE = "192.0.2.7"


class OneOperator:
    """Know alice, her key, and the password *sesame*."""

    def find(self, name: str) -> User | None:
        return User("alice", roles=("operator",), keys=(KEY.line,)) if name == "alice" else None

    def is_active(self, name: str) -> bool:
        return name == "alice"

    def check_password(self, user: User | None, password: Any) -> Any:
        return succeed(user is not None and password.reveal() == b"sesame")


class FullFacts:
    """Raise at once, as no journal should."""

    def tell(self, fact: Any) -> Any:
        raise OSError("no space left")


@attrs.define(eq=False)
class Caller:
    """One connection: the door's transport and a client's, if it speaks at all."""

    clock: Clock
    door: OperatorTransport
    client: TargetTransport
    wires: dict[Any, Wire] = attrs.field(factory=dict)

    def connect(self) -> Caller:
        """Connect the door's side."""
        self.wires = {self.door: Wire(), self.client: Wire()}
        self.door.makeConnection(self.wires[self.door])
        return self

    def log_in(self, offer: Offer) -> Caller:
        """Go as far as the offer leads."""
        self.client.makeConnection(self.wires[self.client])
        self.settle()
        self.client.request_service(b"ssh-userauth").addErrback(lambda failure: None)
        service = UserAuthClient(b"alice", offer, RecordingService(), self.clock)
        service.outcome.addErrback(lambda failure: None)
        self.client.setService(service)
        return self.settle()

    def settle(self) -> Caller:
        """Move bytes for a while."""
        for _ in range(60):
            self.clock.advance(0.001)
            for sender, receiver in ((self.door, self.client), (self.client, self.door)):
                sent = self.wires[sender].value()
                self.wires[sender].clear()
                if sent and receiver.transport is not None:
                    receiver.dataReceived(sent)
        return self

    def leave(self, why: BaseException | None = None) -> None:
        """End the connection."""
        self.door.connectionLost(Failure(why or ConnectionDone()))


class ListenerCase(SynchronousTestCase):
    """A listener with a clock that goes when told."""

    limits = Limits(begin=4, full=6, per_source=3, per_network=3)

    def setUp(self) -> None:
        self.clock, self.facts, self.doors = Clock(), ToldFacts(), 0
        self.admission = Admission(self.clock.seconds, Hands().draw, self.limits)
        self.listener = Listener(
            self.clock, (HOST_KEY,), self.facts, lambda opened: Authority(OneOperator(), opened, ""), self.open_door,
            FailurePace(b"k" * 32), self.admission,
        )  # fmt: skip
        self.factory = self.listener.factory()

    def open_door(self, login: Any) -> Any:
        self.doors += 1
        return RecordingService()

    def call(self, source: str = SOURCE) -> Caller | None:
        """Connect from an address; None when refused."""
        door = self.factory.buildProtocol(IPv4Address("TCP", source, 40_000))
        if door is None:
            return None
        client = TargetTransport(clock=self.clock, verify_host_key=lambda *_: succeed(None))
        return Caller(self.clock, door, client).connect()

    def called(self) -> Caller:
        """Connect; it must be admitted."""
        found = self.call()
        assert found is not None
        return found

    def by_key(self, key: Any = KEY) -> Caller:
        """Connect and offer a key."""
        return self.called().log_in(KeyOffer(key.blob, key.algorithms, key.sign))

    def kinds(self) -> list[str]:
        return [fact.kind for fact in self.facts.told]


class WaitingTests(ListenerCase):
    """Who waits, and until when."""

    def test_nothing_is_made_for_a_connection_that_is_refused(self) -> None:
        """The fourth of three from one address; a neighbour in another network comes in."""
        for _ in range(3):
            self.called()
        self.assertIsNone(self.call())
        self.assertEqual(len(self.listener.transports), 3)
        self.assertIsNotNone(self.call("198.51.100.1"))

    def test_a_local_socket_has_a_place_too(self) -> None:
        """An address without a host is this machine."""
        self.assertIsNotNone(self.factory.buildProtocol(UNIXAddress(b"/tmp/s")))
        self.assertIsNotNone(self.factory.buildProtocol(None))
        self.assertEqual(self.admission.waiting, 2)

    def test_a_silent_connection_is_cut_early(self) -> None:
        """Long before the time for a login is over; that is ten seconds of penalty."""
        caller = self.called()
        self.clock.advance(SILENCE - 0.1)
        self.assertFalse(caller.wires[caller.door].aborted)
        self.clock.advance(0.2)
        self.assertTrue(caller.wires[caller.door].aborted)
        self.assertEqual((self.admission.waiting, self.listener.transports), (0, set()))
        caller.leave()
        self.assertEqual(self.admission.waiting, 0)

    def test_a_silent_connection_makes_room(self) -> None:
        """The fourth from the address comes in when the first has said nothing for a while."""
        first = self.called()
        for _ in range(2):
            self.called()
        self.clock.advance(self.limits.patience)
        self.assertIsNotNone(self.call())
        self.assertTrue(first.wires[first.door].aborted)
        first.leave()
        self.assertEqual(self.admission.waiting, 3)

    def test_a_login_may_take_its_time(self) -> None:
        """A client that came to the key exchange is cut at the end of the grace only."""
        caller = self.called()
        caller.client.makeConnection(caller.wires[caller.client])
        caller.settle()
        self.clock.advance(SILENCE + 1)
        self.assertFalse(caller.wires[caller.door].aborted)
        self.clock.advance(GRACE)
        self.assertTrue(caller.wires[caller.door].aborted)

    def test_the_grace_is_as_long_as_configured(self) -> None:
        """Also for whoever has come to his login."""
        self.listener.grace = 20.0
        silent, caller = self.called(), self.called()
        caller.client.makeConnection(caller.wires[caller.client])
        caller.settle()
        caller.client.request_service(b"ssh-userauth").addErrback(lambda failure: None)
        caller.settle()
        self.clock.advance(SILENCE + 1)
        self.assertEqual([each.wires[each.door].aborted for each in (silent, caller)], [True, False])
        self.clock.advance(5)
        self.assertTrue(caller.wires[caller.door].aborted)

    def test_who_logged_in_is_not_counted(self) -> None:
        """Ten sessions from one address that may have three waiting; nothing ends them later."""
        callers = [self.by_key() for _ in range(10)]
        self.assertEqual((self.doors, self.admission.waiting), (10, 0))
        self.clock.advance(2 * GRACE)
        self.assertFalse(any(caller.wires[caller.door].aborted for caller in callers))

    def test_abort_all_cuts_those_inside_and_those_waiting(self) -> None:
        """Every transport."""
        callers = [self.called(), self.by_key()]
        self.listener.abort_all()
        self.assertTrue(all(caller.wires[caller.door].aborted for caller in callers))


class PartingTests(ListenerCase):
    """What an arrival earns or costs its address."""

    limits = Limits()

    def owed(self) -> float:
        """Return the seconds the address owes."""
        return round(self.admission._owed.level(SOURCE))

    def test_a_key_earns_credit_and_a_password_does_not(self) -> None:
        """Both are told."""
        self.called().log_in(PasswordOffer(lambda write: write(b"sesame")))
        self.assertEqual(self.admission.credit(SOURCE), 0)
        self.by_key()
        self.assertGreater(self.admission.credit(SOURCE), 3)
        self.assertEqual(self.kinds(), ["auth.succeeded"] * 2)
        self.assertEqual([fact.body["method"] for fact in self.facts.told], ["password", "publickey"])

    def test_a_failure_costs_five_seconds_and_is_told_once(self) -> None:
        """When the connection ends."""
        self.by_key(OTHER).leave()
        self.assertEqual((self.owed(), self.kinds()), (5, ["auth.failed"]))

    def test_leaving_without_a_word_costs_one_second(self) -> None:
        """Nothing is told."""
        self.called().leave()
        self.assertEqual((self.owed(), self.kinds()), (1, []))

    def test_a_breach_costs_five_and_is_counted(self) -> None:
        """A length that cannot be, after a proper version line."""
        caller = self.called()
        caller.door.dataReceived(b"SSH-2.0-x\r\n" + b"\xff" * 16)
        caller.leave()
        self.assertEqual((self.owed(), self.listener.violations.counted), (5, {"length": 1}))

    def test_another_protocol_is_no_breach(self) -> None:
        """A browser that lost its way pays as one who left."""
        caller = self.called()
        caller.door.dataReceived(b"GET / HTTP/1.1\r\n")
        caller.leave()
        self.assertEqual((self.owed(), self.listener.violations.counted), (1, {"version": 1}))

    def test_an_exception_in_our_code_costs_ninety(self) -> None:
        """It is what the network calls, not an ending, that the reactor then reports; credit is spent first."""
        self.called().leave(KeyError("a defect"))
        self.assertEqual((self.owed(), self.listener.violations.counted), (90, {"crash": 1}))
        self.assertIsNone(self.call())

    def test_four_failures_at_once_shut_the_door_for_a_while(self) -> None:
        """To this address only."""
        for _ in range(4):
            self.by_key(OTHER).leave()
        self.assertIsNone(self.call())
        self.assertIsNotNone(self.call("192.0.2.8"))
        self.clock.advance(25)
        self.assertIsNotNone(self.call())

    def test_what_the_gateway_could_not_decide_costs_nothing(self) -> None:
        """A journal that is full is nobody's fault; the place becomes free once."""
        self.listener.facts = FullFacts()
        caller = self.by_key()
        self.assertEqual((self.admission.waiting, self.doors), (1, 0))
        caller.leave()
        self.assertEqual((self.admission.waiting, self.owed()), (0, 0))
        self.assertEqual(len(self.flushLoggedErrors(OSError)), 1)

    def test_who_is_inside_pays_nothing_more(self) -> None:
        """Neither for leaving nor for a breach after the login."""
        caller = self.by_key()
        caller.door.carrier.tally.count("length")
        caller.leave()
        self.assertEqual((self.owed(), self.listener.violations.counted), (0, {"length": 1}))
