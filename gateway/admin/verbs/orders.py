"""The immediate orders: lock, unlock, locks, kill, mark.

The rule: an order acts first and is told as a fact by the room that carries it out; here is only decided whom
it concerns, and that it does not concern the caller himself.
"""

from __future__ import annotations

from gateway.admin.answer import Answer, Cell, Column
from gateway.admin.arguments import Argument, Option
from gateway.admin.cleaning import counted
from gateway.admin.ids import unknown
from gateway.admin.refusal import Refusal, denied, usage
from gateway.admin.room import ADMIN, AUDITOR
from gateway.admin.selfless import spare_oneself
from gateway.admin.times import duration, local, stamped
from gateway.admin.verb import Call, Verb, roles
from gateway.admin.verbs.sessions import session_id

ONE_OF = (
    Option("--session", "this session", word="ID"),
    Option("--target", "every session on such targets", word="GLOB"),
    Option("--group", "every session of this group's operators", word="GROUP"),
    Option("--all", "everybody"),
)
USER = Argument("USER", "an operator's name", required=False)

COLUMNS = (
    Column("id", "ID", Cell.ID),
    Column("scope", "SCOPE"),
    Column("subject", "SUBJECT"),
    Column("by", "BY"),
    Column("since", "SINCE", Cell.TIME),
    Column("until", "UNTIL", Cell.TIME),
    Column("state", "STATE"),
    Column("enforced", "ENFORCED"),
    Column("sessions", "SESSIONS"),
    Column("reason", "REASON"),
)


def concerned(call: Call, doing: str) -> tuple[str, str]:
    """Return scope and subject of an order, and refuse one that concerns the caller.

    Raises :exc:`gateway.admin.refusal.Refusal`.
    """
    room = call.room
    scope = call.one_of("user", "session", "target", "group", "all")
    snapshot = room.directory.snapshot()
    match scope:
        case "all":
            subject = "*"
            whose = next((row["by"] for row in room.orders.locks() if row["scope"] == "all"), call.caller.name)
        case "session":
            subject = session_id(room, call["session"])
            whose = next(str(row["operator"]) for row in room.roster.sessions() if row["id"] == subject)
        case "user":
            subject = whose = call["user"]
            if subject not in snapshot.user:
                raise unknown("user", subject, snapshot.user)
        case _:
            subject = whose = call[scope]
    spare_oneself(call.caller, snapshot, scope, whose, doing)
    return scope, subject


async def lock(call: Call) -> Answer:
    """Freeze at once, and bar new sessions until released."""
    scope, subject = concerned(call, "lock")
    caller = call.caller
    try:
        row = await call.room.orders.lock(
            scope, subject, by=caller.name, by_name=caller.full_name, reason=call.reason, ttl=call["ttl"],
            only=call["only"], door=caller.door,
        )  # fmt: skip
    except ValueError as failure:
        raise denied(str(failure)) from None
    until = f" until {local(row['until'], call.room.zone)}" if row.get("until") else " until it is released"
    barred = "new sessions are not barred" if call["only"] else "new sessions are refused"
    frozen = _count(row.get("sessions"))
    words = f"locked {_subject(scope, subject)}{until} ({frozen} frozen, {barred}) · {row['id']}"
    return Answer(stamped(row, "since", "until"), words=words)


def _count(found: object) -> str:
    count = found if isinstance(found, int) else len(found) if isinstance(found, list | tuple) else 0
    return counted(count, "live session")


def _subject(scope: str, subject: str) -> str:
    return {"all": "everybody", "user": subject}.get(scope, f"{scope} {subject}")


async def unlock(call: Call) -> Answer:
    """Release every lock in force with that scope and subject."""
    scope, subject = concerned(call, "unlock")
    caller = call.caller
    try:
        released = await call.room.orders.unlock(
            scope, subject, by=caller.name, by_name=caller.full_name, reason=call.reason, door=caller.door
        )
    except ValueError as failure:
        raise denied(str(failure)) from None
    if not released:
        raise Refusal(1, "not_found", f"no lock is in force on {_subject(scope, subject)}: see `locks`")
    words = f"unlocked {_subject(scope, subject)} · {', '.join(released)}"
    return Answer({"released": list(released)}, words=words)


async def locks(call: Call) -> Answer:
    """List the locks in force."""
    rows = [stamped(row, "since", "until") for row in call.room.orders.locks()]
    return Answer(rows, COLUMNS, words="no lock is in force")


async def kill(call: Call) -> Answer:
    """Cut a session, or every session of a user, now."""
    scope = "user" if call.one_of("id", "user") == "user" else "session"
    room, caller = call.room, call.caller
    subject = call["user"] if scope == "user" else session_id(room, call["id"])
    if scope == "user" and subject not in room.directory.snapshot().user:
        raise unknown("user", subject, room.directory.snapshot().user)
    try:
        cut = await room.orders.interrupt(
            scope, subject, by=caller.name, by_name=caller.full_name, reason=call.reason, door=caller.door
        )
    except ValueError as failure:
        raise denied(str(failure)) from None
    if not cut:
        raise Refusal(1, "not_found", f"nothing to interrupt: {_subject(scope, subject)} has no live session")
    return Answer({"sessions": list(cut)}, words=f"interrupted {', '.join(cut)}")


async def mark(call: Call) -> Answer:
    """Put a note into a running session's recording."""
    room, caller, note = call.room, call.caller, " ".join(call["note"])
    session = session_id(room, call["id"])
    if not note.strip():
        raise usage("say what to note: mark ID NOTE")
    try:
        await room.orders.mark(session, by=caller.name, by_name=caller.full_name, reason=note, door=caller.door)
    except ValueError as failure:
        raise denied(str(failure)) from None
    return Answer({"session": session, "note": note}, words=f"marked {session}: {note}")


_CUTTING = (
    (Argument("ID", "a session's id, or the beginning of it", required=False),),
    (Option("--user", "every session of this operator", word="USER"),),
)

VERBS = (
    Verb("lock", "freeze at once, and bar new sessions until released", lock, roles(ADMIN), (USER,), (
        *ONE_OF,
        Option("--ttl", "release it by itself after so long", word="DURATION", kind=duration),
        Option("--only", "freeze without barring new sessions"),
    ), changes=True),
    Verb("unlock", "release what a lock froze", unlock, roles(ADMIN), (USER,), ONE_OF, changes=True),
    Verb("locks", "the locks in force", locks, roles(ADMIN, AUDITOR), lists=True),
    Verb("kill", "cut a session now, without notice", kill, roles(ADMIN), *_CUTTING, changes=True),
    Verb("mark", "put a note into a running session's recording; the operator does not see it", mark,
         roles(ADMIN, AUDITOR), (Argument("ID", "a session's id, or the beginning of it"),
                                 Argument("NOTE", "what to note", many=True)), changes=True),
    Verb("interrupt", "another name of kill", kill, roles(ADMIN), *_CUTTING, changes=True),
)  # fmt: skip
