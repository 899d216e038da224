"""The node's HTTP listeners: the console with the API, and the monitoring's.

The rule: counting begins before anything is served; what is served ends with the sessions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs
from twisted.internet.endpoints import serverFromString

from gateway.admin.room import Web
from gateway.node.monitoring import Monitoring
from gateway.node.rooms import Rooms
from gateway.node.verbs import VerbRooms
from gateway.node.web import WebDoors
from gateway.ssh.listener import Listener


@attrs.define(eq=False, repr=False)
class HttpDoors:
    """Hold both from the start of the node to its end."""

    rooms: Rooms
    version: str
    admitting: Callable[[], str]
    listener: Callable[[], Listener | None]
    monitoring: Monitoring = attrs.field(init=False)
    doors: WebDoors | None = attrs.field(init=False, default=None)

    def __attrs_post_init__(self) -> None:
        """Begin to count."""
        self.monitoring = Monitoring(self.rooms, self.version, self.admitting, self.listener, self._figures)
        self.monitoring.start()

    def web(self) -> Web | None:
        """Return the way into the console; None where it is not served."""
        return self.doors.web if self.doors is not None else None

    def arrived(self, seconds: float, result: str) -> None:
        """Take note how long the way to a target took."""
        self.monitoring.figures.connected(seconds, result)

    async def listen(self, reactor: Any, verbs: VerbRooms, ssh_port: int) -> list[tuple[Any, str, str]]:
        """Listen; return each port, what it is, and its address for people."""
        config, found = self.rooms.config, []
        if config.admin.listen:
            doors = self.doors = WebDoors(self.rooms, verbs.of_user, self.version, ssh_port)
            found = [(port, "console", place) for port, place in await doors.listen(reactor)]
        for text in config.metrics.listen:
            port = await serverFromString(reactor, text).listen(self.monitoring.factory())  # type: ignore[no-untyped-call]
            where = port.getHost()
            found.append((port, "metrics", f"http://{where.host}:{where.port}/metrics"))
        return found

    def tick(self) -> None:
        """End visits that have been idle or lasted too long."""
        if self.doors is not None:
            self.doors.visits.tick()

    def close(self) -> None:
        """Cut what browsers and programs still read."""
        if self.doors is not None:
            self.doors.close()

    def stop(self) -> None:
        """Count no more."""
        self.monitoring.stop()

    def _figures(self) -> Mapping[str, float]:
        return self.doors.figures() if self.doors is not None else {}
