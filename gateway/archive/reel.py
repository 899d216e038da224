"""One track of a recording, to be played: an index of its frames, and each frame when it is wanted.

The rule: opening reads the heads alone; a frame is read, decrypted and decoded when it is asked for, in a thread, so a
player's memory is that of two frames. What is damaged is an empty frame with a marker that says so.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

import attrs
from twisted.internet.defer import Deferred
from zope.interface import implementer

from gateway.archive import reader
from gateway.archive.export import ciphers_of, pick, tail_text
from gateway.archive.format import FRAME_HEAD, FormatError
from gateway.archive.keys import Ciphers, NodeKeys
from gateway.archive.reader import Frame, TrackFile
from gateway.domain.cast import Document, Event, Joiner, size_of
from gateway.domain.transcript import Line, Transcript
from gateway.interfaces.archive import ArchiveError, IReel

InThread = Callable[..., Deferred[Any]]


@attrs.frozen
class Part:
    """Where a frame is in its file, and its first and last time in seconds; no offset: a part made already."""

    first: float
    last: float
    offset: int = -1
    document: Document | None = None


@implementer(IReel)
@attrs.define(eq=False)
class Reel:
    """A track, opened."""

    session: str
    channel: int
    kind: str
    facts: Mapping[str, Any]
    parts: tuple[Part, ...]
    _path: str
    _ciphers: Ciphers | None
    _in_thread: InThread

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows at the beginning."""
        return size_of(f"{self.facts.get('cols')}x{self.facts.get('rows')}") or (80, 24)

    @property
    def spans(self) -> tuple[tuple[float, float], ...]:
        """First and last time of each segment, in seconds from the start of the session."""
        return tuple((part.first, part.last) for part in self.parts)

    def segment(self, n: int) -> Deferred[Document]:
        """Return a segment."""
        return self._in_thread(self.read, n)

    def read(self, n: int) -> Document:
        """Return a segment, here and now."""
        part = self.parts[n]
        if part.document is not None or self._ciphers is None:
            return part.document or Document(())
        try:
            return reader.open_frame(self._frame(part), self._ciphers)
        except (FormatError, OSError) as error:
            return Document((Event(part.first, "m", f"ostiary: frame {n} is damaged and left out: {error}"),))

    def _frame(self, part: Part) -> Frame:
        with open(self._path, "rb") as stored:
            stored.seek(part.offset)
            packed = stored.read(FRAME_HEAD)
            return TrackFile.frame_at(stored, part.offset, packed)


def open_reel(directory: str, channel: int | None, keys: NodeKeys, in_thread: InThread) -> Reel:
    """Open a track; raises KeyError without it, OSError, :exc:`ArchiveError` without the right or the header."""
    path = pick(directory, channel)
    tail = reader.read_tail(reader.tail_path(path))
    with open(path, "rb") as stored:
        file = TrackFile(stored)
        if file.damage is not None:
            raise ArchiveError(f"{os.path.basename(path)} can not be read: {file.damage.words}")
        ciphers = ciphers_of(file.header, keys)
        frames = [item for item in file.items() if isinstance(item, Frame)]
    parts = [Part(each.head.first / 1e6, each.head.last / 1e6, each.offset) for each in frames]
    count = frames[-1].head.n + 1 if frames else 0
    parts += _left(tail, count, _carry(frames, ciphers), ciphers, file.header["channel"])
    return Reel(os.path.basename(directory), file.header["channel"], file.header["kind"], _facts(file, ciphers),
                tuple(parts), path, ciphers, in_thread)  # fmt: skip


def text_of(reel: Reel) -> bytes:
    """Return what a track showed, line by line with times; here and now."""
    transcript = Transcript(*reel.size, terminal=reel.kind == "pty")
    written: list[str] = []
    for number in range(len(reel.parts)):
        events = sorted(reel.read(number).events, key=lambda event: event.at)
        written += map(_written, transcript.lines(events))
    written += map(_written, transcript.rest())
    return "".join(written).encode("utf-8", "replace")


def _written(line: Line) -> str:
    text = "".join(each if each.isprintable() else "?" for each in line.text)
    return f"{line.at:10.3f}  {text}\n"


def _facts(file: TrackFile, ciphers: Ciphers) -> Mapping[str, Any]:
    try:
        return reader.track_facts(file.header, ciphers)
    except FormatError:
        return {}


def _carry(frames: list[Frame], ciphers: Ciphers) -> Mapping[str, bytes]:
    try:
        return reader.open_frame(frames[-1], ciphers).carry if frames else {}
    except FormatError:
        return {}


def _left(tail: reader.Tail, count: int, carry: Mapping[str, bytes], ciphers: Ciphers, channel: int) -> list[Part]:
    """Return what is in no frame yet, as a part of its own."""
    left = [event for event in tail.events if event.head.n == count]
    joiner = Joiner(carry)
    events = tuple(tail_text(left, joiner, ciphers, channel))
    last = max((event.at for event in events), default=0.0)
    events += tuple(Event(last, code, text) for code, text in joiner.flush())
    return [Part(events[0].at, last, document=Document(events))] if events else []
