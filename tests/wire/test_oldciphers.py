"""CBC and HMAC-SHA-1: right, strict, and in no list but their own."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.wire.algorithms import GCM_FIRST, MACS_OFFERED
from gateway.wire.ciphers import CIPHERS, MACS, PacketCipher
from gateway.wire.oldciphers import ALL_CIPHERS, ALL_MACS, OLD_CIPHERS, OLD_MACS
from gateway.wire.packets import PacketReader, PacketWriter
from gateway.wire.violation import Violation
from tests.wire.test_ciphers import open_, seal

NAMES = st.sampled_from(sorted(OLD_CIPHERS))
MAC = OLD_MACS[b"hmac-sha1"]


def twins(name: bytes) -> tuple[PacketCipher, PacketCipher]:
    """Return two states of one key."""
    kind = OLD_CIPHERS[name]
    words = bytes(range(kind.key)), bytes(range(kind.iv)), bytes(range(MAC.key)), MAC
    return kind.make(*words), kind.make(*words)


class OldCipherTests(SynchronousTestCase):
    """What stays of them: packets chained to each other."""

    def test_they_stand_in_no_list_of_the_new_ones(self) -> None:
        """Operators can not be offered them, whatever is configured."""
        self.assertFalse((set(OLD_CIPHERS) | set(OLD_MACS)) & {*CIPHERS, *MACS, *GCM_FIRST, *MACS_OFFERED})
        self.assertEqual(set(ALL_CIPHERS), set(CIPHERS) | set(OLD_CIPHERS))
        self.assertEqual(set(ALL_MACS), set(MACS) | set(OLD_MACS))

    @settings(max_examples=60, deadline=None)
    @given(NAMES, st.lists(st.binary(max_size=3000), min_size=1, max_size=6), st.integers(1, 500))
    def test_what_was_sealed_opens_again_however_it_is_cut(self, name: bytes, sent: list[bytes], piece: int) -> None:
        """Packet after packet, through the reader and the writer that all packets go through."""
        writer, reader = PacketWriter(), PacketReader()
        sealing, opening = twins(name)
        writer.switch_outbound(sealing, reset_sequence=False)
        reader.switch_inbound(opening, reset_sequence=False)
        for payload in sent:
            writer.write(94, payload)
        wire, got = writer.take(), []
        for start in range(0, len(wire), piece):
            reader.feed(wire[start : start + piece])
            while (payload := reader.next_payload()) is not None:
                got.append(bytes(payload[1:]))
        self.assertEqual(got, sent)

    @settings(max_examples=120, deadline=None)
    @given(NAMES, st.data())
    def test_any_flipped_bit_is_refused(self, name: bytes, choice: st.DataObject) -> None:
        """Of a packet, and of the one before it, which is what the next is chained to."""
        sealing, opening = twins(name)
        packet = bytearray(seal(sealing, 9, b"\x04" + bytes(59)))
        bit = choice.draw(st.integers(0, len(packet) * 8 - 1))
        packet[bit // 8] ^= 1 << (bit % 8)
        self.assertRaises(Violation, open_, opening, 9, bytes(packet))

    def test_the_length_is_believed_before_the_mac_is_seen(self) -> None:
        """The known limit: a changed first block is noticed at the end of as many bytes as it says, within the cap."""
        sealing, opening = twins(b"aes128-cbc")
        packet = bytearray(seal(sealing, 0, b"\x04" + bytes(59)))
        packet[0] ^= 1
        self.assertNotEqual(opening.measure(0, memoryview(packet)[:16]), 60)

    def test_no_clear_text_stands_in_a_packet(self) -> None:
        """Nor do equal packets look alike."""
        for name in OLD_CIPHERS:
            sealing = twins(name)[0]
            frame = b"\x0b" + b"a secret of sixty bytes".ljust(59, b".")
            first, second = seal(sealing, 0, frame), seal(sealing, 0, frame)
            self.assertNotIn(b"secret", first)
            self.assertNotEqual(first[:8], second[:8])
