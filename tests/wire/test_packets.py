"""Cutting a byte stream into packets."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.wire.ciphers import Clear
from gateway.wire.packets import (
    LONGEST_EARLY_PACKET,
    LONGEST_LINE,
    LONGEST_PACKET,
    LONGEST_PAYLOAD,
    MOST_UNREAD,
    PacketReader,
    PacketWriter,
    new_scratch,
)
from gateway.wire.violation import Violation
from tests.wire.pair import SUITES, twins


def joined(suite: tuple[bytes, bytes]) -> tuple[PacketWriter, PacketReader]:
    """Return a writer and a reader of the same key."""
    writer, reader = PacketWriter(), PacketReader()
    sealing, opening = twins(*suite)
    writer.switch_outbound(sealing, reset_sequence=True)
    reader.switch_inbound(opening, reset_sequence=True)
    reader.limit = LONGEST_PACKET
    return writer, reader


def drain(reader: PacketReader) -> list[bytes]:
    """Return every payload that is there."""
    payloads = []
    while (payload := reader.next_payload()) is not None:
        payloads.append(bytes(payload))
    return payloads


class ReaderTests(SynchronousTestCase):
    """What comes in."""

    @settings(max_examples=150, deadline=None)
    @given(
        st.sampled_from(SUITES),
        st.lists(st.binary(max_size=300), min_size=1, max_size=8),
        st.lists(st.integers(1, 97), min_size=1, max_size=20),
    )
    def test_any_segmentation_gives_the_same_packets(
        self, suite: tuple[bytes, bytes], payloads: list[bytes], cuts: list[int]
    ) -> None:
        """How TCP cuts the stream changes nothing."""
        writer, reader = joined(suite)
        for payload in payloads:
            writer.write(94, payload)
        stream, got, turn = writer.take(), [], 0
        while stream:
            size = cuts[turn % len(cuts)]
            turn += 1
            reader.feed(stream[:size])
            stream = stream[size:]
            got += drain(reader)
        self.assertEqual(got, [b"\x5e" + payload for payload in payloads])
        self.assertEqual(reader.unread, 0)
        self.assertEqual(reader.sequence, len(payloads))

    @settings(max_examples=150, deadline=None)
    @given(st.sampled_from([None, *SUITES]), st.lists(st.binary(min_size=1, max_size=400), max_size=8))
    def test_arbitrary_bytes_are_packets_or_violations(
        self, suite: tuple[bytes, bytes] | None, pieces: list[bytes]
    ) -> None:
        """Nothing that a peer can send raises anything else."""
        reader = joined(suite)[1] if suite else PacketReader()
        for piece in pieces:
            try:
                reader.feed(piece)
                drain(reader)
            except Violation:
                return

    def test_a_length_is_refused_before_it_is_waited_for(self) -> None:
        """Nobody makes us keep room for 4 GiB, or wait for a packet that cannot be one."""
        for length in (0, 1, 5, 13, LONGEST_EARLY_PACKET + 5, 1 << 20, 0x7FFFFFFF, 0xFFFFFFFF):
            reader = PacketReader()
            reader.feed(length.to_bytes(4, "big"))
            with self.assertRaises(Violation) as refused:
                reader.next_payload()
            self.assertEqual(refused.exception.name, "length")

    def test_an_unaligned_length_is_refused_under_every_cipher(self) -> None:
        """The clear length of an AEAD is not verified yet, so it is checked."""
        for suite in SUITES:
            _, reader = joined(suite)
            if not reader.cipher.length_apart or suite[0].startswith(b"chacha"):
                continue
            reader.feed((33).to_bytes(4, "big"))
            self.assertRaises(Violation, reader.next_payload)

    def test_padding_that_cannot_be_is_refused(self) -> None:
        """Too little, all of the packet, more than the packet."""
        for padding in (0, 3, 11, 12, 255):
            reader = PacketReader()
            reader.feed((12).to_bytes(4, "big") + bytes((padding,)) + bytes(11))
            with self.assertRaises(Violation) as refused:
                reader.next_payload()
            self.assertEqual(refused.exception.name, "padding")

    def test_what_is_kept_unread_is_bounded(self) -> None:
        """While an answer is awaited a peer cannot fill our memory."""
        reader = PacketReader()
        reader.pause()
        for _ in range(MOST_UNREAD // 65536):
            reader.feed(bytes(65536))
        self.assertRaises(Violation, reader.feed, b"x")

    def test_a_paused_reader_keeps_everything_for_later(self) -> None:
        """No packet is opened with a key that is not agreed on yet."""
        writer, reader = joined(SUITES[0])
        writer.write(2, b"one")
        reader.pause()
        reader.feed(writer.take())
        self.assertEqual(drain(reader), [])
        writer.write(2, b"two")
        reader.feed(writer.take())
        reader.resume()
        self.assertEqual(drain(reader), [b"\x02one", b"\x02two"])

    def test_sequence_numbers_wrap(self) -> None:
        """After 2^32 packets a connection goes on."""
        for suite in SUITES:
            writer, reader = joined(suite)
            writer.sequence = reader.sequence = 0xFFFFFFFF
            writer.write(2, b"last")
            writer.write(2, b"first")
            reader.feed(writer.take())
            self.assertEqual(drain(reader), [b"\x02last", b"\x02first"])
            self.assertEqual((reader.sequence, writer.sequence), (1, 1))

    def test_a_switch_counts_from_the_next_packet(self) -> None:
        """Bytes already received behind NEWKEYS are opened with the new key."""
        sealing, opening = twins(*SUITES[0])
        writer, reader = PacketWriter(), PacketReader()
        writer.write(21, b"")
        writer.switch_outbound(sealing, reset_sequence=False)
        writer.write(5, b"secret")
        reader.feed(writer.take())
        first = reader.next_payload()
        assert first is not None
        self.assertEqual(bytes(first), b"\x15")
        reader.switch_inbound(opening, reset_sequence=False)
        self.assertEqual(drain(reader), [b"\x05secret"])
        self.assertEqual((reader.sequence, writer.sequence), (2, 2))

    def test_an_idle_reader_keeps_no_buffer(self) -> None:
        """Ten thousand idle connections must not keep what they last read."""
        writer, reader = joined(SUITES[0])
        writer.write(94, bytes(30000))
        reader.feed(writer.take())
        drain(reader)
        self.assertEqual(len(reader._buffer), 0)

    @settings(max_examples=60, deadline=None)
    @given(st.lists(st.binary(max_size=80), max_size=6), st.integers(1, 40))
    def test_lines_come_out_the_same_however_they_were_cut(self, lines: list[bytes], size: int) -> None:
        """The version line is looked for in a stream too."""
        wanted = [line.replace(b"\n", b"").replace(b"\r", b"") for line in lines]
        stream = b"".join(line + b"\r\n" for line in wanted)
        reader, got = PacketReader(), []
        for start in range(0, len(stream), size):
            reader.feed(stream[start : start + size])
            while (line := reader.next_line()) is not None:
                got.append(line)
        self.assertEqual(got, wanted)

    def test_a_line_without_end_is_refused(self) -> None:
        """CVE-2022-21716: the version line of a stranger is bounded."""
        reader = PacketReader()
        reader.feed(b"S" * (LONGEST_LINE - 1))
        self.assertIsNone(reader.next_line())
        reader.feed(b"S")
        self.assertRaises(Violation, reader.next_line)

    def test_lines_without_a_version_are_bounded(self) -> None:
        """A target may greet, not chat."""
        reader = PacketReader()
        reader.feed(b"hello\n" * 500)
        with self.assertRaises(Violation):
            while reader.next_line() is not None:
                pass


class WriterTests(SynchronousTestCase):
    """What goes out."""

    def test_one_take_gives_all_of_a_turn(self) -> None:
        """Packets of one turn leave in one write."""
        writer = PacketWriter()
        writer.write_line(b"SSH-2.0-x")
        writer.write(2, b"")
        writer.write(4, b"")
        self.assertEqual(writer.waiting, len(b"SSH-2.0-x\r\n") + 32)
        self.assertEqual(len(writer.take()), len(b"SSH-2.0-x\r\n") + 32)
        self.assertEqual((writer.take(), writer.waiting), (b"", 0))

    def test_padding_is_random(self) -> None:
        """RFC 4253 §6 asks for it, and a cipher that leaks would show constant bytes."""
        writer = PacketWriter()
        writer.write(2, b"same")
        first = writer.take()
        writer.write(2, b"same")
        self.assertNotEqual(first[-4:], writer.take()[-4:])

    def test_the_largest_payload_fits_and_one_more_byte_does_not(self) -> None:
        """The bound on what services send is ours, not the scratch's."""
        for suite in SUITES:
            writer, reader = joined(suite)
            writer.write(94, bytes(LONGEST_PAYLOAD))
            reader.feed(writer.take())
            self.assertEqual(len(drain(reader)[0]), LONGEST_PAYLOAD + 1)
            self.assertRaises(ValueError, writer.write, 94, bytes(LONGEST_PAYLOAD + 1))

    @settings(max_examples=60, deadline=None)
    @given(st.sampled_from(SUITES), st.sampled_from(SUITES), st.binary(max_size=500))
    def test_a_frame_of_one_connection_goes_on_through_another(
        self, one: tuple[bytes, bytes], other: tuple[bytes, bytes], payload: bytes
    ) -> None:
        """The splice: opened in the scratch, sealed again without a copy; ciphers may differ."""
        writer, reader = joined(one)
        onward, last = joined(other)
        writer.write(94, payload)
        reader.feed(writer.take())
        self.assertIsNotNone(reader.next_payload())
        onward.forward(reader.frame)
        # Its own scratch, as a connection within a connection has.
        last.scratch = new_scratch()
        last.feed(onward.take())
        self.assertEqual(drain(last), [b"\x5e" + payload])

    def test_counts_begin_again_with_a_key(self) -> None:
        """The volume under one key decides when it is changed."""
        writer = PacketWriter()
        writer.write(2, bytes(100))
        self.assertEqual((writer.sealed_packets, writer.sealed_bytes), (1, len(writer.take())))
        writer.switch_outbound(Clear(), reset_sequence=True)
        self.assertEqual((writer.sealed_packets, writer.sealed_bytes, writer.sequence), (0, 0, 0))
