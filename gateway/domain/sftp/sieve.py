"""Say of a chunk, where it stands, whether it may pass whole without becoming events.

The rule: it may only where all of it is bytes of files that nobody decides about or copies, and READs, WRITEs and their
answers about such files; then everything is noted as the gate would have noted it. Whatever else is in it, or a packet
that is not whole, sends the chunk the ordinary way with nothing noted.
"""

from __future__ import annotations

import struct

import attrs

from gateway.domain.passage import Passage
from gateway.domain.sftp.codec import DATA, EOF, LONGEST_HANDLE, LONGEST_PACKET, OK, READ, STATUS, WRITE
from gateway.domain.sftp.cursor import Head
from gateway.domain.sftp.gate import SftpGate
from gateway.domain.sftp.handles import MOST_WAITING, Lot, Opened, Waiting

_SIZE_KIND_ID = struct.Struct(">LBL")
_UINT32 = struct.Struct(">L")
_OFFSET_COUNT = struct.Struct(">QL")
_SHORTEST = 13


@attrs.define(eq=False)
class _Noting:
    """What is to be noted when the chunk passes."""

    left: int
    offset: int = 0
    bodies: list[tuple[Passage, int, int, int]] = attrs.field(factory=list)
    """Passage, offset in the file, and where the bytes stand in the chunk."""
    waiting: dict[int, Waiting] = attrs.field(factory=dict)
    """Requests that pass."""
    done: dict[int, Waiting] = attrs.field(factory=dict)
    """Requests whose answers pass."""
    ended: list[Waiting] = attrs.field(factory=list)
    writing: tuple[Opened, Head] | None = None
    reading: Waiting | None = None

    def body(self, passage: Passage, at: int, end: int) -> int:
        """Note bytes of a file as far as the chunk goes; return where they end."""
        upto = min(at + self.left, end)
        self.bodies.append((passage, self.offset, at, upto))
        self.offset += upto - at
        self.left -= upto - at
        return upto


def passes_up(gate: SftpGate, view: memoryview) -> bool:
    """Say whether a chunk of the operator may pass, and note it if so."""
    if not gate.idle or gate.up.resting:
        return False
    noting = _Noting(gate.up.left)
    opened: Opened | None = None
    head: Head | None = None
    if gate.writing is not None:
        opened, head = gate.writing
        noting.offset = head.offset
    at, end = 0, len(view)
    while at < end:
        if noting.left:
            if opened is None or opened.up is None or opened.up.copy is not None:
                return False
            at = noting.body(opened.up, at, end)
            continue
        found = _request(gate, noting, view[at:])
        if found is None:
            return False
        size, opened, head = found
        at += size
    if len(gate.table.waiting) + len(noting.waiting) > MOST_WAITING:
        return False
    gate.table.waiting.update(noting.waiting)
    gate.up.left = noting.left
    gate.writing = (opened, attrs.evolve(head, offset=noting.offset)) if noting.left and head is not None else None
    _take(gate, noting, view)
    return True


def _request(gate: SftpGate, noting: _Noting, rest: memoryview) -> tuple[int, Opened, Head | None] | None:
    """Note a READ or the head of a WRITE; return its length, None where it is anything else or not whole."""
    if len(rest) < _SHORTEST:
        return None
    size, kind, request = _SIZE_KIND_ID.unpack_from(rest)
    (length,) = _UINT32.unpack_from(rest, 9)
    whole = 25 + length
    if kind not in (READ, WRITE) or length > LONGEST_HANDLE or len(rest) < whole:
        return None
    opened = gate.table.files.get(bytes(rest[13 : 13 + length]))
    if opened is None or opened.lot is not Lot.PASSED or request in gate.table.waiting or request in noting.waiting:
        return None
    offset, count = _OFFSET_COUNT.unpack_from(rest, 13 + length)
    if kind == READ:
        if opened.down is None or size != whole - 4:
            return None
        noting.waiting[request] = Waiting(READ, None, opened, offset, count)
        return whole, opened, None
    if opened.up is None or size != whole - 4 + count or size > LONGEST_PACKET:
        return None
    noting.waiting[request] = Waiting(WRITE, opened=opened)
    noting.left, noting.offset = count, offset
    return whole, opened, Head(WRITE, request, count, b"", opened.handle, offset)


def passes_down(gate: SftpGate, view: memoryview) -> bool:
    """Say whether a chunk of the target may pass, and note it if so."""
    if not gate.idle or gate.down.resting:
        return False
    noting = _Noting(gate.down.left, reading=gate.reading)
    if noting.reading is not None:
        noting.offset = noting.reading.offset
    if not _answers(gate, noting, view):
        return False
    for request in noting.done:
        del gate.table.waiting[request]
    for waiting in noting.ended:
        waiting.ended()
    gate.down.left = noting.left
    gate.reading = noting.reading if noting.left else None
    if gate.reading is not None:
        gate.reading.offset = noting.offset
    _take(gate, noting, view)
    return True


def _answers(gate: SftpGate, noting: _Noting, view: memoryview) -> bool:
    """Note everything in a chunk of the target; return False where something in it has to be read."""
    at, end = 0, len(view)
    while at < end:
        if noting.left:
            reading = noting.reading
            passage = reading.opened.down if reading is not None and reading.opened is not None else None
            if passage is None or passage.copy is not None:
                return False
            at = noting.body(passage, at, end)
            continue
        size = _answer(gate, noting, view[at:])
        if not size:
            return False
        at += size
    return True


def _answer(gate: SftpGate, noting: _Noting, rest: memoryview) -> int:
    """Note an answer to a READ or WRITE; return its length, 0 where it is anything else or not whole."""
    if len(rest) < _SHORTEST:
        return 0
    size, kind, request = _SIZE_KIND_ID.unpack_from(rest)
    waiting = gate.table.waiting.get(request)
    if waiting is None or request in noting.done or waiting.kind not in (READ, WRITE):
        return 0
    (number,) = _UINT32.unpack_from(rest, 9)
    if kind == DATA and waiting.kind == READ and 0 < number <= waiting.count and size == number + 9:
        noting.done[request] = noting.reading = waiting
        noting.left, noting.offset = number, waiting.offset
        return _SHORTEST
    if kind != STATUS or number != (OK if waiting.kind == WRITE else EOF) or 4 + size > len(rest):
        return 0
    noting.done[request] = waiting
    if waiting.kind == READ:
        noting.ended.append(waiting)
    return int(4 + size)


def _take(gate: SftpGate, noting: _Noting, view: memoryview) -> None:
    for passage, offset, at, end in noting.bodies:
        passage.take(offset, bytes(view[at:end]))
        gate.recent = passage
