"""Bring a file that may pass to its place on the target.

The rule: a new name comes into being whole. The content goes into a file of the gateway's own beside it (made by it
alone, mode 0600, a name of 128 random bits), is synchronised, gets its mode, owner and times, and takes the name.
Where that would change what the name stands for (a symbolic or hard link, another owner, a folder one may not write
to, something that is no regular file) the content is written in place, and the fact says so.

Known limits: SFTP shows hard links only in the line that a folder's listing has for people; where that can not be had,
the file is written in place. A folder's default access list is not known to the mode of a new file.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import attrs

from gateway.domain.depot import Fetch, Kept, Question
from gateway.domain.sftp.codec import (
    ATTRS,
    CLOSE,
    CREATE,
    EXCLUSIVE,
    EXTENDED,
    EXTENDED_REPLY,
    FAILURE,
    FOR_WRITING,
    FSETSTAT,
    FSTAT,
    FSYNC,
    HANDLE,
    LIMITS,
    LSTAT,
    NAME,
    OPEN,
    OPENDIR,
    POSIX_RENAME,
    READDIR,
    REMOVE,
    RENAME,
    STATUS,
    TRUNCATE,
    WRITE,
    Attributes,
    Fields,
    Reply,
    long,
    number,
    packet,
    string,
)
from gateway.domain.sftp.handles import OWN_IDS, Opened, Table
from gateway.domain.sftp.steps import WAIT, Send, call

MOST_BEHIND = 2 * 1024 * 1024
"""Bytes that are sent before the first were answered."""
LARGEST_PIECE = 255 * 1024
"""What OpenSSH's server takes at once, and no more of any other."""
MOST_LISTINGS = 16
"""Answers of a folder's listing that are looked through for a file's count of hard links."""
TEMPORARY = b".ostiary-"
KIND, REGULAR = 0o170000, 0o100000
USUAL_UMASK = 0o022
RENAMED, IN_PLACE = "renamed", "in_place"

Placed = tuple[Reply | None, str]
"""Why it failed, None where it did not, and the way that was gone."""


def place(table: Table, opened: Opened, kept: Kept) -> Generator[Any, Any, Placed]:
    """Write a file that may pass to where the operator wants it."""
    there = yield from call(LSTAT, string(opened.path))
    old = there.attributes if there.kind == ATTRS else None
    if old is not None and not (yield from _replaceable(table, opened.path, old)):
        return (yield from _in_place(table, opened, kept)), IN_PLACE
    temporary = folder_of(opened.path) + TEMPORARY + table.desk.depot.token().encode()
    table.desk.depot.remember(temporary)
    answer = yield from call(OPEN, _opening(temporary, FOR_WRITING | CREATE | EXCLUSIVE, 0o600))
    if answer.kind != HANDLE:
        table.desk.depot.forget(temporary)
        if old is None:
            return answer, RENAMED
        return (yield from _in_place(table, opened, kept)), IN_PLACE
    table.undo[temporary] = _undoing(temporary, answer.handle)
    failed = yield from _beside(table, opened, kept, old, temporary, answer.handle)
    if failed is not None:
        yield from call(REMOVE, string(temporary))
    del table.undo[temporary]
    table.desk.depot.forget(temporary)
    if failed is not None and failed.kind == HANDLE:
        return (yield from _in_place(table, opened, kept)), IN_PLACE
    return failed, RENAMED


def _beside(
    table: Table, opened: Opened, kept: Kept, old: Attributes | None, temporary: bytes, handle: bytes
) -> Generator[Any, Any, Reply | None]:
    """Write beside and take the name; return why that failed (a HANDLE: because the owner would be another)."""
    if old is not None:
        mine = yield from call(FSTAT, string(handle))
        if mine.attributes.owners != old.owners or mine.attributes.owners is None:
            yield from call(CLOSE, string(handle))
            return Reply(HANDLE, 0)
    mode = opened.wanted.mode
    if mode is None:
        mode = old.mode if old is not None else (yield from _mode(table, opened))
    failed = yield from filled(table, handle, kept)
    if failed is None and FSYNC in table.extensions:
        failed = _failed((yield from call(EXTENDED, string(FSYNC) + string(handle))))
    if failed is None:
        wanted = attrs.evolve(opened.wanted, size=None, mode=None if mode is None else mode & 0o7777)
        failed = _failed((yield from call(FSETSTAT, string(handle) + wanted.sent())))
    closed = _failed((yield from call(CLOSE, string(handle))))
    if failed is not None or closed is not None:
        return failed or closed
    names = string(temporary) + string(opened.path)
    if POSIX_RENAME in table.extensions:
        return _failed((yield from call(EXTENDED, string(POSIX_RENAME) + names)))
    return _failed((yield from call(RENAME, names)))


def _in_place(table: Table, opened: Opened, kept: Kept) -> Generator[Any, Any, Reply | None]:
    answer = yield from call(OPEN, _opening(opened.path, FOR_WRITING | CREATE | TRUNCATE, None))
    if answer.kind != HANDLE:
        return answer
    failed = yield from filled(table, answer.handle, kept)
    wanted = attrs.evolve(opened.wanted, size=None)
    if failed is None and wanted != Attributes():
        failed = _failed((yield from call(FSETSTAT, string(answer.handle) + wanted.sent())))
    closed = _failed((yield from call(CLOSE, string(answer.handle))))
    return failed or closed


def filled(table: Table, handle: bytes, kept: Kept) -> Generator[Any, Any, Reply | None]:
    """Write all of a kept file to an open one; return the first answer that was a failure."""
    sent, behind, chunk, most = 0, 0, b"", MOST_BEHIND // table.piece
    failed: Reply | None = None
    while behind or (sent < kept.size and failed is None):
        if failed is None and sent < kept.size and behind < most:
            chunk = chunk or (yield Question(Fetch(kept, sent, 4 * table.piece)))
            if not chunk:
                failed = Reply(STATUS, 0, FAILURE, "the gateway lost what it kept")
                continue
            piece, chunk = chunk[: table.piece], chunk[table.piece :]
            yield Send(WRITE, string(handle) + long(sent) + string(piece))
            sent, behind = sent + len(piece), behind + 1
            continue
        _, answer = yield WAIT
        behind -= 1
        failed = failed or _failed(answer)
    return failed


def _replaceable(table: Table, path: bytes, old: Attributes) -> Generator[Any, Any, bool]:
    """Say whether another file may take a name without changing what it stands for."""
    if old.mode is None or old.mode & KIND != REGULAR or POSIX_RENAME not in table.extensions:
        return False
    folder = yield from call(OPENDIR, string(folder_of(path) or b"."))
    if folder.kind != HANDLE:
        return False
    name, links = path.rpartition(b"/")[2], 0
    for _ in range(MOST_LISTINGS):
        answer = yield from call(READDIR, string(folder.handle))
        links = next((_links(line) for each, line, _ in answer.names if each == name), 0)
        if links or answer.kind != NAME:
            break
    yield from call(CLOSE, string(folder.handle))
    return links == 1


def _links(line: bytes) -> int:
    words = line.split(None, 2)
    return int(words[1]) if len(words) > 2 and words[1].isdigit() else 2


def _mode(table: Table, opened: Opened) -> Generator[Any, Any, int]:
    """Return the mode that a new file would have got; how much the target takes away is found out once."""
    if table.umask is None:
        probe = folder_of(opened.path) + TEMPORARY + table.desk.depot.token().encode()
        table.desk.depot.remember(probe)
        table.umask = USUAL_UMASK
        answer = yield from call(OPEN, _opening(probe, FOR_WRITING | CREATE | EXCLUSIVE, 0o777))
        if answer.kind == HANDLE:
            stat = yield from call(FSTAT, string(answer.handle))
            if stat.attributes.mode is not None:
                table.umask = 0o777 & ~stat.attributes.mode
            yield from call(CLOSE, string(answer.handle))
            yield from call(REMOVE, string(probe))
        table.desk.depot.forget(probe)
    asked = opened.asked_mode
    return (0o666 if asked is None else asked & 0o7777) & ~table.umask


def begun(table: Table) -> Generator[Any, Any, None]:
    """Ask how much the target takes at once, and remove what a session that broke off left there."""
    if LIMITS in table.extensions:
        answer = yield from call(EXTENDED, string(LIMITS))
        if answer.kind == EXTENDED_REPLY:
            fields = Fields(answer.body)
            _, reading, writing = fields.long(), fields.long(), fields.long()
            table.piece = max(table.piece, min(reading, writing, LARGEST_PIECE))
    for path in table.desk.depot.stale():
        yield from call(REMOVE, string(path))
        table.desk.depot.forget(path)


def _opening(path: bytes, flags: int, mode: int | None) -> bytes:
    return string(path) + number(flags) + Attributes(mode=mode).sent()


def _undoing(path: bytes, handle: bytes) -> bytes:
    """Return what closes and removes a file, for the channel's last word."""
    closing = packet(CLOSE, number(OWN_IDS - 1) + string(handle))
    return closing + packet(REMOVE, number(OWN_IDS - 2) + string(path))


def _failed(answer: Reply) -> Reply | None:
    return answer if answer.failed or answer.kind != STATUS else None


def folder_of(path: bytes) -> bytes:
    """Return what stands before the last name, with its slash."""
    above, slash, _ = path.rpartition(b"/")
    return above + slash
