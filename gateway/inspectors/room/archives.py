"""Judge an archive by what it would become: entries, bytes, ratio, depth, encryption.

The rule: nothing that an archive says of itself is believed where it can be measured: what is packed is unpacked and
counted, up to the limits, and what can not be read is denied. Archives in archives are followed.

Known limits: a 7z is counted by its directory (its decoders stop at what that says) and not looked into; so are rar,
cab, iso and what else is not unpacked here: ``type`` denies those. A compressed file counts as a level of its own.
A zip or 7z inside another archive is kept in memory, up to 128 MiB; a larger one is denied.
"""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
import os
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO

import attrs

from gateway.domain.signatures import HEAD, kinds_of
from gateway.inspectors.room.sevenzip import Encrypted, read_directory
from gateway.inspectors.room.unpack import Damaged, Unpacked

CHUNK = 256 * 1024
SMALL = 1024 * 1024
"""Bytes up to which no ratio is too high: small files of zeros are no bombs."""

MOST_KEPT = 128 * 1024**2
"""Bytes of zips and 7zs inside of others, which have to be kept in memory to be looked into."""
SOUGHT = frozenset({"zip", "7z"})

DAMAGED = (
    Damaged, zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError,
    NotImplementedError, OverflowError,
)  # fmt: skip
"""What reading an archive that is not one may raise."""


DEFAULTS: dict[str, Any] = {
    "max_ratio": 100, "max_entries": 10_000, "max_total": 1024**3, "max_depth": 5, "encrypted": "deny",
}  # fmt: skip
"""The limits where settings say nothing."""


class Over(Exception):
    """A limit is passed: the code, and words."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.code = code


@attrs.define
class Guard:
    """Count what comes out of one file of ``size`` bytes."""

    size: int
    max_ratio: int
    max_entries: int
    max_total: int
    max_depth: int
    encrypted: str
    entries: int = 0
    total: int = 0
    kept: int = 0
    """Bytes of archives in archives that are in memory now."""
    deepest: int = 0

    def walk(self, file: Any, depth: int = 1, head: bytes = b"") -> None:
        """Unpack what a file holds, if it is an archive; raises :exc:`Over` or one of :data:`DAMAGED`.

        ``head`` is what was read of a stream already; without it the file can be sought in.
        """
        kinds = kinds_of(head or file.read(HEAD))
        opener = next((OPENERS[kind] for kind in OPENERS if kind in kinds), None)
        if not head:
            file.seek(0)
            if opener is None and zipfile.is_zipfile(file):
                opener = _zip
            file.seek(0)
        if opener is None:
            return
        if depth > self.max_depth:
            raise Over("depth", f"archives lie more than {self.max_depth} deep in it")
        self.deepest = max(self.deepest, depth)
        opener(self, file, depth)

    def entry(self) -> None:
        """Count an entry."""
        self.entries += 1
        if self.entries > self.max_entries:
            raise Over("entries", f"it holds more than {self.max_entries} files")

    def count(self, size: int) -> None:
        """Count bytes that came out."""
        self.total += size
        if self.total > self.max_total:
            raise Over("total", f"it unpacks to more than {self.max_total} bytes")
        if self.total > SMALL and self.total > self.max_ratio * max(1, self.size):
            raise Over("ratio", f"it unpacks to more than {self.max_ratio} times its size")

    def secret(self) -> None:
        """Meet something encrypted."""
        if self.encrypted == "deny":
            raise Over("encrypted", "it is encrypted and can not be evaluated")

    def through(self, chunks: Iterator[bytes], depth: int) -> None:
        """Count an entry's bytes; follow those that are an archive."""
        feed = Feed(self._counted(chunks))
        head = feed.peek(HEAD)
        kinds = kinds_of(head)
        if kinds & SOUGHT:
            self._kept(feed, depth)
        elif not kinds.isdisjoint(OPENERS):
            self.walk(feed, depth + 1, head)
        while feed.read(CHUNK):
            pass

    def _counted(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self.count(len(chunk))
            yield chunk

    def _kept(self, feed: Feed, depth: int) -> None:
        """Follow an archive that must be sought in: kept in memory, which is bounded."""
        with os.fdopen(os.memfd_create("entry"), "w+b") as kept:
            while chunk := feed.read(CHUNK):
                self.kept += len(chunk)
                if self.kept > MOST_KEPT:
                    raise Over("nested", f"archives in it have more than {MOST_KEPT} bytes and can not be looked into")
                kept.write(chunk)
            kept.seek(0)
            self.walk(kept, depth + 1)
            self.kept -= kept.seek(0, os.SEEK_END)


@attrs.define
class Feed:
    """Read an iterator like a file that can not be sought in."""

    chunks: Iterator[bytes]
    _waiting: bytes = b""

    def peek(self, count: int) -> bytes:
        """Return the next bytes and leave them."""
        while len(self._waiting) < count and (chunk := next(self.chunks, b"")):
            self._waiting += chunk
        return self._waiting[:count]

    def read(self, count: int = -1) -> bytes:
        """Return at most so many bytes, none at the end."""
        if not self._waiting:
            self._waiting = next(self.chunks, b"")
        piece, self._waiting = (self._waiting[:count], self._waiting[count:]) if count >= 0 else (self._waiting, b"")
        return piece

    def seek(self, offset: int, whence: int = 0) -> int:
        """Raise OSError: what has been read is gone."""
        raise OSError("a stream can not be sought in")


def _zip(guard: Guard, file: Any, depth: int) -> None:
    with zipfile.ZipFile(file) as opened:
        for entry in opened.infolist():
            guard.entry()
            if entry.flag_bits & 0x41:
                guard.secret()
                guard.count(entry.file_size)
            elif not entry.is_dir():
                with opened.open(entry) as packed:
                    guard.through(iter(lambda packed=packed: packed.read(CHUNK), b""), depth)  # type: ignore[misc]


def _tar(guard: Guard, file: Any, depth: int) -> None:
    with tarfile.open(fileobj=file, mode="r|") as opened:
        for entry in opened:
            opened.members = []  # type: ignore[attr-defined]  # it keeps every header it has read
            guard.entry()
            if entry.issparse():
                guard.count(entry.size)
            elif entry.isreg():
                packed = opened.extractfile(entry)
                if packed is not None:
                    guard.through(iter(lambda packed=packed: packed.read(CHUNK), b""), depth)  # type: ignore[misc]


def _packed(make: Callable[[], Any]) -> Callable[[Guard, Any, int], None]:
    def opened(guard: Guard, file: Any, depth: int) -> None:
        guard.entry()
        guard.through(iter(Unpacked(file, make)), depth)

    return opened


def _sevenzip(guard: Guard, file: Any, depth: int) -> None:
    try:
        directory = read_directory(file)
    except Encrypted:
        guard.secret()
        return
    for _ in range(directory.files):
        guard.entry()
    if directory.encrypted:
        guard.secret()
    guard.count(directory.total)


OPENERS: dict[str, Callable[[Guard, Any, int], None]] = {
    "zip": _zip,
    "7z": _sevenzip,
    "tar": _tar,
    "gzip": _packed(lambda: zlib.decompressobj(31)),
    "bzip2": _packed(bz2.BZ2Decompressor),
    "xz": _packed(lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=256 * 1024**2)),
    "lzma": _packed(lambda: lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=256 * 1024**2)),
}
"""What is unpacked here."""


def warm() -> None:
    """Read one archive of each kind, so that everything is imported that reading them needs: no child can import."""
    for name in ("cp437", "utf-8", "ascii", "latin-1", "utf-16-le"):
        codecs.lookup(name)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar:
        tar.addfile(tarfile.TarInfo("\xe9" * 200))
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_LZMA) as made:
        made.writestr("a.tar.gz", gzip.compress(packed.getvalue()))
        made.writestr("a.tar.xz", lzma.compress(packed.getvalue()), zipfile.ZIP_BZIP2)
    judge(DEFAULTS, {}, io.BytesIO(zipped.getvalue()))


def judge(settings: Mapping[str, Any], transfer: Mapping[str, Any], file: BinaryIO) -> dict[str, Any]:
    """Say whether an archive keeps to the limits; what is no archive passes."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    guard = Guard(size, **settings)
    try:
        guard.walk(file)
    except Over as over:
        return {"decision": "deny", "code": over.code, "reason": str(over), "detail": _counted(guard)}
    except (*DAMAGED, RuntimeError) as problem:
        # zipfile and tarfile raise RuntimeError for what they can not read, such as a password that is needed.
        words = f"{type(problem).__name__}: {problem}"
        said = "it is an archive that can not be read"
        return {"decision": "deny", "code": "damaged", "reason": said, "detail": words}
    return {"decision": "allow" if guard.deepest else "abstain", "detail": _counted(guard)}


def _counted(guard: Guard) -> str:
    return f"{guard.entries} entries, {guard.total} bytes, {guard.deepest} deep"
