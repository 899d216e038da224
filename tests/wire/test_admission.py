"""Who may wait for his login, and who has to wait outside."""

from __future__ import annotations

from typing import Any

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule
from twisted.trial.unittest import SynchronousTestCase

from gateway.wire.admission import LOOPBACK, Admission, Limits, Parting, Penalties, Waiting, locate
from tests.wire.admitting import Hands

SMALL = Limits(
    begin=10, percent=30, full=20, per_source=6, per_network=8, proven=12, earned=2, most_credit=10,
    credit_seconds=100, remembered=8,
)  # fmt: skip
SPREAD = [f"10.{number}.0.1" for number in range(64)]


class AdmissionCase(SynchronousTestCase):
    """An admission with small numbers."""

    def setUp(self) -> None:
        self.hands = Hands()
        self.admission = Admission(self.hands.now, self.hands.draw, SMALL)

    def arrive(self, address: str = "192.0.2.7", times: int = 1) -> list[Waiting]:
        """Let so many arrive; return those who were admitted."""
        found = [self.admission.arrive(address) for _ in range(times)]
        return [each for each in found if each is not None]

    def offend(self, parting: Parting, times: int = 1, address: str = "192.0.2.7") -> None:
        """Arrive and part, so many times."""
        for _ in range(times):
            for waiting in self.arrive(address):
                self.admission.part(waiting, parting)


class ShareTests(AdmissionCase):
    """How many may wait."""

    def test_one_address_fills_its_share_and_no_more(self) -> None:
        """The seventh of six is refused, its neighbour is not."""
        self.assertEqual(len(self.arrive(times=7)), 6)
        self.assertEqual(self.admission.counters.refused_source, 1)
        self.assertEqual(len(self.arrive("192.0.2.8")), 1)

    def test_one_network_fills_its_share_and_no_more(self) -> None:
        """Nine addresses of one /24 and of one /64: eight may wait."""
        for address in ("198.51.100.{}", "2001:db8::{}"):
            self.assertEqual(sum(len(self.arrive(address.format(n))) for n in range(1, 10)), 8)
        self.assertEqual(self.admission.counters.refused_network, 2)

    def test_a_place_becomes_free_once(self) -> None:
        """Parting twice frees one place."""
        waiting = self.arrive(times=6)
        for _ in range(2):
            self.admission.part(waiting[0], Parting.LOGGED_IN)
        self.assertEqual((self.admission.waiting, len(self.arrive(times=3))), (5, 1))

    def test_nothing_is_kept_of_those_who_logged_in(self) -> None:
        """Neither an address nor a network stays behind."""
        for waiting in self.arrive(times=3):
            self.admission.part(waiting, Parting.LOGGED_IN)
        self.assertEqual((self.admission.waiting, self.admission.remembered), (0, 0))

    def test_lots_are_drawn_from_begin_on(self) -> None:
        """Not before; then with the percentage at first, and more often the more there are."""
        self.hands.lot = 0.0
        admitted = [address for address in SPREAD if self.arrive(address)]
        self.assertEqual((len(admitted), self.admission.counters.refused_lot), (10, 54))
        for lot, expected in ((0.29, 0), (0.31, 1), (0.36, 0), (0.38, 1)):
            self.hands.lot = lot
            self.assertEqual(len(self.arrive("203.0.113.1")), expected, lot)

    def test_beyond_full_everybody_is_refused(self) -> None:
        """No lot helps."""
        self.assertEqual(sum(len(self.arrive(address)) for address in SPREAD), 20)
        self.assertEqual(self.admission.counters.refused_full, 44)

    def test_one_network_alone_never_has_lots_drawn(self) -> None:
        """By the numbers that hold where nobody sets any."""
        limits = Limits()
        self.assertLess(max(limits.per_source, limits.per_network), limits.begin)
        self.assertLess(limits.begin, limits.full)


class ReplacementTests(AdmissionCase):
    """Who is silent makes room for who comes."""

    def arrive_and_note(self, address: str, cut: list[str]) -> Waiting:
        """Let one arrive who notes his own end."""
        (waiting,) = self.arrive(address)
        waiting.cut = lambda: cut.append(address)
        return waiting

    def test_the_longest_silent_of_the_address_goes_first(self) -> None:
        """Six wait silently, and a seventh comes after the patience is over; another address's are left alone."""
        cut: list[str] = []
        self.arrive_and_note("198.51.100.1", cut)
        six = [self.arrive_and_note("192.0.2.7", cut) for _ in range(6)]
        self.hands.pass_by(SMALL.patience)
        self.assertEqual((len(self.arrive()), cut), (1, ["192.0.2.7"]))
        self.assertEqual([each.over for each in six], [True] + [False] * 5)
        self.assertEqual((self.admission.waiting, self.admission.counters.replaced), (7, 1))

    def test_who_has_just_come_is_not_replaced(self) -> None:
        """Nor is who came to the key exchange, however long ago."""
        six = self.arrive(times=6)
        self.hands.pass_by(SMALL.patience - 0.1)
        self.assertEqual(self.arrive(), [])
        self.hands.pass_by(1)
        for each in six:
            each.has_spoken = lambda: True
        self.assertEqual((self.arrive(), self.admission.counters.refused_source), ([], 2))

    def test_silence_everywhere_makes_room_for_anybody(self) -> None:
        """Twenty silent ones from twenty networks; the lot falls badly; whoever comes is let in."""
        for address in SPREAD[:20]:
            self.arrive(address)
        self.hands.pass_by(SMALL.patience)
        self.hands.lot = 0.0
        self.assertEqual(sum(len(self.arrive("203.0.113.1")) for _ in range(6)), 6)
        self.assertEqual((self.admission.counters.refused_full, self.admission.counters.refused_lot), (0, 0))

    def test_a_network_makes_room_for_itself(self) -> None:
        """Eight silent ones of one /24; a ninth neighbour comes in."""
        for number in range(8):
            self.arrive(f"198.51.100.{number}")
        self.hands.pass_by(SMALL.patience)
        self.assertEqual((len(self.arrive("198.51.100.99")), self.admission.waiting), (1, 8))


class PenaltyTests(AdmissionCase):
    """Who pays, and how long."""

    def test_each_offence_has_its_price(self) -> None:
        """As OpenSSH's: 1, 5, 10 and 90 seconds; who logged in or was sent away by us pays nothing."""
        prices = [Penalties().of(parting) for parting in Parting]
        self.assertEqual(prices, [0, 0, 1, 5, 5, 10, 90, 0])

    def test_little_is_forgiven(self) -> None:
        """Fourteen seconds in all are not served."""
        self.offend(Parting.NO_LOGIN, 14)
        self.assertFalse(self.admission.serves("192.0.2.7"))

    def test_a_penalty_is_served_to_its_end(self) -> None:
        """Three failures are fifteen seconds, also when fewer than the least are left; then all is forgotten."""
        self.offend(Parting.FAILED, 3)
        self.assertEqual((self.arrive(), self.admission.counters.refused_penalty), ([], 1))
        self.hands.pass_by(14.9)
        self.assertEqual(self.arrive(), [])
        self.hands.pass_by(0.2)
        self.assertEqual(len(self.arrive()), 1)
        self.assertEqual(self.admission.counters.penalties_begun, 1)

    def test_a_penalty_has_a_longest(self) -> None:
        """What was begun before the penalty adds to it, up to ten minutes."""
        self.admission.penalties = Penalties(crash=200)
        for each in self.arrive(times=6):
            self.admission.part(each, Parting.CRASH)
        self.hands.pass_by(599)
        self.assertTrue(self.admission.serves("192.0.2.7"))
        self.hands.pass_by(1.1)
        self.assertFalse(self.admission.serves("192.0.2.7"))

    def test_an_ipv6_network_pays_as_one(self) -> None:
        """A new address of the same /64 does not escape; an IPv4 neighbour does not pay."""
        self.offend(Parting.CRASH, address="2001:db8::1")
        self.assertTrue(self.admission.serves("2001:db8::ffff"))
        self.offend(Parting.CRASH, address="192.0.2.7")
        self.assertFalse(self.admission.serves("192.0.2.8"))

    def test_this_machine_is_capped_and_does_not_pay(self) -> None:
        """Unless told so."""
        for address in ("127.0.0.1", "::1", "::ffff:127.0.0.1", "local"):
            self.offend(Parting.CRASH, 3, address)
            self.assertFalse(self.admission.serves(address), address)
        self.assertEqual(len(self.arrive("127.0.0.1", 9)), 6)
        strict = Admission(self.hands.now, self.hands.draw, SMALL, exempt=())
        waiting = strict.arrive("127.0.0.1")
        assert waiting is not None
        strict.part(waiting, Parting.CRASH)
        self.assertIsNone(strict.arrive("127.0.0.1"))


class CreditTests(AdmissionCase):
    """What logins by key are worth."""

    def earn(self, logins: int) -> None:
        """Log in by key, so many times."""
        self.offend(Parting.KEY_PROVEN, logins)

    def test_credit_has_room_of_its_own(self) -> None:
        """Where all others fill the door, and where lots fall badly, the proven come in and count for nobody."""
        self.earn(5)
        for address in SPREAD:
            self.arrive(address)
        self.hands.lot = 0.0
        self.assertEqual(len(self.arrive(times=11)), 10)
        self.assertEqual(self.admission.waiting, 30)

    def test_who_never_failed_gets_as_many_as_his_credit_covers(self) -> None:
        """Two logins cover four beside the common share of six."""
        self.earn(2)
        self.assertEqual([each.on_credit for each in self.arrive(times=11)], [True] * 4 + [False] * 6)

    def test_a_password_earns_nothing(self) -> None:
        """Only keys do."""
        self.offend(Parting.LOGGED_IN, 5)
        self.assertEqual(self.admission.credit("192.0.2.7"), 0)

    def test_credit_pays_first(self) -> None:
        """Ten are worth two failures; the third, fourth and fifth are served."""
        self.earn(5)
        self.offend(Parting.FAILED, 2)
        self.assertEqual((self.admission.credit("192.0.2.7"), self.admission.serves("192.0.2.7")), (0, False))
        self.offend(Parting.FAILED, 3)
        self.assertTrue(self.admission.serves("192.0.2.7"))

    def test_credit_fades(self) -> None:
        """From the most to nothing in its time."""
        self.earn(9)
        self.hands.pass_by(50)
        self.assertAlmostEqual(self.admission.credit("192.0.2.7"), 5)
        self.hands.pass_by(51)
        self.assertEqual(self.admission.credit("192.0.2.7"), 0)

    def test_the_room_of_the_proven_is_bounded_too(self) -> None:
        """Twelve on credit; the others then stand in line with everybody."""
        for address in ("192.0.2.1", "198.51.100.1"):
            self.offend(Parting.KEY_PROVEN, 5, address)
        waiting = self.arrive("192.0.2.1", 10) + self.arrive("198.51.100.1", 10)
        self.assertEqual(sum(each.on_credit for each in waiting), 12)


class PlaceTests(SynchronousTestCase):
    """What an address says."""

    @given(st.one_of(st.text(), st.ip_addresses().map(str)))
    @settings(max_examples=200)
    def test_every_text_is_a_place(self, address: str) -> None:
        """What is no address is this machine, and nothing raises."""
        place = locate(address)
        self.assertTrue(place.source and place.network and place.blamed)

    def test_an_address_is_one_however_it_is_written(self) -> None:
        """Zones are dropped and IPv4 in IPv6 is IPv4; an exemption is looked for among its own version only."""
        self.assertEqual(locate("::ffff:192.0.2.1"), locate("192.0.2.1"))
        self.assertEqual(locate("fe80::1%eth0"), locate("fe80:0::1"))
        self.assertEqual(locate("127.9.9.9", LOOPBACK).exempt, True)
        self.assertEqual(locate("192.0.2.1").network, "192.0.2.0/24")


ADDRESSES = ["192.0.2.1", "192.0.2.2", "198.51.100.1", "2001:db8::1", "2001:db8::2", "127.0.0.1", *SPREAD[:20]]


class AnyOrder(RuleBasedStateMachine):
    """Arrive and part in any order, at any time, with any luck."""

    waiting = Bundle("waiting")

    def __init__(self) -> None:
        super().__init__()
        self.hands = Hands()
        self.admission = Admission(self.hands.now, self.hands.draw, SMALL)
        self.inside: set[Any] = set()

    @rule(target=waiting, address=st.sampled_from(ADDRESSES), lot=st.floats(0, 1, exclude_max=True))
    def arrive(self, address: str, lot: float) -> Waiting | None:
        self.hands.lot = lot
        found = self.admission.arrive(address)
        if found is not None:
            self.inside.add(found)
            found.cut = lambda: self.inside.discard(found)
        return found

    @rule(waiting=waiting)
    def speak(self, waiting: Waiting | None) -> None:
        if waiting is not None:
            waiting.has_spoken = lambda: True

    @rule(waiting=waiting, parting=st.sampled_from(Parting))
    def part(self, waiting: Waiting | None, parting: Parting) -> None:
        if waiting is not None:
            self.inside.discard(waiting)
            self.admission.part(waiting, parting)

    @rule(seconds=st.floats(0, 200))
    def pass_by(self, seconds: float) -> None:
        self.hands.pass_by(seconds)

    @invariant()
    def who_waits_is_who_was_admitted(self) -> None:
        assert self.admission.waiting == len(self.inside)
        common = [each for each in self.inside if not each.on_credit]
        assert len(common) <= SMALL.full
        assert len(self.inside) - len(common) <= SMALL.proven
        for address in ADDRESSES:
            place = locate(address)
            assert sum(each.place.source == place.source for each in common) <= SMALL.per_source
            assert sum(each.place.network == place.network for each in common) <= SMALL.per_network

    @invariant()
    def little_is_remembered(self) -> None:
        counted = {place for each in self.inside for place in (each.place.source, each.place.network)}
        assert self.admission.remembered <= 2 * SMALL.remembered + 2 * len(counted)

    @invariant()
    def counters_only_add_up(self) -> None:
        assert all(count >= 0 for count in attrs.astuple(self.admission.counters))

    def teardown(self) -> None:
        for each in self.inside:
            self.admission.part(each, Parting.OVERDUE)
        self.hands.pass_by(700)
        assert self.admission.waiting == 0
        for address in ADDRESSES:
            assert not self.admission.serves(address)
            assert self.admission.credit(address) == 0
        assert self.admission.remembered == 0


AnyOrderTests = AnyOrder.TestCase
AnyOrderTests.settings = settings(max_examples=100, stateful_step_count=40)
