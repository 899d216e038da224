"""The one way through which every door calls a verb: find it, permit it, parse, run, show.

The rule: roles are checked here and nowhere else, before the arguments are looked at. A refusal for want of a
role is a fact. What goes wrong in words ends with the contract's exit code; anything else is left to the door
to log.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence

from gateway.admin.answer import Answer, Form
from gateway.admin.arguments import parse
from gateway.admin.cleaning import clean_lines
from gateway.admin.refusal import Exit, Refusal, denied, usage
from gateway.admin.render import error_json, render, row_json
from gateway.admin.room import Caller, Room
from gateway.admin.streams import Streams
from gateway.admin.verb import Call, Verb
from gateway.domain.facts import Fact
from gateway.interfaces.archive import ArchiveError
from gateway.interfaces.directory import DirectoryError
from gateway.interfaces.live import NotWatchable
from gateway.interfaces.vault import VaultError

Verbs = Mapping[str, Verb]

PREFIX = "ostiary: "
MOST_ROWS_HERE = 100
"""Longer lists are rendered off the reactor: a thousand rows take some ten milliseconds."""


REFUSING = (Refusal, DirectoryError, NotWatchable, VaultError, ArchiveError, OSError)
"""What a verb may fail with, in words for a person."""


async def perform(verbs: Verbs, room: Room, words: Sequence[str], streams: Streams) -> int:
    """Call a verb by its words; return the exit code."""
    try:
        answer, form = await answered(verbs, room, words, streams)
        return await _show(answer, form, room, streams)
    except REFUSING as failure:
        return _refuse(as_refusal(failure), words, streams)


async def answered(verbs: Verbs, room: Room, words: Sequence[str], streams: Streams) -> tuple[Answer, Form]:
    """Call a verb by its words; return what it found and how that is to be shown. Raises :data:`REFUSING`."""
    verb, rest = find(verbs, words, room.caller)
    await permit(verb, room)
    if wants_help(rest):
        answer = Answer(words=explain(verb), data={"usage": verb.synopsis, "says": verb.says})
        return answer, Form.JSON if "--json" in rest else Form.TEXT
    values = parse(verb.arguments, verb.all_options, rest)
    form = _form(values)
    return await verb.run(Call(room, verb, values, form, streams)), form


def as_refusal(failure: BaseException) -> Refusal:
    """Return any failure of :data:`REFUSING` as the refusal that a door shows."""
    match failure:
        case Refusal():
            return failure
        case DirectoryError():
            return Refusal(Exit.CONFIGURATION, "configuration", str(failure))
        case NotWatchable():
            return Refusal(Exit.FAILED, "not_watchable", str(failure))
        case VaultError():
            return Refusal(Exit.FAILED, "vault", str(failure))
        case ArchiveError():
            return Refusal(Exit.FAILED, "recording", str(failure))
        case _:
            why = getattr(failure, "strerror", None) or failure
            return Refusal(Exit.LATER, "storage", f"nothing was changed, the disk refused: {why}; see `status`")


def find(verbs: Verbs, words: Sequence[str], caller: Caller) -> tuple[Verb, Sequence[str]]:
    """Return the verb that words begin with, and the rest. Raises :exc:`Refusal`."""
    for count in (2, 1):
        verb = verbs.get(" ".join(words[:count])) if len(words) >= count else None
        if verb is not None:
            return verb, words[count:]
    allowed = [name for name, verb in verbs.items() if verb.callers & caller.roles]
    if not words:
        raise usage(f"say what to do: {', '.join(sorted({name.split()[0] for name in allowed}))}")
    below = sorted(name.split()[1] for name in allowed if name.startswith(f"{words[0]} "))
    if below:
        raise usage(f"{words[0]} takes one of: {', '.join(below)}")
    near = difflib.get_close_matches(" ".join(words[:2]), allowed, n=1) or difflib.get_close_matches(words[0], allowed)
    raise usage(f"there is no verb {words[0]!r}" + (f"; did you mean {near[0]!r}?" if near else "; try `help`"))


async def permit(verb: Verb, room: Room) -> None:
    """Let the verb be called, or tell ``verb.refused`` and raise :exc:`Refusal`."""
    caller = room.caller
    if verb.callers & caller.roles:
        return
    needed = " or ".join(sorted(verb.callers))
    body = {
        "user": caller.name,
        "source": caller.source,
        "door": caller.door,
        "verb": verb.name,
        "reason": needed,
    }
    await room.journal.tell(Fact("verb.refused", {**body, "outcome": "refused"}))
    if needed == "local":
        raise denied(f"{verb.name} works on the node's own machine only, with pamctl")
    raise denied(f"{verb.name} needs the role {needed}, which {caller.name} does not have")


def wants_help(words: Sequence[str]) -> bool:
    """Say whether the words ask for an explanation, whatever else is among them or missing."""
    asked = words[: words.index("--")] if "--" in words else words
    return "--help" in asked or "-h" in asked


def explain(verb: Verb) -> str:
    """Return what a verb does and takes, for people."""
    lines = [verb.synopsis, "", f"  {verb.says}", ""]
    lines += [f"  {argument.word:<24}{argument.says}" for argument in verb.arguments]
    lines += [f"  {f'{option.name} {option.word}':<24}{option.says}" for option in verb.all_options[:-1]]
    return "\n".join(lines)


def _form(values: Mapping[str, object]) -> Form:
    wanted = [form for form in (Form.JSON, Form.NDJSON, Form.CSV) if values.get(form.value)]
    if len(wanted) > 1:
        raise usage("--json, --ndjson and --csv exclude each other")
    return wanted[0] if wanted else Form.TEXT


async def _show(answer: Answer, form: Form, room: Room, streams: Streams) -> int:
    for note in answer.notes:
        streams.write_error(f"{PREFIX}{clean_lines(note)}\n".encode())
    if answer.stream is not None:
        await _flow(answer, form, streams)
    elif answer.painted is not None and form is Form.TEXT:
        await streams.paint(answer.painted)
    elif answer.raw is not None and form is Form.TEXT:
        await streams.send(answer.raw)
    else:
        await streams.send(await _rendered(answer, form, room))
    return int(answer.code)


async def _rendered(answer: Answer, form: Form, room: Room) -> bytes:
    """Render here, or in a thread where it takes long."""
    if isinstance(answer.data, list) and len(answer.data) > MOST_ROWS_HERE:
        return bytes(await room.in_thread(lambda: render(answer, form, room.zone)))
    return render(answer, form, room.zone)


async def _flow(answer: Answer, form: Form, streams: Streams) -> None:
    """Show a stream of rows as they come: NDJSON, or one JSON object whose list grows."""
    if answer.stream is None:
        return
    start, between, end = (b'{"schema": "pam/1", "data": [', b", ", b"]}\n") if form is Form.JSON else (b"", b"", b"")
    await streams.send(start)
    first = True
    async for row in answer.stream:
        line = row_json(row)
        await streams.send(line if form is not Form.JSON else (b"" if first else between) + line.rstrip(b"\n"))
        first = False
    await streams.send(end)


def _refuse(refusal: Refusal, words: Sequence[str], streams: Streams) -> int:
    if "--json" in words:
        streams.write(error_json(refusal))
    else:
        lines = clean_lines(refusal.message).split("\n")
        streams.write_error("".join(f"{PREFIX}{line}\n" for line in lines).encode())
    return int(refusal.code)
