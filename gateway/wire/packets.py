"""Cut a byte stream into packets and make packets into a byte stream; no I/O.

The rule: a length is checked before it is waited for, a tag before anything under it is believed, and what is
kept unread is bounded. Sequence numbers wrap at 2^32. A payload given out is a view of the scratch: it is
gone with the next packet. No connection has buffers of its own: all read into one place, open in one scratch and
seal into one :class:`Arena`, because one packet at a time is worked on; what must stay is copied out.
"""

from __future__ import annotations

import os
from typing import Final

import attrs

from gateway.wire.ciphers import Clear, Frame, PacketCipher
from gateway.wire.violation import PROTOCOL_ERROR, VERSION_NOT_SUPPORTED, Violation

LONGEST_PACKET: Final = 256 * 1024 + 1024
"""The largest packet length taken once somebody is logged in."""

LONGEST_EARLY_PACKET: Final = 35_000
"""The largest packet length taken from a stranger (RFC 4253 §6.1)."""

LONGEST_PAYLOAD: Final = 256 * 1024
"""The largest payload sent, without its message number."""

MOST_UNREAD: Final = 1024 * 1024
LONGEST_LINE: Final = 255
LONGEST_PREAMBLE: Final = 1024

LONGEST_LENT: Final = 40 * 1024
"""More unread than this, of a packet larger than peers send, is gathered in a buffer of its own."""

_SMALLEST_PADDING: Final = 4
_MOST_ADDED: Final = 4 + 64
"""A packet's length field and its longest tag."""
_SEQUENCE_MASK: Final = 0xFFFFFFFF


def new_scratch() -> memoryview:
    """Return room for one opened packet; connections not nested in each other may share it."""
    return memoryview(bytearray(LONGEST_PACKET + 64))


SHARED_SCRATCH: Final = new_scratch()


@attrs.define(eq=False)
class RandomPool:
    """Give random padding out of blocks, because each question to the kernel is a system call."""

    _block: bytes = attrs.field(default=b"", init=False, repr=False)
    _at: int = attrs.field(default=0, init=False)

    def take(self, count: int) -> bytes:
        """Return *count* random bytes, at most 255, that were never given out before."""
        if self._at + count > len(self._block):
            self._block, self._at = os.urandom(8192), 0
        at = self._at
        self._at = at + count
        return self._block[at : at + count]


@attrs.define(eq=False)
class Arena:
    """Room for the sealed packets of one writer at a time, from its first packet to its :meth:`PacketWriter.take`."""

    view: memoryview = attrs.field(factory=lambda: memoryview(bytearray(2 * LONGEST_PACKET)), repr=False)
    owner: PacketWriter | None = attrs.field(default=None, repr=False)
    used: int = 0


SHARED_ARENA: Final = Arena()
PADDING: Final = RandomPool()


@attrs.define(eq=False)
class PacketReader:
    """Take bytes in, give version lines and payloads out."""

    scratch: memoryview = attrs.field(default=SHARED_SCRATCH, repr=False)
    cipher: PacketCipher = attrs.field(factory=Clear, init=False)
    sequence: int = attrs.field(default=0, init=False)
    limit: int = attrs.field(default=LONGEST_EARLY_PACKET, init=False)
    opened_bytes: int = attrs.field(default=0, init=False)
    opened_packets: int = attrs.field(default=0, init=False)
    paused: bool = attrs.field(default=False, init=False)
    whole: int = attrs.field(default=0, init=False)
    """The size on the wire of the packet opened last."""
    frame: memoryview = attrs.field(factory=lambda: memoryview(bytearray()), init=False, repr=False)
    """The whole of the packet opened last: padding length, payload, padding."""
    _buffer: bytes | bytearray | memoryview = attrs.field(default=b"", init=False, repr=False)
    _start: int = attrs.field(default=0, init=False)
    _length: int = attrs.field(default=-1, init=False)
    _preamble: int = attrs.field(default=0, init=False)

    @property
    def unread(self) -> int:
        """Return how many bytes were fed and not yet taken."""
        return len(self._buffer) - self._start

    def feed(self, received: bytes) -> None:
        """Take bytes from the network; raise :exc:`Violation` when more than the cap stays unread."""
        unread = self.unread
        if unread + len(received) > MOST_UNREAD:
            raise Violation("unread", PROTOCOL_ERROR, "too much was sent ahead")
        if not unread:
            self._buffer = received
        elif isinstance(self._buffer, bytearray):
            del self._buffer[: self._start]
            self._buffer += received
        else:
            self._buffer = bytearray(memoryview(self._buffer)[self._start :])
            self._buffer += received
        self._start = 0

    @property
    def leftover(self) -> memoryview:
        """Return what was fed and not yet taken, to be put in front of what is lent next."""
        return memoryview(self._buffer)[self._start :]

    def lend(self, received: memoryview) -> None:
        """Take *leftover* and more from a place that is the reader's until :meth:`keep`."""
        self._buffer, self._start = received, 0

    def keep(self) -> None:
        """Copy out of the place that was lent what is still needed."""
        if isinstance(self._buffer, memoryview):
            self._buffer, self._start = bytes(self._buffer[self._start :]), 0

    def next_line(self) -> bytes | None:
        """Return the next line before the first packet, without its end, or None when it is not all there.

        Lines are fed, never lent.
        """
        assert not isinstance(self._buffer, memoryview)  # noqa: S101  nothing is lent before the version lines
        end = self._buffer.find(b"\n", self._start, self._start + LONGEST_LINE)
        if end < 0:
            if self.unread >= LONGEST_LINE:
                raise Violation("version", VERSION_NOT_SUPPORTED, "the version line is too long")
            return None
        line = bytes(self._buffer[self._start : end])
        self._preamble += end + 1 - self._start
        self._start = end + 1
        if self._preamble > LONGEST_PREAMBLE + LONGEST_LINE:
            raise Violation("version", VERSION_NOT_SUPPORTED, "too many lines before the version")
        return line.removesuffix(b"\r")

    def next_payload(self) -> memoryview | None:
        """Return the next payload, its message number in front, or None when it is not all there."""
        if self.paused or (self._length < 0 and not self._measured()):
            return None
        cipher, buffer, start = self.cipher, self._buffer, self._start
        end = start + 4 + self._length + cipher.tag
        if end > len(buffer):
            return None
        if isinstance(buffer, memoryview):
            frame = cipher.open(self.sequence, buffer[start:end], self.scratch)
        else:
            with memoryview(buffer)[start:end] as packet:
                frame = cipher.open(self.sequence, packet, self.scratch)
        self._start, self._length = end, -1
        self.whole = whole = end - start
        self.sequence = (self.sequence + 1) & _SEQUENCE_MASK
        self.opened_bytes += whole
        self.opened_packets += 1
        size, padding = len(frame), frame[0]
        if padding < _SMALLEST_PADDING or padding > size - 2:
            raise Violation("padding", PROTOCOL_ERROR, "a packet's padding cannot be right")
        self.frame = frame
        return frame[1 : size - padding]

    def _measured(self) -> bool:
        cipher, buffer, start = self.cipher, self._buffer, self._start
        head = start + cipher.head
        if head > len(buffer):
            if start == len(buffer):
                self._buffer, self._start = b"", 0
            return False
        length = cipher.measure(self.sequence, buffer[start:head])
        padded = length if cipher.length_apart else length + 4
        if not 2 + _SMALLEST_PADDING <= length <= self.limit or padded % cipher.block or padded < cipher.head:
            raise Violation("length", PROTOCOL_ERROR, "a packet's length cannot be right")
        self._length = length
        return True

    def switch_inbound(self, cipher: PacketCipher, *, reset_sequence: bool) -> None:
        """Open what follows with *cipher*; under strict key exchange the sequence starts again."""
        self.cipher = cipher
        self.opened_bytes = self.opened_packets = 0
        if reset_sequence:
            self.sequence = 0

    def pause(self) -> None:
        """Give out no packet until :meth:`resume`."""
        self.paused = True

    def resume(self) -> None:
        """Give out packets again."""
        self.paused = False


@attrs.define(eq=False)
class PacketWriter:
    """Take payloads in; collect packets until :meth:`take` or :meth:`take_view`."""

    cipher: PacketCipher = attrs.field(factory=Clear, init=False)
    sequence: int = attrs.field(default=0, init=False)
    sealed_bytes: int = attrs.field(default=0, init=False)
    sealed_packets: int = attrs.field(default=0, init=False)
    waiting: int = attrs.field(default=0, init=False)
    """Bytes collected since the last :meth:`take`."""
    _arena: Arena = attrs.field(default=SHARED_ARENA, repr=False)
    _collected: list[bytes] = attrs.field(factory=list, init=False, repr=False)

    def write(self, number: int, payload: Frame) -> None:
        """Append one packet; raise :exc:`ValueError` for a payload beyond :data:`LONGEST_PAYLOAD`."""
        if len(payload) > LONGEST_PAYLOAD:
            raise ValueError(f"a payload of {len(payload)} bytes; {LONGEST_PAYLOAD} fit into a packet")
        cipher = self.cipher
        size = 2 + len(payload)
        padding = cipher.block - (size if cipher.length_apart else size + 4) % cipher.block
        if padding < _SMALLEST_PADDING:
            padding += cipher.block
        self._seal(b"".join((bytes((padding, number)), payload, PADDING.take(padding))))

    def forward(self, frame: memoryview) -> None:
        """Append one packet whose frame another connection opened; its padding keeps its size where that fits.

        The padding's bytes are new: else two peers had a channel of their own past everything that watches.
        """
        cipher, size, padding = self.cipher, len(frame), frame[0]
        if (size if cipher.length_apart else size + 4) % cipher.block:
            self.write(frame[1], frame[2 : size - padding])
        else:
            frame[size - padding :] = PADDING.take(padding)
            self._seal(frame)

    def _seal(self, frame: Frame) -> None:
        arena = self._arena
        used = arena.used
        if arena.owner is not self or used + len(frame) + _MOST_ADDED > len(arena.view):
            self._move_in()
            used = 0
        size = self.cipher.seal(self.sequence, frame, arena.view[used:])
        arena.used = used + size
        self.waiting += size
        self.sequence = (self.sequence + 1) & _SEQUENCE_MASK
        self.sealed_bytes += size
        self.sealed_packets += 1

    def _move_in(self) -> None:
        """Begin at the arena's front; whose packets are there keeps them as a copy."""
        arena = self._arena
        if arena.owner is not None:
            arena.owner._move_out()
        arena.owner = self

    def _move_out(self) -> None:
        arena = self._arena
        self._collected.append(bytes(arena.view[: arena.used]))
        arena.owner, arena.used = None, 0

    def write_line(self, line: bytes) -> None:
        """Append a line before the first packet."""
        if self._arena.owner is self:
            self._move_out()
        self._collected.append(line + b"\r\n")
        self.waiting += len(line) + 2

    def switch_outbound(self, cipher: PacketCipher, *, reset_sequence: bool) -> None:
        """Seal what follows with *cipher*; under strict key exchange the sequence starts again."""
        self.cipher = cipher
        self.sealed_bytes = self.sealed_packets = 0
        if reset_sequence:
            self.sequence = 0

    def take(self) -> bytes:
        """Return what was collected."""
        return bytes(self.take_view())

    def take_view(self) -> memoryview | bytes:
        """Return what was collected, good until anybody seals the next packet."""
        arena = self._arena
        self.waiting = 0
        if arena.owner is self and not self._collected:
            taken = arena.view[: arena.used]
            arena.owner, arena.used = None, 0
            return taken
        if arena.owner is self:
            self._move_out()
        collected, self._collected = self._collected, []
        return collected[0] if len(collected) == 1 else b"".join(collected)
