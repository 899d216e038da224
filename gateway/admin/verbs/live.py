"""The present screens of sessions: watch and snapshot.

The rule: whoever is shown a live screen is told of in a fact before he sees it; the operator has no trace of it. What
reaches the admin's terminal was painted from the screen's model.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import Any

from gateway.admin.answer import Answer
from gateway.admin.arguments import Argument, Option
from gateway.admin.display import Display
from gateway.admin.ids import channel_of
from gateway.admin.refusal import denied, usage
from gateway.admin.room import ADMIN, AUDITOR
from gateway.admin.selfless import spare_oneself
from gateway.admin.verb import Call, Verb, roles
from gateway.admin.verbs.sessions import session_id
from gateway.admin.watch import Act, Key, Watch
from gateway.domain.screen.view import Picture, lines

ID = Argument("ID", "a session's id, or the beginning of it; ID/N for its channel N")


def _who(call: Call) -> dict[str, str]:
    caller = call.caller
    return {"by": caller.name, "by_name": caller.full_name, "source": caller.source, "door": caller.door}


def display_of(call: Call) -> Display:
    """Return the caller's terminal. Raises :exc:`Refusal`."""
    display = call.streams.display
    if display is None:
        name = call.verb.name
        raise usage(f"{name} needs a terminal: ssh -t …, or pamctl in one; `snapshot` and `export` need none")
    return display


async def watch(call: Call) -> Answer:
    """Follow a session until the caller leaves or it is over."""
    prefix, channel = channel_of(call["id"])
    session, display = session_id(call.room, prefix), display_of(call)
    watching = Watch(display, _keys(call, session), f"{session} live")
    seat = watching.seat = await call.room.live.watch(session, channel, watching, **_who(call))
    try:
        display.take(watching)
        seat.refresh()
        words = await watching.done
    finally:
        seat.leave()
        display.give_back()
    return Answer({"id": session, "channel": seat.channel}, words=words)


def _keys(call: Call, session: str) -> Mapping[str, Key]:
    return {
        "l": Key(_for_admins(call, _lock(call, session)), question="lock this session, and bar its operator; reason:"),
        "u": Key(_for_admins(call, _unlock(call, session)), sure="release this session?", needed=True),
        "k": Key(_for_admins(call, _kill(call, session)), sure="interrupt this session?", needed=True),
        "m": Key(_mark(call, session), question="mark:", needed=True),
    }


def _for_admins(call: Call, act: Act) -> Act:
    async def checked(reason: str) -> str:
        if ADMIN not in call.caller.roles:
            raise denied(f"that needs the role {ADMIN}, which {call.caller.name} does not have")
        return await act(reason)

    return checked


def _order(call: Call, reason: str) -> dict[str, Any]:
    caller = call.caller
    return {"by": caller.name, "by_name": caller.full_name, "reason": reason, "door": caller.door}


def _spare(call: Call, session: str, doing: str) -> None:
    whose = next((str(row["operator"]) for row in call.room.roster.sessions() if row["id"] == session), "")
    spare_oneself(call.caller, call.room.directory.snapshot(), "session", whose, doing)


async def _given(order: Awaitable[Any]) -> Any:
    try:
        return await order
    except ValueError as failure:
        raise denied(str(failure)) from None


def _lock(call: Call, session: str) -> Act:
    async def act(reason: str) -> str:
        _spare(call, session, "lock")
        order = call.room.orders.lock("session", session, ttl=None, only=False, **_order(call, reason))
        return f"locked {session} ({(await _given(order))['id']}); Ctrl-] u releases it"

    return act


def _unlock(call: Call, session: str) -> Act:
    async def act(reason: str) -> str:
        _spare(call, session, "unlock")
        covering = [row for row in call.room.orders.locks() if session in row["sessions"]]
        own = {(row["scope"], row["subject"]) for row in covering if row["scope"] in ("session", "user")}
        released: list[str] = []
        for scope, subject in sorted(own):
            released += await _given(call.room.orders.unlock(scope, subject, **_order(call, reason)))
        left = [f"{row['scope']} {row['subject']} ({row['id']})" for row in covering if row["id"] not in released]
        still = f"; still locked by {', '.join(left)}" if left else ""
        return (f"unlocked {', '.join(released)}" if released else "no lock of this session or its operator") + still

    return act


def _kill(call: Call, session: str) -> Act:
    async def act(reason: str) -> str:
        cut = await _given(call.room.orders.interrupt("session", session, **_order(call, reason)))
        return f"interrupted {', '.join(cut)}" if cut else f"{session} was over already"

    return act


def _mark(call: Call, session: str) -> Act:
    async def act(note: str) -> str:
        await _given(call.room.orders.mark(session, **_order(call, note)))
        return f"marked: {note}"

    return act


async def snapshot(call: Call) -> Answer:
    """Show the present screen once."""
    if call["text"] and call["ansi"]:
        raise usage("--text and --ansi exclude each other")
    prefix, channel = channel_of(call["id"])
    session = session_id(call.room, prefix)
    number, shown = await call.room.live.snapshot(session, channel, **_who(call))
    coloured = bool(call["ansi"])
    painted = lines(shown, coloured)
    return Answer(_told(session, number, shown), painted=painted)


def _told(session: str, number: int, shown: Picture) -> dict[str, Any]:
    text = lines(shown, coloured=False).split("\n")[: len(shown.rows)]
    cursor = None if shown.cursor is None else list(shown.cursor)
    return {"id": session, "channel": number, "columns": shown.columns, "rows": len(shown.rows), "cursor": cursor,
            "text": text, "ansi": lines(shown, coloured=True).split("\n")[: len(shown.rows)]}  # fmt: skip


VERBS = (
    Verb("watch", "follow a session's screen, without its operator's knowledge", watch, roles(ADMIN, AUDITOR), (ID,)),
    Verb("snapshot", "a session's present screen, once", snapshot, roles(ADMIN, AUDITOR), (ID,), (
        Option("--text", "without colours, which is the default"),
        Option("--ansi", "with colours"),
    )),
)  # fmt: skip
