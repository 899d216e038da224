"""What a change of the directory would do, as values: worked out first, shown, then made true or not.

The rule: a difference never shows a secret; a password is ``(hidden)`` on both sides.
"""

from __future__ import annotations

from typing import Any

import attrs

from gateway.domain.snapshot import Snapshot

HIDDEN = "(hidden)"
"""What stands where a password hash would be shown."""


@attrs.frozen
class FieldChange:
    """One key of an entry: its TOML value before and after; empty where it is not set."""

    key: str
    before: str
    after: str


@attrs.frozen
class Change:
    """One entry: kind ``add | change | remove``; ``before`` or ``after`` is None where there is none."""

    table: str
    name: str
    kind: str
    before: Any
    after: Any
    fields: tuple[FieldChange, ...] = ()


@attrs.frozen(eq=False)
class Plan:
    """A whole difference between ``base`` and ``after``; ``notes`` are what the admin should know of it."""

    base: Snapshot = attrs.field(repr=False)
    after: Snapshot = attrs.field(repr=False)
    changes: tuple[Change, ...] = ()
    notes: tuple[str, ...] = ()

    def named(self, table: str) -> tuple[Change, ...]:
        """Return the changes of one table."""
        return tuple(change for change in self.changes if change.table == table)

    def lines(self) -> tuple[str, ...]:
        """Return the difference as lines for people: ``+`` adds, ``~`` changes, ``-`` removes."""
        found = []
        for change in self.changes:
            found.append(f"{MARKS[change.kind]} {change.table} {change.name}")
            found += [
                f"    {field.key}: {field.before or 'not set'} -> {field.after or 'not set'}"
                for field in change.fields
            ]
        return tuple(found)


MARKS = {"add": "+", "change": "~", "remove": "-"}
"""How a kind of change is shown."""


@attrs.frozen
class Problem:
    """Why a text or a change was refused; line and column count from 1, 0 where there is no place to show."""

    words: str
    file: str = ""
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part)
        return f"{place}: {self.words}" if place else self.words
