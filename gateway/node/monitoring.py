"""What the monitoring reads of this node: figures, standing and readiness, and the listener for them.

The rule: the figures follow the journal from the start of the node; nothing here can stop a session.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
from prometheus_client import GCCollector, PlatformCollector, ProcessCollector

from gateway.admin.metrics.figures import Figures
from gateway.admin.metrics.lag import Lag
from gateway.admin.metrics.pages import Pages
from gateway.admin.metrics.standing import Sources, Standing
from gateway.admin.web.server import Door, Front, Limited
from gateway.node.rooms import Rooms
from gateway.ssh.listener import Listener


@attrs.define(eq=False, repr=False)
class Monitoring:
    """Count from :meth:`start` to :meth:`stop`."""

    rooms: Rooms
    version: str
    admitting: Callable[[], str]
    """Says why no session can start now; empty where one can."""
    listener: Callable[[], Listener | None]
    web: Callable[[], Mapping[str, float]]
    figures: Figures = attrs.field(init=False, factory=Figures)
    _lag: Lag = attrs.field(init=False)
    _cease: Callable[[], None] | None = attrs.field(init=False, default=None)

    def __attrs_post_init__(self) -> None:
        """Make the families."""
        registry = self.figures.registry
        self._lag = Lag(self.rooms.clock, registry)
        Standing(self._sources()).register(registry)
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=registry)

    def start(self) -> None:
        """Follow the journal and the clock."""
        self._cease = self.rooms.journal.follow(self.figures.count)
        self._lag.start()

    def stop(self) -> None:
        """Follow no more."""
        self._lag.stop()
        cease, self._cease = self._cease, None
        if cease is not None:
            cease()

    def factory(self) -> Limited:
        """Return what answers on ``[metrics] listen``."""
        return Limited(Door(Pages(self.figures.registry, self.hindrances), self.rooms.clock, Front()))

    def hindrances(self) -> Sequence[Mapping[str, Any]]:
        """Name what keeps this node from taking a session now."""
        words = self.admitting()
        found = [{"name": "admission", "detail": words}] if words else []
        state = self.rooms.state
        if not os.access(state, os.W_OK):
            found.append({"name": "store", "detail": f"{state} can not be written"})
        if self.listener() is None:
            found.append({"name": "ssh", "detail": "the operators' door is not open"})
        return found

    def _sources(self) -> Sources:
        rooms = self.rooms
        return Sources(
            node=rooms.config.node.name,
            version=self.version,
            sessions=lambda: rooms.roster.sessions(live=True),
            locks=rooms.orders.locks,
            disk=lambda: free_ratio(rooms.state),
            admission=lambda: _admission(self.listener()),
            waiting=lambda: _waiting(self.listener()),
            violations=lambda: _violations(self.listener()),
            destinations=rooms.outlets.status,
            viewers=lambda: sum(int(row["watchers"]) for row in rooms.roster.sessions(live=True)),
            web=self.web,
        )


def free_ratio(folder: Path) -> float | None:
    """Return what is left of a folder's file system, 0 to 1; None where it can not be told."""
    try:
        found = os.statvfs(folder)
    except OSError:
        return None
    return found.f_bavail / found.f_blocks if found.f_blocks else None


def _admission(listener: Listener | None) -> Mapping[str, float]:
    return {} if listener is None else attrs.asdict(listener.admission.counters)


def _waiting(listener: Listener | None) -> int:
    return 0 if listener is None else listener.admission.waiting


def _violations(listener: Listener | None) -> Mapping[str, float]:
    return {} if listener is None else {name: float(count) for name, count in listener.violations.counted.items()}
