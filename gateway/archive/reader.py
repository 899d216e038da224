"""Reading a track back, whatever became of it.

The rule: never an exception, never more memory than one record. Damage is an item among the frames: where it
is, what it is in words, and whether the file merely ends there; reading goes on behind it at the next good
head.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any, BinaryIO

import attrs
import zstandard

from gateway.archive.format import (
    DIGEST,
    FRAME_HEAD,
    FRAME_MAGIC,
    MAX_HEADER,
    TAIL_HEAD,
    FormatError,
    FrameHead,
    TailHead,
    check_version,
    digest,
    read_canonical,
    unpack_frame,
    unpack_tail,
)
from gateway.archive.keys import Ciphers
from gateway.domain.cast import MAX_DOCUMENT, CastError, Document, decode_document

MAX_TAIL = 64 << 20
WINDOW = 1 << 20


@attrs.frozen
class Frame:
    """One stored frame; ``link`` is its chain digest."""

    head: FrameHead
    sealed: bytes = attrs.field(repr=False)
    offset: int
    link: bytes


@attrs.frozen
class Damage:
    """A place that can not be read; ``torn`` when the file only ends too early."""

    offset: int
    words: str
    torn: bool = False


@attrs.frozen
class TailEvent:
    """One stored event of an open frame; ``seal`` is its head as stored."""

    head: TailHead
    seal: bytes
    sealed: bytes = attrs.field(repr=False)


@attrs.frozen
class Tail:
    """What a tail holds; ``damage`` when it does not end well."""

    events: tuple[TailEvent, ...] = ()
    damage: Damage | None = None


class TrackFile:
    """Read one track's file."""

    def __init__(self, stored: BinaryIO) -> None:
        self._stored = stored
        line = stored.readline(MAX_HEADER)
        self.size = len(line)
        self.link = digest(line)
        self.header: dict[str, Any] = {}
        self.damage: Damage | None = None
        try:
            self.header = _header(line)
        except FormatError as error:
            self.damage = Damage(0, str(error), torn=not line.endswith(b"\n") and len(line) < MAX_HEADER)

    def items(self) -> Iterator[Frame | Damage]:
        """Give frames and damages in the order of the file; an altered header is not among them."""
        offset = self.size
        while True:
            self._stored.seek(offset)
            packed = self._stored.read(FRAME_HEAD)
            if not packed:
                return
            item = self._frame(offset, packed)
            yield item
            if isinstance(item, Frame):
                offset += FRAME_HEAD + item.head.length
            else:
                found = None if item.torn else self._next_head(offset + 1)
                if found is None:
                    return
                offset = found

    @staticmethod
    def frame_at(stored: BinaryIO, offset: int, packed: bytes) -> Frame:
        """Read the frame whose head was just read; raise :exc:`FormatError` where there is none any more."""
        head = unpack_frame(packed)
        sealed = stored.read(head.length)
        if len(sealed) < head.length:
            raise FormatError("the file ends inside a frame")
        return Frame(head, sealed, offset, digest(packed + sealed))

    def _frame(self, offset: int, packed: bytes) -> Frame | Damage:
        if len(packed) < FRAME_HEAD:
            return Damage(offset, "the file ends inside the head of a frame", torn=True)
        try:
            head = unpack_frame(packed)
        except FormatError as error:
            return Damage(offset, str(error))
        sealed = self._stored.read(head.length)
        if len(sealed) < head.length:
            return Damage(offset, "the file ends inside a frame", torn=True)
        return Frame(head, sealed, offset, digest(packed + sealed))

    def _next_head(self, offset: int) -> int | None:
        while True:
            self._stored.seek(offset)
            window = self._stored.read(WINDOW)
            if len(window) < FRAME_HEAD:
                return None
            place = window.find(FRAME_MAGIC)
            while 0 <= place <= len(window) - FRAME_HEAD:
                if _is_head(window[place : place + FRAME_HEAD]):
                    return offset + place
                place = window.find(FRAME_MAGIC, place + 1)
            offset += max(1, len(window) - FRAME_HEAD + 1)


def _is_head(packed: bytes) -> bool:
    try:
        unpack_frame(packed)
    except FormatError:
        return False
    return True


def _header(line: bytes) -> dict[str, Any]:
    if not line.endswith(b"\n"):
        raise FormatError("the header of the track is cut")
    header = read_canonical(line, "the header of the track")
    check_version(header, "the header of the track")
    match header:
        case {
            "session": str(),
            "opening": str(),
            "policy": str(),
            "channel": int(),
            "kind": str(),
            "at": int() | float(),
            "facts": str(),
            "recipients": list(),
        }:
            return header
    raise FormatError("the header of the track was altered: entries are missing")


def track_facts(header: dict[str, Any], ciphers: Ciphers) -> dict[str, Any]:
    """Return what a track says of its channel; raise :exc:`FormatError` when it was altered."""
    try:
        read = json.loads(ciphers.open_facts(header["channel"], header["facts"]))
    except ValueError:
        raise FormatError("the facts of the track are damaged") from None
    return read if isinstance(read, dict) else {}


def read_wrapped(stored: bytes) -> Any:
    """Return the recipients of a key that stands alone in a file; raise :exc:`FormatError`."""
    document = read_canonical(stored, "the key of the search index")
    return document.get("recipients", [])


def track_number(path: str) -> int:
    """Return a track's channel."""
    return _number(os.path.basename(path))[0]


def read_tail(path: str) -> Tail:
    """Read a tail; one that is missing is empty. Raises OSError for other reasons only."""
    try:
        with open(path, "rb") as file:
            stored = file.read(MAX_TAIL)
    except FileNotFoundError:
        return Tail()
    events: list[TailEvent] = []
    offset = 0
    while offset < len(stored):
        packed = stored[offset : offset + TAIL_HEAD]
        try:
            head = unpack_tail(packed)
        except FormatError as error:
            return Tail(tuple(events), Damage(offset, str(error), torn=len(packed) < TAIL_HEAD))
        end = offset + TAIL_HEAD + head.length
        if end + DIGEST > len(stored):
            return Tail(tuple(events), Damage(offset, "the tail ends inside an event", torn=True))
        events.append(TailEvent(head, packed, stored[offset + TAIL_HEAD : end + DIGEST]))
        offset = end + DIGEST
    return Tail(tuple(events))


def check_links(tail: Tail, link: bytes) -> Damage | None:
    """Return where a tail's chain breaks, that began at ``link``; its own damage comes after that."""
    offset = 0
    for event in tail.events:
        sealed, stored = event.sealed[:-DIGEST], event.sealed[-DIGEST:]
        link = digest(link + event.seal + sealed)
        if link != stored:
            return Damage(offset, "an event that is in no frame yet was altered")
        offset += len(event.seal) + len(event.sealed)
    return tail.damage


def open_tail_event(event: TailEvent, ciphers: Ciphers, channel: int) -> bytes:
    """Return an event's bytes; raise :exc:`FormatError` when they are not what was sealed."""
    return ciphers.open_event(channel, event.head.seq, event.seal, event.sealed[:-DIGEST])


def open_frame(frame: Frame, ciphers: Ciphers) -> Document:
    """Decrypt, decompress and decode one frame; raise :exc:`FormatError` when it is not what was recorded."""
    compressed = ciphers.open_frame(frame.head, frame.sealed)
    try:
        size = zstandard.get_frame_parameters(compressed).content_size
        if size > MAX_DOCUMENT:
            raise FormatError("a frame would decompress to more than it may")
        plain = zstandard.ZstdDecompressor().decompress(compressed, max_output_size=MAX_DOCUMENT)
        return decode_document(plain)
    except (zstandard.ZstdError, CastError) as error:
        raise FormatError(f"a frame can not be decoded: {error}") from None


def track_paths(directory: str) -> list[str]:
    """Return the tracks of a recording, in order of their numbers; raises OSError."""
    names = [name for name in os.listdir(directory) if name.endswith(".pamrec")]
    return [os.path.join(directory, name) for name in sorted(names, key=_number)]


def _number(name: str) -> tuple[int, str]:
    stem = name.removesuffix(".pamrec")
    return (int(stem) if stem.isascii() and stem.isdigit() and len(stem) < 10 else 1 << 40, name)


def tail_path(track: str) -> str:
    """Return where a track's tail is."""
    return track.removesuffix(".pamrec") + ".tail"
