"""Numbering, signing and committing: what blocks, in one place.

The rule: a batch is committed whole or not at all; the head moves only with what is on disk. A batch that can
not be written down (its body is not JSON) or may not be (no reserve) fails alone; a transaction that fails
takes the batches of its group with it and nothing else. One thread at a time.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence

import attrs
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from gateway.domain.facts import Entry, Fact
from gateway.journal.beside import write_mark
from gateway.journal.bodies import canonical_body
from gateway.journal.chain import Head, Row, Stamped, entry_of, extend
from gateway.journal.reserve import Reserve
from gateway.journal.store import Store

MICROSECONDS = 1_000_000
"""A second, as rows count time."""

LOG = Logger()


@attrs.frozen(eq=False)
class Batch:
    """Hold facts that are committed together, when they were told, and the Deferred of their teller."""

    facts: Sequence[Fact]
    time_us: int
    fired: Deferred[Sequence[Entry]] = attrs.field(factory=Deferred)


@attrs.frozen(eq=False)
class Outcome:
    """Say what became of a batch: its rows as entries and their chain hashes, or why it failed."""

    batch: Batch
    entries: Sequence[Entry] = ()
    hashes: Sequence[bytes] = ()
    failure: Exception | None = None


def stamp(fact: Fact, time_us: int) -> Stamped:
    """Return a fact as it is written down; raise ValueError where it can not be."""
    severity = fact.described.severity if fact.severity is None else fact.severity
    if not 0 <= severity <= 10:
        raise ValueError(f"a severity lies between 0 and 10, and this is {severity}")
    return Stamped(fact.kind, time_us, severity, canonical_body(fact.body))


@attrs.define
class Ledger:
    """Commit batches to a store; holds the head of its chain."""

    store: Store
    reserve: Reserve
    place: int
    head: Head
    _key: Ed25519PrivateKey
    _mark: int
    _lock: int

    def commit(self, group: Sequence[Batch]) -> list[Outcome]:
        """Commit batches in one transaction and say what became of each, in their order."""
        self.reserve.restore()
        stamped = [self._stamped(batch) for batch in group]
        outcomes = self._attempt(group, stamped)
        if _disk_failed(outcomes) and self.reserve.release():
            outcomes = self._attempt(group, stamped)
        return outcomes

    def prune(self, before_us: int, kinds: Sequence[str], most: int) -> int:
        """Forget the bodies of at most so many rows; return how many there were, or raise OSError."""
        return self.store.prune(before_us, kinds, most)

    def close(self) -> None:
        """Close the store and let another process have it."""
        self.store.close()
        os.close(self._mark)
        os.close(self._lock)

    def _stamped(self, batch: Batch) -> list[Stamped] | ValueError:
        try:
            return [stamp(fact, batch.time_us) for fact in batch.facts]
        except ValueError as wrong:
            return wrong

    def _attempt(
        self, group: Sequence[Batch], stamped: Sequence[list[Stamped] | ValueError]
    ) -> list[Outcome]:
        head, rows, outcomes = self.head, [], []
        for batch, stamps in zip(group, stamped, strict=True):
            if isinstance(stamps, ValueError):
                outcomes.append(Outcome(batch, failure=stamps))
            elif not all(self.reserve.permits(one.kind) for one in stamps):
                outcomes.append(Outcome(batch, failure=self._no_room()))
            else:
                more, head = extend(head, stamps, self._key.sign)
                rows.extend(more)
                outcomes.append(_outcome(batch, more))
        return self._written(rows, head, outcomes)

    def _written(self, rows: Sequence[Row], head: Head, outcomes: list[Outcome]) -> list[Outcome]:
        if not rows:
            return outcomes
        try:
            self.store.append(self.place, rows)
        except OSError as wrong:
            return [one if one.failure else Outcome(one.batch, failure=wrong) for one in outcomes]
        self.place, self.head = self.place + len(rows), head
        self._mark_head()
        return outcomes

    def _mark_head(self) -> None:
        try:
            write_mark(self._mark, self.head)
        except OSError as wrong:
            LOG.warn("the mark beside {path} was not written: {wrong}", path=self.store.path, wrong=wrong)

    def _no_room(self) -> OSError:
        return OSError(
            errno.ENOSPC,
            "the disk is nearly full and the journal keeps what is left for what must end; free some space",
            str(self.store.path),
        )


def _outcome(batch: Batch, rows: Sequence[Row]) -> Outcome:
    return Outcome(batch, [entry_of(row) for row in rows], [row.envelope.hash for row in rows])


def _disk_failed(outcomes: Sequence[Outcome]) -> bool:
    return any(isinstance(outcome.failure, OSError) for outcome in outcomes)
