"""Where quotes and brackets of a shell end, and what stands in ``$'...'``.

The rule: each function takes the text and the place after the opening mark, and returns the place of the closing
one; the end of the text where there is none.
"""

from __future__ import annotations

import re

_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{1,4})|U([0-9A-Fa-f]{1,8})|([0-7]{1,3})|c(.)|(.))", re.S)
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "e": "\x1b", "E": "\x1b"}
_STOPS = re.compile(r"[\\'\"`()#]")
_DOUBLE_STOPS = re.compile(r"[\\\"`]|\$\(|\$\{")


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
    while found := _DOUBLE_STOPS.search(text, start):
        match found[0]:
            case '"':
                return found.start()
            case "\\":
                start = found.end() + 1
            case "`":
                start = backtick_end(text, found.end()) + 1
            case "$(":
                start = paren_end(text, found.end()) + 1
            case _:
                start = brace_end(text, found.end()) + 1
    return len(text)


def brace_end(text: str, start: int) -> int:
    """Return where ``${`` closes."""
    depth = 0
    while start < len(text):
        character = text[start]
        if character == "}" and not depth:
            return start
        depth += (character == "{") - (character == "}")
        start = _over(text, start)
    return len(text)


def paren_end(text: str, start: int) -> int:
    """Return where a parenthesis closes."""
    depth = 0
    while found := _STOPS.search(text, start):
        character = found[0]
        if character == ")" and not depth:
            return found.start()
        depth += (character == "(") - (character == ")")
        start = _comment_end(text, found.start()) if character == "#" else _over(text, found.start())
    return len(text)


def _comment_end(text: str, start: int) -> int:
    if start and text[start - 1] not in " \t\n;&|(":
        return start + 1
    end = text.find("\n", start)
    return len(text) if end < 0 else end


def _over(text: str, start: int) -> int:
    """Return the place after what stands at a place: an escape, a quoted piece, or one character."""
    match text[start]:
        case "\\":
            return start + 2
        case "'" if text[start - 1 : start] == "$":
            return ansi_end(text, start + 1) + 1
        case "'":
            return single_end(text, start + 1) + 1
        case '"':
            return double_end(text, start + 1) + 1
        case "`":
            return backtick_end(text, start + 1) + 1
        case _:
            return start + 1


def unescaped(text: str) -> str:
    """Return what ``$'text'`` stands for; a byte by number that is no ASCII is kept as a half character."""
    return _ESCAPE.sub(_character, text).partition("\0")[0]


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
