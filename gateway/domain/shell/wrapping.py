"""Read what a program of the table of wrappers runs.

The rule: where the place of the command in the words is not certain, a doubt is left.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gateway.domain.shell.call import Call, quoted
from gateway.domain.shell.guessing import guessed
from gateway.domain.shell.options import Options, options
from gateway.domain.shell.scripts import fed
from gateway.domain.shell.unknown import ANY
from gateway.domain.shell.words import Field
from gateway.domain.shell.wrappers import SUBCOMMANDS, WRAPPERS, Wrapper

if TYPE_CHECKING:
    from gateway.domain.shell.walk import Walk

_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=(.*)", re.S)


def wrapped(walk: Walk, call: Call) -> str:
    """Read what a wrapper runs; return what that writes."""
    name, args = call.name, call.args
    if name in SUBCOMMANDS:
        name, args = _subcommand(name, args)
        if not name:
            guessed(walk, call)
            return ANY
    row = WRAPPERS[name]
    permutes = row.permutes and (row.kind != "argv" or "--" in args)
    found = options(args, row.letters, row.long, permutes, row.shells)
    if found.lost:
        walk.doubt(f"where the command of {call.name} begins is not known")
    for value in found.values(row.coded):
        _text(walk, value, call)
    return _rest(walk, call, row, found)


def _subcommand(name: str, args: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """Return the row of the first word that names one, and what stands behind it."""
    rows = dict(SUBCOMMANDS[name])
    for place, word in enumerate(args):
        if word in rows:
            return rows[word], args[place + 1 :]
    return "", ()


def _rest(walk: Walk, call: Call, row: Wrapper, found: Options) -> str:
    words = list(found.words)[row.skip :] if row.kind != "shell" else list(found.words)
    for entry in found.values(("entrypoint",)):
        words.insert(0, entry)
    names: list[str] = []
    while row.assigns and words and (assigned := _ASSIGNMENT.fullmatch(words[0])):
        walk.assign(assigned[1], assigned[2])
        names.append(assigned[1])
        del words[0]
    if words and words[0] == "--":
        del words[0]
    if row.coded and found.has(row.coded) and row.kind != "each":
        return ANY
    if words and words[0] in ("-c", "--command"):
        return _text(walk, " ".join(words[1:2]), call)
    if (row.kind == "text" or row.loose) and row.skip and words and words[0].startswith("-"):
        words = list(options(words, row.letters, row.long).words)
    with walk.shell.exporting(names):
        return _command(walk, call, row, found, words)


def _command(walk: Walk, call: Call, row: Wrapper, found: Options, words: list[str]) -> str:
    if row.kind == "shell":
        return _as_user(walk, call, row, found, words)
    if found.has(row.shells) or (row.bare and not words):
        return _shell(walk, call, words)
    match row.kind:
        case "text":
            return _text(walk, " ".join(words), call) if words else _shell(walk, call, []) if row.skip else ANY
        case "each":
            for word in words:
                _text(walk, word, call)
            return ANY
        case "none":
            return _shell(walk, call, []) if not found.has(row.coded) else ANY
    if not words:
        return ANY
    if row.loose and found.words[0] != words[0]:
        walk.run([Field(word) for word in found.words], call.plumbing)
    return walk.run([Field(word) for word in words], call.plumbing)


def _as_user(walk: Walk, call: Call, row: Wrapper, found: Options, words: list[str]) -> str:
    """Read ``su [-] [user [arguments of a shell]]`` and ``runuser -u user command``."""
    words = [word for word in words if word not in ("-",)]
    if found.has(("u", "user")):
        return walk.run([Field(word) for word in words], call.plumbing) if words else ANY
    rest = words[1:]
    if "-c" in rest:
        return _text(walk, " ".join(rest[rest.index("-c") + 1 :][:1]), call)
    return _shell(walk, call, [])


def _shell(walk: Walk, call: Call, words: list[str]) -> str:
    """Read a shell that is started to run these words, or to read its input."""
    if words:
        return _text(walk, " ".join(map(quoted, words)), call)
    return fed(walk, call.stdin)


def _text(walk: Walk, text: str, call: Call) -> str:
    with walk.shell.child():
        return walk.code(text, call.stdin)
