"""The directory as a whole: apply and dump.

The rule: a difference is shown before it is made true, and it is made true as a whole or not at all.
"""

from __future__ import annotations

from typing import Any

from gateway.admin.answer import Answer
from gateway.admin.arguments import Argument, Option
from gateway.admin.cleaning import counted
from gateway.admin.refusal import Exit, usage
from gateway.admin.room import ADMIN, AUDITOR
from gateway.admin.selfless import refuse_favours
from gateway.admin.verb import Call, Verb, roles
from gateway.domain.difference import Change, Plan


async def apply(call: Call) -> Answer:
    """Work out the difference, show it, and make it true unless it is a dry run."""
    texts = await call.streams.texts(call["file"])
    directory = call.room.directory
    if call["prune"] and not any(text.strip() for text in texts.values()):
        raise usage(f"{call['file']} names nothing, and --prune would remove everything: use `rm`")
    plan: Plan = await call.room.in_thread(lambda: directory.plan(texts, prune=call["prune"]))
    refuse_favours(call.caller, directory.snapshot(), plan.changes)
    dry = call["dry_run"]
    shown = {
        "changes": [_change(change) for change in plan.changes],
        "dry_run": dry,
        "notes": list(plan.notes),
    }
    words = list(plan.lines()) or ["nothing to change"]
    if not dry and plan.changes:
        count = await directory.commit(plan, by=call.caller.name, reason=call.reason)
        words.append(f"applied {counted(count, 'change')}")
    code = Exit.DIFFERENT if dry and plan.changes else Exit.OK
    return Answer(shown, words="\n".join(words), notes=tuple(plan.notes), code=code)


def _change(change: Change) -> dict[str, Any]:
    return {
        "table": change.table,
        "name": change.name,
        "kind": change.kind,
        "fields": [{"key": each.key, "before": each.before, "after": each.after} for each in change.fields],
    }


async def dump(call: Call) -> Answer:
    """Write the directory as the TOML that ``apply`` reads."""
    text = await call.room.in_thread(call.room.directory.dump)
    return Answer({"toml": text}, words=text)


VERBS = (
    Verb(
        "apply",
        "add and change what a file names; with --prune remove what it does not name",
        apply,
        roles(ADMIN),
        (Argument("FILE", "a TOML file, a folder of them, or - for stdin"),),
        (
            Option("--dry-run", "only show the difference; exit code 3 when there is one"),
            Option("--prune", "remove what the file does not name"),
        ),
        changes=True,
    ),
    Verb("dump", "the directory as TOML, secrets as references", dump, roles(ADMIN, AUDITOR)),
)
