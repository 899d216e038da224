"""How late the reactor comes to its appointments: the time by which every key of every session is delayed.

The rule: one appointment a tick, and what is late is measured against the time it was made for, so that a blocked
reactor is seen once with all of its delay.
"""

from __future__ import annotations

import attrs
from prometheus_client import CollectorRegistry, Histogram
from twisted.internet.interfaces import IDelayedCall, IReactorTime

EVERY = 0.25
"""Seconds between two appointments."""
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


@attrs.define(eq=False, repr=False)
class Lag:
    """Keep appointments from :meth:`start` to :meth:`stop`."""

    clock: IReactorTime
    registry: CollectorRegistry
    seen: Histogram = attrs.field(init=False)
    _due: float = attrs.field(init=False, default=0.0)
    _call: IDelayedCall | None = attrs.field(init=False, default=None)

    def __attrs_post_init__(self) -> None:
        """Make the family."""
        says = "How late the reactor comes to its appointments."
        self.seen = Histogram("ostiary_reactor_lag_seconds", says, registry=self.registry, buckets=BUCKETS)

    def start(self) -> None:
        """Make the first appointment."""
        self._due = self.clock.seconds() + EVERY
        self._call = self.clock.callLater(EVERY, self._keep)

    def stop(self) -> None:
        """Make no more."""
        call, self._call = self._call, None
        if call is not None and call.active():
            call.cancel()

    def _keep(self) -> None:
        self.seen.observe(max(0.0, self.clock.seconds() - self._due))
        self.start()
