"""Ways out through plugins: a sink takes entries themselves, batch by batch.

The rule: a sink is given what it has not said it has, in order, and one batch at a time. Whatever goes wrong in it is a
way that failed, tried again later and later; no session and no other destination waits for it. What it took is its own
responsibility, so the cursor follows at once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import attrs
from twisted.internet.defer import CancelledError, Deferred, maybeDeferred
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from gateway.interfaces import IFactSink
from gateway.siem.texts import printable
from gateway.siem.ways import IWay

log = Logger()


@implementer(IWay)
@attrs.define(eq=False)
class SinkWay:
    """Hand batches to a sink."""

    sink: IFactSink
    window: float = 0.0
    _count: int = 0

    def send(self, messages: Sequence[Any]) -> Deferred[None]:
        """Deliver a batch; what the plugin raises fails as OSError."""
        given: Deferred[Any] = maybeDeferred(self.sink.deliver, tuple(messages))
        return given.addCallbacks(self._taken, self._failed, callbackArgs=(len(messages),))

    def _taken(self, _: object, count: int) -> None:
        self._count += count

    def _failed(self, failure: Failure) -> Failure:
        if isinstance(failure.value, CancelledError):
            return failure
        words = printable(str(failure.value)) or type(failure.value).__name__
        raise OSError(f"{self.sink.name}: {words}") from None

    def acknowledged(self) -> int:
        """Return how many entries were taken."""
        return self._count

    def lost(self) -> Deferred[None]:
        """Never fire: a sink fails when it is given something."""
        return Deferred()

    def close(self) -> Deferred[None]:
        """Have the sink let go."""
        closed: Deferred[Any] = maybeDeferred(self.sink.close)
        return closed.addErrback(self._not_closed)

    def _not_closed(self, failure: Failure) -> None:
        log.warn("{name} could not be closed: {words}", name=self.sink.name, words=failure.getErrorMessage())

    def drop(self) -> None:
        """Leave it to the sink."""


def opening_sink(sink: IFactSink) -> Callable[[], Awaitable[IWay]]:
    """Return what opens a sink's way; the sink connects when it is given something."""

    async def open_way() -> IWay:
        return SinkWay(sink)

    return open_way
