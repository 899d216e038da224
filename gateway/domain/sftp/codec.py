"""Packets of SFTP version 3 (draft-ietf-secsh-filexfer-02) and of OpenSSH's extensions.

The rule: a packet is what a table here says it is, to its last byte; everything else is :exc:`Malformed`. Names are
bytes. Lengths are believed up to a bound only.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import attrs

LONGEST_PACKET = 256 * 1024 + 1024
LONGEST_PATH = 4096
LONGEST_HANDLE = 256
MOST_EXTENDED = 32
VERSION_SPOKEN = 3

INIT, VERSION, OPEN, CLOSE, READ, WRITE, LSTAT, FSTAT, SETSTAT, FSETSTAT = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
OPENDIR, READDIR, REMOVE, MKDIR, RMDIR, REALPATH, STAT, RENAME, READLINK, SYMLINK = range(11, 21)
STATUS, HANDLE, DATA, NAME, ATTRS, EXTENDED, EXTENDED_REPLY = 101, 102, 103, 104, 105, 200, 201
OK, EOF, NO_SUCH_FILE, DENIED, FAILURE, BAD_MESSAGE, UNSUPPORTED = 0, 1, 2, 3, 4, 5, 8
FOR_READING, FOR_WRITING, APPEND, CREATE, TRUNCATE, EXCLUSIVE = 1, 2, 4, 8, 16, 32

POSIX_RENAME, FSYNC, HARDLINK = b"posix-rename@openssh.com", b"fsync@openssh.com", b"hardlink@openssh.com"
LIMITS, COPY = b"limits@openssh.com", b"copy-data"

_SIZE, _OWNERS, _MODE, _TIMES, _EXTENDED_ATTRIBUTES = 1, 2, 4, 8, 0x80000000


class Malformed(ValueError):
    """A packet is not what its kind has to be."""


@attrs.define(eq=False)
class Fields:
    """Take fields off the front of a packet's body; each raises :exc:`Malformed` where it is not there."""

    body: bytes
    _at: int = 0

    def number(self) -> int:
        """Take 32 bits."""
        return int.from_bytes(self._take(4), "big")

    def long(self) -> int:
        """Take 64 bits."""
        return int.from_bytes(self._take(8), "big")

    def string(self, limit: int) -> bytes:
        """Take a string of at most ``limit`` bytes."""
        size = self.number()
        if size > limit:
            raise Malformed(f"a string of {size} bytes")
        return self._take(size)

    @property
    def left(self) -> int:
        """Return how many bytes are left."""
        return len(self.body) - self._at

    def end(self) -> None:
        """Check that nothing is left over."""
        if self.left:
            raise Malformed("something is left over")

    def _take(self, size: int) -> bytes:
        taken = self.body[self._at : self._at + size]
        if len(taken) != size:
            raise Malformed("it ends too early")
        self._at += size
        return taken


def number(value: int) -> bytes:
    """Return 32 bits as they are sent."""
    return value.to_bytes(4, "big")


def long(value: int) -> bytes:
    """Return 64 bits as they are sent."""
    return value.to_bytes(8, "big")


def string(value: bytes) -> bytes:
    """Return a string as it is sent."""
    return number(len(value)) + value


def packet(kind: int, body: bytes) -> bytes:
    """Return a packet as it is sent."""
    return number(len(body) + 1) + bytes((kind,)) + body


@attrs.frozen
class Attributes:
    """What is said of a file; None where nothing is; times in seconds since 1970."""

    size: int | None = None
    owners: tuple[int, int] | None = None
    mode: int | None = None
    times: tuple[int, int] | None = None

    def over(self, other: Attributes) -> Attributes:
        """Return these, and the other's where these say nothing."""
        mine, others = attrs.astuple(self, recurse=False), attrs.astuple(other, recurse=False)
        return Attributes(*(b if a is None else a for a, b in zip(mine, others, strict=True)))

    def sent(self) -> bytes:
        """Return them as they are sent."""
        flags, parts = 0, b""
        if self.size is not None:
            flags, parts = flags | _SIZE, parts + long(self.size)
        if self.owners is not None:
            flags, parts = flags | _OWNERS, parts + struct.pack(">LL", *self.owners)
        if self.mode is not None:
            flags, parts = flags | _MODE, parts + number(self.mode)
        if self.times is not None:
            flags, parts = flags | _TIMES, parts + struct.pack(">LL", *self.times)
        return number(flags) + parts


NOTHING = Attributes()


def _attributes(fields: Fields) -> Attributes:
    flags = fields.number()
    if flags & ~(_SIZE | _OWNERS | _MODE | _TIMES | _EXTENDED_ATTRIBUTES):
        raise Malformed("attributes of an unknown kind")
    found = Attributes(
        fields.long() if flags & _SIZE else None,
        (fields.number(), fields.number()) if flags & _OWNERS else None,
        fields.number() if flags & _MODE else None,
        (fields.number(), fields.number()) if flags & _TIMES else None,
    )
    if flags & _EXTENDED_ATTRIBUTES:
        count = fields.number()
        if count > MOST_EXTENDED:
            raise Malformed("too many extended attributes")
        for _ in range(2 * count):
            fields.string(LONGEST_PATH)
    return found


@attrs.frozen
class Asked:
    """A request; what its kind has no field for keeps its default."""

    kind: int
    id: int
    name: bytes = b""
    """An extension's name."""
    path: bytes = b""
    to: bytes = b""
    """A second path."""
    handle: bytes = b""
    other: bytes = b""
    """A second handle."""
    offset: int = 0
    count: int = 0
    offset_to: int = 0
    flags: int = 0
    attributes: Attributes = NOTHING

    @property
    def nul(self) -> bool:
        """Say whether a path holds a NUL, which no file's name can."""
        return b"\0" in self.path or b"\0" in self.to


_READERS: dict[str, Callable[[Fields], Any]] = {
    "path": lambda fields: fields.string(LONGEST_PATH),
    "to": lambda fields: fields.string(LONGEST_PATH),
    "handle": lambda fields: fields.string(LONGEST_HANDLE),
    "other": lambda fields: fields.string(LONGEST_HANDLE),
    "offset": Fields.long,
    "count": Fields.number,
    "long_count": Fields.long,
    "offset_to": Fields.long,
    "ids": lambda fields: fields.string(LONGEST_PACKET),
    "flags": Fields.number,
    "attributes": _attributes,
}
_REQUESTS: dict[int, tuple[str, ...]] = {
    OPEN: ("path", "flags", "attributes"),
    CLOSE: ("handle",),
    READ: ("handle", "offset", "count"),
    LSTAT: ("path",),
    FSTAT: ("handle",),
    SETSTAT: ("path", "attributes"),
    FSETSTAT: ("handle", "attributes"),
    OPENDIR: ("path",),
    READDIR: ("handle",),
    REMOVE: ("path",),
    MKDIR: ("path", "attributes"),
    RMDIR: ("path",),
    REALPATH: ("path",),
    STAT: ("path",),
    RENAME: ("path", "to"),
    READLINK: ("path",),
    SYMLINK: ("path", "to"),
}
EXTENSIONS: dict[bytes, tuple[str, ...]] = {
    POSIX_RENAME: ("path", "to"),
    b"statvfs@openssh.com": ("path",),
    b"fstatvfs@openssh.com": ("handle",),
    FSYNC: ("handle",),
    HARDLINK: ("path", "to"),
    b"lsetstat@openssh.com": ("path", "attributes"),
    LIMITS: (),
    b"expand-path@openssh.com": ("path",),
    b"home-directory": ("path",),
    b"users-groups-by-id@openssh.com": ("ids", "ids"),
    COPY: ("handle", "offset", "long_count", "other", "offset_to"),
}
"""The extensions that are passed on, with their fields; of all others the target never hears."""


_FIELD_OF = {"long_count": "count"}


def asked(kind: int, body: bytes) -> Asked | None:
    """Read a request, ``body`` without its kind; None for a kind or extension that is not known.

    Raises :exc:`Malformed`. What a WRITE carries is not read here, see :mod:`gateway.domain.sftp.cursor`.
    """
    fields = Fields(body)
    request = fields.number()
    name = fields.string(LONGEST_HANDLE) if kind == EXTENDED else b""
    expected = EXTENSIONS.get(name) if kind == EXTENDED else _REQUESTS.get(kind)
    if expected is None:
        return None
    found = {_FIELD_OF.get(each, each): _READERS[each](fields) for each in expected}
    found.pop("ids", None)
    fields.end()
    return Asked(kind, request, name, **found)


@attrs.frozen
class Reply:
    """A target's answer, as far as the gateway has to understand it."""

    kind: int
    id: int
    code: int = OK
    """Of a STATUS."""
    text: str = ""
    handle: bytes = b""
    names: tuple[tuple[bytes, bytes, Attributes], ...] = ()
    """Of a NAME: name, its line for people, attributes."""
    attributes: Attributes = NOTHING
    length: int = 0
    """Of a DATA: how many bytes came."""
    body: bytes = b""
    """Of an EXTENDED_REPLY: what it says."""

    @property
    def failed(self) -> bool:
        """Say whether it is a STATUS that is not OK."""
        return self.kind == STATUS and self.code != OK


MOST_NAMES = 8192


def reply(kind: int, body: bytes) -> Reply:
    """Read an answer. Raises :exc:`Malformed`, also for a kind that is no answer."""
    fields = Fields(body)
    found = Reply(kind, fields.number())
    match kind:
        case 101:
            code = fields.number()
            # Some servers leave the words out.
            text = fields.string(LONGEST_PACKET) if len(body) > 8 else b""
            return attrs.evolve(found, code=code, text=text.decode("utf-8", "replace"))
        case 102:
            return attrs.evolve(found, handle=_last(fields, fields.string(LONGEST_HANDLE)))
        case 104:
            return attrs.evolve(found, names=_names(fields))
        case 105:
            return attrs.evolve(found, attributes=_last(fields, _attributes(fields)))
        case 201:
            return attrs.evolve(found, body=body[4:])
        case _:
            raise Malformed(f"{kind} is no kind of answer")


def _last(fields: Fields, value: Any) -> Any:
    fields.end()
    return value


def _names(fields: Fields) -> tuple[tuple[bytes, bytes, Attributes], ...]:
    count = fields.number()
    if count > MOST_NAMES:
        raise Malformed(f"{count} names")
    return tuple(
        (fields.string(LONGEST_PACKET), fields.string(LONGEST_PACKET), _attributes(fields)) for _ in range(count)
    )


def status(request: int, code: int, text: str) -> bytes:
    """Return the answer of a code and its words."""
    words = text.encode("utf-8", "replace")
    return packet(STATUS, number(request) + number(code) + string(words) + string(b"en"))


def version(body: bytes) -> tuple[bytes, frozenset[bytes]]:
    """Return a target's VERSION with none but the extensions that are passed on, and those. Raises Malformed."""
    fields = Fields(body)
    if fields.number() != VERSION_SPOKEN:
        raise Malformed("a version that is not spoken here")
    kept, names = number(VERSION_SPOKEN), set()
    while fields.left:
        name, value = fields.string(LONGEST_HANDLE), fields.string(LONGEST_PACKET)
        if name in EXTENSIONS:
            kept += string(name) + string(value)
            names.add(name)
    return packet(VERSION, kept), frozenset(names)
