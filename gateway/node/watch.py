"""Watch the disk: what happens when it fills is decided before it is full.

The rule: below the first mark no session starts; below the second the largest writers are ended, one a look; below
the third every session is ended, so that nothing goes on unrecorded. The journal has a reserve of its own.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs

from gateway.domain.facts import Fact
from gateway.interfaces import IArchive, IFacts
from gateway.runtime.roster import Roster
from gateway.runtime.telling import tell

MIB = 1024 * 1024
NO_NEW, STOP_LARGEST, STOP_ALL = 512 * MIB, 256 * MIB, 64 * MIB


@attrs.define(eq=False, repr=False)
class DiskWatch:
    """Look at the free space now and then; ``marks`` in bytes, largest first."""

    archive: IArchive
    roster: Roster
    facts: IFacts
    wall: Callable[[], float]
    marks: tuple[int, int, int] = (NO_NEW, STOP_LARGEST, STOP_ALL)
    free: int = attrs.field(init=False, default=-1)
    since: float | None = attrs.field(init=False, default=None)
    draining: str = ""

    def look(self) -> None:
        """Look once, and act."""
        self.free = self.archive.free_space()
        no_new, stop_largest, stop_all = self.marks
        if self.free >= no_new:
            self.since = None
            return
        if self.since is None:
            self.since = self.wall()
            tell(self.facts, Fact("node.storage_low", {"free": self.free, "outcome": "no new sessions"}))
        if self.free < stop_all:
            for run in self.roster.running():
                run.end(75, "disk_full", "the gateway's disk is full; the session is over")
        elif self.free < stop_largest:
            self._stop_largest()

    def _stop_largest(self) -> None:
        running = [run for run in self.roster.running() if run.recording is not None]
        if running:
            largest = max(running, key=lambda run: run.recording.written if run.recording else 0)
            largest.end(75, "disk_full", "the gateway's disk is nearly full; the session is over")

    def admitting(self) -> str:
        """Return why no session can start now; empty where one can."""
        if self.draining:
            return self.draining
        if self.since is not None:
            return "the gateway's disk is nearly full; no session can start, tell an administrator"
        return ""

    def faults(self) -> list[dict[str, object]]:
        """Return the fault states, named, since when."""
        if self.since is None:
            return []
        return [{"name": "storage_low", "since": self.since, "detail": f"{self.free // MIB} MiB free"}]
