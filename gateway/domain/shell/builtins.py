"""Builtins of shells that change the state or run words.

The rule: a builtin with unknown words makes unknown whatever it may have changed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from gateway.domain.shell.call import Call
from gateway.domain.shell.options import options
from gateway.domain.shell.output import printf
from gateway.domain.shell.scripts import STDIN, fed, script
from gateway.domain.shell.unknown import ANY, is_known
from gateway.domain.shell.words import Field

if TYPE_CHECKING:
    from gateway.domain.shell.walk import Walk

_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)(\+?)=(.*)", re.S)
_NAME = re.compile(r"[A-Za-z_]\w*")
_MACRO = re.compile(r":\s*[\"'](.*)[\"']", re.S)
_ENTERS = re.compile(r"\\C-[mjo]|\\[rn]", re.I)
"""The keys that submit a line, as a macro has them."""


def _eval(walk: Walk, call: Call) -> str:
    args = call.args[1:] if call.args[:1] == ("--",) else call.args
    return walk.code(" ".join(args), call.stdin)


def _exec(walk: Walk, call: Call) -> str:
    words = options(call.args, "a").words
    return walk.run([Field(word) for word in words], call.plumbing) if words else ""


def _command(walk: Walk, call: Call) -> str:
    found = options(call.args)
    if found.has("vV"):
        return "".join(f"/usr/bin/{word}\n" for word in found.words[:1])
    return walk.run([Field(word) for word in found.words], call.plumbing) if found.words else ""


def _source(walk: Walk, call: Call) -> str:
    if not call.args:
        return ""
    if call.args[0] in STDIN:
        return fed(walk, call.stdin)
    content = walk.shell.read(call.args[0])
    if content is None and ANY in call.args[0] and walk.shell.files:
        walk.doubt("which script is read is not known")
    if content is None:
        return ANY
    if ANY in content or len(call.args) > 1:
        return script(walk, content, call.args[1:], call.stdin)
    return walk.code(content, call.stdin)


def _alias(walk: Walk, call: Call) -> None:
    """Remember aliases; fish has the name and the value as two words, zsh has some that stand anywhere."""
    if len(call.args) == 2 and call.args[0][:1] != "-" and "=" not in "".join(call.args):
        walk.shell.alias(*call.args)
    if call.args[:1] and call.args[0] in ("-g", "-s"):
        walk.doubt("an alias stands elsewhere than for a command")
    for word in call.args:
        name, equals, value = word.partition("=")
        if equals:
            walk.shell.alias(name, value)


def _unalias(walk: Walk, call: Call) -> None:
    for name in call.args:
        walk.shell.aliases.pop(name, None)


def _declare(walk: Walk, call: Call) -> None:
    exports = call.name == "export" or any(word.startswith("-") and "x" in word for word in call.args)
    refers = any(word.startswith("-") and "n" in word for word in call.args)
    for word in call.args:
        found = _ASSIGNMENT.fullmatch(word)
        if found is not None and refers:
            walk.assign(found[1], ANY)  # a name for another variable
        elif found is not None:
            value = walk.shell.value(found[1]) + found[3] if found[2] else found[3]
            walk.assign(found[1], value)
        name = found[1] if found else word
        if exports and _NAME.fullmatch(name):
            walk.shell.export(name)


def _unset(walk: Walk, call: Call) -> None:
    for name in call.args:
        walk.shell.functions.pop(name, None)
        if not name.startswith("-") and call.args[0] != "-f":
            walk.shell.forget(name)


def _set(walk: Walk, call: Call) -> None:
    if "--" in call.args:
        walk.arguments[-1] = list(call.args[call.args.index("--") + 1 :])
    elif call.args and call.args[0][:1] not in "-+":
        walk.arguments[-1] = list(call.args)
    elif any(word.startswith("-") and "a" in word[1:] for word in call.args) or "allexport" in call.args:
        walk.shell.exported.update(dict.fromkeys(walk.shell.variables, ""))


def _shift(walk: Walk, call: Call) -> None:
    number = int(call.args[0]) if call.args and call.args[0].isdecimal() and len(call.args[0]) < 4 else 1
    if ANY not in walk.arguments[-1]:
        walk.arguments[-1] = walk.arguments[-1][number:]


def _read(walk: Walk, call: Call) -> None:
    """Set variables to the first line of what is read, cut at blanks."""
    found = options(call.args, "adinNptu")
    names = list(found.words) + found.values("a")
    line = call.text.removesuffix("\n")
    line = ANY if "\n" in line else line  # in a loop each line has its turn
    arrays = found.values("a")
    if arrays and ANY not in line:
        walk.shell.fill(arrays[0], re.split(r"\s+", line.strip()), False)
        return
    if len(names) == 1 and ANY not in line:
        walk.shell.assign(names[0], line.strip(" \t"))
        return
    blanks = walk.shell.value("IFS") if is_known(walk.shell.value("IFS")) else " \t\n"
    parts = re.split(f"[{re.escape(blanks or chr(10))}]+", line.strip(" \t"), maxsplit=max(len(names) - 1, 0))
    for place, name in enumerate(names or ["REPLY"]):
        walk.shell.assign(name, ANY if ANY in line else parts[place] if place < len(parts) else "")


def _mapfile(walk: Walk, call: Call) -> None:
    names = options(call.args, "dnOsuCc").words or ("MAPFILE",)
    text = call.text
    walk.shell.fill(names[0], [ANY] if ANY in text else text.splitlines(), False)


def _cd(walk: Walk, call: Call) -> None:
    words = options(call.args).words
    walk.shell.enter(words[0] if words and words[0] != "-" else ANY if words else walk.shell.value("HOME"))


def _trap(walk: Walk, call: Call) -> None:
    words = options(call.args).words
    if len(words) > 1 and words[0] not in ("-", ""):
        with walk.shell.apart():
            walk.code(words[0])


def _hash(walk: Walk, call: Call) -> None:
    found = options(call.args, "p")
    for name in found.words:
        for path in found.values("p"):
            walk.shell.rename(name, path)


def _enable(walk: Walk, call: Call) -> None:
    if options(call.args, "f").has("f"):
        walk.doubt("a builtin is loaded")


def _bind(walk: Walk, call: Call) -> None:
    """Keys that run code, or that accept a line in another way."""
    for value in options(call.args, "mqurfx").values("x"):
        with walk.shell.apart():
            walk.code(value.partition(":")[2].strip().strip("\"'"))
    for value in call.args:
        macro = _MACRO.search(value)
        if macro is not None and _ENTERS.search(macro[1]):
            with walk.shell.apart():
                walk.code(_ENTERS.sub("\n", macro[1]))


def _fc(walk: Walk, call: Call) -> str:
    if not options(call.args, "e").has("l"):
        walk.doubt("a command of the history is run again")
    return ANY


def _printf(walk: Walk, call: Call) -> str:
    if call.args[:1] == ("-v",) and len(call.args) > 2:
        walk.assign(call.args[1], printf(call.args[2], call.args[3:]))
        return ""
    args = call.args[1:] if call.args[:1] == ("--",) else call.args
    return printf(args[0], args[1:]) if args else ""


BUILTINS: dict[str, Callable[[Walk, Call], str | None]] = {
    "eval": _eval,
    "exec": _exec,
    "command": _command,
    "source": _source,
    ".": _source,
    "alias": _alias,
    "unalias": _unalias,
    "export": _declare,
    "declare": _declare,
    "typeset": _declare,
    "readonly": _declare,
    "local": _declare,
    "unset": _unset,
    "set": _set,
    "shift": _shift,
    "read": _read,
    "mapfile": _mapfile,
    "readarray": _mapfile,
    "cd": _cd,
    "chdir": _cd,
    "pushd": _cd,
    "trap": _trap,
    "hash": _hash,
    "enable": _enable,
    "bind": _bind,
    "fc": _fc,
    "printf": _printf,
}
"""Builtins by name."""
