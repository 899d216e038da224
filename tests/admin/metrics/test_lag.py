"""Appointments and how late they are kept."""

from __future__ import annotations

from prometheus_client import CollectorRegistry
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from gateway.admin.metrics.lag import EVERY, Lag


class LagTests(SynchronousTestCase):
    """A clock that is late."""

    def test_what_is_late_is_seen_once_with_all_of_its_delay(self) -> None:
        """In time, then two seconds late, then no more."""
        clock, registry = Clock(), CollectorRegistry()
        lag = Lag(clock, registry)
        lag.start()
        clock.advance(EVERY)
        self.assertEqual(registry.get_sample_value("ostiary_reactor_lag_seconds_sum"), 0)
        clock.advance(EVERY + 2)
        self.assertEqual(registry.get_sample_value("ostiary_reactor_lag_seconds_sum"), 2)
        lag.stop()
        lag.stop()
        self.assertEqual(clock.getDelayedCalls(), [])
