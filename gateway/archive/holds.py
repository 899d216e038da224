"""Legal holds: recordings that nothing deletes until a second admin says so.

The rule: a hold is in force from its fact until a release that names it; who placed it, and whose session it is, does
not lift it. Nothing here looks at a clock.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs
from twisted.internet.defer import Deferred
from zope.interface import implementer

from gateway.domain.facts import Entry, Fact
from gateway.domain.session import crockford
from gateway.interfaces import IFacts, IFold
from gateway.interfaces.archive import IHolds

Row = Mapping[str, Any]


@implementer(IHolds, IFold)
@attrs.define(eq=False)
class Holds:
    """Fold ``recording.held`` and ``recording.released`` into the holds in force."""

    facts: IFacts
    operator_of: Callable[[str], str]
    """Returns whose session a recording is of; empty where that is not known."""
    _holds: dict[str, dict[str, Any]] = attrs.field(init=False, factory=dict)
    _released: set[str] = attrs.field(init=False, factory=set)

    def apply(self, entry: Entry) -> None:
        """Take one entry into account."""
        body = entry.body or {}
        match entry.kind:
            case "recording.held" if body["hold"] not in self._released:
                row = {key: body[key] for key in ("hold", "session", "by", "by_name", "reason")}
                self._holds[body["hold"]] = {**row, "since": entry.time}
            case "recording.released":
                self._released.update(body["holds"])
                for hold in body["holds"]:
                    self._holds.pop(hold, None)
            case _:
                pass

    def rows(self) -> Sequence[Row]:
        """Return the holds in force, the oldest first."""
        return sorted(self._holds.values(), key=lambda row: (row["since"], row["hold"]))

    def is_held(self, session: str) -> bool:
        """Say whether a recording is held."""
        return any(row["session"] == session for row in self._holds.values())

    def place(self, session: str, *, by: str, by_name: str, reason: str, door: str) -> Deferred[Row]:
        """Put a recording on hold; fires with the hold when that is on disk."""
        row = {"hold": "H-" + crockford(secrets.randbits(40), 8), "session": session, "by": by, "by_name": by_name,
               "reason": reason}  # fmt: skip
        return self.facts.tell(Fact("recording.held", {**row, "door": door})).addCallback(
            lambda entry: {**row, "since": entry.time}
        )

    def lift(self, session: str, *, by: str, by_name: str, reason: str, door: str) -> Deferred[Sequence[str]]:
        """Lift every hold on a recording; raises ValueError for who placed one, or whose session it is."""
        found = [row for row in self.rows() if row["session"] == session]
        if by and any(row["by"] == by for row in found):
            raise ValueError("who placed a hold does not lift it; ask another admin")
        if found and by and by == self.operator_of(session):
            raise ValueError("nobody lifts a hold on a session of his own; ask another admin")
        ids = [str(row["hold"]) for row in found]
        return Deferred.fromCoroutine(self._lifted(ids, session, by, by_name, reason, door))

    async def _lifted(
        self, ids: Sequence[str], session: str, by: str, by_name: str, reason: str, door: str
    ) -> Sequence[str]:
        if ids:
            told = {"by": by, "by_name": by_name, "reason": reason, "door": door}
            await self.facts.tell(Fact("recording.released", {"holds": list(ids), "session": session, **told}))
        return ids
