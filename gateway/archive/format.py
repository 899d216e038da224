"""The bytes of ``.pamrec`` version 1; ``docs/pamrec.rst`` says the same to other programs.

The rule: a reader believes nothing. Every head has a checksum of its own, so that a cut file and an altered
one can be told apart; every length is bounded before it is followed; every JSON document is in RFC 8785 form,
so that there is one spelling and any flipped bit is a difference.
"""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from typing import Any

import attrs

from gateway.domain.canonical import canonical_json, quick_json

FORMAT = "pamrec"
VERSION = 1

FRAME_BYTES = 64 << 10
"""Bytes of events, before compression, that close a frame."""

FRAME_EVENTS = 8192
"""Events that close a frame."""

FRAME_MICROS = 10_000_000
"""Microseconds that close a frame."""

MAX_HEADER = 256 << 10
"""Bytes of the longest header line that is read."""

MAX_SEALED = 8 << 20
"""Bytes of the longest sealed frame or tail record that is read."""

FRAME_MAGIC = b"PRF1"
TAIL_MAGIC = b"PRT1"
_FRAME = struct.Struct(">4sIIIQQI12s32s")
_TAIL = struct.Struct(">4sIQQcI")
_CHECK = struct.Struct(">I")
FRAME_HEAD = _FRAME.size + _CHECK.size
TAIL_HEAD = _TAIL.size + _CHECK.size
DIGEST = 32
TAG = 16


class FormatError(ValueError):
    """Bytes that are no part of a recording, or of a newer format; says which in words."""


@attrs.frozen
class FrameHead:
    """What stands before a sealed frame, readable without a key.

    ``size`` is the bytes of its events before compression; times are in microseconds.
    """

    n: int
    events: int
    size: int
    first: int
    last: int
    length: int
    nonce: bytes
    prev: bytes

    def pack(self) -> bytes:
        """Return the head with its checksum: the sealed frame's associated data."""
        head = _FRAME.pack(
            FRAME_MAGIC,
            self.n,
            self.events,
            self.size,
            self.first,
            self.last,
            self.length,
            self.nonce,
            self.prev,
        )
        return head + _CHECK.pack(zlib.crc32(head))


def unpack_frame(head: bytes) -> FrameHead:
    """Read a frame's head; raise :exc:`FormatError` when its checksum or its bounds are wrong."""
    _checked(head, FRAME_HEAD)
    magic, n, events, size, first, last, length, nonce, prev = _FRAME.unpack_from(head)
    if magic != FRAME_MAGIC or not TAG <= length <= MAX_SEALED:
        raise FormatError("no frame stands here")
    return FrameHead(n, events, size, first, last, length, nonce, prev)


@attrs.frozen
class TailHead:
    """What stands before one sealed event of the open frame ``n``; ``seq`` never repeats in a track."""

    n: int
    seq: int
    at: int
    code: str
    length: int


def pack_tail(n: int, seq: int, at: int, code: str, length: int) -> bytes:
    """Return a tail record's head with its checksum: the sealed event's associated data."""
    head = _TAIL.pack(TAIL_MAGIC, n, seq, at, code.encode("ascii"), length)
    return head + _CHECK.pack(zlib.crc32(head))


def unpack_tail(head: bytes) -> TailHead:
    """Read a tail record's head; raise :exc:`FormatError` when its checksum or its bounds are wrong."""
    _checked(head, TAIL_HEAD)
    magic, n, seq, at, code, length = _TAIL.unpack_from(head)
    if magic != TAIL_MAGIC or not TAG <= length <= MAX_SEALED or code not in b"oirmx":
        raise FormatError("no event stands here")
    return TailHead(n, seq, at, code.decode("ascii"), length)


def _checked(head: bytes, size: int) -> None:
    if len(head) != size:
        raise FormatError("the head is cut")
    if zlib.crc32(head[: -_CHECK.size]) != _CHECK.unpack_from(head, size - _CHECK.size)[0]:
        raise FormatError("the head was altered")


def tail_nonce(channel: int, seq: int) -> bytes:
    """Return the nonce of one tail record: the channel, then the record's number in its track."""
    return struct.pack(">IQ", channel, seq)


def canonical(document: object) -> bytes:
    r"""Return a document in RFC 8785 form; lone surrogates become their ``\udcXX`` spelling first."""
    known = quick_json(document)
    return canonical_json(_spelt(document)) if known is None else known


def _spelt(value: object) -> object:
    match value:
        case str():
            return value if value.isascii() else value.encode("utf-8", "backslashreplace").decode("utf-8")
        case dict():
            return {_spelt(str(name)): _spelt(each) for name, each in value.items()}
        case list() | tuple():
            return [_spelt(each) for each in value]
    return value


def read_canonical(stored: bytes, what: str) -> dict[str, Any]:
    """Read what :func:`canonical` wrote, and a newline; raise :exc:`FormatError` for any other bytes."""
    if len(stored) > MAX_HEADER * 64:
        raise FormatError(f"{what} is too large")
    try:
        document = json.loads(stored)
        same = canonical(document) + b"\n" == stored
    except (ValueError, RecursionError):
        raise FormatError(f"{what} was altered or cut: it is not JSON") from None
    if not isinstance(document, dict) or not same:
        raise FormatError(f"{what} was altered: it is not in canonical form")
    return document


def check_version(document: dict[str, Any], what: str) -> None:
    """Refuse what is no recording, and what a newer version wrote, in words."""
    if document.get("format") != FORMAT:
        raise FormatError(f"{what} is no part of a recording")
    version = document.get("version")
    if not isinstance(version, int) or version < 1:
        raise FormatError(f"{what} has no format version")
    if version > VERSION:
        raise FormatError(
            f"{what} was written in format version {version}; this program reads up to {VERSION}: use a newer one"
        )


def digest(stored: bytes) -> bytes:
    """Return SHA-256."""
    return hashlib.sha256(stored).digest()


def key_id(public_key: bytes) -> str:
    """Return the short name of an Ed25519 public key (32 bytes)."""
    return "ed25519:" + hashlib.sha256(public_key).hexdigest()[:16]
