"""Sealing and opening single packets."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.wire.ciphers import CIPHERS, MACS, Clear, Gcm, PacketCipher
from gateway.wire.packets import new_scratch
from gateway.wire.violation import Violation
from tests.wire.pair import SUITES, twins


def seal(cipher: PacketCipher, sequence: int, frame: bytes) -> bytes:
    out = new_scratch()
    return bytes(out[: cipher.seal(sequence, frame, out)])


def open_(cipher: PacketCipher, sequence: int, packet: bytes) -> bytes:
    view = memoryview(packet)
    cipher.measure(sequence, view[: cipher.head])
    return bytes(cipher.open(sequence, view, new_scratch()))


class CipherTests(SynchronousTestCase):
    """Every cipher with every MAC it can have."""

    def test_what_was_sealed_opens_again_in_order(self) -> None:
        """Both states walk through the same sequence of nonces."""
        for suite in SUITES:
            sealing, opening = twins(*suite)
            for sequence, size in ((0, 28), (1, 44), (2, 28 + 16 * 2000), (3, 28)):
                frame = bytes(index % 251 for index in range(size if not sealing.length_apart else size + 4))
                packet = seal(sealing, sequence, frame)
                self.assertEqual(len(packet), 4 + len(frame) + sealing.tag)
                self.assertEqual(open_(opening, sequence, packet), frame, suite)

    def test_the_claimed_length_is_the_frames(self) -> None:
        """The reader learns how much to wait for from the first bytes alone."""
        for suite in SUITES:
            sealing, opening = twins(*suite)
            packet = seal(sealing, 5, bytes(60))
            self.assertEqual(opening.measure(5, memoryview(packet)[: opening.head]), 60, suite)

    def test_no_clear_text_stands_in_a_packet(self) -> None:
        """A cipher that forgets to encrypt would pass every other test here."""
        for suite in SUITES:
            frame = b"\x0b" + b"a secret of sixty bytes".ljust(59, b".")
            self.assertNotIn(b"secret", seal(twins(*suite)[0], 0, frame), suite)

    @settings(max_examples=120, deadline=None)
    @given(st.sampled_from(SUITES), st.data())
    def test_any_flipped_bit_is_refused(self, suite: tuple[bytes, bytes], choice: st.DataObject) -> None:
        """Length, frame and tag: nothing of a packet may change on its way."""
        sealing, opening = twins(*suite)
        packet = bytearray(seal(sealing, 9, b"\x04" + bytes(59)))
        bit = choice.draw(st.integers(0, len(packet) * 8 - 1))
        packet[bit // 8] ^= 1 << (bit % 8)
        self.assertRaises(Violation, open_, opening, 9, bytes(packet))

    def test_a_packet_out_of_its_place_is_refused(self) -> None:
        """A replayed or reordered packet has the wrong nonce or sequence number."""
        for suite in SUITES:
            sealing, opening = twins(*suite)
            first, second = (seal(sealing, number, b"\x04" + bytes(59)) for number in (0, 1))
            open_(opening, 0, first)
            self.assertRaises(Violation, open_, opening, 1, first)
            self.assertRaises(Violation, open_, twins(*suite)[1], 0, second)

    def test_the_gcm_counter_wraps_without_touching_the_fixed_part(self) -> None:
        """RFC 5647 §7.1: the invocation counter is 64 bits wide."""
        sealing, opening = (twins(b"aes128-gcm@openssh.com", b"")[0] for _ in range(2))
        assert isinstance(sealing, Gcm) and isinstance(opening, Gcm)
        sealing._counter = opening._counter = (1 << 64) - 1
        for sequence in (0, 1):
            self.assertEqual(open_(opening, sequence, seal(sealing, sequence, bytes(32))), bytes(32))
        self.assertEqual(sealing._counter, 1)

    def test_before_the_first_key_packets_are_clear(self) -> None:
        """The first key exchange can only be spoken openly."""
        packet = seal(Clear(), 0, b"\x04frame")
        self.assertEqual(packet, b"\0\0\0\x06\x04frame")
        self.assertEqual(open_(Clear(), 0, packet), b"\x04frame")

    def test_the_table_names_nothing_old(self) -> None:
        """No CBC, no SHA-1, no MD5, no DES, no RC4, no empty cipher."""
        for name in (*CIPHERS, *MACS):
            for old in (b"cbc", b"sha1", b"md5", b"des", b"arcfour", b"none", b"umac"):
                self.assertNotIn(old, name)
