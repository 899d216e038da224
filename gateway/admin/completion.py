"""What Tab offers in the interactive shell.

The rule: only what the caller may call, and only names he may see, is offered.
"""

from __future__ import annotations

import os.path
from collections.abc import Iterable, Mapping, Sequence

from gateway.admin.room import ADMIN, AUDITOR, Room
from gateway.admin.verb import Verb
from gateway.domain.entries import ENTRY_OF_TABLE

MOST = 200


def offer(verbs: Mapping[str, Verb], room: Room, before: str) -> tuple[str, ...]:
    """Return the words that may stand where the text before the cursor ends, sorted."""
    words = before.split(" ")
    done, begun = [word for word in words[:-1] if word], words[-1]
    found = {word for word in _words(verbs, room, done, begun) if word.startswith(begun)}
    return tuple(sorted(found)[:MOST])


def rest(offered: Sequence[str], begun: str) -> str:
    """Return what all offered words go on with; a blank follows the only one."""
    alike = os.path.commonprefix(list(offered))  # noqa: RUF071 - of characters is what is wanted
    return alike[len(begun) :] + (" " if len(offered) == 1 else "")


def _words(verbs: Mapping[str, Verb], room: Room, done: list[str], begun: str) -> Iterable[str]:
    allowed = {name: verb for name, verb in verbs.items() if verb.callers & room.caller.roles}
    names = [name.split() for name in allowed]
    yield from (words[len(done)] for words in names if len(words) > len(done) and words[: len(done)] == done)
    count = next((count for count in (2, 1) if " ".join(done[:count]) in allowed and len(done) >= count), 0)
    if not count:
        return
    verb, given = allowed[" ".join(done[:count])], done[count:]
    awaiting = next((option for option in verb.all_options if given and option.name == given[-1] and option.word), None)
    if awaiting is None and begun.startswith("-"):
        yield from (option.name for option in verb.all_options)
    else:
        yield from _names(room, verb, awaiting.word if awaiting is not None else _placed(verb, given))


def _placed(verb: Verb, given: list[str]) -> str:
    count = sum(not word.startswith("-") for word in given)
    return verb.arguments[count].word if count < len(verb.arguments) else ""


def _names(room: Room, verb: Verb, word: str) -> Iterable[str]:
    if not room.caller.roles & {ADMIN, AUDITOR}:
        return ()
    snapshot = room.directory.snapshot()
    match word:
        case "USER":
            return snapshot.user
        case "TARGET" | "GLOB":
            return snapshot.target
        case "GROUP":
            return {group for user in snapshot.user.values() for group in user.groups}
        case "ID" | "RECORDING":
            return [str(row["id"]) for row in room.roster.sessions()]
        case "NAME" if verb.name.split()[0] in ENTRY_OF_TABLE:
            return tuple(getattr(snapshot, verb.name.split()[0]))
        case _:
            return ()
