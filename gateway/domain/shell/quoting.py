"""Where quotes and brackets of a shell end, and what stands in ``$'...'``.

The rule: each function takes the text and the place after the opening mark, and returns the place of the closing
one; the end of the text where there is none.
"""

from __future__ import annotations

import re

_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{1,4})|U([0-9A-Fa-f]{1,8})|([0-7]{1,3})|c(.)|(.))", re.S)
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "e": "\x1b", "E": "\x1b"}
_STOPS = {
    '"': re.compile(r"[\\\"`]|\$\(|\$\{"),
    "`": re.compile(r"[\\`]"),
    ")": re.compile(r"\$'|[\\'\"`()#]"),
    "}": re.compile(r"\$'|[\\'\"`{}]"),
}
"""For what is open: what has a meaning in it."""
_OPENS = {'"': '"', "`": "`", "(": ")", "$(": ")", "{": "}", "${": "}"}


def single_end(text: str, start: int) -> int:
    """Return where a single quote closes."""
    end = text.find("'", start)
    return len(text) if end < 0 else end


def ansi_end(text: str, start: int) -> int:
    """Return where ``$'`` closes."""
    while start < len(text) and text[start] != "'":
        start += 2 if text[start] == "\\" else 1
    return min(start, len(text))


def backtick_end(text: str, start: int) -> int:
    """Return where a backtick closes."""
    while start < len(text) and text[start] != "`":
        start += 2 if text[start] == "\\" else 1
    return min(start, len(text))


def double_end(text: str, start: int) -> int:
    """Return where a double quote closes."""
    return _closed(text, start, '"')


def brace_end(text: str, start: int) -> int:
    """Return where ``${`` closes."""
    return _closed(text, start, "}")


def paren_end(text: str, start: int) -> int:
    """Return where a parenthesis closes."""
    return _closed(text, start, ")")


def _closed(text: str, start: int, closer: str) -> int:
    """Return where a bracket or quote closes, whatever brackets and quotes stand inside."""
    open_ones = [closer]
    while found := _STOPS[open_ones[-1]].search(text, start):
        mark, start = found[0], found.end()
        if mark == open_ones[-1]:
            open_ones.pop()
            if not open_ones:
                return found.start()
        elif mark in _OPENS:
            open_ones.append(_OPENS[mark])
        else:
            start = _passed(text, found)
    return len(text)


def _passed(text: str, found: re.Match[str]) -> int:
    """Return the place after an escape, a quoted piece or a comment."""
    match found[0]:
        case "'":
            return single_end(text, found.end()) + 1
        case "$'":
            return ansi_end(text, found.end()) + 1
        case "#":
            return _comment_end(text, found.start())
        case _:
            return found.end() + 1


def _comment_end(text: str, start: int) -> int:
    if text[start - 1 : start] not in ("", *" \t\n;&|("):
        return start + 1
    end = text.find("\n", start)
    return len(text) if end < 0 else end


def unescaped(text: str) -> str:
    """Return what ``$'text'`` stands for; a byte by number that is no ASCII is kept as a half character."""
    return resolved(text).partition("\0")[0]


def resolved(text: str) -> str:
    """Return a text with its escapes done."""
    return _ESCAPE.sub(_character, text)


def _character(found: re.Match[str]) -> str:
    hexed, short, long, octal, control, letter = found.groups()
    if hexed or octal:
        number = (int(hexed, 16) if hexed else int(octal, 8)) & 0xFF
        return chr(number) if number < 0x80 else chr(0xDC00 + number)
    if short or long:
        return chr(min(int(short or long, 16), 0x10FFFF))
    if control:
        return chr(ord(control) & 0x1F)
    return _LETTERS.get(letter, letter if letter in "\\'\"?" else "\\" + letter)
