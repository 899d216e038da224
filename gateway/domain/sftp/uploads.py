"""Uploads that are decided about: kept by the gateway until the file is closed, evaluated whole, then placed.

The rule: nothing of a file reaches the target before all of it was evaluated. What changes a part of a file that is
there (resuming, appending, patching) has the whole of it fetched first, so that the whole result is evaluated.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import attrs

from gateway.domain.depot import Fetch, Kept, Question, Settle
from gateway.domain.evaluation import Transfer
from gateway.domain.sftp.codec import (
    ATTRS,
    CLOSE,
    CREATE,
    DENIED,
    EXCLUSIVE,
    FAILURE,
    FOR_READING,
    HANDLE,
    NO_SUCH_FILE,
    NOTHING,
    OK,
    OPEN,
    STAT,
    TRUNCATE,
    UNSUPPORTED,
    Asked,
    Attributes,
    number,
    packet,
    status,
    string,
)
from gateway.domain.sftp.downloads import SERVED_AT_ONCE, fetched
from gateway.domain.sftp.handles import Lot, Opened, Table
from gateway.domain.sftp.naming import considered, refuse
from gateway.domain.sftp.placing import KIND, REGULAR, USUAL_UMASK, folder_of, place
from gateway.domain.sftp.steps import Answer, Job, call

FOLDER = 0o040000


def open_upload(table: Table, asked: Asked) -> Job:
    """Open a file for writing."""
    desk = table.desk
    stat = yield from call(STAT, string(asked.path))
    found = stat.attributes if stat.kind == ATTRS else None
    changed = found is not None and not asked.flags & TRUNCATE
    transfer, considering = yield from considered(table, "upload", asked.path, resumed=changed)
    if considering.denies:
        yield from refuse(table, asked, transfer, considering)
        return
    code, words = yield from _impossible(asked, found)
    if words:
        yield desk.told(transfer, outcome="failed", reason=words)
        yield Answer(status(asked.id, code, words))
        return
    kept = table.keep()
    failed = kept.failed
    if changed and found is not None and _is_regular(found) and not failed:
        failed = yield from _fetch(table, asked.path, kept, found.size or 0)
    if failed:
        table.drop(kept)
        yield desk.told(transfer, outcome="failed", reason=failed)
        yield Answer(status(asked.id, FAILURE, failed))
        return
    opened = Opened(table.own_handle(), Lot.INCOMING, asked.path, asked.flags, desk.at, transfer=transfer, kept=kept)
    opened.found, opened.asked_mode = found, asked.attributes.mode
    table.open(opened)
    yield Answer(packet(HANDLE, number(asked.id) + string(opened.handle)))


def _impossible(asked: Asked, found: Attributes | None) -> Generator[Any, Any, tuple[int, str]]:
    """Return why such a file can not be opened, as the target would say it."""
    if found is None:
        if not asked.flags & CREATE:
            return NO_SUCH_FILE, "No such file"
        above = yield from call(STAT, string(folder_of(asked.path) or b"."))
        if above.kind != ATTRS:
            return above.code or FAILURE, above.text or "its folder can not be reached"
    elif asked.flags & EXCLUSIVE and asked.flags & CREATE:
        return FAILURE, "it is there already"
    elif found.mode is not None and found.mode & KIND == FOLDER:
        return FAILURE, "it is a folder"
    return OK, ""


def _is_regular(found: Attributes) -> bool:
    return found.mode is None or found.mode & KIND == REGULAR


def _fetch(table: Table, path: bytes, kept: Kept, size: int) -> Generator[Any, Any, str]:
    answer = yield from call(OPEN, string(path) + number(FOR_READING) + NOTHING.sent())
    if answer.kind != HANDLE:
        return f"it can not be evaluated whole: {answer.text}"
    failed: str = yield from fetched(table, answer.handle, kept, size)
    yield from call(CLOSE, string(answer.handle))
    return failed


def close_upload(table: Table, asked: Asked, opened: Opened) -> Job:
    """Close a file: evaluate it and bring it to its place; the answer says whether it is there."""
    kept, transfer = opened.kept, opened.transfer
    assert kept is not None and transfer is not None  # noqa: S101 - only kept files are closed here
    table.closing[opened.handle] = table.files.pop(opened.handle)
    yield from _closed(table, asked, opened, kept, transfer)
    del table.closing[opened.handle]
    kept.release()


def _closed(table: Table, asked: Asked, opened: Opened, kept: Kept, transfer: Transfer) -> Job:
    desk = table.desk
    failed = kept.failed or (yield Question(Settle(kept)))
    if failed:
        yield desk.told(transfer, outcome="failed", reason=failed)
        yield Answer(status(asked.id, FAILURE, failed))
        return
    transfer = attrs.evolve(transfer, size=kept.size)
    found, kind = yield from desk.weighed(transfer, kept)
    more = {"type": kind, "seconds": round(desk.at - opened.begun, 3)}
    if found.denies:
        yield from desk.denied(transfer, found, kept, **more)
        yield Answer(status(asked.id, DENIED, found.reason))
        yield from desk.acted(found)
        return
    failure, way = yield from place(table, opened, kept)
    more |= {"bytes": kept.size, "sha256": kept.sha256, "verdicts": list(found.verdicts), "placed": way}
    more["seconds"] = round(desk.at - opened.begun, 3)
    if failure is not None:
        yield desk.told(transfer, outcome="failed", reason=failure.text, whole=False, **more)
        yield Answer(status(asked.id, failure.code or FAILURE, failure.text))
        return
    yield desk.told(transfer, whole=True, score=found.score, **more)
    yield Answer(status(asked.id, OK, "Success"))


def attributes(opened: Opened) -> Attributes:
    """Return what is to be said of a file that is kept."""
    kept = opened.kept
    assert kept is not None  # noqa: S101 - only asked of kept files
    usual = (0o666 if opened.asked_mode is None else opened.asked_mode) & ~USUAL_UMASK
    found = opened.found or Attributes(mode=REGULAR | usual & 0o7777)
    mode = found.mode if opened.wanted.mode is None else REGULAR | opened.wanted.mode
    return attrs.evolve(opened.wanted.over(found), size=kept.size, mode=mode)


def set_attributes(opened: Opened, wanted: Attributes) -> None:
    """Note what is to be set when a file comes to its place; its size is set at once."""
    if wanted.size is not None and opened.kept is not None:
        opened.kept.truncate(wanted.size)
    mode = None if wanted.mode is None else wanted.mode & 0o7777
    opened.wanted = attrs.evolve(wanted, size=None, mode=mode).over(opened.wanted)


def copied(table: Table, asked: Asked) -> Job:
    """Copy between two kept files; what was not evaluated has no way into one that will be."""
    source, goal = table.files.get(asked.handle), table.files.get(asked.other)
    if source is None or goal is None or source.lot is not Lot.SERVED or goal.lot is not Lot.INCOMING:
        yield Answer(status(asked.id, UNSUPPORTED, "only a file that was evaluated can be copied here"))
        return
    assert source.kept is not None and goal.kept is not None  # noqa: S101 - both are kept
    end = source.kept.size if not asked.count else min(source.kept.size, asked.offset + asked.count)
    at = asked.offset
    while at < end and not goal.kept.failed:
        chunk = yield Question(Fetch(source.kept, at, min(SERVED_AT_ONCE, end - at)))
        if not chunk:
            goal.kept.failed = "the gateway lost what it kept"
            break
        goal.kept.write(asked.offset_to + at - asked.offset, chunk)
        at += len(chunk)
        yield Question(Settle(goal.kept))
    failed = goal.kept.failed
    yield Answer(status(asked.id, FAILURE if failed else OK, failed or "Success"))

