"""A stream is the same packets however it was cut."""

from __future__ import annotations

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.sftp import codec
from gateway.domain.sftp.codec import LONGEST_PACKET, Malformed, long, number, packet, string
from gateway.domain.sftp.cursor import Cursor, Head, Part, Piece, Whole


def write(request: int, handle: bytes, offset: int, chunk: bytes) -> bytes:
    """Return a WRITE."""
    return packet(codec.WRITE, number(request) + string(handle) + long(offset) + string(chunk))


def answer(request: int, chunk: bytes) -> bytes:
    """Return a DATA."""
    return packet(codec.DATA, number(request) + string(chunk))


PACKETS = st.one_of(
    st.builds(write, st.integers(0, 99), st.binary(max_size=9), st.integers(0, 1 << 40), st.binary(max_size=40)),
    st.builds(answer, st.integers(0, 99), st.binary(min_size=1, max_size=40)),
    st.builds(lambda kind, body: packet(kind, body), st.sampled_from([1, 3, 101, 200]), st.binary(max_size=30)),
)


@attrs.define
class Read:
    """What a stream was, whatever parts its bodies came in."""

    pieces: list[Piece] = attrs.field(factory=list)

    def take(self, cursor: Cursor) -> None:
        while (piece := cursor.take()) is not None:
            last = self.pieces[-1] if self.pieces else None
            if isinstance(piece, Part) and isinstance(last, Part):
                assert not last.last
                self.pieces[-1] = Part(last.chunk + piece.chunk, piece.last)
            else:
                self.pieces.append(piece)


def read(chunks: list[bytes]) -> list[Piece]:
    """Read a stream that came in chunks."""
    cursor, found = Cursor(), Read()
    for chunk in chunks:
        cursor.push(chunk)
        found.take(cursor)
    assert cursor.resting == 0 and cursor.clear
    return found.pieces


class CursorTests(SynchronousTestCase):
    """One direction of a channel."""

    @settings(max_examples=150)
    @given(st.lists(PACKETS, max_size=6), st.lists(st.integers(1, 30), max_size=30))
    def test_cut_anywhere_it_is_the_same(self, packets: list[bytes], cuts: list[int]) -> None:
        """And nothing of it is lost or added."""
        stream, chunks = b"".join(packets), []
        rest = stream
        for cut in cuts:
            chunks.append(rest[:cut])
            rest = rest[cut:]
        found = read([*(each for each in chunks if each), *([rest] if rest else [])])
        self.assertEqual(found, read([stream] if stream else []))
        raw = b"".join(each.chunk if isinstance(each, Part) else each.raw for each in found)
        self.assertEqual(raw, stream)

    @given(st.binary(max_size=64))
    def test_any_bytes_are_pieces_or_refused(self, stream: bytes) -> None:
        """Nothing else is raised, and what rests is bounded by what came."""
        cursor = Cursor()
        cursor.push(stream)
        try:
            Read().take(cursor)
        except Malformed:
            return
        self.assertLessEqual(cursor.resting, len(stream))

    def test_heads_say_what_follows(self) -> None:
        """Id, handle, offset and count."""
        raw = write(7, b"h", 5, b"abc")
        self.assertEqual(read([raw]), [Head(codec.WRITE, 7, 3, raw[:-3], b"h", 5), Part(b"abc", True)])
        raw = answer(7, b"abc")
        self.assertEqual(read([raw]), [Head(codec.DATA, 7, 3, raw[:-3]), Part(b"abc", True)])
        raw = packet(codec.READ, b"xyz")
        self.assertEqual(read([raw]), [Whole(codec.READ, b"xyz", raw)])

    def test_lengths_that_lie_are_refused_before_anything_is_collected(self) -> None:
        """4 GiB, nothing at all, and heads whose two lengths differ."""
        shortened = bytearray(write(7, b"h", 5, b"abc"))
        shortened[3] -= 1
        wrong = bytearray(answer(7, b"abc"))
        wrong[3] += 1
        for stream in (
            b"\xff\xff\xff\xff\x03", number(LONGEST_PACKET + 1) + b"\x03", number(0) + b"\x03", bytes(shortened),
            bytes(wrong), packet(codec.DATA, number(1) + number(0)),
            packet(codec.WRITE, number(1) + number(1 << 30) + bytes(64)),
        ):  # fmt: skip
            cursor = Cursor()
            cursor.push(stream)
            self.assertRaises(Malformed, cursor.take)
