"""Entries as the bodies of facts: only what is not as by default, never a password.

The rule: what an older version wrote is read for ever; a key that this version does not know is ignored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from gateway.domain.entries import ENTRY_OF_TABLE, Elevation, Recorded, RiskThresholds

NOT_IN_FACTS = frozenset({"password"})
"""Fields that travel in a fact of their own (``user.password_set``)."""


DEFAULTS: dict[type[Any], dict[str, Any]] = {
    kind: {field.name: field.default for field in attrs.fields(kind)}
    for kind in (*ENTRY_OF_TABLE.values(), Elevation, RiskThresholds, Recorded)
}
"""kind of value -> field -> its default."""


def document(entry: Any) -> dict[str, Any]:
    """Return an entry, or a value inside one, as JSON values."""
    return {
        name: _plain(value)
        for name, default in DEFAULTS[type(entry)].items()
        if name not in NOT_IN_FACTS and (value := getattr(entry, name)) != default
    }


def entry_of(table: str, body: Mapping[str, Any]) -> Any:
    """Return the entry of a document; raise KeyError, TypeError or ValueError where it is not one."""
    kind = ENTRY_OF_TABLE[table]
    known = DEFAULTS[kind]
    return kind(**{
        name: READERS.get(name, _frozen)(value)
        for name, value in body.items()
        if name in known and name not in NOT_IN_FACTS
    })


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return document(value) if type(value) in DEFAULTS else value


def _frozen(value: Any) -> Any:
    return tuple(_frozen(each) for each in value) if isinstance(value, list) else value


def _nested(kind: type[Any]) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        return kind(**{name: each for name, each in value.items() if name in DEFAULTS[kind]})

    return read


READERS: dict[str, Callable[[Any], Any]] = {
    "elevation": _nested(Elevation),
    "risk": _nested(RiskThresholds),
    "record": _nested(Recorded),
}
"""field -> how its nested value is read back."""
