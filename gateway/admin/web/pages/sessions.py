"""The live wall, the list of sessions, and all of one session.

The rule: a session's page is the same while it goes on and afterwards. What was not seen is said as plainly as what
was.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any
from urllib.parse import urlencode

from gateway.admin.refusal import Refusal, usage
from gateway.admin.times import epoch
from gateway.admin.web.console import Visitor, proven_lately
from gateway.admin.web.pages.words import chosen, line
from gateway.admin.web.reply import FORGET, Reply, text_reply

PAGE = 100
MOST = 60
"""Tiles on the wall; what goes on beyond them is in the list."""
LIVE = frozenset({"live", "locked", "waiting"})
FILTERS = ("user", "target", "since", "risk")
CAST = "application/x-asciicast"
DEEDS = {
    "live.watch_started": "watch began,", "live.watch_ended": "watch ended,", "session.locked": "locked",
    "session.unlocked": "released", "session.interrupted": "interrupted", "session.marked": "marked",
}  # fmt: skip
"""What admins did, in words."""

Row = Mapping[str, Any]


async def wall(visitor: Visitor) -> Reply:
    """Show every session that goes on, the riskiest first."""
    rows = (await visitor.fetch(line("sessions", flags=("live",)))).data
    ordered = sorted(rows, key=lambda row: (-(row["risk"] or 0), row["idle_s"] or 0.0))
    return visitor.page("wall.html", title="Live", rows=ordered[:MOST], count=len(ordered), front=visitor.room.front)


async def sessions(visitor: Visitor) -> Reply:
    """List sessions, newest first."""
    query = dict(visitor.ask.query)
    asked = chosen(query, *FILTERS)
    flags = tuple(flag for flag in ("live", "drifted") if query.get(flag))
    rows = (await visitor.fetch(line("sessions", flags=flags, **asked))).data
    number = int(query["page"]) if query.get("page", "").isdigit() and len(query["page"]) < 7 else 1
    shown, last = rows[(number - 1) * PAGE : number * PAGE], max(1, -(-len(rows) // PAGE))
    kept = urlencode({**{key: value for key, value in asked.items() if value}, **dict.fromkeys(flags, "1")})
    return visitor.page(
        "sessions.html", title="Sessions", rows=shown, count=len(rows), asked=asked, flags=flags, number=number,
        last=last, kept=kept,
    )  # fmt: skip


async def session(visitor: Visitor, identity: str) -> Reply:
    """Show all of one session."""
    row = (await visitor.fetch(line("session show", identity))).data
    covering = await locks_on(visitor, row)
    return visitor.page(
        "session.html", title=f"{row['operator']} on {row['target']}", row=row, steps=list(timeline(row)),
        is_live=row["state"] in LIVE, covering=covering, tracks=[each for each in row["channels"] if _has_track(each)],
        channel=visitor.ask.asked("channel"), here=visitor.room.node,
        deeds=DEEDS, announced=is_announced(row),
    )  # fmt: skip


def is_announced(row: Row) -> bool:
    """Say whether the operator of a session is told that he is watched, by its frozen policy."""
    text = row.get("policy_text")
    policy = json.loads(text) if text else {}
    return bool(policy.get("settings", {}).get("live_announce"))


def _has_track(channel: Row) -> bool:
    return channel.get("kind") in ("shell", "exec", "pty")


async def locks_on(visitor: Visitor, row: Row) -> list[Row]:
    """Return the locks in force that concern a session or its operator."""
    locks = (await visitor.fetch(line("locks"))).data
    return [
        each
        for each in locks
        if each.get("session") == row["id"] or each.get("user") == row["operator"] or row["id"] in _list(each)
    ]


def _list(lock: Row) -> list[str]:
    found = lock.get("sessions")
    return list(found) if isinstance(found, list | tuple) else []


def timeline(row: Row) -> Iterator[dict[str, Any]]:
    """Yield what happened in a session, in order: ``t`` seconds into it, what kind, words, and how sure we are."""
    begun = epoch(row["started"]) or 0.0
    steps: list[dict[str, Any]] = []
    for sign, key in (("rules", "commands"), ("file", "transfers"), ("key", "elevations"), ("eye", "admin_actions")):
        for each in row.get(key) or ():
            steps.append({"sign": sign, "kind": key, "t": _at(each, begun), "row": each})
    yield from sorted(steps, key=lambda step: step["t"])


def _at(each: Row, begun: float) -> float:
    told = each.get("t")
    if isinstance(told, int | float) and not isinstance(told, bool):
        return max(0.0, float(told))
    return max(0.0, (epoch(each.get("time")) or begun) - begun)


async def policy(visitor: Visitor, identity: str) -> Reply:
    """Show the frozen policy of a session and its difference to today's."""
    shown = (await visitor.fetch(line("policy show", identity))).data
    return visitor.page("policy.html", title="Frozen policy", identity=identity, shown=shown)


async def cast(visitor: Visitor, identity: str) -> Reply:
    """Give one channel's recording to the player."""
    channel = visitor.ask.asked("channel")
    named = f"{identity}/{channel}" if channel else identity
    try:
        found = await visitor.fetch(line("export", named, flags=("cast",)))
    except Refusal as refusal:
        return text_reply(f"{refusal.message}\n", 404)
    played = await visitor.room.in_thread(partial(for_player, found.raw or b""))
    return Reply(200, played, CAST, (FORGET,))


async def evidence(visitor: Visitor, identity: str) -> Reply:
    """Give a recording as one page that verifies itself; it is saved, never shown among ours."""
    found = await visitor.fetch(line("export", identity, flags=("html",)))
    name = "".join(sign for sign in identity if sign.isalnum() or sign == "-")
    saved = ("Content-Disposition", f'attachment; filename="{name}.html"')
    return Reply(200, found.raw or b"", "application/octet-stream", (FORGET, saved))


def for_player(cast: bytes) -> bytes:
    """Return a recording as a terminal plays it: without one, lines ended with a line feed alone.

    Known limit: it is told by the recording having no carriage return at all.
    """
    if b"\\r" in cast:
        return cast
    head, *events = cast.splitlines()
    return b"\n".join([head, *map(_with_returns, events)]) + b"\n"


def _with_returns(event: bytes) -> bytes:
    at, code, text = json.loads(event)
    return json.dumps([at, code, text.replace("\n", "\r\n") if code == "o" else text]).encode()


async def order(visitor: Visitor, identity: str) -> Reply:
    """Lock, unlock, interrupt or mark a session."""
    form = visitor.ask.form
    reason = form.get("reason", "").strip()
    row = (await visitor.fetch(line("session show", identity))).data
    match form.get("order"):
        case "lock":
            words = await _lock(visitor, row, form.get("scope", "user"), reason)
        case "unlock":
            words = await _unlock(visitor, row, reason)
        case "kill":
            words = await _kill(visitor, row, form.get("sure", ""), reason)
        case "mark":
            words = (await visitor.fetch(line("mark", row["id"], reason))).words
        case _:
            raise usage("say what to do with the session: lock, unlock or interrupt")
    visitor.note(words)
    return visitor.back(f"/s/{row['id']}")


async def _lock(visitor: Visitor, row: Row, scope: str, reason: str) -> str:
    if scope == "session":
        return (await visitor.fetch(line("lock", session=row["id"], reason=reason))).words
    return (await visitor.fetch(line("lock", row["operator"], reason=reason))).words


async def _unlock(visitor: Visitor, row: Row, reason: str) -> str:
    proven_lately(visitor)
    covering = await locks_on(visitor, row)
    if not covering:
        raise usage("no lock in force concerns this session")
    for lock in {(each["scope"], each["subject"]): each for each in covering}.values():
        await visitor.fetch(release(lock, reason))
    return f"released: {', '.join(str(each['id']) for each in covering)}"


def release(lock: Row, reason: str) -> list[str]:
    """Return the words that release a lock."""
    scope, subject = str(lock["scope"]), str(lock["subject"])
    if scope == "user":
        return line("unlock", subject, reason=reason)
    if scope == "all":
        return line("unlock", reason=reason, flags=("all",))
    return line("unlock", reason=reason, **{scope: subject})


async def _kill(visitor: Visitor, row: Row, sure: str, reason: str) -> str:
    proven_lately(visitor)
    if sure.strip().lower() != "yes":
        raise usage("nothing was done: an interruption wants a typed yes; it cuts the operator off without notice")
    return (await visitor.fetch(line("kill", row["id"], reason=reason))).words
