"""What one simple command does: it is noted, and what it runs itself is read.

The rule: a command is noted under the name it is called by and, where that stands for another program, under that
program's name too. A program whose name is not known leaves a doubt.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import attrs

from gateway.domain.shell.builtins import BUILTINS
from gateway.domain.shell.call import Call, quoted
from gateway.domain.shell.carriers import carried
from gateway.domain.shell.carriers_table import CARRIERS
from gateway.domain.shell.guessing import guessed
from gateway.domain.shell.interpreters import INTERPRETERS, interpreted
from gateway.domain.shell.output import OUTPUTS
from gateway.domain.shell.plumbing import Plumbing
from gateway.domain.shell.runners import RUNNERS
from gateway.domain.shell.scripts import script
from gateway.domain.shell.simple import Simple
from gateway.domain.shell.unknown import ANY, HOLES, is_known
from gateway.domain.shell.wrappers import QUIET, RESERVED, SHELLS, SUBCOMMANDS, WRAPPERS
from gateway.domain.shell.wrapping import wrapped

if TYPE_CHECKING:
    from gateway.domain.shell.walk import Walk
    from gateway.domain.shell.words import Field

_SINGLE = re.compile(r"\[([^\]!^-])\]")
_LOADER = re.compile(r"ld(-linux[\w.-]*|-musl[\w.-]*|-\d[\w.]*|64)?\.so(\.\d+)?")
_VERSIONED = re.compile(r"(python|perl|ruby|php|lua|node|tclsh)[\d.]+")


def execute(walk: Walk, fields: list[Field], plumbing: Plumbing) -> str:
    """Run words as a simple command; return what goes to its output."""
    first = fields[0]
    path = _SINGLE.sub(r"\1", first.text) if first.pattern else first.text
    name = path.rpartition("/")[2] or path
    if name.startswith("=") and len(name) > 1:
        name = name[1:]
    args = tuple(field.text for field in fields[1:])
    unsure = any(field.pattern for field in fields[1:]) or not all(map(is_known, args))
    if name != "[" or plumbing.names:
        walk.reading.add(Simple((name, *args), path, plumbing.names, unsure))
    if (
        not name
        or not HOLES.isdisjoint(name)
        or (first.pattern and name != "[" and any(mark in name for mark in "*?["))
    ):
        walk.doubt("the program is not known")
        return plumbing.caught(walk.shell, ANY)
    if path in RESERVED:
        walk.doubt("a reserved word stands where a command does")
    written = _run(walk, Call(name, path, args, plumbing))
    return plumbing.caught(walk.shell, written)


def _run(walk: Walk, call: Call) -> str:
    written = _stood_for(walk, call)
    return written if written is not None else _known(walk, call)


def _known(walk: Walk, call: Call) -> str:
    name = program(call)
    if name in CARRIERS:
        carried(walk, call)
    builtin = BUILTINS.get(name)
    if builtin is not None:
        return builtin(walk, call) or ""
    runner = RUNNERS.get(name)
    if runner is not None:
        return runner(walk, call)
    if name in WRAPPERS or name in SUBCOMMANDS:
        return wrapped(walk, call)
    if name in INTERPRETERS:
        return interpreted(walk, call)
    output = OUTPUTS.get(name)
    if output is not None:
        return output(walk, call)
    if name in QUIET:
        return ""
    guessed(walk, call)
    return ANY


def program(call: Call) -> str:
    """Return the name under which a program's row is found."""
    if call.name in SHELLS:
        return "sh"
    if _LOADER.fullmatch(call.name):
        return "ld.so"
    found = _VERSIONED.fullmatch(call.name)
    return found[1] if found else call.name


def _stood_for(walk: Walk, call: Call) -> str | None:
    """Read what a name stands for in this session: an alias, a function, a link, a script; None where nothing."""
    shell = walk.shell
    if call.name in walk.inside:
        return None
    if call.path in shell.aliases:
        _alias(walk, call)
    if call.path in shell.functions:
        return _function(walk, call)
    path = call.path if "/" in call.path else _found(walk, call.path)
    real = shell.programs.get(shell.path(path) if "/" in path else path)
    if real is not None:
        return _renamed(walk, call, real)
    if "/" in path:
        content = shell.read(path)
        if content is not None:
            return script(walk, content, call.args, call.stdin)
    return None


def _found(walk: Walk, name: str) -> str:
    """Return where a program of this session is found by its plain name; the name where it is none."""
    shell = walk.shell
    folders = shell.variables.get("PATH", "").split(":") if shell.programs or shell.files else []
    paths = (f"{folder}/{name}" for folder in folders if is_known(folder))
    return next((path for path in paths if shell.path(path) in shell.programs or shell.read(path) is not None), name)


def _alias(walk: Walk, call: Call) -> None:
    value = walk.shell.aliases[call.path]
    if value == ANY:
        walk.doubt("an alias is not known")
        return
    walk.inside.append(call.name)
    with walk.shell.apart():
        walk.code(" ".join((value, *map(quoted, call.args))), call.stdin)
    walk.inside.pop()


def _function(walk: Walk, call: Call) -> str:
    body = walk.shell.functions[call.path]
    walk.inside.append(call.name)
    walk.arguments.append(list(call.args))
    written = walk.code(body, call.stdin)
    walk.arguments.pop()
    walk.inside.pop()
    return written


def _renamed(walk: Walk, call: Call, real: str) -> str:
    if real == ANY:
        walk.doubt("a program was renamed in this session")
        return ANY
    name = real.rpartition("/")[2]
    unsure = not all(map(is_known, call.args))
    walk.reading.add(Simple((name, *call.args), call.path, call.plumbing.names, unsure))
    return _known(walk, attrs.evolve(call, name=name, path=real))
