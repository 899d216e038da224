"""How things stand, read at the moment somebody asks.

The rule: nothing is kept here; each number is asked of whom it belongs to, and what can not be told is left out
rather than said to be zero.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import attrs
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

Row = Mapping[str, Any]


def _no_rows() -> Sequence[Row]:
    return ()


def _no_counts() -> Mapping[str, float]:
    return {}


@attrs.frozen
class Sources:
    """Whom the numbers are asked of."""

    node: str
    version: str
    sessions: Callable[[], Sequence[Row]]
    """The live sessions, in the JSON shape of the public contract."""
    locks: Callable[[], Sequence[Row]]
    disk: Callable[[], float | None]
    """What is left of the recordings' file system, 0 to 1; None where it can not be told."""
    admission: Callable[[], Mapping[str, float]] = _no_counts
    """Decisions on connections that have not logged in, by outcome."""
    waiting: Callable[[], int] = lambda: 0
    violations: Callable[[], Mapping[str, float]] = _no_counts
    destinations: Callable[[], Sequence[Row]] = _no_rows
    """Rows of ``destination, state, lag``."""
    viewers: Callable[[], int] = lambda: 0
    web: Callable[[], Mapping[str, float]] = _no_counts
    """Web sessions and open streams, by ``visits | streams``."""


@attrs.define(eq=False, slots=False)
class Standing(Collector):
    """Give the numbers to prometheus-client."""

    sources: Sources

    def register(self, registry: CollectorRegistry) -> None:
        """Be asked with the rest of a registry."""
        registry.register(self)

    def describe(self) -> Iterable[Metric]:
        """Name nothing ahead: the names are those of :meth:`collect`."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Yield each number as it is now."""
        sources = self.sources
        yield _gauge("build_info", "The version that runs.", {sources.version: 1}, "version")
        yield _gauge("node_up", "1 while the node serves.", {sources.node: 1}, "node")
        active = Counter(str(row.get("protocol") or "") for row in sources.sessions())
        yield _gauge("sessions_active", "Sessions that go on.", active or {"": 0}, "protocol")
        yield _single("locks_active", "Locks in force.", len(sources.locks()))
        yield _single("live_viewers", "Who watches a session now.", sources.viewers())
        left = sources.disk()
        if left is not None:
            yield _single("recording_disk_free_ratio", "What is left of the recordings' file system.", left)
        yield from self._arrivals()
        yield from self._destinations()
        yield _gauge("web_open", "Web sessions and open streams.", sources.web(), "what")

    def _arrivals(self) -> Iterator[Metric]:
        sources = self.sources
        yield _single("logins_waiting", "Connections that have not logged in yet.", sources.waiting())
        yield _counter("connections", "Connections by the decision on them.", sources.admission(), "decision")
        says = "Connections that broke the protocol, by how."
        yield _counter("protocol_violations", says, sources.violations(), "name")

    def _destinations(self) -> Iterator[Metric]:
        rows = self.sources.destinations()
        lag = {str(row["destination"]): float(row.get("lag") or 0) for row in rows}
        up = {str(row["destination"]): float(row.get("state") == "up") for row in rows}
        yield _gauge("siem_queue_length", "Events that a destination has not taken yet.", lag, "sink")
        yield _gauge("siem_up", "1 while a destination takes events.", up, "sink")


def _single(name: str, says: str, value: float) -> Metric:
    return GaugeMetricFamily(f"ostiary_{name}", says, value=value)


def _gauge(name: str, says: str, values: Mapping[str, float], label: str) -> Metric:
    family = GaugeMetricFamily(f"ostiary_{name}", says, labels=(label,))
    for key, value in sorted(values.items()):
        family.add_metric((key,), value)
    return family


def _counter(name: str, says: str, values: Mapping[str, float], label: str) -> Metric:
    family = CounterMetricFamily(f"ostiary_{name}", says, labels=(label,))
    for key, value in sorted(values.items()):
        family.add_metric((key,), value)
    return family
