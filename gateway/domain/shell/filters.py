"""Filters whose result follows from their words and their input.

The rule: each takes its options, its own words and the text, and returns the new text, or None where it does not
know the way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from gateway.domain.shell.options import Options
from gateway.domain.shell.quoting import resolved

_RANGE = re.compile(r"(.)-(.)", re.S)
_CLASSES = {
    "[:lower:]": "abcdefghijklmnopqrstuvwxyz", "[:upper:]": "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "[:digit:]": "0123456789",
    "[:space:]": " \t\n\r\v\f", "[:blank:]": " \t",
}  # fmt: skip
_SUBSTITUTE = re.compile(
    r"(?P<kind>[sy])(?P<mark>[^\w\s\\])(?P<old>.*?)(?P=mark)(?P<new>.*?)(?P=mark)(?P<flags>[gIi]*)", re.S
)
_PLAIN_PATTERN = re.compile(r"(?:[^\\.*\[\]^$+?(){}|]|\\[./\-])*")


def _set(text: str) -> str:
    """Return the characters of one of ``tr``'s sets."""
    for name, letters in _CLASSES.items():
        text = text.replace(name, letters)
    return _RANGE.sub(lambda found: "".join(map(chr, range(ord(found[1]), ord(found[2]) + 1))), resolved(text))


def tr(found: Options, own: Sequence[str], text: str) -> str | None:
    """Translate, delete or squeeze characters."""
    if not own:
        return None
    old = _set(own[0])
    if len(old) > 4096:
        return None
    if found.has("cC"):
        return "".join(each for each in text if each in old) if found.has("d") else None
    if found.has("d"):
        return "".join(each for each in text if each not in old)
    new = _set(own[1]) if len(own) > 1 else ""
    if found.has("s"):
        text = re.sub(f"([{re.escape(new or old)}])\\1+", r"\1", text) if (new or old) else text
    if not new:
        return text
    new = new + new[-1] * (len(old) - len(new))
    return text.translate({ord(each): new[place] for place, each in reversed(list(enumerate(old)))})


def rev(found: Options, own: Sequence[str], text: str) -> str | None:
    """Turn each line around."""
    return "\n".join(line[::-1] for line in text.split("\n"))


def tac(found: Options, own: Sequence[str], text: str) -> str | None:
    """Turn the order of lines around."""
    return "".join(line if line.endswith("\n") else line + "\n" for line in reversed(text.splitlines(keepends=True)))


def sed(found: Options, own: Sequence[str], text: str) -> str | None:
    """Do plain substitutions; nothing else."""
    scripts = [*found.values(("e", "expression")), *own]
    for script in (part.strip() for each in scripts for part in each.split(";")):
        change = _SUBSTITUTE.fullmatch(script)
        if change is None:
            return None
        changed = _substituted(change, text)
        if changed is None:
            return None
        text = changed
    return text


def _substituted(change: re.Match[str], text: str) -> str | None:
    if change["kind"] == "y":
        old, new = change["old"], change["new"]
        return text.translate({ord(a): b for a, b in zip(old, new, strict=True)}) if len(old) == len(new) else None
    if (
        not _PLAIN_PATTERN.fullmatch(change["old"])
        or not change["old"]
        or "\\" in change["new"]
        or "&" in change["new"]
    ):
        return None
    old = re.sub(r"\\(.)", r"\1", change["old"])
    count = 0 if "g" in change["flags"] else 1
    flags = re.I if "i" in change["flags"].lower() else 0
    pattern = re.compile(re.escape(old), flags)
    return "\n".join(pattern.sub(lambda _: change["new"], line, count=count) for line in text.split("\n"))


def head(found: Options, own: Sequence[str], text: str) -> str | None:
    """Keep the first lines or characters."""
    if found.has("c"):
        return _counted(found.values("c")[0], text, lambda number: text[:number])
    return _counted(
        (found.values(("n", "lines")) or ["10"])[0], text, lambda number: "".join(text.splitlines(True)[:number])
    )


def tail(found: Options, own: Sequence[str], text: str) -> str | None:
    """Keep the last lines or characters."""
    if found.has("c"):
        given = found.values("c")[0]
        if given.startswith("+"):
            return _counted(given[1:], text, lambda number: text[max(number - 1, 0) :])
        return _counted(given, text, lambda number: text[max(len(text) - number, 0) :])
    given = (found.values(("n", "lines")) or ["10"])[0]
    lines = text.splitlines(True)
    if given.startswith("+"):
        return _counted(given[1:], text, lambda number: "".join(lines[max(number - 1, 0) :]))
    return _counted(given, text, lambda number: "".join(lines[max(len(lines) - number, 0) :]))


def _counted(number: str, text: str, keep: Callable[[int], str]) -> str | None:
    return keep(int(number)) if number.isdecimal() and number.isascii() and len(number) < 8 else None


def cut(found: Options, own: Sequence[str], text: str) -> str | None:
    """Keep some characters or fields of each line."""
    places = found.values(("c", "b", "characters", "bytes"))
    mark = (found.values(("d", "delimiter")) or ["\t"])[0]
    fields = found.values(("f", "fields"))
    wanted = _places((places or fields or [""])[0])
    if wanted is None or not mark:
        return None
    lines = []
    for line in text.removesuffix("\n").split("\n"):
        parts = list(line) if places else line.split(mark)
        kept = [part for number, part in enumerate(parts, 1) if any(low <= number <= high for low, high in wanted)]
        lines.append(line if fields and len(parts) == 1 else ("" if places else mark).join(kept))
    return "\n".join(lines) + "\n"


def _places(text: str) -> list[tuple[int, int]] | None:
    found = []
    for part in text.split(","):
        bounds = re.fullmatch(r"([0-9]{0,6})(-?)([0-9]{0,6})", part)
        if bounds is None or not part.strip("-"):
            return None
        low, dash, high = bounds.groups()
        found.append((int(low or 1), int(high) if high else 10**6 if dash else int(low or 1)))
    return found


def sort(found: Options, own: Sequence[str], text: str) -> str | None:
    """Sort lines, in the plainest order."""
    if found.given:
        return None
    return "".join(line + "\n" for line in sorted(text.splitlines()))


def paste(found: Options, own: Sequence[str], text: str) -> str | None:
    """Join all lines (``-s``)."""
    if not found.has("s"):
        return None
    mark = (found.values("d") or ["\t"])[0]
    return mark.join(text.splitlines()) + "\n" if len(mark) < 2 else None


FILTERS: dict[str, tuple[str, tuple[str, ...], Callable[[Options, Sequence[str], str], str | None], int]] = {
    "tr": ("", (), tr, -1),
    "rev": ("", (), rev, 0),
    "tac": ("", (), tac, 0),
    "sed": ("e", ("expression",), sed, 1),
    "head": ("nc", ("lines",), head, 0),
    "tail": ("nc", ("lines",), tail, 0),
    "cut": ("cbdf", ("characters", "bytes", "delimiter", "fields"), cut, 0),
    "sort": ("", (), sort, 0),
    "paste": ("d", (), paste, 0),
}
"""For each filter: letters and long names that take a value, the filter, and how many words are its own (-1: all)."""
