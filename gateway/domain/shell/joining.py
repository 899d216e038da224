"""What a shell does to its input before it reads it: lines that end in a backslash are joined with the next.

The rule: a backslash before the end of a line vanishes with it, also in the midst of an operator or an expansion;
not inside of quotes that keep it, not in a comment, and not in or behind the text of a here-document.

Known limits: inside of double quotes that hold a substitution, and inside of substitutions, it is left where it is:
those are read by themselves.
"""

from __future__ import annotations

import re

from gateway.domain.shell.quoting import ansi_end, double_end, single_end

_STOP = re.compile(r"\\\n|\\.|\$?'|\"|(?<![^\s;&|()])#|\n", re.S)
_JOINED = re.compile(r"\\(\n|.)", re.S)
_DOCUMENT = re.compile(r"(?<!<)<<(?!<)")
_ENDS = {"'": single_end, "$'": ansi_end, '"': double_end}


def joined(code: str) -> str:
    """Return the code with its continued lines joined."""
    if "\\\n" not in code:
        return code
    out, place = "", 0
    while found := _STOP.search(code, place):
        out, mark, place = out + code[place : found.start()], found[0], found.end()
        if mark == "\n" and _DOCUMENT.search(out):
            return out + code[found.start() :]
        if mark == "\\\n":
            if out[-1:] == "$" and code[place : place + 1] == "'":
                # The quote is another one behind a dollar.
                out, place = f"{out}'", place + 1
                out, place = _passed(code, out, "$'", place)
            continue
        out, place = _passed(code, out + mark, mark, place)
    return out + code[place:]


def _passed(code: str, out: str, mark: str, place: int) -> tuple[str, int]:
    """Pass what a mark opens; return what there is now, and the place behind it."""
    if mark == "#":
        end = code.find("\n", place)
        end = len(code) if end < 0 else end
        return out + code[place:end], end
    if mark not in _ENDS:
        return out, place
    end = _ENDS[mark](code, place)
    inside = code[place:end]
    if mark == '"' and "$(" not in inside and "`" not in inside:
        inside = _JOINED.sub(lambda each: "" if each[1] == "\n" else each[0], inside)
    return out + inside + code[end : end + 1], end + 1
