"""One connection without its socket."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.wire import link as link_module
from gateway.wire.algorithms import GCM_FIRST, HOST_KEYS, propose
from gateway.wire.fields import string, uint32
from gateway.wire.link import MOST_EARLY_EXCHANGES, MOST_NOISE, VERSION, Link
from gateway.wire.packets import PacketReader, PacketWriter
from gateway.wire.phases import VERDICTS, Phase, Role, Verdict
from gateway.wire.violation import Violation
from tests.wire.pair import Pair


class Recorder:
    """An owner that writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, object]] = []
        self.pending = 0

    def exchange_received(self, payload: bytes) -> None:
        self.told.append(("exchange", payload))

    def exchange_finished(self, *, first: bool) -> None:
        self.told.append(("finished", first))

    def service_received(self, number: int, payload: bytes) -> None:
        self.told.append(("service", number))

    def message_received(self, number: int, payload: bytes) -> None:
        self.told.append(("message", (number, payload)))

    def peer_disconnected(self, code: int) -> None:
        self.told.append(("disconnected", code))

    def unsent(self) -> int:
        return self.pending


def opened(role: Role, phase: Phase) -> tuple[Link, Recorder]:
    """Return a link that stands in *phase* without encryption: the table does not ask for it."""
    owner = Recorder()
    link = Link(role, owner, HOST_KEYS, GCM_FIRST)
    link.begin()
    link.receive(b"SSH-2.0-peer\r\n")
    link._standing = Phase.CONNECTED if phase in (Phase.REKEY_EXCHANGE, Phase.REKEY_NEWKEYS) else phase
    link._enter(phase)
    link.take()
    return link, owner


def packet(number: int, payload: bytes = b"") -> bytes:
    """Return one clear packet."""
    writer = PacketWriter()
    writer.write(number, payload)
    return writer.take()


def numbers_sent(sent: bytes) -> list[int]:
    """Return the message numbers in clear bytes, after any lines."""
    reader = PacketReader()
    while sent.startswith(b"SSH-"):
        sent = sent.partition(b"\r\n")[2]
    reader.feed(sent)
    numbers = []
    while (payload := reader.next_payload()) is not None:
        numbers.append(payload[0])
    return numbers


class PhaseTests(SynchronousTestCase):
    """The table at work."""

    @settings(max_examples=200, deadline=None)
    @given(
        st.sampled_from(list(Role)),
        st.sampled_from(list(Phase)),
        st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=60)), max_size=5),
    )
    def test_any_message_in_any_phase_is_taken_or_a_violation(
        self, role: Role, phase: Phase, messages: list[tuple[int, bytes]]
    ) -> None:
        """Nothing else is raised, and nothing reaches a service before its phase."""
        link, owner = opened(role, phase)
        for number, payload in messages:
            try:
                link.receive(packet(number, payload))
            except Violation:
                break
        if phase not in (Phase.LOGIN, Phase.CONNECTED):
            self.assertNotIn("message", [what for what, _ in owner.told])

    def test_what_the_table_refuses_is_named_by_its_number_alone(self) -> None:
        """Every refused number of every phase, with nothing of its content in the text."""
        for (role, phase), verdicts in VERDICTS.items():
            for number, verdict in enumerate(verdicts):
                if verdict is Verdict.DISCONNECT:
                    link, _ = opened(role, phase)
                    with self.assertRaises(Violation) as refused:
                        link.receive(packet(number, b"secret"))
                    self.assertEqual(refused.exception.name, "out-of-phase")
                    self.assertEqual(refused.exception.text, f"message {number} has no place here")

    def test_an_unknown_number_is_answered_with_its_sequence(self) -> None:
        """RFC 4253 §11.4; stock Conch is off by one."""
        link, _ = opened(Role.OPERATOR, Phase.CONNECTED)
        link.holding = False
        link.receive(packet(2) + packet(200, b"?"))
        reader = PacketReader()
        reader.feed(link.take())
        answer = reader.next_payload()
        assert answer is not None
        self.assertEqual(bytes(answer), b"\x03" + uint32(1))

    def test_noise_before_the_login_is_bounded(self) -> None:
        """IGNORE for ever keeps a slot and costs work."""
        link, _ = opened(Role.OPERATOR, Phase.LOGIN)
        link.receive(packet(2, bytes(4)) * MOST_NOISE)
        self.assertRaises(Violation, link.receive, packet(4))
        link, _ = opened(Role.OPERATOR, Phase.CONNECTED)
        link.receive(packet(2, bytes(4)) * (MOST_NOISE + 1))


class PingTests(SynchronousTestCase):
    """ping@openssh.com."""

    def test_a_ping_is_answered_with_its_bytes(self) -> None:
        """PROTOCOL §1.9."""
        link, _ = opened(Role.OPERATOR, Phase.LOGIN)
        link.holding = False
        link.receive(packet(192, b"abc"))
        reader = PacketReader()
        reader.feed(link.take())
        answer = reader.next_payload()
        assert answer is not None
        self.assertEqual(bytes(answer), b"\xc1abc")

    def test_pings_whose_answers_are_not_read_end_the_connection(self) -> None:
        """CVE-2025-26466: memory for answers is not the peer's to take."""
        link, owner = opened(Role.OPERATOR, Phase.LOGIN)
        owner.pending = link_module.MOST_UNSENT_REPLIES + 1
        self.assertRaises(Violation, link.receive, packet(192, b"abc"))
        self.assertRaises(Violation, opened(Role.OPERATOR, Phase.LOGIN)[0].receive, packet(192, bytes(1025)))

    def test_pings_during_our_own_key_change_are_bounded_too(self) -> None:
        """Their answers wait in the queue and count there."""
        link, _ = opened(Role.OPERATOR, Phase.LOGIN)
        self.assertTrue(link.holding)
        with self.assertRaises(Violation):
            for _ in range(400):
                link.receive(packet(192, bytes(1000)))
        self.assertLess(link.queued, link_module.MOST_UNSENT_REPLIES + 2000)


class VersionTests(SynchronousTestCase):
    """The lines before the first packet."""

    def start(self, role: Role) -> Link:
        link = Link(role, Recorder(), HOST_KEYS)
        link.begin()
        return link

    def test_the_servers_offer_waits_for_the_clients_version(self) -> None:
        """What is offered depends on who asks."""
        link = self.start(Role.OPERATOR)
        self.assertEqual(link.take(), VERSION + b"\r\n")
        link.receive(b"SSH-2.0-OpenSSH_9.2")
        self.assertEqual(link.take(), b"")
        link.receive(b"p1 Debian\n")
        sent = link.take()
        self.assertNotIn(b"chacha20", sent)
        self.assertEqual(numbers_sent(sent), [20])
        other = self.start(Role.OPERATOR)
        other.receive(b"SSH-2.0-PuTTY_0.78\r\n")
        self.assertIn(b"chacha20", other.take())

    def test_the_clients_offer_goes_with_its_version(self) -> None:
        """One flight less on the way to a target."""
        link = self.start(Role.TARGET)
        self.assertEqual(numbers_sent(link.take()), [20])

    def test_a_target_may_greet_first_but_a_client_may_not(self) -> None:
        """RFC 4253 §4.2."""
        target = self.start(Role.TARGET)
        target.receive(b"Welcome\r\nto all\r\nSSH-1.99-old\r\n")
        self.assertEqual(target.peer_version, b"SSH-1.99-old")
        self.assertRaises(Violation, self.start(Role.OPERATOR).receive, b"GET / HTTP/1.1\r\n")

    def test_other_versions_and_odd_bytes_are_refused(self) -> None:
        """Only printable SSH-2.0 lines."""
        for line in (b"SSH-1.5-x", b"SSH-2.0", b"SSH-2.0-", b"SSH-3.0-x", b"SSH-2.0-\x1b[2J", b"SSH-1.99-x"):
            self.assertRaises(Violation, self.start(Role.OPERATOR).receive, line + b"\r\n")

    @settings(max_examples=100, deadline=None)
    @given(st.sampled_from(list(Role)), st.binary(max_size=600))
    def test_arbitrary_first_bytes_are_taken_or_a_violation(self, role: Role, received: bytes) -> None:
        """Nothing else is raised."""
        try:
            self.start(role).receive(received)
        except Violation:
            pass


class ExchangeTests(SynchronousTestCase):
    """Key exchanges between our two ends."""

    def test_strict_exchange_resets_both_sequences_at_every_newkeys(self) -> None:
        """PROTOCOL §1.10, also when keys change later."""
        pair = Pair().login()
        operator, target = pair.operator.carrier.link, pair.target.carrier.link
        self.assertTrue(operator.strict and target.strict)
        # Client: service request, login. Server: extensions, accept, success.
        self.assertEqual((operator.reader.sequence, operator.writer.sequence), (2, 3))
        pair.operator.rekey()
        pair.settle()
        for link in (operator, target):
            self.assertEqual((link.reader.sequence, link.writer.sequence), (0, 0))

    def test_a_first_message_before_a_strict_offer_ends_the_connection(self) -> None:
        """Terrapin's other half: something sent before KEXINIT."""
        link, _ = opened(Role.OPERATOR, Phase.OPENING)
        link.receive(packet(2, bytes(4)))
        strict = propose(Role.TARGET, HOST_KEYS, GCM_FIRST, first=True)
        with self.assertRaises(Violation) as refused:
            link.receive(packet(20, strict.encode()[1:]))
        self.assertEqual(refused.exception.name, "strict")
        link, _ = opened(Role.OPERATOR, Phase.OPENING)
        link.receive(packet(2, bytes(4)))
        link.receive(packet(20, propose(Role.TARGET, HOST_KEYS, GCM_FIRST, first=False).encode()[1:]))
        self.assertIs(link.phase, Phase.EXCHANGE)

    def test_a_wrong_guess_is_dropped_once(self) -> None:
        """RFC 4253 §7: dropbear sends its value before it knows the method."""
        link, owner = opened(Role.OPERATOR, Phase.OPENING)
        proposal = propose(Role.TARGET, HOST_KEYS, GCM_FIRST, first=False)
        guessing = type(proposal)(
            (b"curve25519-sha256",), HOST_KEYS, GCM_FIRST, GCM_FIRST, (b"x",), (b"x",), guessed=True
        )
        link.receive(packet(20, guessing.encode()[1:]) + packet(30, b"guess"))
        self.assertEqual(owner.told, [])
        link.receive(packet(30, b"value"))
        self.assertEqual(owner.told, [("exchange", b"value")])

    def test_the_session_id_stays_the_first_hash(self) -> None:
        """Signatures of logins are bound to it."""
        pair = Pair().login()
        before = pair.operator.sessionID
        self.assertEqual(before, pair.target.sessionID)
        self.assertEqual(len(before or b""), 32)
        pair.target.rekey()
        pair.settle()
        self.assertEqual((pair.operator.sessionID, pair.target.sessionID), (before, before))

    def test_what_services_send_during_a_change_of_keys_waits_in_order(self) -> None:
        """No service message between our KEXINIT and our NEWKEYS."""
        pair = Pair().login()
        asking = pair.target.service
        pair.operator.rekey()
        self.assertTrue(pair.operator.blocked)
        for index in range(5):
            pair.operator.sendPacket(94, uint32(index))
        self.assertEqual(pair.operator.carrier.link.queued, 25)
        pair.settle()
        self.assertFalse(pair.operator.blocked)
        self.assertEqual(asking.received, [(94, uint32(index)) for index in range(5)])

    def test_both_sides_may_begin_at_once(self) -> None:
        """Two KEXINITs that cross are one exchange."""
        pair = Pair().login()
        pair.operator.rekey()
        pair.target.rekey()
        pair.settle()
        pair.target.sendPacket(81, b"after")
        pair.settle()
        self.assertIn((81, b"after"), pair.service.received)
        self.assertEqual(pair.reasons, {})

    def test_a_queue_that_grows_without_end_ends_the_connection(self) -> None:
        """A peer that never finishes an exchange does not fill our memory."""
        pair = Pair().login()
        pair.operator.rekey()
        for _ in range(17):
            pair.operator.sendPacket(94, bytes(1024 * 1024))
        self.assertEqual(pair.operator.tally.counted, {"queue": 1})

    def test_exchanges_before_the_login_are_bounded(self) -> None:
        """Each costs us arithmetic, and a stranger pays nothing."""
        link, _ = opened(Role.OPERATOR, Phase.LOGIN)
        offer = packet(20, propose(Role.TARGET, HOST_KEYS, GCM_FIRST, first=False).encode()[1:])
        for _ in range(MOST_EARLY_EXCHANGES):
            link.receive(offer)
            link.exchange = None
            link._enter(None)
        with self.assertRaises(Violation) as refused:
            link.receive(offer)
        self.assertEqual(refused.exception.name, "rekey")

    def test_keys_do_not_change_before_the_login_by_us(self) -> None:
        """OpenSSH hangs up, or never answers, when that happens."""
        pair = Pair().begin().settle()
        pair.operator.rekey()
        self.assertFalse(pair.operator.blocked)

    def test_extensions_are_read_and_bounded(self) -> None:
        """What the peer verifies; anything malformed is a violation."""
        link, _ = opened(Role.TARGET, Phase.SECURED)
        known = string(b"server-sig-algs") + string(b"ssh-ed25519,rsa-sha2-512")
        link.receive(packet(7, uint32(2) + string(b"other") + string(b"\xff") + known))
        self.assertEqual(link.peer_sig_algs, (b"ssh-ed25519", b"rsa-sha2-512"))
        for payload in (b"", uint32(1), uint32(65), uint32(0) + b"x", uint32(0xFFFFFFFF) + known):
            link, _ = opened(Role.TARGET, Phase.SECURED)
            self.assertRaises(Violation, link.receive, packet(7, payload))


class PlaneTests(SynchronousTestCase):
    """The way past the dispatch for channel messages."""

    def test_a_plane_sees_channel_messages_first_and_may_take_them(self) -> None:
        """93 to 97, views that are writable in place, only once services run."""
        link, owner = opened(Role.OPERATOR, Phase.CONNECTED)
        seen: list[tuple[int, bytes]] = []

        def plane(number: int, frame: memoryview) -> bool:
            seen.append((number, bytes(frame[2 : len(frame) - frame[0]])))
            frame[2:6] = uint32(7)
            self.assertIs(link.reader.frame, frame)
            return number == 94

        link.plane = plane
        link.receive(packet(94, uint32(1) + b"taken") + packet(93, uint32(1) + b"left") + packet(98, b"1234"))
        self.assertEqual(seen, [(94, uint32(1) + b"taken"), (93, uint32(1) + b"left")])
        self.assertEqual(owner.told[-2:], [("message", (93, uint32(7) + b"left")), ("message", (98, b"1234"))])
        early, _ = opened(Role.OPERATOR, Phase.LOGIN)
        early.plane = plane
        self.assertRaises(Violation, early.receive, packet(94, b"1234"))
        self.assertEqual(len(seen), 2)

    def test_frames_go_from_one_connection_through_another(self) -> None:
        """Opened, re-addressed and sealed; while keys change they wait with everything else, in order."""
        one, other = Pair().login(), Pair().login()
        link = one.operator.carrier.link

        def plane(number: int, frame: memoryview) -> bool:
            frame[2:6] = uint32(7)
            other.operator.forward(frame)
            return True

        link.plane = plane
        for text in (b"first", b"second", b"third"):
            one.target.sendPacket(94, uint32(1) + text)
            one.settle()
            if text == b"first":
                other.operator.rekey()
        asking = other.target.service
        other.settle()
        self.assertEqual(
            asking.received, [(94, uint32(7) + text) for text in (b"first", b"second", b"third")]
        )
