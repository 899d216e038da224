"""Requests that nobody decides about: what is noted when they pass, and told when they are answered.

The rule: everything that passes leaves a trace: each file one fact a direction, when it is closed or the channel ends
without; each change of a name or of attributes one, with what the target said.
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from gateway.domain.facts import Fact
from gateway.domain.lane import Bytes, Effect, Event, Lane, Tell
from gateway.domain.passage import Passage
from gateway.domain.sftp import codec
from gateway.domain.sftp.codec import Asked, Malformed, Reply
from gateway.domain.sftp.cursor import Whole
from gateway.domain.sftp.handles import Lot, Opened, Table, Waiting
from gateway.domain.transfer import text
from gateway.domain.verdict import shown

DOWN = Lane.TO_OPERATOR
CHANGES = {
    codec.REMOVE: "remove", codec.RENAME: "rename", codec.MKDIR: "mkdir", codec.RMDIR: "rmdir",
    codec.SYMLINK: "symlink", codec.SETSTAT: "setstat",
}  # fmt: skip
CHANGING_EXTENSIONS = {codec.POSIX_RENAME: "rename", codec.HARDLINK: "link", codec.COPY: "copy"}
LARGEST = 256 * 1024
"""What the gateway lets a target say of its limits."""


def took(table: Table, asked: Asked) -> Waiting:
    """Note a request that passes now."""
    opened = table.files.get(asked.handle) if asked.kind != codec.CLOSE else table.closing.pop(asked.handle, None)
    return Waiting(asked.kind, asked, opened, asked.offset, asked.count)


def answered(table: Table, waiting: Waiting, whole: Whole) -> Iterator[Event | Effect]:
    """Note the target's answer and pass it on."""
    match waiting.kind:
        case codec.OPEN | codec.OPENDIR:
            yield from _opened(table, waiting, codec.reply(whole.kind, whole.body))
        case codec.CLOSE if waiting.opened is not None:
            answer = codec.reply(whole.kind, whole.body)
            yield from told(table, waiting.opened, "failed" if answer.failed else "transferred")
        case codec.READ if whole.kind == codec.STATUS and codec.reply(whole.kind, whole.body).code == codec.EOF:
            waiting.ended()
        case codec.WRITE if waiting.opened is not None:
            answer = codec.reply(whole.kind, whole.body)
            if answer.failed:
                waiting.opened.failed = answer.text or "it could not be written"
        case _ if waiting.asked is not None:
            yield from _changed(table, waiting.asked, whole)
            whole = _limited(waiting.asked, whole)
        case _:
            pass
    yield Bytes(DOWN, whole.raw)


def _opened(table: Table, waiting: Waiting, answer: Reply) -> Iterator[Effect]:
    asked = waiting.asked
    assert asked is not None  # noqa: S101 - an OPEN passes with what was asked
    if answer.kind != codec.HANDLE:
        if asked.kind == codec.OPEN:
            direction = "upload" if asked.flags & ~codec.FOR_READING else "download"
            transfer = table.desk.transfer(direction, asked.path, asked.path)
            yield table.desk.told(transfer, outcome="failed", reason=shown(answer.text))
        return
    if answer.handle in table.files:
        raise Malformed("a handle that is open already")
    lot = Lot.PASSED if asked.kind == codec.OPEN else Lot.FOLDER
    opened = Opened(answer.handle, lot, asked.path, asked.flags, table.desk.at)
    if lot is Lot.PASSED:
        mixed = opened.writes and table.desk.decides("download")
        opened.up = _passage(table, "upload") if opened.writes else None
        opened.down = _passage(table, "download") if opened.reads and not mixed else None
    table.files[answer.handle] = opened


def _passage(table: Table, direction: str) -> Passage:
    desk = table.desk
    return Passage(desk.depot.hashing(), copy=desk.depot.create() if desk.observes(direction) else None)


def _changed(table: Table, asked: Asked, whole: Whole) -> Iterator[Effect]:
    change = CHANGES.get(asked.kind) or CHANGING_EXTENSIONS.get(asked.name)
    if change is None or whole.kind != codec.STATUS:
        return
    answer = codec.reply(whole.kind, whole.body)
    body = {
        "channel": table.desk.channel, "protocol": table.desk.protocol, "operation": change,
        "path": shown(text(asked.path)), "to": shown(text(asked.to)),
        "outcome": "failed" if answer.failed else "done", "reason": shown(answer.text) if answer.failed else "",
    }  # fmt: skip
    yield Tell(Fact("file.changed", body))


def _limited(asked: Asked, whole: Whole) -> Whole:
    """Let no target permit packets that are not accepted here."""
    if asked.name != codec.LIMITS or whole.kind != codec.EXTENDED_REPLY:
        return whole
    fields = codec.Fields(whole.body)
    body = codec.number(fields.number())
    for _ in range(3):
        body += codec.long(min(fields.long(), LARGEST))
    body += codec.long(fields.long())
    return attrs.evolve(whole, raw=codec.packet(codec.EXTENDED_REPLY, body))


def told(table: Table, opened: Opened, outcome: str) -> Iterator[Tell]:
    """Tell what passed through an open file: one fact a direction."""
    passages = [(name, each) for name, each in (("upload", opened.up), ("download", opened.down)) if each is not None]
    moved = [(name, each) for name, each in passages if each.count]
    for direction, passage in moved or passages[:1]:
        yield from _told(table, opened, direction, passage, outcome)
    for _, passage in passages:
        if passage.copy is not None and (passage.copy.failed or not passage.count):
            passage.copy.release()


def _told(table: Table, opened: Opened, direction: str, passage: Passage, outcome: str) -> Iterator[Tell]:
    outcome = "failed" if opened.failed else outcome
    if direction == "upload" and opened.flags & (codec.TRUNCATE | codec.EXCLUSIVE):
        passage.whole = outcome == "transferred"
    transfer = table.desk.transfer(direction, opened.path, opened.path)
    if passage.copy is not None and passage.count and not passage.copy.failed:
        table.desk.observed(transfer, passage, opened.begun, outcome)
        return
    yield table.desk.passed(transfer, passage, opened.begun, outcome)


def abandoned(table: Table) -> Iterator[Tell]:
    """Forget every open file; tell what became of it."""
    files = [*table.files.values(), *table.closing.values()]
    files += [each.opened for each in table.waiting.values() if each.kind == codec.CLOSE and each.opened is not None]
    for forgotten in (table.files, table.closing, table.waiting):
        forgotten.clear()
    if table.unopened is not None:
        table.drop(table.unopened)
    for opened in files:
        if opened.lot is Lot.PASSED:
            yield from told(table, opened, "aborted")
        elif opened.kept is not None and opened.transfer is not None:
            outcome = "aborted" if opened.lot is Lot.INCOMING else "transferred"
            more = {"verdicts": list(opened.verdicts), "type": opened.type}
            yield table.desk.told(opened.transfer, outcome=outcome, bytes=opened.kept.size, **more)
            opened.kept.release()
