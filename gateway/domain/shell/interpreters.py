"""What code in other languages runs, as far as it says so in plain words.

The rule: a call that starts a program with literal words is read; one that starts what is worked out, or evaluates
code that is worked out, is doubted; code that starts nothing is no concern.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gateway.domain.shell.call import Call, quoted
from gateway.domain.shell.options import options
from gateway.domain.shell.plumbing import UNSEEN
from gateway.domain.shell.unknown import ANY

if TYPE_CHECKING:
    from gateway.domain.shell.walk import Walk

INTERPRETERS: dict[str, tuple[str, str]] = {
    "python": ("cmWXQ", "c"),
    "pypy": ("cmWXQ", "c"),
    "ipython": ("cm", "c"),
    "perl": ("eEIMm", "eE"),
    "ruby": ("eIrCE", "e"),
    "node": ("epr", "ep"),
    "nodejs": ("epr", "ep"),
    "deno": ("", ""),
    "bun": ("e", "e"),
    "php": ("rBREfdczF", "rBRE"),
    "lua": ("el", "e"),
    "luajit": ("el", "e"),
    "awk": ("fvF", ""),
    "gawk": ("fvFeil", "e"),
    "mawk": ("fvFW", ""),
    "nawk": ("fvF", ""),
    "original-awk": ("fvF", ""),
    "tclsh": ("", ""),
    "Rscript": ("e", "e"),
    "R": ("e", "e"),
    "octave": ("", ""),
    "elixir": ("erS", "e"),
    "erl": ("", ""),
    "crystal": ("", ""),
    "swift": ("e", "e"),
    "raku": ("e", "e"),
    "gjs": ("c", "c"),
    "racket": ("e", "e"),
    "sbcl": ("", ""),
    "julia": ("eE", "eE"),
    "osascript": ("e", "e"),
    "guile": ("ce", "ce"),
    "groovy": ("e", "e"),
    "scala": ("e", "e"),
    "jjs": ("", ""),
    "jrunscript": ("e", "e"),
    "sqlplus": ("", ""),
}
"""For each interpreter: letters that take a value, and those whose value is code."""
MOST_CALLS = 64
"""Calls of one text that are read; one may stand in the words of another."""
_AWKS = frozenset({"awk", "gawk", "mawk", "nawk", "original-awk"})
_STARTS = (
    r"os\.execute|io\.popen|os:cmd|System\.cmd|System\.shell|run-program|system|popen[234]?|shell_exec|passthru|proc_open|pcntl_exec|exec[lv]p?e?|posix_spawnp?|spawn[lv]?p?e?|spawnSync"
    r"|execSync|execFileSync|execFile|getoutput|getstatusoutput|check_output|check_call|Popen|create_subprocess_\w+"
    r"|capture2e?|capture3|sh|fork_exec"
)
_LOOSE = r"exec|run|call|open|execute|qx|start|eval|input"
_LITERAL = r"[rbuf]?('''|\"\"\"|'|\"|`)((?:\\.|(?!\2).)*?)\2"
_CALL = re.compile(rf"\b(?:(?P<strong>{_STARTS})|(?P<loose>{_LOOSE}))\b\s*[({{]?\s*(?:\[\s*)?(?P<args>[^\n;]*)", re.S)
_STRING = re.compile(r"(?:\b[rbuf])?(?:'((?:\\.|[^'\\])*)'|\"((?:\\.|[^\"\\])*)\"|`([^`]*)`)")
_PERL_QUOTED = re.compile(r"\bq[qwx]?\s*(?:\(([^)]*)\)|\{([^}]*)\}|/([^/]*)/|\[([^\]]*)\])")
_BACKTICKS = re.compile(r"`([^`]+)`|(?:%x|\bqx)\s*[({\[/]([^)}\]]*?)[)}\]/]|[\"']([^\"']+)[\"']\.(?:execute|!)")
_PIPE = re.compile(r"\|&?\s*\"([^\"]*)\"|\"([^\"]*)\"\s*\|&?\s*getline")
_DYNAMIC = re.compile(
    r"\b(?:exec|eval|compile|__import__|getattr|importlib|fromhex|b64decode|unpack|pack|decode|base64_decode|marshal"
    r"|fromCharCode|chr)\s*\(|Buffer\.from|codecs"
)
_ELSEWHERE = re.compile(
    r"\bfrom\s+(?:os|subprocess|pty|posix)\s+import\b[^\n;]*\bas\b"
    r"|\b(?:os\.(?:system|popen|exec[a-z]*|spawn[a-z]*)|subprocess\.(?:run|call|check_call|check_output|Popen))\b(?!\s*\()"
    r"|\b(?:exec|execSync|execFile|execFileSync|spawn|spawnSync|fork)\s*:\s*\w"
    r"|=\s*require\([^)]*\)\s*\.\s*(?:exec|spawn)\w*\b(?!\s*\()"
)
"""A name for what starts programs is kept under another."""
_TCL = str.maketrans("{}", "''")
_EXEC = re.compile(r"(?:^|[\[;\n{])\s*exec\s+([^\]\n;]+)")
_RUNS = re.compile(r"\b(exec|eval|system|__import__|subprocess|popen)\b")
_WORKED_OUT = re.compile(r"\s*(?:[+%*]|\.\s*[\w$\"']|\.\.)")


def interpreted(walk: Walk, call: Call) -> str:
    """Read what an interpreter is given: code in options, a script's text, or its input."""
    name = re.sub(r"[\d.]+$", "", call.name)
    letters, coded = INTERPRETERS.get(name, ("", ""))
    args = ["--eval" if word == "-eval" else word for word in call.args]
    found = options(args, letters, ("eval", "execute", "run", "source", "code", "file"))
    texts = [*found.values(tuple(coded)), *found.values(("eval", "execute", "code", "run"))]
    words = list(found.words)
    if name in _AWKS:
        texts += words[:1] if not found.has(("f", "file")) else []
    elif not texts and not found.has("m"):
        texts += _script(walk, words, call.stdin)
    for text in texts:
        if ANY in text:
            walk.doubt(f"what {call.name} runs is not known")
        else:
            read(walk, name, text)
    return ANY


def _script(walk: Walk, words: list[str], stdin: str | None) -> list[str]:
    """Return the text of the script that is run: a file of this session, or the input."""
    if words and words[0] not in ("-", "/dev/stdin"):
        content = walk.shell.read(words[0])
        return [content] if content is not None else []
    return [stdin] if stdin not in (None, UNSEEN) and stdin is not None else []


def read(walk: Walk, name: str, text: str) -> None:
    """Read the commands in a piece of foreign code."""
    before = len(walk.reading.commands)
    started = False
    found, calls = _CALL.search(text), 0
    while found is not None and calls < MOST_CALLS:
        started = _started(walk, name, found) or started
        found, calls = _CALL.search(text, found.start("args")), calls + 1
    if _ELSEWHERE.search(text):
        walk.doubt(f"what {name} runs is not known")
    for each in _EXEC.finditer(text) if name == "tclsh" else ():
        _run(walk, each[1].translate(_TCL))
    for pattern in (_BACKTICKS, _PIPE) if name in (*_AWKS, "perl", "ruby", "php", "groovy", "scala", "raku") else ():
        for each in pattern.finditer(text):
            _run(walk, next((group for group in each.groups() if group), ""))
    runs = started or _RUNS.search(text) is not None
    told = len(walk.reading.commands) > before and "exec(" not in text and "eval(" not in text
    if runs and not told and _DYNAMIC.search(text):
        walk.doubt(f"what {name} evaluates is not known")


def _started(walk: Walk, name: str, found: re.Match[str]) -> bool:
    """Read one call; say whether it starts something."""
    args = _PERL_QUOTED.sub(
        lambda quote: "'" + next(each for each in quote.groups() if each is not None) + "'", found["args"]
    )
    first = _STRING.search(args) if found["loose"] == "open" else _STRING.match(args)
    if first is None:
        strong = found["strong"] is not None and found["strong"] != "sh"
        strong = strong and ("(" in found[0][: len(found["strong"] or "") + 2] or args.startswith(("@", "$")))
        if strong and args.strip() and not args.startswith(")"):
            walk.doubt(f"what {name} runs is not known")
        return strong
    if found["strong"] is not None and _WORKED_OUT.match(args, first.end()):
        walk.doubt(f"what {name} runs is not known")
    listed = "[" in found[0][: found[0].find(first[0]) + 1] or found["strong"] in (
        "execFile",
        "execFileSync",
        "spawn",
        "spawnSync",
    )
    words = [_plain(each) for each in _STRING.finditer(args.partition("]")[0] if listed else args)]
    if found["loose"] == "open":
        _run(walk, " ".join(word.strip().strip("|") for word in words[:2] if "|" in word))
    elif found["loose"] == "eval":
        read(walk, name, words[0])
    elif (
        listed
        or (found["strong"] or "").startswith(("exec", "spawn", "posix", "pcntl", "System.cmd"))
        or (name in ("perl", "ruby") and len(words) > 1)
    ):
        _listed(walk, words)
    else:
        _run(walk, words[0])
    return True


def _listed(walk: Walk, words: list[str]) -> None:
    if len(words) > 1 and words[1].rpartition("/")[2] == words[0].rpartition("/")[2]:
        words = words[1:]
    _run(walk, " ".join(quoted(word) if place else word for place, word in enumerate(words)))


def _plain(found: re.Match[str]) -> str:
    text = next(each for each in found.groups() if each is not None)
    return re.sub(r"\\(.)", lambda escaped: {"n": "\n", "t": "\t"}.get(escaped[1], escaped[1]), text)


def _run(walk: Walk, code: str) -> None:
    if code.strip():
        with walk.shell.child():
            walk.code(code.strip())
