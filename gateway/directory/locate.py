"""Where a key stands in a TOML text: the parser of the standard library does not tell.

The rule: total on any text. What is found is exact for texts that parse; for a key that is not found, the nearest
place above it is told (its table's head).

A path is a tuple of keys and positions in arrays of tables: ``("user", 2, "keys")``.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping

import attrs

Path = tuple[str | int, ...]

TOKEN = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?\'{3,5}'
    r'|(?P<quoted>"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\')'
    r"|#[^\n]*|(?P<newline>\n)|[ \t\r]+|(?P<mark>[\[\]{}=,.])|(?P<bare>[^\s\[\]{}=,.\"'#]+)|.",
    re.DOTALL,
)


@attrs.define
class _Walk:
    """The state of one walk: which table the keys belong to, and how deep a value is."""

    found: dict[Path, int] = attrs.field(factory=dict)
    counts: dict[Path, int] = attrs.field(factory=dict)
    table: Path = ()
    key: list[str] = attrs.field(factory=list)
    key_at: int = 0
    heads: int = 0
    in_value: bool = False
    opened: list[tuple[str, Path]] = attrs.field(factory=list)
    """Brackets open inside a value, each with the path of the table it belongs to."""

    def inline(self) -> bool:
        """Say whether the innermost bracket is an inline table's."""
        return bool(self.opened) and self.opened[-1][0] == "{"

    def home(self) -> Path:
        """Return the path of the table that a key belongs to."""
        return self.opened[-1][1] if self.opened else self.table

    def word(self, text: str, at: int) -> None:
        """Take a part of a key."""
        if not self.key:
            self.key_at = at
        self.key.append(text)

    def newline(self) -> None:
        """End a line."""
        if self.heads:
            self._enter()
        if not self.opened:
            self.in_value = False
            self.key, self.heads = [], 0

    def _enter(self) -> None:
        path = self._resolved(tuple(self.key))
        if self.heads >= 2:
            self.found.setdefault(path, self.key_at)
            self.counts[path] = self.counts.get(path, -1) + 1
            path = (*path, self.counts[path])
        self.found.setdefault(path, self.key_at)
        self.table = path

    def _resolved(self, keys: tuple[str, ...]) -> Path:
        path: Path = ()
        for place, key in enumerate(keys):
            path = (*path, key)
            if place < len(keys) - 1 and path in self.counts:
                path = (*path, self.counts[path])
        return path

    def mark(self, sign: str, at: int) -> None:
        """Take a sign of punctuation."""
        match sign:
            case "=":
                if not self.in_value or self.inline():
                    self.found.setdefault((*self.home(), *self.key), self.key_at)
                    self.in_value = True
            case "[" if not self.in_value and not self.opened:
                self.heads += 1
                self.key_at = at
            case "[" | "{":
                self.opened.append((sign, (*self.home(), *self.key)))
                self.key = []
            case "]" | "}":
                if self.opened:
                    self.opened.pop()
            case "," if self.inline():
                self.key = []
            case _:
                pass


@attrs.frozen
class Locator:
    """The places of all keys of one text."""

    places: Mapping[Path, int]
    starts: tuple[int, ...]

    def place(self, path: Path) -> tuple[int, int]:
        """Return line and column, from 1, of a key or of the nearest thing above it."""
        while path and path not in self.places:
            path = path[:-1]
        at = self.places.get(path, 0)
        line = bisect_right(self.starts, at)
        return line, at - self.starts[line - 1] + 1


def locate(text: str) -> Locator:
    """Find the places of all keys."""
    walk = _Walk()
    for token in TOKEN.finditer(text):
        _step(walk, token)
    walk.newline()
    starts = (0, *(match.end() for match in re.finditer("\n", text)))
    return Locator(walk.found, starts)


def _step(walk: _Walk, token: re.Match[str]) -> None:
    match token.lastgroup:
        case "newline":
            walk.newline()
        case "mark":
            walk.mark(token.group(), token.start())
        case "bare" if not walk.in_value or walk.inline():
            walk.word(token.group(), token.start())
        case "quoted" if not walk.in_value or walk.inline():
            walk.word(_unquoted(token.group()), token.start())
        case _:
            pass


def _unquoted(quoted: str) -> str:
    if quoted.startswith("'") or "\\" not in quoted:
        return quoted[1:-1]
    return re.sub(r"\\(u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)", _escaped, quoted[1:-1], flags=re.DOTALL)


def _escaped(found: re.Match[str]) -> str:
    code = found[1]
    if len(code) > 1:
        number = int(code[1:], 16)
        return chr(number) if number < 0x110000 else "\N{REPLACEMENT CHARACTER}"
    return {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r"}.get(code, code)
