"""One key exchange, from both offers to the keys."""

from __future__ import annotations

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.wire import algorithms
from gateway.wire.algorithms import GCM_FIRST, HOST_KEYS, propose
from gateway.wire.exchange import Exchange
from gateway.wire.fields import Fields, string
from gateway.wire.packets import new_scratch
from gateway.wire.phases import Role
from gateway.wire.violation import Violation
from tests.wire.pair import HOST_KEY, SUITES
from tests.wire.test_ciphers import open_, seal


def pair(**client: object) -> tuple[Exchange, Exchange]:
    """Return a client's and a server's exchange that have each other's offers."""
    ours = attrs.evolve(propose(Role.TARGET, HOST_KEYS, GCM_FIRST, first=True), **client)
    offered = algorithms.EXCHANGES + algorithms.NIST_EXCHANGES
    theirs = propose(Role.OPERATOR, HOST_KEYS, GCM_FIRST, first=True, exchanges=offered)
    asking = Exchange(Role.TARGET, True, ours, ours.encode())
    answering = Exchange(Role.OPERATOR, True, theirs, theirs.encode())
    asking.receive_proposal(answering.ours[1:])
    answering.receive_proposal(asking.ours[1:])
    return asking, answering


class ExchangeTests(SynchronousTestCase):
    """Both roles, one beside the other."""

    def test_every_method_ends_with_the_same_keys_on_both_sides(self) -> None:
        """And with the host key that signed."""
        for method in algorithms.EXCHANGES + algorithms.NIST_EXCHANGES:
            asking, answering = pair(exchanges=(method,))
            reply, shared = answering.answer(asking.open(), (HOST_KEY,), b"server", b"client")
            checked = asking.check(reply, b"client", b"server")
            self.assertEqual((checked.host_key, checked.shared), (HOST_KEY.blob, shared))

    def test_each_direction_has_its_own_keys_under_every_cipher(self) -> None:
        """What one seals the other opens, and neither opens its own."""
        for cipher, mac in SUITES:
            macs = (mac or b"none",)
            asking, answering = pair(
                ciphers_up=(cipher,), ciphers_down=(cipher,), macs_up=macs, macs_down=macs
            )
            _, shared = answering.answer(asking.open(), (HOST_KEY,), b"server", b"client")
            ours, theirs = asking.ciphers(shared, b"id"), answering.ciphers(shared, b"id")
            for sealing, opening in ((ours[1], theirs[0]), (theirs[1], ours[0])):
                frame = bytes(60 if not sealing.length_apart else 64)
                self.assertEqual(open_(opening, 0, seal(sealing, 0, frame)), frame)
            again = asking.ciphers(shared, b"id")
            packet = seal(again[1], 0, bytes(60 if not again[1].length_apart else 64))
            self.assertRaises(Violation, open_, again[0], 0, packet)

    def test_an_answer_to_other_words_is_refused(self) -> None:
        """A man in the middle who changed a version or an offer has no signature for it."""
        asking, answering = pair()
        reply, _ = answering.answer(asking.open(), (HOST_KEY,), b"server", b"client")
        with self.assertRaises(Violation) as refused:
            asking.check(reply, b"client", b"another server")
        self.assertEqual(refused.exception.name, "host-key")

    @settings(max_examples=80, deadline=None)
    @given(st.data())
    def test_any_flipped_bit_of_an_answer_is_refused(self, choice: st.DataObject) -> None:
        """Key, value, signature and their lengths."""
        asking, answering = pair(exchanges=(b"curve25519-sha256",))
        reply = bytearray(answering.answer(asking.open(), (HOST_KEY,), b"server", b"client")[0])
        fields = Fields(bytes(reply))
        key, public = fields.string("key", 999), fields.string("public", 999)
        # RFC 7748 masks the highest bit of the public value; the hash still covers it.
        self.assertEqual(len(public), 32)
        bit = choice.draw(st.integers(0, len(reply) * 8 - 1))
        reply[bit // 8] ^= 1 << (bit % 8)
        self.assertRaises(Violation, asking.check, bytes(reply), b"client", b"server")
        self.assertEqual(key, HOST_KEY.blob)

    @settings(max_examples=80, deadline=None)
    @given(st.binary(max_size=300))
    def test_arbitrary_messages_are_violations(self, payload: bytes) -> None:
        """In both roles."""
        asking, answering = pair()
        asking.open()
        self.assertRaises(Violation, asking.check, payload, b"client", b"server")
        self.assertRaises(Violation, answering.answer, payload, (HOST_KEY,), b"server", b"client")

    def test_messages_out_of_order_are_violations(self) -> None:
        """A second offer, an answer before the question, a second answer, keys before both."""
        asking, answering = pair()
        self.assertRaises(Violation, asking.receive_proposal, answering.ours[1:])
        reply, shared = answering.answer(pair()[0].open(), (HOST_KEY,), b"server", b"client")
        self.assertRaises(Violation, asking.check, reply, b"client", b"server")
        question = asking.open()
        reply, shared = answering.answer(question, (HOST_KEY,), b"server", b"client")
        asking.check(reply, b"client", b"server")
        self.assertRaises(Violation, asking.check, reply, b"client", b"server")
        fresh = Exchange(Role.OPERATOR, True, asking.proposal, b"")
        self.assertRaises(Violation, fresh.ciphers, shared, b"id")
        self.assertRaises(Violation, fresh.answer, string(bytes(32)), (HOST_KEY,), b"", b"")

    def test_secrets_are_in_no_repr(self) -> None:
        """A traceback or a log line shows none."""
        asking, answering = pair()
        reply, shared = answering.answer(asking.open(), (HOST_KEY,), b"server", b"client")
        shown = repr((shared, asking, answering, asking.check(reply, b"client", b"server")))
        self.assertNotIn(repr(shared.secret)[2:-1], shown)
        for cipher, mac in SUITES:
            macs = (mac or b"none",)
            asking, answering = pair(
                ciphers_up=(cipher,), ciphers_down=(cipher,), macs_up=macs, macs_down=macs
            )
            for state in asking.ciphers(shared, b"id"):
                out = new_scratch()
                state.seal(0, bytes(64 if state.length_apart else 60), out)
                self.assertNotRegex(repr(state), r"key|main=|stream|[b']\\x")
