"""Where a stream of SFTP packets stands: it is read packet by packet, however it was cut.

The rule: a packet is collected whole before anybody acts on it, except that the bytes of a WRITE or DATA are handed
on as they come, behind a head that was read whole. Nothing is read ahead: what nobody asked for yet rests here and is
accounted for. A packet longer than :data:`~gateway.domain.sftp.codec.LONGEST_PACKET` is never begun.
"""

from __future__ import annotations

import struct

import attrs

from gateway.domain.sftp.codec import DATA, LONGEST_HANDLE, LONGEST_PACKET, WRITE, Malformed

_SIZE_KIND = struct.Struct(">LB")
_UINT32 = struct.Struct(">L")
_OFFSET_COUNT = struct.Struct(">QL")
_DATA_HEAD = 13


@attrs.frozen
class Head:
    """The head of a WRITE or DATA, whose ``count`` bytes follow; ``raw`` is how it came."""

    kind: int
    id: int
    count: int
    raw: bytes
    handle: bytes = b""
    offset: int = 0


@attrs.frozen
class Part:
    """Some of the bytes that a head announced; ``last`` says that there are no more."""

    chunk: bytes
    last: bool


@attrs.frozen
class Whole:
    """Any other packet; ``body`` is what follows its kind."""

    kind: int
    body: bytes
    raw: bytes


Piece = Head | Part | Whole


@attrs.define(eq=False)
class Cursor:
    """Read one direction of a channel."""

    left: int = attrs.field(default=0, init=False)
    """Bytes still to come of a body whose head was taken."""
    _buffer: bytes = attrs.field(default=b"", init=False, repr=False)
    _at: int = attrs.field(default=0, init=False)
    _more: list[bytes] = attrs.field(factory=list, init=False, repr=False)
    """What came behind the buffer; put together when somebody takes."""
    _waiting: int = attrs.field(default=0, init=False)

    @property
    def resting(self) -> int:
        """Return how many bytes were pushed and not taken."""
        return len(self._buffer) - self._at + self._waiting

    @property
    def clear(self) -> bool:
        """Say whether the stream stands between two packets, as far as it was taken."""
        return self.left == 0

    def push(self, chunk: bytes) -> None:
        """Take more of the stream."""
        if self.resting:
            self._more.append(chunk)
            self._waiting += len(chunk)
        else:
            self._buffer, self._at = chunk, 0

    def take(self) -> Piece | None:
        """Return the next piece, None until more comes; raise :exc:`Malformed` for what can be no packet."""
        if self._more:
            self._buffer = b"".join((self._buffer[self._at :], *self._more))
            self._at = self._waiting = 0
            self._more.clear()
        if self.left:
            return self._part() if self.resting else None
        if self.resting < 5:
            return None
        size, kind = _SIZE_KIND.unpack_from(self._buffer, self._at)
        if not 1 <= size <= LONGEST_PACKET:
            raise Malformed(f"a packet of {size} bytes")
        if kind == DATA:
            return self._head_of_answer(size)
        if kind == WRITE:
            return self._head_of_write(size)
        if self.resting < 4 + size:
            return None
        raw = self._taken(4 + size)
        return Whole(kind, raw[5:], raw)

    def _part(self) -> Part:
        chunk = self._taken(min(self.left, self.resting))
        self.left -= len(chunk)
        return Part(chunk, not self.left)

    def _head_of_answer(self, size: int) -> Head | None:
        if self.resting < _DATA_HEAD:
            return None
        raw = self._taken(_DATA_HEAD)
        (count,) = _UINT32.unpack_from(raw, 9)
        if count != size - (_DATA_HEAD - 4) or not count:
            raise Malformed("a DATA whose lengths differ")
        self.left = count
        return Head(DATA, _UINT32.unpack_from(raw, 5)[0], count, raw)

    def _head_of_write(self, size: int) -> Head | None:
        if self.resting < 13:
            return None
        (length,) = _UINT32.unpack_from(self._buffer, self._at + 9)
        if length > LONGEST_HANDLE:
            raise Malformed(f"a handle of {length} bytes")
        whole = 25 + length
        if self.resting < whole:
            return None
        raw = self._taken(whole)
        offset, count = _OFFSET_COUNT.unpack_from(raw, 13 + length)
        if count != size - (whole - 4):
            raise Malformed("a WRITE whose lengths differ")
        self.left = count
        return Head(WRITE, _UINT32.unpack_from(raw, 5)[0], count, raw, raw[13 : 13 + length], offset)

    def _taken(self, count: int) -> bytes:
        at, self._at = self._at, self._at + count
        if not at and self._at == len(self._buffer):
            return self._buffer
        return self._buffer[at : self._at]
