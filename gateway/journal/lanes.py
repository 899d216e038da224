"""How batches reach the ledger: through a thread of its own, or at once.

The rule: what is put in is done in that order. While one group is being committed, what arrives waits and
becomes the next group. An errand (a piece of other work on the store) is done alone. Only facts that no effect
waits for and that are no alarm linger, :data:`LINGER` seconds at most, so that what one session tells goes
together; whatever else is put in takes them along at once.

``ThreadLane`` serves a running node: the reactor's thread puts in and is told the outcome. ``DirectLane``
serves a programme without a reactor: everything is done before ``put`` returns, unless it was called by what
a lane is just delivering; then it is done right after.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

import attrs
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import IDelayedCall
from twisted.python.failure import Failure

from gateway.domain.facts.catalogue import Moment
from gateway.journal.ledger import Batch, Outcome

GROUP_FACTS = 256
"""A group takes further batches until it has so many facts: a bound on what one turn delivers."""

LINGER: Final = 0.05
"""Seconds that facts nobody waits for may wait for company."""

ALARM: Final = 4
"""The severity from which on a fact waits for nobody."""


@attrs.frozen(eq=False)
class Errand:
    """Hold other work on the store, and the Deferred of whoever asked; ``last``: the lane ends with it."""

    work: Callable[[], Any]
    last: bool = False
    fired: Deferred[Any] = attrs.field(factory=Deferred)


Item = Batch | Errand
Done = Callable[[], None]


class Turns(Protocol):
    """What of a reactor a lane with a thread needs."""

    def callFromThread(self, work: Callable[..., Any]) -> Any:
        """Run this where the reactor runs; may be called anywhere."""

    def callLater(self, seconds: float, work: Callable[..., Any]) -> IDelayedCall:
        """Run this some time later."""


def is_urgent(item: Item) -> bool:
    """Say whether an item is done at once: all but facts that no effect waits for and that are no alarm."""
    if isinstance(item, Errand):
        return True
    for fact in item.facts:
        kind = fact.described
        if kind.moment is Moment.BEFORE or (kind.severity if fact.severity is None else fact.severity) >= ALARM:
            return True
    return False


class Lane(Protocol):
    """The one thing a journal needs of either lane."""

    def put(self, item: Item) -> None:
        """Do this after everything that was put in before."""


@attrs.frozen
class Work:
    """Say how a lane does its work: ``commit`` blocks, ``deliver`` is called where the reactor runs."""

    commit: Callable[[Sequence[Batch]], list[Outcome]]
    deliver: Callable[[Sequence[Outcome]], None]

    def perform(self, group: Sequence[Item]) -> Done:
        """Do a group's work; return what is to be called where the reactor runs."""
        first = group[0]
        if isinstance(first, Errand):
            return _told(maybeDeferred(first.work), first.fired)
        batches = [item for item in group if isinstance(item, Batch)]
        outcomes: list[Outcome] = []
        maybeDeferred(self.commit, batches).addCallbacks(
            outcomes.extend, lambda failure: outcomes.extend(_all_failed(batches, failure))
        )
        return lambda: self.deliver(outcomes)


def next_group(waiting: deque[Item]) -> list[Item]:
    """Take what is done next: one errand, or batches up to the next errand or :data:`GROUP_FACTS`."""
    group = [waiting.popleft()]
    facts = 0 if isinstance(group[0], Errand) else len(group[0].facts)
    if isinstance(group[0], Errand):
        return group
    while waiting and facts < GROUP_FACTS:
        following = waiting[0]
        if isinstance(following, Errand):
            break
        facts += len(following.facts)
        group.append(waiting.popleft())
    return group


@attrs.define(eq=False)
class DirectLane:
    """Do everything at once, in the caller's thread."""

    _work: Work
    _waiting: deque[Item] = attrs.field(factory=deque)
    _busy: bool = False

    def put(self, item: Item) -> None:
        """Do this now, or right after what is being delivered."""
        self._waiting.append(item)
        if self._busy:
            return
        self._busy = True
        try:
            while self._waiting:
                self._work.perform(next_group(self._waiting))()
        finally:
            self._busy = False


@attrs.define(eq=False)
class ThreadLane:
    """Do the work in a thread of its own and deliver in the reactor's."""

    _work: Work
    _reactor: Turns
    _waiting: deque[Item] = attrs.field(factory=deque)
    _due: bool = False
    """Whether what waits is to be done now."""
    _arrived: threading.Condition = attrs.field(factory=threading.Condition)
    _thread: threading.Thread | None = None
    _later: IDelayedCall | None = None

    def put(self, item: Item) -> None:
        """Hand this to the thread, which begins with the first item."""
        if is_urgent(item):
            self._hand_over(item)
            return
        # Without a word to the thread: waking it costs more than the work it would do.
        self._waiting.append(item)
        if self._later is None:
            self._later = self._reactor.callLater(LINGER, self._hand_over)

    def _hand_over(self, item: Item | None = None) -> None:
        later, self._later = self._later, None
        if later is not None and later.active():
            later.cancel()
        with self._arrived:
            if item is not None:
                self._waiting.append(item)
            self._due = True
            self._arrived.notify()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        going_on = True
        while going_on:
            with self._arrived:
                self._arrived.wait_for(lambda: self._due and bool(self._waiting))
                group = next_group(self._waiting)
                self._due = bool(self._waiting)
            done = self._work.perform(group)
            self._reactor.callFromThread(done)
            going_on = not any(isinstance(item, Errand) and item.last for item in group)


def _told(answer: Deferred[Any], fired: Deferred[Any]) -> Done:
    def tell() -> None:
        answer.chainDeferred(fired)

    return tell


def _all_failed(batches: Sequence[Batch], failure: Failure) -> list[Outcome]:
    value = failure.value
    error = value if isinstance(value, Exception) else RuntimeError(str(value))
    return [Outcome(batch, failure=error) for batch in batches]
