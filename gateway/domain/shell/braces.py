"""Brace expansion: ``{a,b}`` and ``{1..3}``, as text, before anything else of a word is looked at.

The rule: quoted braces and ``${`` stay; more than :data:`MOST` words are not made.
"""

from __future__ import annotations

import re

from gateway.domain.shell.quoting import ansi_end, backtick_end, brace_end, double_end, paren_end, single_end

MOST = 64
"""Words of a single one."""
_SEQUENCE = re.compile(r"(-?\d{1,6}|[A-Za-z])\.\.(-?\d{1,6}|[A-Za-z])(?:\.\.(-?\d{1,4}))?")
_QUOTED = re.compile(r"\\.|\$\{|\$\(|\$'|'|\"|`|[{},]", re.S)
_ENDS = {
    "${": brace_end, "$(": paren_end, "$'": ansi_end, "'": single_end, '"': double_end, "`": backtick_end,
}  # fmt: skip


def braced(word: str) -> list[str]:
    """Return the words that a word becomes; more than :data:`MOST` are cut off, the word itself then comes last."""
    found = [""]
    rest = word
    while (cut := _first(rest)) is not None:
        before, parts, rest = cut
        found = [f"{each}{before}{inner}" for each in found for part in parts for inner in braced(part)]
        if len(found) > MOST:
            return [*found[:MOST], word]
    return [each + rest for each in found]


def opened(word: str) -> int:
    """Return how many braces open outside quotes."""
    place, number = 0, 0
    while found := _QUOTED.search(word, place):
        place = _after(word, found)
        number += found[0] == "{"
    return number


def _first(word: str) -> tuple[str, list[str], str] | None:
    """Return what stands before the first braces that expand, their parts, and what stands behind."""
    place = 0
    while found := _QUOTED.search(word, place):
        place = _after(word, found)
        if found[0] == "{":
            parts, end = _parts(word, found.end())
            if parts:
                return word[: found.start()], parts, word[end:]
    return None


def _after(word: str, found: re.Match[str]) -> int:
    end = _ENDS.get(found[0])
    return end(word, found.end()) + 1 if end is not None else found.end()


def _parts(word: str, start: int) -> tuple[list[str], int]:
    """Return the parts between braces, none where they do not expand, and the place behind."""
    depth, place, begun = 0, start, start
    parts: list[str] = []
    while found := _QUOTED.search(word, place):
        place = _after(word, found)
        if found[0] == "}" and not depth:
            inside = word[start : found.start()]
            return ([*parts, word[begun : found.start()]] if parts else _sequence(inside)), place
        if found[0] == "," and not depth:
            parts.append(word[begun : found.start()])
            begun = place
        depth += (found[0] == "{") - (found[0] == "}")
    return [], start


def _sequence(inside: str) -> list[str]:
    found = _SEQUENCE.fullmatch(inside)
    if found is None:
        return []
    first, last, by = found.groups()
    if first.lstrip("-").isdigit() != last.lstrip("-").isdigit():
        return []
    if not first.lstrip("-").isdigit():
        return [chr(code) for code in _steps(ord(first), ord(last), by)]
    padded = any(re.fullmatch(r"-?0\d+", each) for each in (first, last))
    width = max(len(first), len(last)) if padded else 0
    return [str(number).zfill(width) for number in _steps(int(first), int(last), by)]


def _steps(first: int, last: int, by: str | None) -> list[int]:
    step = abs(int(by)) if by and int(by) else 1
    return list(range(first, last + 1, step) if first <= last else range(first, last - 1, -step))[: MOST + 1]
