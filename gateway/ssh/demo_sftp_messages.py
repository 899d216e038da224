"""SFTP version 3 as the demo target reads and writes it (draft-ietf-secsh-filexfer-02).

The rule: a packet's length is believed only up to a bound, every field is taken strictly, and what is left
over is an error. Names are bytes.
"""

from __future__ import annotations

import struct

import attrs

from gateway.wire.fields import Fields, MalformedField, string, uint32

LONGEST_PACKET = 256 * 1024 + 1024
LONGEST_CHUNK = 256 * 1024
LONGEST_PATH = 4096
LONGEST_HANDLE = 256

INIT, VERSION, OPEN, CLOSE, READ, WRITE, LSTAT, FSTAT, SETSTAT, FSETSTAT = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
OPENDIR, READDIR, REMOVE, MKDIR, RMDIR, REALPATH, STAT, RENAME, READLINK, SYMLINK = range(11, 21)
STATUS, HANDLE, CHUNK, NAME, ATTRS, EXTENDED, EXTENDED_REPLY = 101, 102, 103, 104, 105, 200, 201
OK, EOF, NO_SUCH_FILE, DENIED, FAILURE, BAD_MESSAGE, UNSUPPORTED = 0, 1, 2, 3, 4, 5, 8

_SIZE, _OWNERS, _MODE, _TIMES, _EXTENDED = 1, 2, 4, 8, 0x80000000
MOST_EXTENDED = 16


class BrokenStream(ValueError):
    """What came can not be cut into packets; the channel is over."""


@attrs.define(eq=False)
class Packets:
    """Cut a stream into packets, however it came."""

    _buffer: bytearray = attrs.field(init=False, factory=bytearray, repr=False)

    def push(self, chunk: bytes) -> None:
        """Take bytes of the stream."""
        self._buffer += chunk

    def take(self) -> bytes | None:
        """Return the next packet without its length, None until it is whole; raise :exc:`BrokenStream`."""
        if len(self._buffer) < 4:
            return None
        size: int = struct.unpack_from(">L", self._buffer)[0]
        if not 1 <= size <= LONGEST_PACKET:
            raise BrokenStream(f"a packet of {size} bytes")
        if len(self._buffer) < 4 + size:
            return None
        packet = bytes(self._buffer[4 : 4 + size])
        del self._buffer[: 4 + size]
        return packet

    @property
    def waiting(self) -> int:
        """Return how many bytes have not been taken."""
        return len(self._buffer)


def packet(kind: int, body: bytes) -> bytes:
    """Return a packet as it is sent."""
    return uint32(len(body) + 1) + bytes((kind,)) + body


@attrs.frozen
class Attributes:
    """What a request says about a file; None where it says nothing; times in seconds since 1970."""

    size: int | None = None
    owners: tuple[int, int] | None = None
    mode: int | None = None
    times: tuple[int, int] | None = None


def uint64(fields: Fields, what: str) -> int:
    """Take one unsigned 64-bit number."""
    return fields.uint32(what) << 32 | fields.uint32(what)


def read_attributes(fields: Fields) -> Attributes:
    """Take attributes; raise :exc:`MalformedField`."""
    flags = fields.uint32("attribute flags")
    if flags & ~(_SIZE | _OWNERS | _MODE | _TIMES | _EXTENDED):
        raise MalformedField("attributes of an unknown kind")
    found = Attributes(
        uint64(fields, "size") if flags & _SIZE else None,
        (fields.uint32("uid"), fields.uint32("gid")) if flags & _OWNERS else None,
        fields.uint32("permissions") if flags & _MODE else None,
        (fields.uint32("atime"), fields.uint32("mtime")) if flags & _TIMES else None,
    )
    if flags & _EXTENDED:
        count = fields.uint32("count of extended attributes")
        if count > MOST_EXTENDED:
            raise MalformedField("too many extended attributes")
        for _ in range(2 * count):
            fields.string("extended attribute", LONGEST_PATH)
    return found


def write_attributes(found: Attributes) -> bytes:
    """Return attributes as they are sent."""
    flags, parts = 0, b""
    if found.size is not None:
        flags, parts = flags | _SIZE, parts + struct.pack(">Q", found.size)
    if found.owners is not None:
        flags, parts = flags | _OWNERS, parts + struct.pack(">LL", *found.owners)
    if found.mode is not None:
        flags, parts = flags | _MODE, parts + uint32(found.mode)
    if found.times is not None:
        flags, parts = flags | _TIMES, parts + struct.pack(">LL", *found.times)
    return uint32(flags) + parts


def status(number: int, code: int, text: str) -> bytes:
    """Return the answer of a code and its words."""
    return packet(
        STATUS, uint32(number) + uint32(code) + string(text.encode("utf-8", "replace")) + string(b"en")
    )


def names(number: int, rows: list[tuple[bytes, bytes, bytes]]) -> bytes:
    """Return the answer of names, each with its line for people and its attributes as sent."""
    body = b"".join(string(name) + string(line) + attributes for name, line, attributes in rows)
    return packet(NAME, uint32(number) + uint32(len(rows)) + body)
