"""Programs that run others in ways of their own: find, xargs, shells, multiplexers, timers.

The rule: what is run is read; where its words come from elsewhere, they are holes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from gateway.domain.shell.call import Call
from gateway.domain.shell.options import options
from gateway.domain.shell.scripts import STDIN, fed, script
from gateway.domain.shell.unknown import ANY
from gateway.domain.shell.words import Field

if TYPE_CHECKING:
    from gateway.domain.shell.walk import Walk

_FIND_RUNS = frozenset({"-exec", "-execdir", "-ok", "-okdir"})
_KEYS = frozenset({"Enter", "C-m", "C-j", "KPEnter", "^M", "^J"})
_BREAK = re.compile(r"\\n|\\r|\\0?1[25]|\^M|\n|\r")
_CRON = re.compile(r"\s*(?:@\w+|(?:\S+\s+){4}\S+)\s+(.*)")
_QUOTED = re.compile(r"'([^']*)'|\"([^\"]*)\"|([^\s'\"]+)")


def _shell(walk: Walk, call: Call) -> str:
    """Read what a shell is given: code, a script's name, or its input."""
    plus = tuple(word for word in call.args if not word.startswith("+") or len(word) < 2)
    found = options(plus, "oOC", ("rcfile", "init-file", "command", "init-command"))
    for value in found.values(("rcfile", "init-file")):
        _file(walk, value, (), None)
    for value in found.values(("C", "init-command", "command")):
        with walk.shell.child():
            walk.code(value, call.stdin)
    if found.has(("command",)):
        return ANY
    if found.lost:
        walk.doubt("what the shell is given is not known")
    if found.has("c"):
        return _coded(walk, call, found.words)
    if found.has("s") or not found.words or found.words[0] == "-":
        return ANY if found.has(("version", "help", "n")) else fed(walk, call.stdin)
    return _file(walk, found.words[0], found.words[1:], call.stdin)


def _coded(walk: Walk, call: Call, words: tuple[str, ...]) -> str:
    if not words:
        return ""
    with walk.shell.child():
        walk.arguments.append(list(words[2:]))
        walk.shell.assign("0", words[1] if len(words) > 1 else call.name)
        written = walk.code(words[0], call.stdin)
        walk.arguments.pop()
    return written


def _file(walk: Walk, name: str, args: tuple[str, ...], stdin: str | None) -> str:
    if name in STDIN:
        return fed(walk, stdin)
    content = walk.shell.read(name)
    if content is not None:
        return script(walk, content, args, stdin)
    if ANY in name and walk.shell.files:
        walk.doubt("which script is run is not known")
    return ANY


def _find(walk: Walk, call: Call) -> str:
    starts = []
    for word in call.args:
        if word.startswith(("-", "(", "!")):
            break
        starts.append(word)
    found = f"{starts[0]}{ANY}" if len(starts) == 1 else ANY if starts else f"./{ANY}"
    words = list(call.args)
    while (place := next((n for n, word in enumerate(words) if word in _FIND_RUNS), -1)) >= 0:
        words = words[place + 1 :]
        end = next((n for n, word in enumerate(words) if word in (";", "+")), len(words))
        run, words = words[:end], words[end:]
        if run:
            walk.run([Field(word.replace("{}", found)) for word in run], call.plumbing)
    return ANY


def _xargs(walk: Walk, call: Call) -> str:
    found = options(call.args, "adEILnPsJR", ("arg-file", "delimiter", "max-args", "max-procs", "max-chars"))
    words = list(found.words) or ["echo"]
    if found.lost:
        walk.doubt("where the command of xargs begins is not known")
    content = walk.shell.read(found.values(("a", "arg-file"))[0]) if found.has(("a", "arg-file")) else call.text
    replaced = [*found.values(("I", "J")), *(["{}"] if found.has("i") else [])]
    if replaced:
        items = content.splitlines() if content is not None and ANY not in content else [ANY]
        for item in items[:16] if len(items) <= 16 else [ANY]:
            walk.run([Field(word.replace(replaced[0] or "{}", item.strip())) for word in words], call.plumbing)
        return ANY
    more = [ANY]
    if content is not None and ANY not in content:
        more = content.rstrip("\0").split("\0") if found.has("0") else _items(content)
    return walk.run([Field(word) for word in (*words, *more)], call.plumbing)


def _items(content: str) -> list[str]:
    """Cut input into words as xargs does; NULs are newlines."""
    return ["".join(parts) for parts in _QUOTED.findall(content.replace("\\", ""))]


def _parallel(walk: Walk, call: Call) -> str:
    found = options(call.args, "jnNIPSaLsdE", ("jobs", "arg-file", "sshlogin", "joblog", "delay", "max-args", "colsep"))
    words, _, rest = _divided(list(found.words), ":::")
    items = rest or (call.text.splitlines() if ANY not in call.text else [ANY])
    for item in items[:16] if len(items) <= 16 else [ANY]:
        text = " ".join(words)
        text = item if not words else text.replace("{}", item) if "{}" in text else f"{text} {item}"
        with walk.shell.child():
            walk.code(text)
    return ANY


def _divided(words: list[str], mark: str) -> tuple[list[str], str, list[str]]:
    place = words.index(mark) if mark in words else len(words)
    return words[:place], mark, words[place + 1 :]


def _tmux(walk: Walk, call: Call) -> str:
    """Read every command that a multiplexer may be given: text with blanks, or the words behind a mark of it."""
    found = options(call.args, "LSfcT")
    for value in found.values("c"):
        _run_text(walk, value)
    words = list(found.words)
    name = words[0] if words else ""
    if not name or name in ("a", "at", "attach", "attach-session"):
        return fed(walk, None)
    rest = options(words[1:], "tcFxyneslpEPSO" if not name.startswith("send") else "tN").words
    if name.startswith("send"):
        for text in _BREAK.split(" ".join("\n" if word in _KEYS else word for word in rest)):
            _run_text(walk, text)
    elif name.startswith(
        ("new", "split", "respawn", "run", "if", "pipe", "display-p", "popup", "set-h", "bind", "confirm")
    ):
        for text in rest if name.startswith(("if", "set-h", "bind")) else [" ".join(rest)]:
            _run_text(walk, text.removeprefix("run-shell ").strip("'\""))
    return ANY


def _screen(walk: Walk, call: Call) -> str:
    found = options(call.args, "cehprsStTX")
    if found.has("X"):
        verb, rest = found.values("X")[0], found.words
        text = " ".join(rest)
        for each in _BREAK.split(text) if verb == "stuff" else [text]:
            _run_text(walk, each)
        return ANY
    if found.words:
        return walk.run([Field(word) for word in found.words], call.plumbing)
    return ANY if found.has(("list", "v", "l")) else fed(walk, None)


def _run_text(walk: Walk, text: str) -> None:
    if text.strip():
        with walk.shell.child():
            walk.code(text)


def _at(walk: Walk, call: Call) -> str:
    found = options(call.args, "qftc", permutes=True)
    if found.has("lrdc"):
        return ANY
    for name in found.values("f"):
        return _file(walk, name, (), None)
    return fed(walk, call.stdin)


def _crontab(walk: Walk, call: Call) -> str:
    found = options(call.args, "uc", permutes=True)
    if found.has("lri"):
        return ANY
    if found.has("e"):
        return ANY
    name = found.words[0] if found.words else "-"
    content = call.text if name == "-" else walk.shell.read(name)
    if content is None or ANY in content:
        walk.doubt("a table of timed commands is not known")
        return ANY
    for line in content.splitlines():
        entry = _CRON.fullmatch(line)
        if entry is not None:
            _run_text(walk, entry[1])
    return ANY


def _loader(walk: Walk, call: Call) -> str:
    """Read what the dynamic loader is told to run."""
    words = options(call.args, "", ("library-path", "preload", "audit", "inhibit-rpath", "argv0")).words
    return walk.run([Field(word) for word in words], call.plumbing) if words else ANY


def _start_stop(walk: Walk, call: Call) -> str:
    before, _, after = _divided(list(call.args), "--")
    found = options(before, "xapucnNPIdrRso", ("exec", "startas", "pidfile", "chuid", "name", "chdir", "user"), True,
                    ("start", "stop"))  # fmt: skip
    programs = found.values(("a", "startas", "x", "exec"))
    if programs and found.has(("S", "start")):
        return walk.run([Field(programs[0]), *map(Field, after)], call.plumbing)
    return ANY


def _ip(walk: Walk, call: Call) -> str:
    place = call.args.index("exec") if "exec" in call.args else 0
    if call.args[max(0, place - 1)] in ("netns", "net", "vrf") if call.args else False:
        rest = call.args[place + 2 :]
        return walk.run([Field(word) for word in rest], call.plumbing) if rest else ANY
    return ANY


def _gdb(walk: Walk, call: Call) -> str:
    if "--args" in call.args:
        rest = call.args[call.args.index("--args") + 1 :]
        return walk.run([Field(word) for word in rest], call.plumbing) if rest else ANY
    return ANY


def _which(walk: Walk, call: Call) -> str:
    return "".join(f"/usr/bin/{word}\n" for word in call.args if not word.startswith("-"))


def _linked(walk: Walk, call: Call) -> str:
    """Remember a copy, link or new name of a program or of a script."""
    found = options(call.args, "tSmo", ("target-directory", "suffix", "mode", "owner", "group"), True)
    names = [*found.words, *found.values(("t", "target-directory"))]
    for source in names[:-1]:
        if source in STDIN:
            walk.shell.write(names[-1], call.text)
        else:
            _copied(walk, source, names[-1])
    return ""


def _copied(walk: Walk, source: str, target: str) -> None:
    shell = walk.shell
    base = source.rpartition("/")[2]
    content = shell.read(source)
    for name in (target, f"{target.rstrip('/')}/{base}"):
        if content is not None:
            shell.write(name, content)
        elif source.startswith("/") or shell.folder.startswith("/") or source.startswith("."):
            shell.rename(name, shell.programs.get(shell.path(source), source))
            folder, _, plain = name.rpartition("/")
            if folder.endswith(("/bin", "/sbin")) and plain != base:
                shell.rename(plain, source)


def _fetched(walk: Walk, call: Call) -> str:
    """Remember that a file came from elsewhere."""
    found = options(
        call.args,
        "oOPdHXueAbcmrTUxyYz".replace("O" if call.name == "curl" else " ", ""),
        ("output", "output-document", "data", "header", "request"),
        True,
    )
    for name in found.values(("o", "output", "O", "output-document")):
        if name and name != "-":
            walk.shell.write(name, ANY)
    for word in found.words:
        base = word.rstrip("/").rpartition("/")[2]
        if base and (call.name != "curl" or found.has(("O", "remote-name", "J"))):
            walk.shell.write(base, ANY)
    return ANY


def _tee(walk: Walk, call: Call) -> str:
    found = options(call.args, permutes=True)
    written = call.text
    for name in found.words:
        walk.shell.write(name, written, found.has(("a", "append")))
    return written


def _dd(walk: Walk, call: Call) -> str:
    settings = dict(_settings(call.args))
    content = walk.shell.read(settings["if"]) if "if" in settings else call.text
    written = content if content is not None else ANY
    if "of" in settings:
        walk.shell.write(settings["of"], written)
        return ""
    return written


def _settings(args: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for word in args:
        name, _, value = word.partition("=")
        yield name, value


def _yes(walk: Walk, call: Call) -> str:
    return f"{' '.join(call.args) or 'y'}\n" * 4


RUNNERS: dict[str, Callable[[Walk, Call], str]] = {
    "sh": _shell,
    "find": _find,
    "gfind": _find,
    "xargs": _xargs,
    "gxargs": _xargs,
    "parallel": _parallel,
    "tmux": _tmux,
    "screen": _screen,
    "at": _at,
    "batch": _at,
    "crontab": _crontab,
    "ld.so": _loader,
    "start-stop-daemon": _start_stop,
    "ip": _ip,
    "gdb": _gdb,
    "which": _which,
    "ln": _linked,
    "cp": _linked,
    "mv": _linked,
    "install": _linked,
    "curl": _fetched,
    "wget": _fetched,
    "tee": _tee,
    "dd": _dd,
    "yes": _yes,
}
"""Runners by name."""
