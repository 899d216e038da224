"""Quarantine: what is held, and how it leaves.

The rule: only an admin sees what is held; that a file leaves is a fact before its first byte does.
"""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Mapping
from typing import Any

from gateway.admin.answer import Answer, Cell, Column
from gateway.admin.arguments import Argument, Option
from gateway.admin.refusal import denied, missing, usage
from gateway.admin.room import ADMIN
from gateway.admin.verb import Call, Verb, roles
from gateway.interfaces import IQuarantine

COLUMNS = (
    Column("id", "ID", Cell.ID), Column("size", "BYTES"), Column("kept", "KEPT", Cell.TIME),
    Column("until", "UNTIL", Cell.TIME), Column("operator", "OPERATOR"), Column("target", "TARGET"),
    Column("path", "PATH"), Column("rule", "RULE"), Column("seen", "SEEN"),
)  # fmt: skip
FILE = Argument("ID", "the file's SHA-256, or its beginning")


async def items(call: Call) -> Answer:
    """List what is held."""
    return Answer(list(await _quarantine(call).items()), COLUMNS, words="nothing is in quarantine")


async def show(call: Call) -> Answer:
    """Show where one file came from, and who said what of it."""
    row = await _found(_quarantine(call).show(call["id"]), call)
    return Answer(row, words=_words(row))


async def release(call: Call) -> Answer:
    """Give a file out: to stdout, or as a new file on the node's machine."""
    to = call["to"] or ""
    if to and not call.caller.is_local:
        raise denied("--to writes on the node's own machine: use pamctl there, or leave it out and take the content")
    if to and not to.startswith("/"):
        raise usage("--to takes a whole path, such as /root/held")
    caller = call.caller
    row = dict(await _found(
        _quarantine(call).release(call["id"], to, by=caller.name, reason=call.reason, door=caller.door), call
    ))  # fmt: skip
    content: bytes | None = row.pop("content", None)
    if content is None:
        return Answer({**row, "to": to}, words=f"{row['id']} is released to {to}; the held one stays")
    return Answer({**row, "content": base64.b64encode(content).decode()}, raw=content)


async def remove(call: Call) -> Answer:
    """Remove a file for good."""
    caller = call.caller
    row = await _found(
        _quarantine(call).remove(call["id"], by=caller.name, reason=call.reason, door=caller.door), call
    )
    return Answer({"removed": row["id"]}, words=f"removed {row['id']} ({row['size']} bytes)")


def _quarantine(call: Call) -> IQuarantine:
    found = call.room.quarantine
    if found is None:
        raise missing("this node has no quarantine")
    return found


async def _found(asked: Awaitable[Mapping[str, Any]], call: Call) -> Mapping[str, Any]:
    try:
        return await asked
    except KeyError:
        raise missing(f"there is no file {call['id']!r} in quarantine: see `quarantine list`") from None
    except ValueError as problem:
        raise usage(str(problem)) from None
    except FileExistsError:
        raise usage(f"{call['to']} is there already; name a new file") from None


def _said(verdict: Mapping[str, Any]) -> str:
    parts = (verdict["inspector"], verdict["decision"], verdict.get("reason") or verdict.get("code") or "")
    return " ".join(part for part in parts if part)


def _words(row: Mapping[str, Any]) -> str:
    head = f"{row['sha256']}\n{row['size']} bytes, kept {row['kept']} until {row['until']}, seen {row['seen']} times"
    lines = (
        f"{seen['time']}  {seen['direction']} by {seen['operator']} as {seen['account']}@{seen['target']} "
        f"({seen['session']}): {seen['path']}  rule {seen['rule']}: {'; '.join(map(_said, seen['verdicts']))}"
        for seen in reversed(row["occurrences"])
    )
    return "\n".join([head, *lines])


VERBS = (
    Verb("quarantine list", "files that were denied and are held", items, roles(ADMIN), lists=True),
    Verb("quarantine show", "where a held file came from, and who said what of it", show, roles(ADMIN),
         (FILE,)),
    Verb("quarantine release", "give a held file out: to stdout, or to a new file on the node", release,
         roles(ADMIN), (FILE,), (Option("--to", "a new file on the node's machine (pamctl only)", word="FILE"),),
         changes=True),
    Verb("quarantine rm", "remove a held file for good", remove, roles(ADMIN), (FILE,), changes=True),
)  # fmt: skip
