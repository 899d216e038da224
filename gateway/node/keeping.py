"""What becomes of recordings when they are whole: they are indexed, kept as long as they must be, then deleted.

The rule: one at a time and in threads; what fails is logged and tried again at the next start or the next round.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import attrs
from twisted.internet.defer import Deferred, DeferredLock, ensureDeferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from gateway.domain.facts import Entry, Fact
from gateway.interfaces import IArchive, IHolds, IJournal, ISearch

log = Logger()

WHOLE = frozenset({"recording.sealed", "recording.recovered"})


@attrs.define(eq=False)
class Keeping:
    """Look after the recordings of a node."""

    archive: IArchive
    search: ISearch
    journal: IJournal
    holds: IHolds
    wall: Callable[[], float]
    keep: float
    """Seconds that a whole recording is kept; 0 for ever."""
    _turn: DeferredLock = attrs.field(init=False, factory=DeferredLock)
    _cease: Callable[[], None] | None = attrs.field(init=False, default=None)
    _stopped: bool = attrs.field(init=False, default=False)

    def start(self) -> Deferred[None]:
        """Index what is missing, and from now on what is sealed; fires when nothing is missing."""
        self._cease = self.journal.follow(self._heard)
        return ensureDeferred(self._catch_up()).addErrback(_log_failure)

    def stop(self) -> Deferred[None]:
        """Begin nothing more; fires when what is under way is done."""
        self._stopped = True
        if self._cease is not None:
            self._cease()
        return self._turn.run(_nothing)

    def _heard(self, entry: Entry) -> None:
        if entry.kind in WHOLE and entry.body:
            row = self.archive.about(str(entry.body["session"]))
            if row:
                self._index(str(row["session"]), str(row["started"]))

    async def _catch_up(self) -> None:
        for session, started in await self.search.missing(self.archive.recordings()):
            if self._stopped:
                return
            await self._index(session, started)

    def sweep(self) -> Deferred[None]:
        """Delete what has been kept long enough and is not held."""
        return self._turn.run(lambda: Deferred.fromCoroutine(self._sweep())).addErrback(_log_failure)

    async def _sweep(self) -> None:
        limit = self.wall() - self.keep
        for row in self.archive.recordings() if self.keep else ():
            session, ended = str(row["session"]), row["ended"]
            if self._stopped or row["state"] not in ("sealed", "unsealed") or not ended:
                continue
            if datetime.fromisoformat(str(ended)).timestamp() < limit and not self.holds.is_held(session):
                await self._delete(session)

    async def _delete(self, session: str) -> None:
        """Tell, then delete: its key, its files, and its places in the search index."""
        reason = f"kept for {self.keep / 86400:g} days"
        await self.journal.tell(Fact("recording.deleted", {"session": session, "reason": reason}))
        await self.archive.delete(session, self.wall(), reason)
        await self.search.forget(session)

    def _index(self, session: str, started: str) -> Deferred[Any]:
        return self._turn.run(self._add, session, started).addErrback(_log_failure)

    def _add(self, session: str, started: str) -> Any:
        return None if self._stopped else self.search.add(session, started)


def _nothing() -> None:
    """Wait for one's turn."""


def _log_failure(failure: Failure) -> None:
    log.failure("looking after the recordings failed", failure)
