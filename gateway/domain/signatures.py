"""The type of a file by its first bytes: one literal table.

The rule: a type is what a program would take the file for, not what it is called. A file may be of several types at
once (a PDF that is also a zip); each is found. Nothing is parsed here: bytes are compared at fixed places.

Known limits: 4 KiB are looked at, so a zip that hangs on another file's tail is found by its directory only where
somebody looks at the tail (see ``gateway.inspectors.room.kinds``). Text without a signature is ``text`` where it is
UTF-8 without control characters, else ``data``.
"""

from __future__ import annotations

from typing import Final

HEAD: Final = 4096
"""Bytes that must be looked at."""

SIGNATURES: tuple[tuple[str, int, bytes], ...] = (
    ("elf", 0, b"\x7fELF"),
    ("pe", 0, b"MZ"),
    ("macho", 0, b"\xfe\xed\xfa\xce"),
    ("macho", 0, b"\xfe\xed\xfa\xcf"),
    ("macho", 0, b"\xce\xfa\xed\xfe"),
    ("macho", 0, b"\xcf\xfa\xed\xfe"),
    ("class", 0, b"\xca\xfe\xba\xbe"),
    ("wasm", 0, b"\0asm"),
    ("dex", 0, b"dex\n"),
    ("script", 0, b"#!"),
    ("script", 0, b"\xef\xbb\xbf#!"),
    ("script", 0, b"<?php"),
    ("pyc", 2, b"\r\n\xe3\0\0\0"),
    ("zip", 0, b"PK\x03\x04"),
    ("zip", 0, b"PK\x05\x06"),
    ("zip", 0, b"PK\x07\x08"),
    ("7z", 0, b"7z\xbc\xaf\x27\x1c"),
    ("rar", 0, b"Rar!\x1a\x07"),
    ("gzip", 0, b"\x1f\x8b"),
    ("bzip2", 0, b"BZh"),
    ("xz", 0, b"\xfd7zXZ\0"),
    ("lzma", 0, b"\x5d\0\0"),
    ("zstd", 0, b"\x28\xb5\x2f\xfd"),
    ("lz4", 0, b"\x04\x22\x4d\x18"),
    ("compress", 0, b"\x1f\x9d"),
    ("tar", 257, b"ustar"),
    ("cpio", 0, b"070701"),
    ("cpio", 0, b"070702"),
    ("cpio", 0, b"070707"),
    ("ar", 0, b"!<arch>\n"),
    ("rpm", 0, b"\xed\xab\xee\xdb"),
    ("cab", 0, b"MSCF\0\0\0\0"),
    ("squashfs", 0, b"hsqs"),
    ("iso", 32769, b"CD001"),
    ("ole", 0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
    ("pdf", 0, b"%PDF-"),
    ("rtf", 0, b"{\\rtf"),
    ("postscript", 0, b"%!PS"),
    ("xml", 0, b"<?xml"),
    ("sqlite", 0, b"SQLite format 3\0"),
    ("lnk", 0, b"L\0\0\0\x01\x14\x02\0"),
    ("key", 0, b"-----BEGIN OPENSSH PRIVATE KEY-----"),
    ("key", 0, b"-----BEGIN RSA PRIVATE KEY-----"),
    ("key", 0, b"-----BEGIN EC PRIVATE KEY-----"),
    ("key", 0, b"-----BEGIN DSA PRIVATE KEY-----"),
    ("key", 0, b"-----BEGIN PRIVATE KEY-----"),
    ("key", 0, b"-----BEGIN ENCRYPTED PRIVATE KEY-----"),
    ("key", 0, b"PuTTY-User-Key-File-"),
    ("png", 0, b"\x89PNG\r\n\x1a\n"),
    ("jpeg", 0, b"\xff\xd8\xff"),
    ("gif", 0, b"GIF87a"),
    ("gif", 0, b"GIF89a"),
    ("tiff", 0, b"II*\0"),
    ("tiff", 0, b"MM\0*"),
    ("webp", 8, b"WEBP"),
    ("wav", 8, b"WAVE"),
    ("avi", 8, b"AVI "),
    ("mp4", 4, b"ftyp"),
    ("ogg", 0, b"OggS"),
    ("mp3", 0, b"ID3"),
    ("flac", 0, b"fLaC"),
)
"""Type, offset and bytes."""

INSIDE = (("pdf", b"%PDF-"),)
"""Signatures that readers look for anywhere in the first 1024 bytes."""

KINDS: frozenset[str] = frozenset(
    {kind for kind, _, _ in SIGNATURES}
    | {"text", "data", "empty", "docx", "xlsx", "pptx", "odf", "jar", "apk", "deb"}
)
"""Every type there is; some are found only by who looks into an archive."""

_TEXT_BYTES = bytes(range(0x20, 0x7F)) + b"\t\n\r\f\x1b\x08" + bytes(range(0x80, 0x100))


def kinds_of(head: bytes) -> frozenset[str]:
    """Return every type that the first bytes (of :data:`HEAD`) stand for; never none."""
    found = {kind for kind, offset, mark in SIGNATURES if head.startswith(mark, offset)}
    found |= {kind for kind, mark in INSIDE if mark in head[:1024]}
    if "ar" in found and head.startswith(b"debian-binary", 8):
        found.add("deb")
    return frozenset(found or {_plain(head)})


def kind_of(head: bytes) -> str:
    """Return the one type to name: the first of the table that fits."""
    found = kinds_of(head)
    return next((kind for kind, _, _ in SIGNATURES if kind in found), min(found))


def _plain(head: bytes) -> str:
    if not head:
        return "empty"
    if head.translate(None, _TEXT_BYTES):
        return "data"
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as problem:
        # The last character may be cut where the head ends.
        return "text" if problem.start >= len(head) - 3 and len(head) >= HEAD else "data"
    return "text"
