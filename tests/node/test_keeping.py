"""What becomes of whole recordings: indexed once, deleted when their time is over, kept while they are held."""

from __future__ import annotations

from typing import Any

import attrs
from twisted.internet.defer import Deferred, fail, succeed
from twisted.trial.unittest import SynchronousTestCase

from gateway.archive.holds import Holds
from gateway.domain.facts import Fact
from gateway.journal.memory import MemoryJournal
from gateway.node.keeping import Keeping

OLD, NEW, HELD = "S-01", "S-02", "S-03"


def row(session: str, ended: str | None, state: str = "sealed") -> dict[str, Any]:
    return {"session": session, "started": ended or "2026-11-22T00:00:00Z", "ended": ended, "state": state}


@attrs.define
class Kept:
    """An archive and an index that write down what they are asked."""

    rows: list[dict[str, Any]]
    indexed: list[str] = attrs.field(factory=list)
    deleted: list[str] = attrs.field(factory=list)
    forgotten: list[str] = attrs.field(factory=list)
    failure: Exception | None = None

    def recordings(self) -> list[dict[str, Any]]:
        return self.rows

    def about(self, session: str) -> dict[str, Any]:
        return next((each for each in self.rows if each["session"] == session), {})

    def missing(self, rows: list[dict[str, Any]]) -> Deferred[list[tuple[str, str]]]:
        return succeed([(each["session"], each["started"]) for each in rows if each["session"] not in self.indexed])

    def add(self, session: str, started: str) -> Deferred[int]:
        self.indexed.append(session)
        return succeed(1) if self.failure is None else fail(self.failure)

    def delete(self, session: str, at: float, reason: str) -> Deferred[None]:
        self.deleted.append(session)
        return succeed(None)

    def forget(self, session: str) -> Deferred[None]:
        self.forgotten.append(session)
        return succeed(None)


class KeepingTests(SynchronousTestCase):
    """One node's recordings."""

    def keeping(self, keep: float = 86400.0) -> Keeping:
        self.kept = Kept([
            row(OLD, "2026-01-01T00:00:00Z"), row(NEW, "2026-11-22T00:00:00Z"), row(HELD, "2026-01-01T00:00:00Z"),
            row("S-04", None, "open"), row("S-05", "2026-01-01T00:00:00Z", "deleted"),
        ])  # fmt: skip
        self.journal = MemoryJournal("gw1")
        self.holds = Holds(self.journal, lambda session: "")
        self.journal.attach(self.holds)
        return Keeping(self.kept, self.kept, self.journal, self.holds, lambda: 1_795_348_800.0, keep)  # type: ignore[arg-type]

    def test_what_is_missing_is_indexed_and_what_is_sealed_later(self) -> None:
        """Once each; a failure is logged and stops nothing; after the end nothing is begun."""
        keeping = self.keeping()
        self.kept.failure = OSError("full")
        self.successResultOf(keeping.start())
        self.assertEqual(len(self.flushLoggedErrors(OSError)), 5)
        self.kept.failure = None
        self.kept.rows.append(row("S-06", "2026-11-22T01:00:00Z"))
        self.journal.tell(Fact("recording.sealed", {"session": "S-06"}))
        self.journal.tell(Fact("recording.sealed", {"session": "S-99"}))
        self.assertEqual(self.kept.indexed[-1], "S-06")
        self.successResultOf(keeping.stop())
        self.journal.tell(Fact("recording.sealed", {"session": OLD}))
        self.assertEqual(self.kept.indexed[-1], "S-06")

    def test_old_ones_are_told_and_deleted_unless_held(self) -> None:
        """The fact comes first; nothing is deleted where they are kept for ever, or while one stops."""
        keeping = self.keeping()
        self.successResultOf(self.holds.place(HELD, by="bob", by_name="", reason="case", door="ssh"))
        self.successResultOf(keeping.sweep())
        self.assertEqual((self.kept.deleted, self.kept.forgotten), ([OLD], [OLD]))
        [told] = self.journal.entries(kinds=["recording.deleted"])
        self.assertEqual((told.body or {})["session"], OLD)
        for keep in (0.0, 1e12):
            self.successResultOf(self.keeping(keep).sweep())
            self.assertEqual(self.kept.deleted, [])
        keeping = self.keeping()
        self.successResultOf(keeping.stop())
        self.successResultOf(keeping.sweep())
        self.assertEqual(self.kept.deleted, [])
