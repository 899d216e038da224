"""The node and the caller: status, check, whoami, why, help.

The rule: these are for everybody; what would tell an operator how he is guarded is for admins and auditors
alone.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from gateway.admin.answer import Answer
from gateway.admin.arguments import Argument
from gateway.admin.perform import explain, find
from gateway.admin.refusal import Exit, Refusal, missing
from gateway.admin.room import ADMIN, AUDITOR, EVERYBODY, LOCAL
from gateway.admin.times import local, stamped
from gateway.admin.verb import Call, Verb
from gateway.admin.verbs.entries import listed_fields
from gateway.domain.entries import ENTRY_OF_TABLE
from gateway.interfaces.directory import DirectoryError

TRUSTED = frozenset({ADMIN, AUDITOR, LOCAL})
"""Who is told what the gateway does not do."""


async def status(call: Call) -> Answer:
    """Say whether the node is well, what is wrong since when, and what it does not do."""
    trusted = bool(call.caller.roles & TRUSTED)
    told = [stamped(fault, "since") for fault in call.room.faults()]
    faults = told if trusted else [{**fault, "detail": ""} for fault in told]
    gaps = list(call.room.gaps()) if trusted else []
    state = "degraded" if faults else "ok"
    live = len(call.room.roster.sessions(live=True)) if trusted else None
    lines = [f"{call.room.node}: {state}"]
    if live is not None:
        lines.append(f"live sessions: {live}")
    lines += [
        f"since {local(fault['since'], call.room.zone)}: {fault['name']} {fault['detail']}".rstrip() for fault in faults
    ]
    lines += [f"not done by this version: {gap}" for gap in gaps]
    shown = {"node": call.room.node, "state": state, "faults": faults, "gaps": gaps, "live": live}
    return Answer(shown, words="\n".join(lines))


async def check(call: Call) -> Answer:
    """Check the node's configuration, or a text: of pam.toml, or of the directory."""
    trusted = bool(call.caller.roles & TRUSTED)
    problems: list[str] = []
    if call["file"]:
        for name, text in (await call.streams.texts(call["file"])).items():
            problems += await _checked(call, name, text) if trusted else call.room.check(text, name)
    else:
        problems += call.room.check(None, "")
    gaps = list(call.room.gaps()) if trusted and not call["file"] else []
    words = [*problems, *(f"not done by this version: {gap}" for gap in gaps)]
    words += [] if problems else ["no problem found"]
    shown = {"ok": not problems, "problems": problems, "gaps": gaps}
    return Answer(shown, words="\n".join(words), code=Exit.CONFIGURATION if problems else Exit.OK)


async def _checked(call: Call, name: str, text: str) -> list[str]:
    if not _is_directory(text):
        return list(call.room.check(text, name))
    try:
        await call.room.in_thread(lambda: call.room.directory.plan(text, origin=name))
    except DirectoryError as failure:
        return str(failure).split("\n")
    return []


def _is_directory(text: str) -> bool:
    """Say whether a text is of the directory, not of pam.toml; a broken one is judged by its lines."""
    try:
        tables = set(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, RecursionError):
        return any(line.strip().startswith(f"[[{table}]]") for line in text.splitlines() for table in ENTRY_OF_TABLE)
    return bool(tables & set(ENTRY_OF_TABLE))


async def whoami(call: Call) -> Answer:
    """Say who calls, with which roles, from where."""
    caller = call.caller
    own = call.room.directory.snapshot().user.get(caller.name)
    row = {
        "user": caller.name,
        "full_name": caller.full_name,
        "roles": sorted(caller.roles),
        "groups": sorted(own.groups) if own is not None else [],
        "source": caller.source,
        "door": caller.door,
        "node": call.room.node,
    }
    return Answer(row, words=listed_fields(row))


async def why(call: Call) -> Answer:
    """Say what stood in the way of a refusal; an operator learns only of his own, and whom to ask."""
    reference = call["ref"]
    absent = missing(f"there is no refusal {reference!r}")
    try:
        row = stamped(call.room.roster.reference(reference), "time")
    except KeyError:
        raise absent from None
    if not call.caller.roles & TRUSTED:
        if row.get("user") != call.caller.name:
            raise absent
        contact = f": ask {call.room.contact}" if call.room.contact else ""
        row = {key: row[key] for key in ("reference", "time", "user", "target", "account") if key in row}
        return Answer(row, words=f"{listed_fields(row)}\nnot allowed{contact}")
    return Answer(row, words=listed_fields(row))


def helping(verbs: Callable[[], Mapping[str, Verb]]) -> Verb:
    """Return the verb ``help``, which knows all the others."""

    async def show(call: Call) -> Answer:
        if call["verb"]:
            verb, rest = find(verbs(), call["verb"], call.caller)
            if rest or not verb.callers & call.caller.roles:
                raise Refusal(Exit.USAGE, "usage", f"there is no verb {' '.join(call['verb'])!r}")
            return Answer(_described(verb), words=explain(verb))
        allowed = [verb for verb in verbs().values() if verb.callers & call.caller.roles]
        return Answer([_described(verb) for verb in allowed], words="\n".join(_overview(allowed)))

    words = (Argument("VERB", "the verb to explain", required=False, many=True),)
    return Verb("help", "what there is, and what a verb takes", show, EVERYBODY, words)


def _overview(allowed: Sequence[Verb]) -> Iterator[str]:
    """Yield a line for each verb; those of one table, or of one thing, share a line."""
    things: dict[str, list[Verb]] = {}
    for verb in sorted(allowed, key=lambda verb: verb.name):
        things.setdefault(verb.name.split()[0], []).append(verb)
    for thing, verbs in things.items():
        words = " ".join(verb.name.partition(" ")[2] for verb in verbs)
        if len(verbs) > 2 and thing not in (verb.name for verb in verbs):
            yield f"  {thing:<20}{words}"
        else:
            yield from (f"  {verb.name:<20}{verb.says}" for verb in verbs)
    yield "`help VERB` tells what a verb does and takes"


def _described(verb: Verb) -> dict[str, Any]:
    return {"name": verb.name, "says": verb.says, "usage": verb.synopsis, "roles": sorted(verb.callers)}


VERBS = (
    Verb("status", "named faults in words, since when, and what this version does not do", status, EVERYBODY),
    Verb("check", "a strict check of the configuration, or of a file", check, EVERYBODY,
         (Argument("FILE", "pam.toml or the directory's TOML, or - for stdin", required=False),)),
    Verb("whoami", "who you are here", whoami, EVERYBODY),
    Verb("why", "what stood in the way of a refusal", why, EVERYBODY,
         (Argument("REF", "the reference that came with the refusal"),)),
)  # fmt: skip
