"""The sessions: which there are, all of one, and the policy it runs under.

The rule: an operator sees his own sessions and never a trace of who watches them.
"""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from gateway.admin.answer import Answer, Cell, Column, Row
from gateway.admin.arguments import Argument, Option
from gateway.admin.ids import whole
from gateway.admin.refusal import usage
from gateway.admin.room import ADMIN, AUDITOR, OPERATOR, Room
from gateway.admin.times import epoch, local, moment, spell
from gateway.admin.verb import Call, Verb, roles
from gateway.domain.grant import Grant
from gateway.domain.snapshot import matches

COMPARED = re.compile(r"(>=|<=|>|<|=)?\s*(\d{1,9}(?:\.\d{1,3})?)")
COMPARISONS = {">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le, "=": operator.eq}

COLUMNS = (
    Column("id", "ID", Cell.ID),
    Column("operator", "OPERATOR"),
    Column("account", "ACCOUNT"),
    Column("target", "TARGET"),
    Column("started", "STARTED", Cell.TIME),
    Column("idle_s", "IDLE", Cell.SPELL),
    Column("risk", "RISK"),
    Column("node", "NODE"),
    Column("state", "STATE"),
)

WATCHERS = Column("watchers", "WATCHERS")

ID = Argument("ID", "a session's id, or the beginning of it")


def compared(text: str) -> Callable[[float], bool]:
    """Read ``>50``, ``<=3``, ``0``; return the test of a number. Raises ValueError in words."""
    found = COMPARED.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"expected a comparison such as '>50', not {text!r}")
    compare, limit = COMPARISONS[found[1] or "="], float(found[2])
    return lambda number: bool(compare(number, limit))


async def sessions(call: Call) -> Answer:
    """List sessions, newest first."""
    every = call.room.roster.sessions(live=call["live"])
    rows = [row for row in every if all(test(row) for test in _tests(call))]
    if call.own:
        rows = [{**row, "watchers": None} for row in rows]
    columns = COLUMNS if call.own else (*COLUMNS, WATCHERS)
    columns = (*columns, Column("drifted", "DRIFTED")) if call["drifted"] else columns
    return Answer(rows, columns, words="no sessions" + (" of yours" if call.own else ""), ids=call.room.roster.names())


def _tests(call: Call) -> Iterator[Callable[[Row], bool]]:
    if call.own:
        yield lambda row: bool(row["operator"] == call.caller.name)
    if call["user"]:
        yield lambda row: bool(row["operator"] == call["user"])
    if call["target"]:
        yield lambda row: matches(call["target"], row["target"])
    if call["since"]:
        since = asked_moment(call, "since")
        yield lambda row: (epoch(row["started"]) or 0.0) >= since
    if call["risk"]:
        yield lambda row: call["risk"](row["risk"] or 0)
    if call["drifted"]:
        yield lambda row: bool(row["drifted"])


def asked_moment(call: Call, key: str) -> float:
    """Return a moment that an option names. Raises :exc:`gateway.admin.refusal.Refusal`."""
    try:
        return moment(call[key], call.room.now)
    except ValueError as failure:
        raise usage(f"--{key}: {failure}") from None


def session_id(room: Room, prefix: str) -> str:
    """Return the one session's id with a prefix. Raises :exc:`gateway.admin.refusal.Refusal`."""
    return whole(prefix, room.roster.names(), "session")


async def show(call: Call) -> Answer:
    """Show all of one session."""
    identity = session_id(call.room, call["id"])
    row = await call.room.in_thread(lambda: call.room.roster.find(identity))
    return Answer(dict(row), words="\n".join(_told(row, call)))


def _told(row: Row, call: Call) -> Iterator[str]:
    zone = call.room.zone
    yield f"{row['id']}  {row['operator']} as {row['account']}@{row['target']}  {row['state']}  risk {row['risk']}"
    yield f"  started {local(row['started'], zone)}, ended {local(row['ended'], zone)}, idle {spell(row['idle_s'])}"
    yield f"  from {row.get('source')}, on {row.get('node')}, policy {row.get('policy')}"
    if row.get("drifted"):
        yield "  runs under an older policy than a new session would: `policy show` tells the difference"
    if row.get("reason"):
        yield f"  reason: {row['reason']}"
    for channel in row.get("channels") or ():
        exited = "" if channel.get("exit") in (None, "") else f", exit {channel['exit']}"
        moved = f"{channel.get('bytes_in') or 0} bytes in, {channel.get('bytes_out') or 0} out"
        yield f"  channel {channel['id']}: {channel['kind']} {channel.get('command') or ''} ({moved}{exited})"
    for command in row.get("commands") or ():
        verdict = f"{command.get('rule') or '-'} {command.get('action') or ''} {command.get('outcome') or ''}"
        yield f"  t={command.get('t')}  {command.get('text')}  [{verdict.strip()}, known by {command.get('known_by')}]"
    for transfer in row.get("transfers") or ():
        done = f"{transfer.get('bytes')} bytes, {transfer.get('outcome')}"
        yield f"  {transfer.get('direction')} {transfer.get('path')} ({done})"
    for action in row.get("admin_actions") or ():
        why = f": {action['reason']}" if action.get("reason") else ""
        yield f"  {local(action.get('time'), zone)}  {action.get('kind')} by {action.get('by')}{why}"
    if row.get("blind_s"):
        yield f"  not visible for {spell(row['blind_s'])}"


async def policy_show(call: Call) -> Answer:
    """Show the frozen policy of a session and how it differs from what would be frozen now."""
    identity = session_id(call.room, call["id"])
    digest, canonical = await call.room.in_thread(lambda: call.room.roster.policy(identity))
    frozen = json.loads(canonical)
    found = call.room.access.today(next(row for row in call.room.roster.sessions() if row["id"] == identity))
    today = found.policy.document() if isinstance(found, Grant) else None
    changes = list(difference(frozen, today)) if today is not None else []
    refused = None if isinstance(found, Grant) else {"reason": found.reason, "detail": found.detail}
    shown = {
        "digest": digest,
        "frozen": frozen,
        "today": today,
        "difference": changes,
        "refused_today": refused,
    }
    return Answer(shown, words="\n".join(_policy_words(identity, shown)))


def _policy_words(identity: str, shown: Mapping[str, Any]) -> Iterator[str]:
    yield f"{identity}  policy {shown['digest']}"
    yield json.dumps(shown["frozen"], indent=2, ensure_ascii=False, sort_keys=True)
    if shown["refused_today"] is not None:
        yield f"today the session would be refused: {shown['refused_today']['detail']}"
    elif not shown["difference"]:
        yield "a session that starts now runs under the same policy"
    else:
        yield "a session that starts now differs in:"
        for each in shown["difference"]:
            yield f"  {each['path']}: {json.dumps(each['frozen'])} -> {json.dumps(each['today'])}"


def difference(frozen: Any, today: Any, path: str = "") -> Iterator[dict[str, Any]]:
    """Yield what differs between two documents: the path, and both values (None where there is none)."""
    if isinstance(frozen, Mapping) and isinstance(today, Mapping):
        for key in sorted({*frozen, *today}):
            yield from difference(frozen.get(key), today.get(key), f"{path}.{key}" if path else key)
    elif _named(frozen) and _named(today):
        yield from difference({e["name"]: e for e in frozen}, {e["name"]: e for e in today}, path)
    elif json.loads(json.dumps(frozen)) != json.loads(json.dumps(today)):
        yield {"path": path, "frozen": frozen, "today": today}


def _named(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(each, Mapping) and "name" in each for each in value)


VERBS = (
    Verb("sessions", "the sessions, their risk, and whether they run under an older policy", sessions,
         roles(ADMIN, AUDITOR), (), (
             Option("--live", "only those that go on"),
             Option("--user", "of this operator", word="USER"),
             Option("--target", "on this target, or a glob", word="TARGET"),
             Option("--since", "started since then, or so long ago", word="TIME"),
             Option("--risk", "with such a score, as '>50'", word="TEST", kind=compared),
             Option("--drifted", "only those whose policy would be another now"),
         ), own=roles(OPERATOR), lists=True),
    Verb("session show", "all of one session", show, roles(ADMIN, AUDITOR), (ID,)),
    Verb("policy show", "the frozen policy of a session, and its difference to today's", policy_show,
         roles(ADMIN, AUDITOR), (ID,)),
)  # fmt: skip
