"""Agreeing on a secret."""

from __future__ import annotations

import hashlib

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.wire.kex import METHODS, Transcript, derive
from gateway.wire.violation import Violation


class MethodTests(SynchronousTestCase):
    """Each method between our own two ends; other people's ends are met in tests/real."""

    def test_both_ends_know_the_same_secret_and_each_time_another(self) -> None:
        """The purpose of the thing."""
        for method in METHODS.values():
            seen = set()
            for _ in range(3):
                opening = method.open()
                answer = method.answer(opening.public)
                self.assertEqual(opening.finish(answer.public), answer.secret)
                seen.add(answer.secret)
            self.assertEqual(len(seen), 3)

    def test_values_of_a_wrong_size_are_refused(self) -> None:
        """A size is checked before any arithmetic."""
        for method in METHODS.values():
            opening = method.open()
            answer = method.answer(opening.public)
            for wrong in (b"", opening.public[:-1], opening.public + b"\0", bytes(31)):
                self.assertRaises(Violation, method.answer, wrong)
            for wrong in (b"", answer.public[:-1], answer.public + b"\0"):
                self.assertRaises(Violation, method.open().finish, wrong)

    def test_a_point_of_low_order_is_refused(self) -> None:
        """RFC 8731 §3: an all-zero secret is nobody's secret."""
        for name in (b"curve25519-sha256", b"curve25519-sha256@libssh.org"):
            self.assertRaises(Violation, METHODS[name].answer, bytes(32))
            self.assertRaises(Violation, METHODS[name].open().finish, bytes(32))
        hybrid = METHODS[b"mlkem768x25519-sha256"]
        self.assertRaises(Violation, hybrid.answer, hybrid.open().public[:1184] + bytes(32))

    def test_a_lattice_key_that_is_not_reduced_is_refused(self) -> None:
        """FIPS 203 §7.2: the modulus check of an encapsulation key."""
        hybrid = METHODS[b"mlkem768x25519-sha256"]
        self.assertRaises(Violation, hybrid.answer, b"\xff" * 1184 + hybrid.open().public[1184:])

    def test_a_point_beside_its_curve_or_compressed_is_refused(self) -> None:
        """RFC 5656 §4: an invalid point would give the key away bit by bit."""
        for name, size in ((b"ecdh-sha2-nistp256", 32), (b"ecdh-sha2-nistp384", 48)):
            method = METHODS[name]
            public = method.open().public
            beside, compressed = public[:-1] + bytes((public[-1] ^ 1,)), b"\x02" + public[1 : 1 + size]
            for wrong in (beside, compressed, b"\x04" + bytes(2 * size)):
                self.assertRaises(Violation, method.answer, wrong)
                self.assertRaises(Violation, method.open().finish, wrong)

    def test_each_method_hashes_as_its_name_says(self) -> None:
        """RFC 5656 §6.2.1: the size of the curve decides, and keys are made with the same hash."""
        sizes = {name: method.hash(b"").digest_size for name, method in METHODS.items()}
        self.assertEqual(sizes.pop(b"ecdh-sha2-nistp384"), 48)
        self.assertEqual(set(sizes.values()), {32})
        k1 = hashlib.sha384(b"KHCS").digest()
        self.assertEqual(derive(b"K", b"H", b"S", b"C", 50, hashlib.sha384)[:48], k1)

    @settings(max_examples=80, deadline=None)
    @given(st.sampled_from(list(METHODS)), st.binary(max_size=1300))
    def test_arbitrary_values_are_answered_or_refused(self, name: bytes, public: bytes) -> None:
        """Nothing else is raised."""
        for use in (METHODS[name].answer, METHODS[name].open().finish):
            try:
                use(public)
            except Violation:
                pass


class DerivationTests(SynchronousTestCase):
    """Keys from the secret."""

    def test_long_keys_are_chained_and_short_ones_are_cut(self) -> None:
        """RFC 4253 §7.2: K2 hashes K1 instead of letter and session."""
        k1 = hashlib.sha256(b"KHCS").digest()
        k2 = hashlib.sha256(b"KH" + k1).digest()
        self.assertEqual(derive(b"K", b"H", b"S", b"C", 64), k1 + k2)
        self.assertEqual(derive(b"K", b"H", b"S", b"C", 12), k1[:12])
        self.assertEqual(derive(b"K", b"H", b"S", b"C", 0), b"")

    def test_everything_said_is_in_the_hash(self) -> None:
        """A change anywhere breaks the signature."""
        words = [b"1", b"2", b"3", b"4", b"5", b"6", b"7", b"8"]
        digests = {Transcript(*words[:4]).digest(*words[4:])}
        for index in range(8):
            other = [*words]
            other[index] += b"x"
            digests.add(Transcript(*other[:4]).digest(*other[4:]))
        self.assertEqual(len(digests), 9)
