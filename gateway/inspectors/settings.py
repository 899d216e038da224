"""Readers of an inspector's settings: what schemas are made of.

The rule: what is of no use is an :class:`InspectorError` in words when the inspector is made, not when a file comes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gateway.domain import units
from gateway.interfaces import InspectorError, Referenced

Section = Mapping[str, Any]
Schema = Mapping[str, Callable[[Any], Any]]
"""Each key of a section, and what takes its TOML value."""


def size(value: object) -> int:
    """Take a size such as ``"100MiB"``; return bytes."""
    try:
        return units.size(value)
    except ValueError as problem:
        raise InspectorError(str(problem)) from None


def number(value: object) -> int:
    """Take a whole number above zero."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InspectorError(f"must be a whole number above zero, not {value!r:.60}")
    return value


def flag(value: object) -> bool:
    """Take true or false."""
    if not isinstance(value, bool):
        raise InspectorError(f"must be true or false, not {value!r:.60}")
    return value


def text(value: object) -> str:
    """Take a text."""
    if not isinstance(value, str):
        raise InspectorError(f"must be a text, not {value!r:.60}")
    return value


def texts(value: object) -> tuple[str, ...]:
    """Take a list of texts; the lines of a file stand in the place of its reference, without comments."""
    if not isinstance(value, list | tuple):
        raise InspectorError(f"must be a list, not {value!r:.60}")
    return tuple(each for part in value for each in _lines(part))


def _lines(part: object) -> tuple[str, ...]:
    match part:
        case str():
            return (part,)
        case Referenced():
            lines = (line.strip() for line in part.content.decode("utf-8", "surrogateescape").splitlines())
            return tuple(line for line in lines if line and not line.startswith("#"))
        case _:
            raise InspectorError(f"must be a list of texts, not {part!r:.60}")


def one_list(section: Section) -> tuple[bool, tuple[str, ...]]:
    """Return whether the list is what is allowed (else what is denied), and the list: just one of the two is set."""
    if ("allow" in section) == ("deny" in section):
        raise InspectorError("needs either allow or deny")
    allow = "allow" in section
    return allow, section["allow" if allow else "deny"]
