"""Downloads that are decided about: fetched whole and evaluated before the operator's OPEN is answered.

The rule: what the operator reads is the snapshot that was evaluated, and nothing else; so a file that grows, and one
whose size nobody knows beforehand, is what it was when its end was reached. A denied file gives no byte.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import attrs

from gateway.domain.depot import Fetch, Kept, Question, Settle
from gateway.domain.sftp.codec import (
    CLOSE,
    DATA,
    DENIED,
    EOF,
    FAILURE,
    FSTAT,
    HANDLE,
    OPEN,
    READ,
    STATUS,
    Asked,
    Reply,
    long,
    number,
    packet,
    status,
    string,
)
from gateway.domain.sftp.handles import Lot, Opened, Table
from gateway.domain.sftp.naming import considered, refuse
from gateway.domain.sftp.steps import WAIT, Answer, Job, Send, call

MOST_AHEAD = 2 * 1024 * 1024
"""Bytes that are asked for before the first have come."""
SERVED_AT_ONCE = 256 * 1024
FETCHED_AT_ONCE = 1024 * 1024


@attrs.define(eq=False)
class _Fetching:
    """How far a file has been fetched; one that grows ends where it was read to when it had its size."""

    size: int
    """What the target says; nothing is known of one that says 0."""
    piece: int
    ahead: int = attrs.field(init=False)
    next: int = 0
    waiting: int = 0
    end: int | None = None
    failed: Reply | None = None
    again: list[tuple[int, int]] = attrs.field(factory=list)

    def __attrs_post_init__(self) -> None:
        """Ask for no more at once than the file is likely to have."""
        self.ahead = min(MOST_AHEAD, self.size) // self.piece + 2

    def more(self) -> tuple[int, int] | None:
        """Return the next offset and count to ask for, None where there is nothing to ask now."""
        if self.failed is not None or self.waiting >= self.ahead:
            return None
        if self.again:
            return self.again.pop()
        if self.end is not None:
            return None
        self.next += self.piece
        return self.next - self.piece, self.piece

    def answered(self, offset: int, count: int, answer: Reply) -> None:
        """Note an answer; what came too short is asked for again."""
        self.waiting -= 1
        if answer.kind == DATA:
            reached = offset + answer.length
            if answer.length < count and reached >= self.size > 0:
                self._ends(reached)
            elif answer.length < count:
                self.again.append((reached, count - answer.length))
        elif answer.code == EOF and answer.kind == STATUS:
            self._ends(offset)
        else:
            self.failed = answer

    def _ends(self, offset: int) -> None:
        self.end = offset if self.end is None else min(self.end, offset)


def fetched(table: Table, handle: bytes, kept: Kept, size: int) -> Generator[Any, Any, str]:
    """Fetch an open file of about ``size`` bytes to its end; return why that failed, empty where it did not."""
    fetching = _Fetching(size, table.piece)
    while True:
        while not kept.failed and (wanted := fetching.more()) is not None:
            fetching.waiting += 1
            body = string(handle) + long(wanted[0]) + number(wanted[1])
            yield Send(READ, body, sink=kept, offset=wanted[0], tag=wanted)
        if not fetching.waiting:
            break
        (offset, count), answer = yield WAIT
        fetching.answered(offset, count, answer)
        if kept.lags:
            yield Question(Settle(kept))
    if fetching.failed is not None:
        return fetching.failed.text or "it can not be read"
    if not kept.failed:
        kept.truncate(fetching.end or 0)
    return kept.failed


def open_download(table: Table, asked: Asked) -> Job:
    """Open a file for reading: answered when it has been fetched and evaluated."""
    transfer, found = yield from considered(table, "download", asked.path)
    if found.denies:
        yield from refuse(table, asked, transfer, found)
        return
    begun, desk = table.desk.at, table.desk
    answer = yield from call(OPEN, string(asked.path) + number(asked.flags) + asked.attributes.sent())
    if answer.kind != HANDLE:
        yield desk.told(transfer, outcome="failed", reason=answer.text)
        yield Answer(status(asked.id, answer.code or FAILURE, answer.text))
        return
    theirs = answer.handle
    stat = yield from call(FSTAT, string(theirs))
    transfer = attrs.evolve(transfer, size=stat.attributes.size)
    kept = table.keep()
    failed = yield from fetched(table, theirs, kept, stat.attributes.size or 0)
    yield from call(CLOSE, string(theirs))
    if failed:
        table.drop(kept)
        yield desk.told(transfer, outcome="failed", reason=failed)
        yield Answer(status(asked.id, FAILURE, failed))
        return
    found, kind = yield from desk.weighed(transfer, kept)
    if found.denies:
        yield from desk.denied(transfer, found, kept, type=kind, seconds=round(desk.at - begun, 3))
        table.drop(kept)
        yield Answer(status(asked.id, DENIED, found.reason))
        yield from desk.acted(found)
        return
    opened = Opened(table.own_handle(), Lot.SERVED, asked.path, asked.flags, begun, transfer=transfer, kept=kept)
    opened.found = attrs.evolve(stat.attributes, size=kept.size)
    opened.verdicts, opened.type = found.verdicts, kind
    table.open(opened)
    yield Answer(packet(HANDLE, number(asked.id) + string(opened.handle)))


def served(opened: Opened, asked: Asked) -> bytes | None:
    """Return the answer to a READ of a kept file, None where the bytes have to be fetched first."""
    kept = opened.kept
    assert kept is not None  # noqa: S101 - only kept files are served
    if asked.offset >= kept.size:
        return status(asked.id, EOF, "end of file")
    begin, chunk = opened.buffered
    at = asked.offset - begin
    wanted = min(asked.count, SERVED_AT_ONCE, kept.size - asked.offset)
    # Never less than was asked for: clients take that for a limit and ask for less from then on.
    if opened.lot is not Lot.SERVED or at < 0 or at + wanted > len(chunk):
        return None
    return _piece(asked, chunk[at : at + wanted])


def serve(opened: Opened, asked: Asked) -> Job:
    """Answer a READ of a kept file."""
    assert opened.kept is not None  # noqa: S101 - only kept files are served
    chunk = yield Question(Fetch(opened.kept, asked.offset, FETCHED_AT_ONCE))
    opened.buffered = asked.offset, chunk
    piece = chunk[: min(asked.count, SERVED_AT_ONCE)]
    yield Answer(_piece(asked, piece) if piece else status(asked.id, FAILURE, "the gateway lost what it kept"))


def closed(table: Table, opened: Opened) -> Job:
    """Close a file that was served."""
    kept, transfer, desk = opened.kept, opened.transfer, table.desk
    assert kept is not None and transfer is not None  # noqa: S101 - only kept files were served
    yield desk.told(
        transfer, bytes=kept.size, sha256=kept.sha256, whole=True, verdicts=list(opened.verdicts), type=opened.type,
        seconds=round(desk.at - opened.begun, 3),
    )  # fmt: skip
    kept.release()


def _piece(asked: Asked, chunk: bytes) -> bytes:
    return packet(DATA, number(asked.id) + string(chunk))
