"""Where a scanner listens: ``unix:/path`` or ``tcp:HOST:PORT``."""

from __future__ import annotations

import re
from typing import Any

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint as NameEndpoint
from twisted.internet.endpoints import UNIXClientEndpoint
from twisted.internet.protocol import Factory, Protocol

from gateway.interfaces import InspectorError

CONNECTING = 10.0
"""Seconds until a scanner that does not answer is given up."""

_TCP = re.compile(r"tcp:(\[[0-9A-Fa-f:.]+\]|[^:\[\]\s/]+):([0-9]{1,5})")


@attrs.frozen
class Place:
    """A scanner's address: ``host`` is empty for a UNIX socket."""

    path: str
    host: str
    port: int

    @property
    def authority(self) -> str:
        """What an URL names it by."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}" if self.host else "localhost"

    def connect(self, reactor: Any, protocol: Protocol) -> Deferred[Protocol]:
        """Connect a protocol."""
        endpoint: Any
        if not self.host:
            endpoint = UNIXClientEndpoint(reactor, self.path, int(CONNECTING))  # type: ignore[no-untyped-call]
        else:
            endpoint = NameEndpoint(reactor, self.host, self.port, CONNECTING)
        connected: Deferred[Protocol] = endpoint.connect(Factory.forProtocol(lambda: protocol))
        return connected


def place(text: str) -> Place:
    """Read an address; raises InspectorError in words."""
    if text.startswith("unix:/"):
        return Place(text.removeprefix("unix:"), "", 0)
    found = _TCP.fullmatch(text)
    if found is None or not 0 < int(found[2]) < 65_536:
        raise InspectorError(f"address: {text!r:.80} is neither unix:/PATH nor tcp:HOST:PORT")
    return Place("", found[1].strip("[]"), int(found[2]))
