"""What ``${...}`` stands for.

The rule: the forms whose result follows from a known value are worked out; every other form is a hole.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import Protocol

from gateway.domain.shell.unknown import ANY, SOME, is_known

_FORM = re.compile(r"(?P<name>[A-Za-z_]\w*|[0-9]+|[@*#?$!-])(?:\[(?P<index>[^\]]*)\])?(?P<rest>.*)", re.S)
_SLICE = re.compile(r":\s*(-?\d+|\(-\d+\))\s*(?::\s*(-?\d+))?\s*")


class Variables(Protocol):
    """Who knows the variables."""

    def value(self, name: str) -> str:
        """Return a variable's value."""

    def elements(self, name: str) -> list[str]:
        """Return the elements of an array."""

    def assign(self, name: str, value: str) -> None:
        """Set a variable."""


class Inner(Protocol):
    """Who reads the words inside."""

    def text_of(self, source: str) -> str:
        """Return what a piece of source stands for."""


def expansion(inside: str, around: Variables, inner: Inner) -> list[str]:
    """Return the values of ``${inside}``: one, or the elements of an array."""
    if inside.startswith("#") and len(inside) > 1:
        return [SOME]
    if inside.startswith("!"):
        return [_indirect(inside[1:], around)]
    form = _FORM.fullmatch(inside)
    if form is None:
        return [ANY]
    values = _values(form["name"], form["index"], around)
    if not form["rest"]:
        return values
    listed = form["name"] in ("@", "*") or form["index"] in ("@", "*")
    piece = _SLICE.fullmatch(form["rest"]) if listed else None
    if piece is not None:
        return _elements(values, piece, form["name"] in ("@", "*"))
    return [_changed(value, form["name"], form["rest"], around, inner) for value in values]


def _elements(values: list[str], piece: re.Match[str], from_one: bool) -> list[str]:
    """Return some of several values: positional parameters count from one."""
    start = int(piece[1].strip("()"))
    rest = values[max(0, start - 1) if from_one and start > 0 else start :]
    return rest if piece[2] is None else rest[: int(piece[2])]


def _indirect(inside: str, around: Variables) -> str:
    name = around.value(inside)
    return around.value(name) if re.fullmatch(r"[A-Za-z_]\w*", name) else ANY


def _values(name: str, index: str | None, around: Variables) -> list[str]:
    if index is None and name not in ("@", "*"):
        return [around.value(name)]
    elements = around.elements(name)
    if index in (None, "@", "*"):
        return elements
    if index.isdecimal() and int(index) < len(elements):
        return [elements[int(index)]]
    return [ANY]


def _changed(value: str, name: str, rest: str, around: Variables, inner: Inner) -> str:
    """Return a value after what follows its name: a default, a slice, a cut, a replacement, a case."""
    if rest[:2] in (":-", ":=", ":+", ":?"):
        return _defaulted(value, name, rest[1], inner.text_of(rest[2:]), around)
    if rest[0] in "-=+?":
        return _defaulted(value, name, rest[0], inner.text_of(rest[1:]), around)
    if not is_known(value):
        return ANY
    match rest[0]:
        case ":":
            return _sliced(value, rest)
        case "#":
            return _cut(value, inner.text_of(rest.lstrip("#")), rest.startswith("##"), True)
        case "%":
            return _cut(value, inner.text_of(rest.lstrip("%")), rest.startswith("%%"), False)
        case "/":
            return _replaced(value, rest, inner)
        case "^" | ",":
            return _cased(value, rest)
        case _:
            return ANY


def _defaulted(value: str, name: str, kind: str, other: str, around: Variables) -> str:
    if kind == "+":
        return ANY if ANY in value else other if value else ""
    if ANY not in value and value:
        return value
    if value and value != other:
        return ANY
    if kind == "=":
        around.assign(name, other)
    return other


def _sliced(value: str, rest: str) -> str:
    form = _SLICE.fullmatch(rest)
    if form is None:
        return ANY
    start = int(form[1].strip("()"))
    piece = value[start:]
    if form[2] is None:
        return piece
    length = int(form[2])
    return piece[:length]


def _cut(value: str, pattern: str, longest: bool, front: bool) -> str:
    """Take a matching beginning or end off; unknown patterns make unknown values."""
    if not is_known(pattern):
        return ANY
    lengths = range(len(value), -1, -1) if longest else range(len(value) + 1)
    if front:
        return next((value[n:] for n in lengths if fnmatchcase(value[:n], pattern)), value)
    return next((value[: len(value) - n] for n in lengths if fnmatchcase(value[len(value) - n :], pattern)), value)


def _replaced(value: str, rest: str, inner: Inner) -> str:
    old, _, new = rest.lstrip("/").partition("/")
    old, new = inner.text_of(old), inner.text_of(new)
    if not old or not is_known(old) or any(mark in old for mark in "*?[#%"):
        return ANY
    return value.replace(old, new, -1 if rest.startswith("//") else 1)


def _cased(value: str, rest: str) -> str:
    change = str.upper if rest[0] == "^" else str.lower
    if rest in ("^", ","):
        return change(value[:1]) + value[1:]
    return change(value) if rest in ("^^", ",,") else ANY
