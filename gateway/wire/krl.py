"""Read what is revoked: an OpenSSH key revocation list (PROTOCOL.krl), or a plain list of public keys.

The rule: total on any bytes, bounded, and closed: a section that is not understood, a line that is no key or a byte
too many makes the whole list unusable, for half a list revokes too little. Signatures of a list are passed over: who
may write the file may revoke.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import sys
from array import array
from bisect import bisect_right
from collections.abc import Iterable
from typing import Final

import attrs

from gateway.wire.authority import ShownKey
from gateway.wire.certificates import Certificate
from gateway.wire.fields import Fields, MalformedField
from gateway.wire.keyblobs import LONGEST_BLOB, LONGEST_LINE

LARGEST_LIST: Final = 8 * 1024 * 1024
"""Bytes of the largest list that is read."""

MAGIC: Final = b"SSHKRL\n\0"
_SIGNATURE: Final = 4


class BadList(ValueError):
    """A list of revoked keys can not be used; the text says why."""


@attrs.define
class Serials:
    """Serial numbers of one authority, revoked singly, in ranges or in bitmaps; :meth:`close` before asking."""

    _single: array[int] = attrs.field(factory=lambda: array("Q"))
    _ranges: list[tuple[int, int]] = attrs.field(factory=list)
    _bitmaps: list[tuple[int, bytes]] = attrs.field(factory=list)
    _widest: int = 0
    """Bits of the largest bitmap."""

    def add(self, packed: bytes) -> None:
        """Add a list of 64-bit numbers; raise ValueError unless it is one."""
        added = array("Q", packed)
        if sys.byteorder == "little":
            added.byteswap()
        self._single.extend(added)

    def add_range(self, first: int, last: int) -> None:
        """Add all numbers from *first* to *last*."""
        if first > last:
            raise BadList("a range of serial numbers ends before it begins")
        self._ranges.append((first, last))

    def add_bitmap(self, offset: int, bits: bytes) -> None:
        """Add the numbers whose bits are set, the last bit being *offset*."""
        self._bitmaps.append((offset, bits))
        self._widest = max(self._widest, len(bits) * 8)

    def close(self) -> None:
        """Put everything in order; ranges that touch become one."""
        self._single = array("Q", sorted(self._single))
        self._bitmaps.sort()
        merged: list[tuple[int, int]] = []
        for first, last in sorted(self._ranges):
            if merged and first <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
            else:
                merged.append((first, last))
        self._ranges = merged

    def __contains__(self, serial: int) -> bool:
        place = bisect_right(self._single, serial)
        if place and self._single[place - 1] == serial:
            return True
        place = bisect_right(self._ranges, serial, key=lambda pair: pair[0])
        return (place > 0 and self._ranges[place - 1][1] >= serial) or self._in_bitmaps(serial)

    def _in_bitmaps(self, serial: int) -> bool:
        low = bisect_right(self._bitmaps, serial - self._widest, key=lambda pair: pair[0])
        high = bisect_right(self._bitmaps, serial, key=lambda pair: pair[0])
        return any(_bit(bits, serial - offset) for offset, bits in self._bitmaps[low:high])


def _bit(bits: bytes, number: int) -> bool:
    place = len(bits) - 1 - number // 8
    return place >= 0 and bool(bits[place] >> number % 8 & 1)


@attrs.define
class RevokedList:
    """What a list revokes."""

    keys: set[bytes] = attrs.field(factory=set)
    """Blobs of keys and of whole certificates."""
    sha1: set[bytes] = attrs.field(factory=set)
    sha256: set[bytes] = attrs.field(factory=set)
    serials: dict[bytes, Serials] = attrs.field(factory=dict)
    """By the authority's blob; empty for every authority."""
    key_ids: set[tuple[bytes, bytes]] = attrs.field(factory=set)
    """Pairs of authority and key id."""

    def names(self, key: ShownKey) -> bool:
        """Say whether a key is revoked; a certificate also by its key, authority, serial number or key id."""
        if not isinstance(key, Certificate):
            return self._names_blob(key.blob)
        blobs = (key.blob, key.key.blob, key.authority.blob)
        return any(map(self._names_blob, blobs)) or any(
            self._names_certificate(key, authority) for authority in (key.authority.blob, b"")
        )

    def _names_blob(self, blob: bytes) -> bool:
        digest = hashlib.sha1(blob, usedforsecurity=False).digest()
        return blob in self.keys or digest in self.sha1 or hashlib.sha256(blob).digest() in self.sha256

    def _names_certificate(self, key: Certificate, authority: bytes) -> bool:
        if (authority, key.key_id) in self.key_ids:
            return True
        # Zero is what an authority writes that does not number its certificates: it is no number (PROTOCOL.krl).
        return key.serial != 0 and key.serial in self.serials.get(authority, ())


def read_list(content: bytes) -> RevokedList:
    """Return what a file revokes, whichever of the two forms it has; raise :exc:`BadList`."""
    if len(content) > LARGEST_LIST:
        raise BadList(f"it is larger than {LARGEST_LIST} bytes")
    return _read_krl(content) if content.startswith(MAGIC) else _read_lines(content)


def _read_lines(content: bytes) -> RevokedList:
    found = RevokedList()
    for number, line in enumerate(content.split(b"\n"), 1):
        words = line.split(None, 2)
        if words and not words[0].startswith(b"#"):
            found.keys.add(_blob(words, number, len(line)))
    return found


def _blob(words: list[bytes], number: int, length: int) -> bytes:
    """Return the blob in a line's words; of kinds that are not known here too: they are revoked all the same."""
    try:
        blob = base64.b64decode(words[1], validate=True) if len(words) > 1 and length <= LONGEST_LINE else b""
        kind = Fields(blob).string("key type", 64)
    except (binascii.Error, MalformedField):
        kind = b""
    if not kind or kind != words[0]:
        raise BadList(f"line {number} is not a public key")
    return blob


def _read_krl(content: bytes) -> RevokedList:
    fields, found = Fields(content), RevokedList()
    try:
        _header(fields)
        signed = False
        while fields.left:
            section = fields.byte("section")
            body = fields.string("section", LARGEST_LIST)
            if section == _SIGNATURE:
                fields.string("signature", LONGEST_BLOB)
                signed = True
            elif signed:
                raise BadList("it goes on behind its signature")
            else:
                _section(section, Fields(body), found)
    except MalformedField as fault:
        raise BadList(f"it is damaged: {fault}") from None
    for serials in found.serials.values():
        serials.close()
    return found


def _header(fields: Fields) -> None:
    fields.uint64("mark")
    version = fields.uint32("format")
    if version != 1:
        raise BadList(f"it has format {version}; only format 1 is known")
    for what in ("version", "date", "flags"):
        fields.uint64(what)
    for what in ("reserved field", "comment"):
        fields.string(what, LARGEST_LIST)


def _section(section: int, body: Fields, found: RevokedList) -> None:
    match section:
        case 1:
            _certificates(body, found)
        case 2:
            found.keys.update(_strings(body, LONGEST_BLOB))
        case 3:
            found.sha1.update(_digests(body, 20))
        case 5:
            found.sha256.update(_digests(body, 32))
        case 255:
            _extension(body)
        case _:
            raise BadList(f"it has a section {section}, which is not known")


def _certificates(body: Fields, found: RevokedList) -> None:
    authority = body.string("authority", LONGEST_BLOB)
    body.string("reserved field", LARGEST_LIST)
    serials = found.serials.setdefault(authority, Serials())
    while body.left:
        section = body.byte("section of certificates")
        part = Fields(body.string("section of certificates", LARGEST_LIST))
        match section:
            case 0x20:
                _add_serials(part, serials)
            case 0x21:
                serials.add_range(part.uint64("first serial number"), part.uint64("last serial number"))
                part.end("range")
            case 0x22:
                serials.add_bitmap(part.uint64("serial number"), part.string("bitmap", LARGEST_LIST))
                part.end("bitmap")
            case 0x23:
                found.key_ids.update((authority, key_id) for key_id in _strings(part, LONGEST_BLOB))
            case 0x39:
                _extension(part)
            case _:
                raise BadList(f"it has a section {section} of certificates, which is not known")


def _add_serials(part: Fields, serials: Serials) -> None:
    if part.left % 8:
        raise BadList("a list of serial numbers is cut short")
    serials.add(part.rest())


def _extension(body: Fields) -> None:
    """Pass over an extension, unless it says that it must be understood."""
    body.string("extension's name", LONGEST_BLOB)
    if body.boolean("extension's criticality"):
        raise BadList("it has a critical extension, which is not known")
    body.string("extension", LARGEST_LIST)
    body.end("extension")


def _strings(body: Fields, limit: int) -> Iterable[bytes]:
    while body.left:
        yield body.string("entry", limit)


def _digests(body: Fields, size: int) -> Iterable[bytes]:
    for digest in _strings(body, size):
        if len(digest) != size:
            raise BadList(f"a fingerprint has {len(digest)} bytes instead of {size}")
        yield digest
