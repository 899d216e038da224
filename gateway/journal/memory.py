"""A journal without a disk: the same chain, the same order, nothing kept.

The rule: whoever listens or reads can not tell it from a journal over a store. It is for tests, for plugin
authors and for trying things out; its key dies with it.
"""

from __future__ import annotations

import errno
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Sequence

import attrs
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer

from gateway.domain.facts import Entry, Fact
from gateway.interfaces.facts import IFold, IJournal
from gateway.journal.audience import Audience
from gateway.journal.chain import Envelope, Head, Row, entry_of, extend
from gateway.journal.lanes import DirectLane, Errand, Work
from gateway.journal.ledger import MICROSECONDS, Batch, Outcome, stamp
from gateway.journal.pruning import prunable


@implementer(IJournal)
@attrs.define(eq=False)
class MemoryJournal:
    """Keep a journal in memory; every Deferred has fired when it is returned.

    ``failure`` may be set to an OSError: what is told then fails with it, as with a full disk.
    """

    name: str = "memory"
    worker: int = 0
    wall: Callable[[], float] = time.time
    failure: OSError | None = None
    _rows: list[Row] = attrs.field(factory=list)
    _key: Ed25519PrivateKey = attrs.field(factory=Ed25519PrivateKey.generate)
    _audience: Audience = attrs.field(factory=Audience)
    _shown: int = 0
    _closed: bool = False
    _lane: DirectLane = attrs.field(init=False)
    _origin: str = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._origin = f"{self.name}#{self.worker}.{secrets.token_hex(2)}"
        self._lane = DirectLane(Work(self._commit, self._deliver))
        public = self.public.public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.tell(Fact("journal.opened", {"cause": "made", "public": public.hex()}))

    @property
    def origin(self) -> str:
        """``name#worker.incarnation``."""
        return self._origin

    @property
    def public(self) -> Ed25519PublicKey:
        """The key that its envelopes verify with."""
        return self._key.public_key()

    @property
    def is_short_of_space(self) -> bool:
        """Tell whether ``failure`` is set."""
        return self.failure is not None

    def tell(self, fact: Fact) -> Deferred[Entry]:
        """Append a fact; the Deferred has fired. Fails with ``failure``, or ValueError for a body that is not
        JSON."""
        return self.tell_all((fact,)).addCallback(_only)

    def tell_all(self, facts: Sequence[Fact]) -> Deferred[Sequence[Entry]]:
        """Append several facts, all or none."""
        batch = Batch(tuple(facts), round(self.wall() * MICROSECONDS))
        self._lane.put(batch)
        return batch.fired

    def attach(self, fold: IFold) -> None:
        """Replay every entry into a fold, then keep it current."""
        for row in self._rows[: self._shown]:
            fold.apply(entry_of(row))
        self._audience.attach(fold)

    def follow(self, watcher: Callable[[Entry], object]) -> Callable[[], None]:
        """Call ``watcher(entry)`` for each entry from now on; call the result to cease."""
        return self._audience.follow(watcher)

    def entries(
        self, since: int = 0, kinds: Iterable[str] = (), session: str | None = None, limit: int | None = None
    ) -> Iterator[Entry]:
        """Yield entries with a seq above ``since``, oldest first."""
        wanted, left = frozenset(kinds), limit
        for row in tuple(self._rows[max(since, 0) :]):
            if left is not None and left <= 0:
                return
            of_kind = not wanted or row.envelope.kind in wanted
            if of_kind and (session is None or row.session == session):
                left = None if left is None else left - 1
                yield entry_of(row)

    def head(self) -> tuple[int, bytes]:
        """Return the last seq and its chain hash."""
        shown = self._head(self._shown)
        return shown.seq, shown.hash

    def envelope(self, entry: Entry) -> Envelope:
        """Return an entry's row without its body; raise KeyError for one that is not here."""
        if entry.origin != self._origin or not 0 < entry.seq <= len(self._rows):
            raise KeyError(entry.id)
        return self._rows[entry.seq - 1].envelope

    def prune(self, before: float, kinds: Iterable[str]) -> Deferred[int]:
        """Forget the bodies of some kinds told before a time; raise ValueError for kinds that stay."""
        chosen, before_us = prunable(kinds), round(before * MICROSECONDS)
        errand = Errand(lambda: self._forget(chosen, before_us))
        self._lane.put(errand)
        return errand.fired

    def close(self) -> Deferred[None]:
        """End the journal: facts told later fail with OSError."""
        self._closed = True
        return succeed(None)

    def _head(self, seq: int) -> Head:
        return Head(self._origin, seq, self._rows[seq - 1].envelope.hash) if seq else Head(self._origin)

    def _forget(self, kinds: Sequence[str], before_us: int) -> int:
        pruned = 0
        for place, row in enumerate(self._rows):
            told = row.envelope
            if told.kind in kinds and told.time_us < before_us and row.body is not None:
                self._rows[place] = Row(told, None)
                pruned += 1
        return pruned

    def _commit(self, group: Sequence[Batch]) -> list[Outcome]:
        return [self._outcome(batch) for batch in group]

    def _outcome(self, batch: Batch) -> Outcome:
        failure = OSError(errno.EBADF, "the journal is closed") if self._closed else self.failure
        if failure is not None:
            return Outcome(batch, failure=failure)
        try:
            stamped = [stamp(fact, batch.time_us) for fact in batch.facts]
        except ValueError as wrong:
            return Outcome(batch, failure=wrong)
        rows, _head = extend(self._head(len(self._rows)), stamped, self._key.sign)
        self._rows.extend(rows)
        return Outcome(batch, [entry_of(row) for row in rows], [row.envelope.hash for row in rows])

    def _deliver(self, outcomes: Sequence[Outcome]) -> None:
        for outcome in outcomes:
            failures = []
            for entry in outcome.entries:
                self._shown = entry.seq
                failures.append(self._audience.show(entry))
            failure = outcome.failure or next((one for one in failures if one is not None), None)
            if failure is not None:
                outcome.batch.fired.errback(failure)
            else:
                outcome.batch.fired.callback(outcome.entries)


def _only(entries: Sequence[Entry]) -> Entry:
    return entries[0]
