"""Read an inspector's section.

The rule: what is of no use is an :class:`InspectorError` in words when the inspector is made, not when a file comes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.domain import units
from gateway.interfaces import InspectorError, Referenced

Section = Mapping[str, Any]


def size(section: Section, key: str, default: int = 0) -> int:
    """Return a size such as ``"100MiB"`` in bytes."""
    if key not in section:
        return default
    try:
        return units.size(section[key])
    except ValueError as problem:
        raise InspectorError(f"{key}: {problem}") from None


def number(section: Section, key: str, default: int = 0) -> int:
    """Return a whole number above zero."""
    value = section.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise InspectorError(f"{key}: must be a whole number, not {value!r:.60}")
    return value


def flag(section: Section, key: str) -> bool:
    """Return true or false; false where the key is absent."""
    value = section.get(key, False)
    if not isinstance(value, bool):
        raise InspectorError(f"{key}: must be true or false, not {value!r:.60}")
    return value


def text(section: Section, key: str, default: str = "") -> str:
    """Return a text."""
    value = section.get(key, default)
    if not isinstance(value, str):
        raise InspectorError(f"{key}: must be a text, not {value!r:.60}")
    return value


def texts(section: Section, key: str) -> tuple[str, ...]:
    """Return a list of texts; the lines of a file stand in the place of its reference, without comments."""
    value = section.get(key, [])
    if not isinstance(value, list | tuple):
        raise InspectorError(f"{key}: must be a list, not {value!r:.60}")
    return tuple(each for part in value for each in _lines(key, part))


def _lines(key: str, part: object) -> tuple[str, ...]:
    match part:
        case str():
            return (part,)
        case Referenced():
            lines = (line.strip() for line in part.content.decode("utf-8", "surrogateescape").splitlines())
            return tuple(line for line in lines if line and not line.startswith("#"))
        case _:
            raise InspectorError(f"{key}: must be a list of texts, not {part!r:.60}")


def one_list(section: Section) -> tuple[bool, tuple[str, ...]]:
    """Return whether the list is what is allowed (else what is denied), and the list: just one of the two is set."""
    if ("allow" in section) == ("deny" in section):
        raise InspectorError("needs either allow or deny")
    allow = "allow" in section
    return allow, texts(section, "allow" if allow else "deny")
