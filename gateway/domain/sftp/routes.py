"""What becomes of each request: it is passed on, answered here, or a job begins.

The rule: what is not in the table is passed on only where it names no open file; a request about a handle that is not
open is answered here. A file that is kept is never spoken of with the target before it is evaluated.
"""

from __future__ import annotations

from collections.abc import Callable

from gateway.domain.sftp.codec import (
    ATTRS,
    BAD_MESSAGE,
    CLOSE,
    COPY,
    DENIED,
    EXTENDED,
    FAILURE,
    FOR_READING,
    FSETSTAT,
    FSTAT,
    FSYNC,
    HARDLINK,
    LSTAT,
    OK,
    OPEN,
    OPENDIR,
    POSIX_RENAME,
    READ,
    READDIR,
    REMOVE,
    RENAME,
    RMDIR,
    SETSTAT,
    STAT,
    SYMLINK,
    UNSUPPORTED,
    Asked,
    number,
    packet,
    status,
)
from gateway.domain.sftp.downloads import closed, open_download, serve, served
from gateway.domain.sftp.handles import CHANGING, MOST_OPEN, Lot, Opened, Table
from gateway.domain.sftp.naming import rename
from gateway.domain.sftp.steps import Answer, Forward, Job
from gateway.domain.sftp.uploads import attributes, close_upload, copied, open_upload, set_attributes

Route = Forward | Answer | Job
BY_HANDLE = frozenset({CLOSE, READ, FSTAT, FSETSTAT, READDIR})
NAMED_BY_HANDLE = frozenset({FSYNC, b"fstatvfs@openssh.com"})
RENAMING = frozenset({POSIX_RENAME, HARDLINK})
UNDER_WAY = "it is being uploaded"


def route(table: Table, asked: Asked, raw: bytes) -> Route:
    """Say what becomes of a request."""
    if asked.nul:
        return Answer(status(asked.id, BAD_MESSAGE, "a name can not hold a NUL"))
    if asked.kind in BY_HANDLE or asked.name in NAMED_BY_HANDLE:
        opened = table.files.get(asked.handle)
        if opened is None:
            return Answer(status(asked.id, FAILURE, "no such handle"))
        if opened.lot in (Lot.INCOMING, Lot.SERVED):
            return _kept(table, asked, opened)
        return _passing(table, asked, opened, raw)
    return _ROUTES.get((asked.kind, asked.name), _plain)(table, asked, raw)


def _plain(table: Table, asked: Asked, raw: bytes) -> Route:
    return Forward(asked, raw)


def _passing(table: Table, asked: Asked, opened: Opened, raw: bytes) -> Route:
    if asked.kind == READ and opened.down is None:
        return Answer(status(asked.id, DENIED, "it was not opened for reading, or must be read by itself"))
    if asked.kind == CLOSE:
        table.closing[asked.handle] = table.files.pop(asked.handle)
    return Forward(asked, raw)


def _open(table: Table, asked: Asked, raw: bytes) -> Route:
    if len(table.files) >= MOST_OPEN:
        return Answer(status(asked.id, FAILURE, "too many open files"))
    if asked.flags & CHANGING and table.desk.decides("upload"):
        if table.incoming(asked.path) is not None:
            return Answer(status(asked.id, FAILURE, UNDER_WAY))
        return open_upload(table, asked)
    if asked.flags & FOR_READING and not asked.flags & CHANGING and table.desk.decides("download"):
        return open_download(table, asked)
    return Forward(asked, raw)


def _open_folder(table: Table, asked: Asked, raw: bytes) -> Route:
    if len(table.files) >= MOST_OPEN:
        return Answer(status(asked.id, FAILURE, "too many open files"))
    return Forward(asked, raw)


def _look(table: Table, asked: Asked, raw: bytes) -> Route:
    opened = table.incoming(asked.path)
    if opened is None:
        return Forward(asked, raw)
    return _attributes(asked, opened)


def _set(table: Table, asked: Asked, raw: bytes) -> Route:
    opened = table.incoming(asked.path)
    if opened is not None:
        set_attributes(opened, asked.attributes)
        return Answer(status(asked.id, OK, "Success"))
    if asked.attributes.size is not None and table.desk.decides("upload"):
        return Answer(status(asked.id, DENIED, "a file's size is changed by writing it"))
    return Forward(asked, raw)


def _change(table: Table, asked: Asked, raw: bytes) -> Route:
    if table.incoming(asked.path) is not None or (asked.to and table.incoming(asked.to) is not None):
        return Answer(status(asked.id, FAILURE, UNDER_WAY))
    renames = asked.kind in (RENAME, SYMLINK) or asked.name in RENAMING
    if renames and (table.desk.decides("upload") or table.desk.decides("download")):
        return rename(table, asked, raw)
    return Forward(asked, raw)


def _copy(table: Table, asked: Asked, raw: bytes) -> Route:
    if table.desk.decides("upload") or table.desk.decides("download"):
        return copied(table, asked)
    if asked.handle in table.files and asked.other in table.files:
        return Forward(asked, raw)
    return Answer(status(asked.id, FAILURE, "no such handle"))


def _kept(table: Table, asked: Asked, opened: Opened) -> Route:
    incoming = opened.lot is Lot.INCOMING
    match asked.kind:
        case 4 if incoming:
            return close_upload(table, asked, opened)
        case 4:
            del table.files[opened.handle]
            return _closed(table, asked, opened)
        case 5:
            return _read(table, asked, opened)
        case 8:
            return _attributes(asked, opened)
        case 10 if incoming:
            set_attributes(opened, asked.attributes)
            return Answer(status(asked.id, OK, "Success"))
        case 200 if asked.name == FSYNC:
            return Answer(status(asked.id, OK, "Success"))
        case _:
            return Answer(status(asked.id, UNSUPPORTED, "not of a file that is being evaluated"))


def _closed(table: Table, asked: Asked, opened: Opened) -> Job:
    yield from closed(table, opened)
    yield Answer(status(asked.id, OK, "Success"))


def _read(table: Table, asked: Asked, opened: Opened) -> Route:
    old = opened.lot is Lot.INCOMING and opened.transfer is not None and opened.transfer.resumed
    if not opened.reads or (old and table.desk.decides("download")):
        return Answer(status(asked.id, DENIED, "it was not opened for reading, or must be read by itself"))
    raw = served(opened, asked)
    return serve(opened, asked) if raw is None else Answer(raw)


def _attributes(asked: Asked, opened: Opened) -> Answer:
    return Answer(packet(ATTRS, number(asked.id) + attributes(opened).sent()))


_ROUTES: dict[tuple[int, bytes], Callable[[Table, Asked, bytes], Route]] = {
    (OPEN, b""): _open,
    (OPENDIR, b""): _open_folder,
    (STAT, b""): _look,
    (LSTAT, b""): _look,
    (SETSTAT, b""): _set,
    (EXTENDED, b"lsetstat@openssh.com"): _set,
    (REMOVE, b""): _change,
    (RMDIR, b""): _change,
    (RENAME, b""): _change,
    (SYMLINK, b""): _change,
    (EXTENDED, POSIX_RENAME): _change,
    (EXTENDED, HARDLINK): _change,
    (EXTENDED, COPY): _copy,
}
