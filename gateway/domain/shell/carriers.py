"""Read the commands that options and escapes of other programs carry.

The rule: a value that is given as a command is read; an argument that leaves its program by ``!`` or the like is
read from there.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import attrs

from gateway.domain.shell.call import Call
from gateway.domain.shell.carriers_table import CARRIERS
from gateway.domain.shell.options import options
from gateway.domain.shell.plumbing import Plumbing
from gateway.domain.shell.scripts import STDIN
from gateway.domain.shell.unknown import ANY

if TYPE_CHECKING:
    from gateway.domain.shell.walk import Walk

_ESCAPE = re.compile(
    r"(?:^|[+:;|\s\"'])!\s*(?P<bang>[^!=\s].*)|\\!\s*(?P<sql>.+)|^\.(?:shell|system)\s+(?P<dot>.+)"
    r"|^(?:platform\s+)?(?:shell|system|!)\s+(?P<word>.+)|\bprogram\s+'(?P<copy>[^']+)'|\b(?:EXEC|SYSTEM|exec|system):(?P<socat>(?:'[^']*'|\"[^\"]*\"|[^,'\"])+)"
    r"|system\(\s*['\"](?P<call>[^'\"]*)['\"]|^-{0,2}eval=?(?P<make>.+)|spawn\s+(?P<spawn>[^;\n]+)"
    r"|(?:^|[:|]\s*)te(?:rm(?:inal)?)?\s+(?P<term>.+)"
    r"|shell-command\s+\"(?P<lisp>[^\"]*)\"",
    re.S,
)
_SED = re.compile(
    r"(?:^|[;}\s0-9$/])e\s+(?P<run>[^;]+)|^\s*(?:\d+|\$)?\s*s(?P<mark>[^\w\s]).*?(?P=mark)(?P<with>.*?)(?P=mark)[gpiI0-9]*e"
)
_GIT = re.compile(
    r"(?:alias\.[^=\s]+[=\s]!|core\.(?:pager|editor|sshCommand|fsmonitor|gitProxy|askPass)[=\s]|pager\.\w+[=\s]"
    r"|sequence\.editor[=\s]|diff\.external[=\s]|credential\.helper[=\s]!|[\w.]+\.(?:cmd|command|textconv)[=\s])(.*)",
    re.S | re.I,
)
_SSH = re.compile(r"(?:ProxyCommand|LocalCommand|KnownHostsCommand|RemoteCommand)[=\s]\s*(.*)", re.S | re.I)
_APT = re.compile(r".*(?:Invoke|Pre-Install-Pkgs|Post-Invoke)[\w:-]*\s*[=\s]\s*(.*)", re.S | re.I)


def carried(walk: Walk, call: Call) -> None:
    """Read what a program is told to run."""
    row = CARRIERS[call.name]
    args = ["--unzip-command" if word == "-TT" else word for word in call.args]
    found = options(args, row.letters, row.long, permutes=True)
    for name, value in found.given:
        if name in row.coded and value:
            _run(walk, _command_in(call.name, value) if name in row.settings else value)
    if call.name == "git":
        _git(walk, found.words, call.args)
    elif call.name == "sed":
        _sed(walk, [*found.values(("e", "expression")), *found.words[:1]])
    elif call.name in ("make", "gmake"):
        _make(walk, call, found.values(("f", "file", "makefile")))
    elif row.escapes:
        _escapes(walk, call)


def _command_in(name: str, value: str) -> str:
    """Return the command that an option's value is, or holds behind a setting's name."""
    if name in ("ssh", "scp", "sftp") and ("=" in value or " " in value):
        found = _SSH.match(value)
        return found[1] if found and found[1] != "none" else ""
    if name == "git":
        found = _GIT.match(value)
        return found[1] if found else "" if "=" in value.split(" ")[0] else value
    if name in ("apt", "apt-get"):
        found = _APT.match(value)
        return found[1] if found else ""
    return "" if name == "rsync" and value.startswith(".") else value.removeprefix("exec=")


def _escapes(walk: Walk, call: Call) -> None:
    for text in (*call.args, *call.text.splitlines()):
        for found in _ESCAPE.finditer(text):
            _run(walk, next(value for value in found.groups() if value is not None))


def _git(walk: Walk, words: tuple[str, ...], args: tuple[str, ...]) -> None:
    if words[:1] == ("config",):
        found = _GIT.match(" ".join(words[1:]))
        _run(walk, found[1] if found else "")
    elif words[:2] in (("bisect", "run"), ("submodule", "foreach")):
        rest = args[args.index(words[1]) + 1 :]
        _run(walk, " ".join(rest[next((n for n, word in enumerate(rest) if not word.startswith("-")), 0) :]))


def _sed(walk: Walk, scripts: list[str]) -> None:
    for script in scripts:
        for found in _SED.finditer(script):
            _run(walk, found["run"] or found["with"] or "")


def _make(walk: Walk, call: Call, names: list[str]) -> None:
    """Read the recipes of a makefile that this session wrote or sends, and what is evaluated."""
    _escapes(walk, attrs.evolve(call, plumbing=Plumbing()))
    for word in call.args:
        if word.startswith("SHELL="):
            _run(walk, word.removeprefix("SHELL="))
    for name in names or ["Makefile", "makefile", "GNUmakefile"]:
        content = call.text if name in STDIN or name == "-" else walk.shell.read(name)
        if content is not None and ANY in content:
            walk.doubt("a makefile is not known")
        for line in (content or "").splitlines():
            recipe = line if line.startswith("\t") else line.partition(":")[2].partition(";")[2]
            _run(walk, recipe.lstrip("\t @-+"))


def _run(walk: Walk, code: str) -> None:
    if code.strip():
        with walk.shell.child():
            walk.code(code.strip(), "")
