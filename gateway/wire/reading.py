"""Read the fields of an SSH message (RFC 4251 §5) with a cursor that refuses what does not fit.

The rule: total on any bytes: every method returns a field or raises :exc:`BadMessage`; nothing is read twice.
"""

from __future__ import annotations

import struct

import attrs


class BadMessage(Exception):
    """A message ends too early, goes on too long, or has a field that is not what it must be."""


@attrs.define
class Cursor:
    """Read a message from its first byte to its last."""

    buffer: bytes
    place: int = 0

    def _take(self, count: int) -> bytes:
        end = self.place + count
        if count < 0 or end > len(self.buffer):
            raise BadMessage("the message ends too early")
        taken = self.buffer[self.place : end]
        self.place = end
        return taken

    def byte(self) -> int:
        """Read one byte."""
        return self._take(1)[0]

    def boolean(self) -> bool:
        """Read a boolean; anything but zero is true."""
        return self.byte() != 0

    def uint32(self) -> int:
        """Read an unsigned 32-bit number."""
        return int(struct.unpack(">L", self._take(4))[0])

    def string(self, longest: int = 2**18) -> bytes:
        """Read a string of at most ``longest`` bytes."""
        count = self.uint32()
        if count > longest:
            raise BadMessage("a string in the message is too long")
        return self._take(count)

    def word(self) -> str:
        """Read a name: printable ASCII, at most 64 bytes (RFC 4250 §4.6.1)."""
        raw = self.string(64)
        if not raw or any(byte <= 32 or byte >= 127 for byte in raw):
            raise BadMessage("a name in the message is malformed")
        return raw.decode("ascii")

    def text(self, longest: int = 2**15) -> str:
        """Read UTF-8 text; what is not UTF-8 is replaced."""
        return self.string(longest).decode("utf-8", "replace")

    def rest(self) -> bytes:
        """Read everything that is left."""
        return self._take(len(self.buffer) - self.place)

    def finish(self) -> None:
        """Check that nothing is left."""
        if self.place != len(self.buffer):
            raise BadMessage("the message goes on too long")


def string(value: bytes) -> bytes:
    """Write a string field."""
    return struct.pack(">L", len(value)) + value
