"""What becomes of recordings when they are whole: they are indexed, kept as long as they must be, then deleted.

The rule: one at a time and in threads; what fails is logged and tried again at the next start or the next round.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
from twisted.internet.defer import Deferred, DeferredLock, ensureDeferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from gateway.domain.facts import Entry
from gateway.interfaces import IArchive, IJournal, ISearch

log = Logger()

WHOLE = frozenset({"recording.sealed", "recording.recovered"})


@attrs.define(eq=False)
class Keeping:
    """Look after the recordings of a node."""

    archive: IArchive
    search: ISearch
    journal: IJournal
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
            session = str(entry.body["session"])
            rows = [row for row in self.archive.recordings() if row["session"] == session]
            for row in rows:
                self._index(session, str(row["started"]))

    async def _catch_up(self) -> None:
        for session, started in await self.search.missing(self.archive.recordings()):
            if self._stopped:
                return
            await self._index(session, started)

    def _index(self, session: str, started: str) -> Deferred[Any]:
        return self._turn.run(self._add, session, started).addErrback(_log_failure)

    def _add(self, session: str, started: str) -> Any:
        return None if self._stopped else self.search.add(session, started)


def _nothing() -> None:
    """Wait for one's turn."""


def _log_failure(failure: Failure) -> None:
    log.failure("a recording could not be indexed", failure)
