"""Who may reach what, by which grant, and what stands in the way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gateway.admin.answer import Answer, Column, Row
from gateway.admin.arguments import Argument
from gateway.admin.ids import unknown
from gateway.admin.refusal import usage
from gateway.admin.room import ADMIN, AUDITOR
from gateway.admin.verb import Call, Verb, roles
from gateway.admin.verbs.entries import listed_fields

WHO = ("user", "account", "allowed", "grants", "rights", "conditions", "obstacles")
WHAT = ("target", "account", "allowed", "grants", "rights", "conditions", "obstacles")


def _columns(keys: Sequence[str]) -> tuple[Column, ...]:
    return tuple(Column(key, key.upper()) for key in keys)


async def who(call: Call) -> Answer:
    """List who may reach a target."""
    known = call.room.directory.snapshot().target
    if call["target"] not in known:
        raise unknown("target", call["target"], known)
    rows = await call.room.in_thread(lambda: [_plain(row) for row in call.room.access.who(call["target"])])
    return Answer(rows, _columns(WHO), words=f"nobody may reach {call['target']}")


async def what(call: Call) -> Answer:
    """List what a user may reach."""
    known = call.room.directory.snapshot().user
    if call["user"] not in known:
        raise unknown("user", call["user"], known)
    rows = await call.room.in_thread(lambda: [_plain(row) for row in call.room.access.what(call["user"])])
    return Answer(rows, _columns(WHAT), words=f"{call['user']} may reach nothing")


async def why(call: Call) -> Answer:
    """Explain whether a user may reach an account of a target, and why not."""
    account, at, target = call["where"].rpartition("@")
    if not at or not account or not target:
        raise usage(f"{call['where']!r}: write ACCOUNT@TARGET")
    snapshot = call.room.directory.snapshot()
    if call["user"] not in snapshot.user:
        raise unknown("user", call["user"], snapshot.user)
    if target not in snapshot.target:
        raise unknown("target", target, snapshot.target)
    row = _plain(call.room.access.why(call["user"], account, target))
    return Answer(row, words=listed_fields(row))


def _plain(row: Row) -> dict[str, Any]:
    """Return a row with lists for tuples, for programs and people alike."""
    return {key: list(value) if _is_list(value) else value for key, value in row.items()}


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence | set | frozenset) and not isinstance(value, str | bytes | Mapping)


VERBS = (
    Verb("access who", "who may reach a target, by which grant", who, roles(ADMIN, AUDITOR),
         (Argument("TARGET", "a target's name"),), lists=True),
    Verb("access what", "what a user may reach, by which grant", what, roles(ADMIN, AUDITOR),
         (Argument("USER", "a user's name"),), lists=True),
    Verb("access why", "whether, by which grant, and what stands in the way", why, roles(ADMIN, AUDITOR),
         (Argument("USER", "a user's name"), Argument("WHERE", "ACCOUNT@TARGET"))),
)  # fmt: skip
