"""What a name really is, and whether it may get another one.

The rule: a name is judged as it was asked for and with the real path of its deepest existing parent. A file that gets
another name (rename, hard link, symbolic link) is judged under both: as a download of the old, an upload of the new.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from gateway.domain.evaluation import Evaluation, Transfer
from gateway.domain.sftp.codec import DENIED, NAME, REALPATH, Asked, status, string
from gateway.domain.sftp.handles import Table
from gateway.domain.sftp.steps import Answer, Forward, Job, call

DEEPEST = 64
"""Parents that are asked about; a path whose parents are all missing is judged as it was asked."""


def real_path(path: bytes) -> Generator[Any, Any, bytes]:
    """Return a path with the real path of its deepest existing parent."""
    head, tail = path or b".", b""
    for _ in range(DEEPEST):
        answer = yield from call(REALPATH, string(head))
        if answer.kind == NAME and answer.names:
            found = answer.names[0][0]
            return found.rstrip(b"/") + b"/" + tail if tail else found
        above, _, name = head.rstrip(b"/").rpartition(b"/")
        if head in (b".", b"/"):
            break
        tail = name + b"/" + tail if tail else name
        head = above or (b"/" if head.startswith(b"/") else b".")
    return path


Considered = tuple[Transfer, Evaluation]


def considered(table: Table, direction: str, path: bytes, **more: Any) -> Generator[Any, Any, Considered]:
    """Ask what a name alone decides."""
    real = yield from real_path(path)
    transfer = table.desk.transfer(direction, path, real, **more)
    found = yield from table.desk.considered(transfer)
    return transfer, found


def refuse(table: Table, asked: Asked, transfer: Transfer, found: Evaluation) -> Job:
    """Answer that a name is denied, and say why."""
    yield from table.desk.denied(transfer, found)
    yield Answer(status(asked.id, DENIED, found.reason))
    yield from table.desk.acted(found)


def rename(table: Table, asked: Asked, raw: bytes) -> Job:
    """Pass a request on that gives a file another name, where both names may have it."""
    for direction, path in (("download", asked.path), ("upload", asked.to)):
        if not table.desk.decides(direction):
            continue
        transfer, found = yield from considered(table, direction, path)
        if found.denies:
            yield from refuse(table, asked, transfer, found)
            return
    yield Forward(asked, raw)
