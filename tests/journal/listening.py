"""Folds and watchers for the journal's tests."""

from __future__ import annotations

import attrs
from zope.interface import implementer

from gateway.domain.facts import Entry
from gateway.interfaces.facts import IFold


@implementer(IFold)
@attrs.define(eq=False)
class Remembering:
    """A fold that keeps every entry; it raises at the kind that it can not bear."""

    seen: list[Entry] = attrs.field(factory=list)
    unbearable: str = ""

    def apply(self, entry: Entry) -> None:
        """Keep it."""
        if entry.kind == self.unbearable:
            raise LookupError(f"no {entry.kind} here")
        self.seen.append(entry)

    @property
    def ids(self) -> list[str]:
        """The ids of what was seen."""
        return [entry.id for entry in self.seen]


@attrs.define
class Wall:
    """A clock on the wall that somebody sets."""

    now: float = 1_700_000_000.25

    def __call__(self) -> float:
        """Tell the time."""
        return self.now
