"""The codec of SFTP version 3."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.ssh.demo_sftp_messages import (
    LONGEST_PACKET,
    Attributes,
    BrokenStream,
    Packets,
    packet,
    read_attributes,
    status,
    write_attributes,
)
from gateway.wire.fields import Fields, MalformedField, string, uint32

NUMBERS = st.integers(0, 2**32 - 1)
ATTRIBUTES = st.builds(
    Attributes,
    st.none() | st.integers(0, 2**64 - 1),
    st.none() | st.tuples(NUMBERS, NUMBERS),
    st.none() | NUMBERS,
    st.none() | st.tuples(NUMBERS, NUMBERS),
)


class CodecTests(SynchronousTestCase):
    """Strict, bounded, total."""

    @settings(max_examples=200)
    @given(ATTRIBUTES)
    def test_attributes_come_back(self, found: Attributes) -> None:
        """What is written is read as it was, to its last byte."""
        fields = Fields(write_attributes(found))
        self.assertEqual(read_attributes(fields), found)
        fields.end("attributes")

    @settings(max_examples=200)
    @given(st.binary(max_size=60))
    def test_any_bytes_are_attributes_or_malformed(self, content: bytes) -> None:
        """No other fault comes out."""
        try:
            read_attributes(Fields(content))
        except MalformedField:
            return

    def test_extended_attributes_are_bounded_and_ignored(self) -> None:
        """Sixteen at the most; unknown flags are malformed."""
        pair = string(b"name") + string(b"value")
        self.assertEqual(read_attributes(Fields(uint32(0x80000000) + uint32(1) + pair)), Attributes())
        self.assertRaises(MalformedField, read_attributes, Fields(uint32(0x80000000) + uint32(17) + pair * 17))
        self.assertRaises(MalformedField, read_attributes, Fields(uint32(16)))

    @settings(max_examples=100)
    @given(st.lists(st.binary(max_size=20), max_size=6), st.lists(st.integers(0, 150), max_size=5))
    def test_it_never_matters_how_a_stream_was_cut(self, bodies: list[bytes], cuts: list[int]) -> None:
        """The packets are those of the whole."""
        stream = b"".join(packet(9, body) for body in bodies)
        edges = [0, *sorted(cuts), len(stream)]
        packets, found = Packets(), []
        for start, end in pairwise(edges):
            packets.push(stream[start:end])
            while (taken := packets.take()) is not None:
                found.append(taken)
        self.assertEqual((found, packets.waiting), ([b"\x09" + body for body in bodies], 0))

    def test_a_length_is_not_believed(self) -> None:
        """Neither nothing nor more than a packet may be."""
        for size in (0, LONGEST_PACKET + 1, 2**32 - 1):
            packets = Packets()
            packets.push(uint32(size))
            self.assertRaises(BrokenStream, packets.take)

    def test_a_status_has_number_code_and_words(self) -> None:
        """As the draft lays it out."""
        body = b"\x65" + uint32(7) + uint32(4) + string(b"no") + string(b"en")
        self.assertEqual(status(7, 4, "no"), uint32(len(body)) + body)
