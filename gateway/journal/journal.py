"""The journal: facts in, numbered entries out, everybody who listens kept current.

The rule: what ``tell`` answers is on disk, signed and in every fold. Facts keep the order they were told in.
More than :data:`MOST_WAITING` facts that wait for the disk are refused, so a slow disk can not fill the
memory.

All methods are called where the reactor runs, except :meth:`Journal.entries`. A body is handed over with its
fact: it is written down a moment later, so it must not be changed after it was told.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable, Iterator, Sequence

import attrs
from twisted.internet.defer import Deferred, fail, succeed
from twisted.python.failure import Failure
from zope.interface import implementer

from gateway.domain.facts import Entry, Fact
from gateway.interfaces.facts import IFold, IJournal
from gateway.journal.audience import Audience
from gateway.journal.chain import Envelope, Head, entry_of
from gateway.journal.lanes import DirectLane, Errand, Lane, ThreadLane, Turns, Work
from gateway.journal.ledger import MICROSECONDS, Batch, Ledger, Outcome
from gateway.journal.pruning import prunable
from gateway.journal.reading import Wanted, find_place, read_rows

MOST_WAITING = 10_000
"""Facts that may wait for the disk; further ones fail with OSError (one batch may be larger than that)."""

PRUNED_AT_ONCE = 1_000
"""Bodies that one transaction forgets, so that pruning does not hold facts up."""


@implementer(IJournal)
@attrs.define(eq=False)
class Journal:
    """One process's journal over a store; made by :func:`gateway.journal.open_journal`."""

    _ledger: Ledger
    _wall: Callable[[], float]
    _reactor: Turns | None
    _lane: Lane = attrs.field(init=False)
    _place: int = attrs.field(init=False)
    _head: Head = attrs.field(init=False)
    _waiting: int = 0
    _closed: Deferred[None] | None = None
    _audience: Audience = attrs.field(factory=Audience)

    def __attrs_post_init__(self) -> None:
        self._place, self._head = self._ledger.place, self._ledger.head
        work = Work(self._ledger.commit, self._deliver)
        self._lane = DirectLane(work) if self._reactor is None else ThreadLane(work, self._reactor)

    @property
    def origin(self) -> str:
        """``name#worker.incarnation``."""
        return self._head.origin

    @property
    def is_short_of_space(self) -> bool:
        """Tell whether the reserve is gone: nothing new may begin, see :mod:`gateway.journal.reserve`."""
        return not self._ledger.reserve.standing

    def tell(self, fact: Fact) -> Deferred[Entry]:
        """Append a fact; fire with its entry once it is on disk and in every fold.

        Fails with OSError where it can not be written, ValueError where its body is not made of JSON values.
        """
        return self.tell_all((fact,)).addCallback(_only)

    def tell_all(self, facts: Sequence[Fact]) -> Deferred[Sequence[Entry]]:
        """Append several facts in one transaction: all are on disk, or none."""
        refusal = self._refusal()
        if refusal is not None:
            return fail(refusal)
        if not facts:
            return succeed(())
        batch = Batch(tuple(facts), round(self._wall() * MICROSECONDS))
        self._waiting += len(batch.facts)
        self._lane.put(batch)
        return batch.fired

    def attach(self, fold: IFold) -> None:
        """Replay every entry into a fold, earlier incarnations' too, then keep it current."""
        for placed in read_rows(self._ledger.store.path, Wanted(upto=self._place)):
            fold.apply(entry_of(placed.row))
        self._audience.attach(fold)

    def follow(self, watcher: Callable[[Entry], object]) -> Callable[[], None]:
        """Call ``watcher(entry)`` for each entry committed from now on; call the result to cease."""
        return self._audience.follow(watcher)

    def entries(
        self, since: int = 0, kinds: Iterable[str] = (), session: str | None = None, limit: int | None = None
    ) -> Iterator[Entry]:
        """Yield committed entries with a seq above ``since``, oldest first; 0: earlier incarnations' too.

        Reads the disk on a connection of its own: call it from a thread, or with a small limit.
        """
        path, after = self._ledger.store.path, 0
        if since > 0:
            found = find_place(path, self.origin, since)
            if found is None:
                return
            after = found
        for placed in read_rows(path, Wanted(after, None, tuple(kinds), session, limit)):
            yield entry_of(placed.row)

    def head(self) -> tuple[int, bytes]:
        """Return the last committed seq and its chain hash."""
        return self._head.seq, self._head.hash

    def envelope(self, entry: Entry) -> Envelope:
        """Return an entry's row without its body; raise KeyError for one that is not here. Reads the disk."""
        path = self._ledger.store.path
        place = find_place(path, entry.origin, entry.seq)
        if place is None:
            raise KeyError(entry.id)
        return next(read_rows(path, Wanted(place - 1, place))).row.envelope

    def prune(self, before: float, kinds: Iterable[str]) -> Deferred[int]:
        """Forget the bodies of some kinds told before a time (seconds since the epoch); fire with how many.

        The rows stay and the chain verifies. Raises ValueError for kinds that folds rest on.
        """
        return Deferred.fromCoroutine(self._prune(round(before * MICROSECONDS), prunable(kinds)))

    def close(self) -> Deferred[None]:
        """Commit what was told, then close the store; facts told later fail."""
        if self._closed is None:
            errand = Errand(self._ledger.close, last=True)
            self._closed = errand.fired
            self._lane.put(errand)
        waiter: Deferred[None] = Deferred()
        self._closed.chainDeferred(waiter)
        return waiter

    async def _prune(self, before_us: int, kinds: Sequence[str]) -> int:
        total, done = 0, PRUNED_AT_ONCE
        while done == PRUNED_AT_ONCE and kinds:
            refusal = self._refusal()
            if refusal is not None:
                raise refusal
            errand = Errand(lambda: self._ledger.prune(before_us, kinds, PRUNED_AT_ONCE))
            self._lane.put(errand)
            done = await errand.fired
            total += done
        return total

    def _refusal(self) -> OSError | None:
        path = str(self._ledger.store.path)
        if self._closed is not None:
            return OSError(errno.EBADF, "the journal is closed", path)
        if self._waiting >= MOST_WAITING:
            return OSError(errno.EAGAIN, f"{self._waiting} facts wait for the disk already", path)
        return None

    def _deliver(self, outcomes: Sequence[Outcome]) -> None:
        for outcome in outcomes:
            fired = outcome.batch.fired
            self._waiting -= len(outcome.batch.facts)
            if outcome.failure is not None:
                fired.errback(outcome.failure)
            elif failures := self._shown(outcome.entries, outcome.hashes):
                fired.errback(failures[0])
            else:
                fired.callback(outcome.entries)

    def _shown(self, entries: Sequence[Entry], hashes: Sequence[bytes]) -> list[Failure]:
        failures = []
        for entry, linked in zip(entries, hashes, strict=True):
            # Before it is shown: a fold that is attached meanwhile gets it by replay, once.
            self._place, self._head = self._place + 1, Head(entry.origin, entry.seq, linked)
            failure = self._audience.show(entry)
            if failure is not None:
                failures.append(failure)
        return failures


def _only(entries: Sequence[Entry]) -> Entry:
    return entries[0]
