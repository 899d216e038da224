"""Who hears of committed entries: folds first, then watchers.

The rule: an entry is shown to every fold and every watcher, whatever one of them does. A fold that raises
makes the teller's Deferred fail (what it told of is on disk but not in force here); a watcher that raises is
logged.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs
from twisted.internet.defer import maybeDeferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from gateway.domain.facts import Entry
from gateway.interfaces.facts import IFold

LOG = Logger()


@attrs.define
class Audience:
    """Hold the folds and watchers of one journal."""

    _folds: list[IFold] = attrs.field(factory=list)
    _watchers: list[Callable[[Entry], object]] = attrs.field(factory=list)

    def attach(self, fold: IFold) -> None:
        """Show a fold each entry from now on."""
        self._folds.append(fold)

    def follow(self, watcher: Callable[[Entry], object]) -> Callable[[], None]:
        """Show a watcher each entry from now on; call the result, once or more, to cease."""
        # Equal callables may be followed twice: what is removed is this one.
        seat = _Seat(watcher)
        self._watchers.append(seat)

        def cease() -> None:
            if seat in self._watchers:
                self._watchers.remove(seat)

        return cease

    def show(self, entry: Entry) -> Failure | None:
        """Show an entry to all; return the first failure of a fold."""
        failed: list[Failure] = []
        for fold in tuple(self._folds):
            maybeDeferred(fold.apply, entry).addErrback(failed.append)
        for watcher in tuple(self._watchers):
            maybeDeferred(watcher, entry).addErrback(_log_watcher, entry)
        return failed[0] if failed else None


@attrs.frozen(eq=False)
class _Seat:
    watcher: Callable[[Entry], object]

    def __call__(self, entry: Entry) -> object:
        return self.watcher(entry)


def _log_watcher(failure: Failure, entry: Entry) -> None:
    LOG.failure("a watcher of the journal failed at {id}", failure=failure, id=entry.id)
