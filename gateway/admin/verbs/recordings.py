"""Recordings: export and verify.

The rule: whoever gets a recording's content is told of in a fact before the first byte leaves; verifying
needs no right to read, and its exit code is the worst result.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gateway.admin.answer import Answer, Cell, Column
from gateway.admin.arguments import Argument, Option
from gateway.admin.evidence import page
from gateway.admin.ids import channel_of, whole
from gateway.admin.refusal import Exit, Refusal, denied, missing, usage
from gateway.admin.room import ADMIN, APPROVER, AUDITOR, LOCAL, Room
from gateway.admin.times import utc
from gateway.admin.verb import Call, Verb, roles
from gateway.domain.facts import Fact

COLUMNS = (
    Column("id", "ID", Cell.ID),
    Column("result", "RESULT"),
    Column("at", "AT"),
    Column("frames", "FRAMES"),
    Column("events", "EVENTS"),
    Column("signed_by", "SIGNED BY"),
    Column("anchored_by", "ANCHORED BY"),
    Column("policy", "POLICY"),
    Column("detail", "DETAIL"),
)

CODES = {"OK": Exit.OK, "UNSEALED": Exit.UNSEALED, "BAD": Exit.FAILED}
"""The exit code of each result; one BAD outweighs any UNSEALED."""


def recording_id(room: Room, prefix: str) -> str:
    """Return the one recorded session's id with a prefix. Raises :exc:`gateway.admin.refusal.Refusal`."""
    return whole(prefix, [row["session"] for row in room.archive.recordings()], "recording")


async def tell_viewed(call: Call, session: str, form: str, channel: int | None) -> None:
    """Tell that the caller is about to be given a recording's content."""
    caller = call.caller
    body: dict[str, Any] = {"session": session, "by": caller.name, "door": caller.door, "source": caller.source}
    await call.room.journal.tell(Fact("recording.viewed", {**body, "form": form, "channel": channel}))


def without(call: Call, session: str, channel: int | None) -> Refusal:
    """Return the refusal of a recording without the channel, or without any content any more."""
    if call.room.archive.about(session).get("state") == "deleted":
        return missing(f"the content of {session} was deleted: `events --session {session}` says when and why")
    named = f"channel {channel}" if channel is not None else "channel that was recorded"
    return missing(f"{session} has no {named}: `session show {session}` lists them")


async def export(call: Call) -> Answer:
    """Write a recording in one file."""
    form = call.one_of("cast", "html", "text")
    prefix, channel = channel_of(call["id"])
    session = recording_id(call.room, prefix)
    await tell_viewed(call, session, form, channel)
    try:
        written = await EXPORTS[form](call, session, channel)
    except KeyError:
        raise without(call, session, channel) from None
    return Answer({"id": session, "channel": channel, form: written.decode("utf-8", "replace")}, raw=written)


async def _cast(call: Call, session: str, channel: int | None) -> bytes:
    return bytes(await call.room.archive.export_cast(session, channel))


async def _text(call: Call, session: str, channel: int | None) -> bytes:
    return bytes(await call.room.archive.export_text(session, channel))


async def _html(call: Call, session: str, channel: int | None) -> bytes:
    room = call.room
    evidence = await room.archive.evidence(session, channel)
    report = await room.archive.verify(session)
    shown = await room.in_thread(lambda: room.roster.find(session))
    anchors = await room.in_thread(lambda: list(_anchors(room, session, report)))
    made = await room.in_thread(lambda: page(evidence, shown, report, anchors).encode("utf-8", "replace"))
    return bytes(made)


def _anchors(room: Room, session: str, report: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a recording rests on: where its root stands in the journal, and what anchors that."""
    yield f"verify: {report.get('anchored_by')}"
    for entry in room.journal.entries(kinds=("recording.sealed",), session=session):
        root = (entry.body or {}).get("root")
        yield f"journal {entry.origin}, entry {entry.seq} at {utc(entry.time)}: root {root}"


EXPORTS = {"cast": _cast, "html": _html, "text": _text}


async def verify(call: Call) -> Answer:
    """Check a recording, all of them, or the journal."""
    match call.one_of("recording", "all", "journal", "public_key"):
        case "public_key":
            key = call.room.archive.public_key.hex()
            return Answer({"public_key": key}, words=key)
        case "all":
            ids = [row["session"] for row in call.room.archive.recordings()]
            rows = [await _weighed(call, await call.room.archive.verify(each)) for each in ids]
        case "journal":
            rows = [dict(await call.room.proofs.journal())]
        case _:
            rows = [await _weighed(call, await _one(call))]
    for row in rows:
        if row["result"] == "BAD":
            call.room.disproved()
    return Answer(rows, COLUMNS, words="there are no recordings", code=worst(rows))


async def _weighed(call: Call, report: Mapping[str, Any]) -> dict[str, Any]:
    return await _anchored(call.room, await _checked(call, report))


async def _anchored(room: Room, row: Mapping[str, Any]) -> dict[str, Any]:
    """Name those who can testify to a recording's seal, beside the key that signed it."""
    root = row.get("root")
    found = await room.proofs.anchors(str(row["id"]), str(root)) if root else ()
    return {**row, "anchored_by": list(found) or row["anchored_by"]}


async def _checked(call: Call, report: Mapping[str, Any]) -> dict[str, Any]:
    """Return a report; what the journal does not know of as deleted was removed by somebody else."""
    if not report.get("deleted"):
        return dict(report)
    kinds, session = ("recording.deleted",), str(report["id"])
    told = await call.room.in_thread(lambda: list(call.room.journal.entries(kinds=kinds, session=session)))
    if told:
        return dict(report)
    return {**report, "result": "BAD", "detail": "its content is gone, and the journal knows of no deletion"}


async def _one(call: Call) -> Mapping[str, Any]:
    named = call["recording"]
    if call["key"]:
        raise usage("--key is for pamctl, on the machine where the files are: pamctl verify FOLDER --key KEY")
    if "/" not in named and not named.endswith(".pamrec"):
        return await call.room.archive.verify(recording_id(call.room, named))
    if not call.caller.is_local:
        raise denied("a FILE is verified on the node's own machine, with pamctl")
    try:
        return await call.room.proofs.file(named)
    except OSError as failure:
        raise missing(f"{named}: {failure.strerror}") from None


def worst(rows: list[dict[str, Any]]) -> int:
    """Return the exit code of results: 1 when one is BAD, else 2 when one is UNSEALED, else 0."""
    codes = {CODES.get(row["result"], Exit.FAILED) for row in rows}
    return next((int(code) for code in (Exit.FAILED, Exit.UNSEALED) if code in codes), 0)


VERBS = (
    Verb("export", "a recording in one file", export, roles(ADMIN, AUDITOR),
         (Argument("ID", "a session's id; ID/N for its channel N"),),
         (Option("--cast", "as an asciicast"),
          Option("--html", "as a page that plays and verifies itself, offline"),
          Option("--text", "as lines of text with their times"))),
    Verb("verify", "tamper check: exit code 0 OK, 1 BAD, 2 UNSEALED", verify,
         roles(ADMIN, AUDITOR, APPROVER, LOCAL),
         (Argument("RECORDING", "a session's id, or a file on the node", required=False),),
         (Option("--all", "every recording"), Option("--journal", "the node's journal"),
          Option("--public-key", "print the key that recordings are verified with"),
          Option("--key", "verify files by this public key alone, on any machine (pamctl)", word="KEY")), lists=True),
)  # fmt: skip
