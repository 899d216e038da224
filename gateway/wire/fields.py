"""Read and write the field types of RFC 4251 §5.

The rule: a length is believed only after it was compared with what is really there; every field is taken in
order, and :meth:`Fields.end` refuses what is left over. Nothing is ever guessed.
"""

from __future__ import annotations

import struct

import attrs

_UINT32 = struct.Struct(">I")
_UINT64 = struct.Struct(">Q")


class MalformedField(ValueError):
    """The bytes are not the fields they were said to be; the text says which one, never its content."""


@attrs.define
class Fields:
    """Take fields off the front of a payload."""

    _payload: bytes = attrs.field(repr=False)
    _offset: int = attrs.field(default=0, init=False)

    def _take(self, size: int, what: str) -> bytes:
        end = self._offset + size
        if end > len(self._payload):
            raise MalformedField(f"{what} is cut short")
        taken = self._payload[self._offset : end]
        self._offset = end
        return taken

    def byte(self, what: str) -> int:
        """Take one byte; raise :exc:`MalformedField` at the end of the payload."""
        return self._take(1, what)[0]

    def boolean(self, what: str) -> bool:
        """Take one boolean; any byte but 0 is true (RFC 4251 §5)."""
        return self.byte(what) != 0

    def uint32(self, what: str) -> int:
        """Take one unsigned 32-bit number."""
        start, self._offset = self._offset, self._offset + 4
        if self._offset > len(self._payload):
            self._offset = start
            raise MalformedField(f"{what} is cut short")
        number: int = _UINT32.unpack_from(self._payload, start)[0]
        return number

    def uint64(self, what: str) -> int:
        """Take one unsigned 64-bit number."""
        number: int = _UINT64.unpack(self._take(8, what))[0]
        return number

    def string(self, what: str, limit: int) -> bytes:
        """Take one string of at most *limit* bytes."""
        payload, start = self._payload, self._offset + 4
        if start > len(payload):
            raise MalformedField(f"{what} is cut short")
        size = _UINT32.unpack_from(payload, start - 4)[0]
        if size > limit:
            raise MalformedField(f"{what} is longer than {limit} bytes")
        end = start + size
        if end > len(payload):
            raise MalformedField(f"{what} is cut short")
        self._offset = end
        return payload[start:end]

    def natural(self, what: str, limit: int) -> int:
        """Take one non-negative multiple precision integer of at most *limit* bytes, in its only form."""
        digits = self.string(what, limit)
        if digits[:1] > b"\x7f":
            raise MalformedField(f"{what} is negative")
        if digits[:1] == b"\0" and digits[1:2] < b"\x80":
            raise MalformedField(f"{what} has needless leading zeros")
        return int.from_bytes(digits, "big")

    @property
    def taken(self) -> int:
        """Return how many bytes were taken so far."""
        return self._offset

    @property
    def left(self) -> int:
        """Return how many bytes are left."""
        return len(self._payload) - self._offset

    def rest(self) -> bytes:
        """Take everything that is left."""
        return self._take(len(self._payload) - self._offset, "rest")

    def end(self, what: str) -> None:
        """Refuse bytes after the last field."""
        if self._offset != len(self._payload):
            raise MalformedField(f"{what} has {len(self._payload) - self._offset} bytes too many")


def string(content: bytes) -> bytes:
    """Return *content* with its length in front."""
    return _UINT32.pack(len(content)) + content


def uint32(number: int) -> bytes:
    """Return *number* as four bytes."""
    return _UINT32.pack(number)


def uint64(number: int) -> bytes:
    """Return *number* as eight bytes."""
    return _UINT64.pack(number)


def boolean(truth: bool) -> bytes:
    """Return one byte, 1 or 0."""
    return b"\x01" if truth else b"\x00"


def natural(number: int) -> bytes:
    """Return a non-negative integer as a multiple precision integer."""
    return string(number.to_bytes(number.bit_length() // 8 + 1, "big") if number else b"")
