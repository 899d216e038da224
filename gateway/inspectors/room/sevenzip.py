"""Read the directory of a 7z archive: how many files, how many bytes, whether it is encrypted.

The rule: total: any bytes are a directory, :exc:`Encrypted` or :exc:`Damaged`. Counts and lengths are compared with
what is there before anything is made of them.

Known limits: what the archive holds is not unpacked; its sizes are those at which 7z's own decoders stop.
"""

from __future__ import annotations

import lzma
from typing import BinaryIO

import attrs

from gateway.inspectors.room.unpack import Damaged

LARGEST_HEADER = 64 * 1024**2
MOST_FOLDERS = 100_000
AES, LZMA, LZMA2 = b"\x06\xf1\x07\x01", b"\x03\x01\x01", b"\x21"
END, HEADER, ARCHIVE, EXTRA, STREAMS, FILES = 0x00, 0x01, 0x02, 0x03, 0x04, 0x05
PACK, FOLDERS, SUBSTREAMS, SIZE, CRC, FOLDER, UNPACK_SIZE, ENCODED = 0x06, 0x07, 0x08, 0x09, 0x0A, 0x0B, 0x0C, 0x17


class Encrypted(Exception):
    """The directory itself is encrypted."""


@attrs.frozen
class Directory:
    """What a 7z says of itself; ``total`` in bytes."""

    files: int
    total: int
    encrypted: bool


@attrs.frozen
class Coder:
    """One method of a folder."""

    method: bytes
    settings: bytes
    outputs: int


@attrs.define
class Folder:
    """Coders in a row, and the sizes they unpack to; the last one's is the folder's."""

    coders: list[Coder]
    sizes: list[int] = attrs.field(factory=list)
    bound: frozenset[int] = frozenset()

    @property
    def size(self) -> int:
        """Bytes that come out of it: the output that no other coder takes."""
        free = [size for place, size in enumerate(self.sizes) if place not in self.bound]
        return free[-1] if free else 0

    @property
    def encrypted(self) -> bool:
        """Say whether a coder decrypts."""
        return any(coder.method == AES for coder in self.coders)


@attrs.define
class Cursor:
    """Read bytes one after the other."""

    content: bytes
    at: int = 0

    def take(self, count: int) -> bytes:
        """Return the next bytes; raises :exc:`Damaged` where there are not so many."""
        if count > len(self.content) - self.at:
            raise Damaged("the directory ends too soon")
        self.at += count
        return self.content[self.at - count : self.at]

    def byte(self) -> int:
        """Return the next byte."""
        return self.take(1)[0]

    def number(self) -> int:
        """Return a number of variable length."""
        first, value, mask = self.byte(), 0, 0x80
        for place in range(8):
            if not first & mask:
                return value | (first & (mask - 1)) << (8 * place)
            value |= self.byte() << (8 * place)
            mask >>= 1
        return value

    def count(self, most: int = LARGEST_HEADER) -> int:
        """Return a number of things that each take a bit at least."""
        found = self.number()
        if found > min(most, 8 * len(self.content)):
            raise Damaged("the directory counts more than it holds")
        return found

    def expect(self, what: int) -> None:
        """Take a byte that must come."""
        if self.byte() != what:
            raise Damaged("the directory is out of order")


def read_directory(file: BinaryIO) -> Directory:
    """Read the directory of a 7z; raises :exc:`Encrypted` or :exc:`Damaged`."""
    start = file.read(32)
    if len(start) < 32:
        raise Damaged("it is too short")
    offset, size = int.from_bytes(start[12:20], "little"), int.from_bytes(start[20:28], "little")
    if not size:
        return Directory(0, 0, False)
    cursor = Cursor(_at(file, 32 + offset, size))
    kind = cursor.byte()
    for _ in range(4):
        if kind != ENCODED:
            break
        cursor = Cursor(_decoded(file, cursor))
        kind = cursor.byte()
    if kind != HEADER:
        raise Damaged("there is no directory")
    return _directory(cursor)


def _at(file: BinaryIO, offset: int, size: int) -> bytes:
    if size > LARGEST_HEADER or offset > 2**62:
        raise Damaged("the directory is too large")
    file.seek(offset)
    found = file.read(size)
    if len(found) < size:
        raise Damaged("the directory is not there")
    return found


def _decoded(file: BinaryIO, cursor: Cursor) -> bytes:
    start, sizes, folders = _streams(cursor)
    if len(folders) != 1 or not sizes or len(folders[0].coders) > 1:
        if any(folder.encrypted for folder in folders):
            raise Encrypted
        raise Damaged("the directory is packed in an unknown way")
    folder = folders[0]
    if folder.encrypted:
        raise Encrypted
    if folder.size > LARGEST_HEADER:
        raise Damaged("the directory is too large")
    packed = _at(file, 32 + start, sizes[0])
    coder = folder.coders[0]
    if coder.method not in (LZMA, LZMA2):
        raise Damaged("the directory is packed in an unknown way")
    decompressor = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[_filter(coder)])
    return decompressor.decompress(packed, folder.size)


def _filter(coder: Coder) -> dict[str, int]:
    if coder.method == LZMA2:
        return {"id": lzma.FILTER_LZMA2, "dict_size": LARGEST_HEADER}
    if len(coder.settings) != 5 or coder.settings[0] >= 225:
        raise Damaged("the directory is packed in an unknown way")
    rest, lc = divmod(coder.settings[0], 9)
    pb, lp = divmod(rest, 5)
    size = min(int.from_bytes(coder.settings[1:], "little"), LARGEST_HEADER)
    return {"id": lzma.FILTER_LZMA1, "lc": lc, "lp": lp, "pb": pb, "dict_size": max(size, 4096)}


def _directory(cursor: Cursor) -> Directory:
    files, total, encrypted = 0, 0, False
    kind = cursor.byte()
    if kind == ARCHIVE:
        while cursor.number():
            cursor.take(cursor.number())
        kind = cursor.byte()
    if kind == EXTRA:
        raise Damaged("the directory has streams of its own")
    if kind == STREAMS:
        _, _, folders = _streams(cursor)
        total = sum(folder.size for folder in folders)
        encrypted = any(folder.encrypted for folder in folders)
        kind = cursor.byte()
    if kind == FILES:
        files = cursor.count()
    elif kind != END:
        raise Damaged("the directory is out of order")
    return Directory(files, total, encrypted)


def _streams(cursor: Cursor) -> tuple[int, list[int], list[Folder]]:
    """Return where packed streams begin, their sizes, and the folders."""
    start, sizes, folders = 0, list[int](), list[Folder]()
    while kind := cursor.byte():
        match kind:
            case 0x06:
                start, sizes = _packed(cursor)
            case 0x07:
                folders = _folders(cursor)
            case 0x08:
                _skip_substreams(cursor, folders)
            case _:
                raise Damaged("the directory is out of order")
    return start, sizes, folders


def _packed(cursor: Cursor) -> tuple[int, list[int]]:
    start, count = cursor.number(), cursor.count(MOST_FOLDERS)
    sizes: list[int] = []
    while kind := cursor.byte():
        if kind == SIZE:
            sizes = [cursor.number() for _ in range(count)]
        elif kind == CRC:
            _skip_digests(cursor, count)
        else:
            raise Damaged("the directory is out of order")
    return start, sizes


def _folders(cursor: Cursor) -> list[Folder]:
    cursor.expect(FOLDER)
    count = cursor.count(MOST_FOLDERS)
    cursor.expect(0)
    folders = [_folder(cursor) for _ in range(count)]
    cursor.expect(UNPACK_SIZE)
    for folder in folders:
        folder.sizes = [cursor.number() for coder in folder.coders for _ in range(coder.outputs)]
    while kind := cursor.byte():
        if kind != CRC:
            raise Damaged("the directory is out of order")
        _skip_digests(cursor, count)
    return folders


def _folder(cursor: Cursor) -> Folder:
    count = cursor.number()
    if not 0 < count <= 32:
        raise Damaged("a folder has no coder, or too many")
    coders, inputs = [], 0
    for _ in range(count):
        flags = cursor.byte()
        method = cursor.take(flags & 0x0F)
        taken, outputs = (cursor.number(), cursor.number()) if flags & 0x10 else (1, 1)
        if taken > 32 or outputs > 32:
            raise Damaged("a coder has too many streams")
        settings = cursor.take(cursor.number()) if flags & 0x20 else b""
        coders.append(Coder(method, settings, outputs))
        inputs += taken
    pairs = sum(coder.outputs for coder in coders) - 1
    bound = []
    for _ in range(pairs):
        cursor.number()
        bound.append(cursor.number())
    if inputs - pairs > 1:
        for _ in range(inputs - pairs):
            cursor.number()
    return Folder(coders, bound=frozenset(bound))


def _skip_digests(cursor: Cursor, count: int) -> None:
    defined = count
    if not cursor.byte():
        bits = cursor.take((count + 7) // 8)
        defined = sum(byte.bit_count() for byte in bits)
    cursor.take(4 * defined)


def _skip_substreams(cursor: Cursor, folders: list[Folder]) -> None:
    """Skip the sizes of single files: the folders' sizes are their sum."""
    counts = [1] * len(folders)
    kind = cursor.byte()
    if kind == 0x0D:
        counts = [cursor.count() for _ in folders]
        kind = cursor.byte()
    if kind == SIZE:
        for count in counts:
            for _ in range(max(0, count - 1)):
                cursor.number()
        kind = cursor.byte()
    if kind == CRC:
        _skip_digests(cursor, sum(counts))
        kind = cursor.byte()
    if kind != END:
        raise Damaged("the directory is out of order")
