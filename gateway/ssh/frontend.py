"""Connections that a named front end passes on: whose they are is said by the PROXY header before the first byte.

The rule: from a front end's address a header comes first, whole, soon, or the connection is cut; nothing is made for a
connection before its source is known, and the source that the header says is the only one there is from then on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from twisted.internet.interfaces import IDelayedCall
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure

from gateway.wire.proxyline import NotProxied, read_header
from gateway.wire.violation import Counts

HEADER_SECONDS: Final = 5.0
"""Seconds in which a front end has said whose connection it is."""
MOST_HEADERLESS: Final = 256
"""Connections of front ends that have not said it yet."""

Admit = Callable[[str], Protocol | None]
"""Called with a source; gives what speaks with it, or None when it is refused."""


class FrontEnds:
    """Hold what has no source yet."""

    def __init__(self, clock: Any, violations: Counts) -> None:
        self.clock = clock
        self.violations = violations
        self.headerless: set[PassedOn] = set()

    def passed_on(self, address: str, admit: Admit) -> Protocol | None:
        """Return what reads the header of a front end's connection; None when too many wait for theirs."""
        if len(self.headerless) >= MOST_HEADERLESS:
            return None
        passed = PassedOn(self, address, admit)
        self.headerless.add(passed)
        return passed

    def abort_all(self) -> None:
        """Cut every connection that has no source yet."""
        for passed in tuple(self.headerless):
            passed.cut()


class PassedOn(Protocol):
    """One connection until its header is read."""

    transport: Any

    def __init__(self, front_ends: FrontEnds, address: str, admit: Admit) -> None:
        self.front_ends = front_ends
        self.address = address
        self.admit = admit
        self._received = b""
        self._deadline: IDelayedCall = front_ends.clock.callLater(HEADER_SECONDS, self._too_late)

    def dataReceived(self, data: bytes) -> None:
        """Take bytes until the header is whole."""
        if self not in self.front_ends.headerless:
            return
        self._received += data
        try:
            header = read_header(self._received)
        except NotProxied:
            self.front_ends.violations.count("proxy-header")
            self.cut()
            return
        if header is not None:
            self._go_on(header.source or self.address, self._received[header.taken :])

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Forget it."""
        self._leave()

    def cut(self) -> None:
        """Cut the connection without a word."""
        self._leave()
        if self.transport is not None:
            self.transport.abortConnection()

    def _too_late(self) -> None:
        self.front_ends.violations.count("proxy-header")
        self.cut()

    def _leave(self) -> None:
        self.front_ends.headerless.discard(self)
        if self._deadline.active():
            self._deadline.cancel()

    def _go_on(self, source: str, rest: bytes) -> None:
        """Have the transport's events go to who speaks with the source, as if it had connected itself."""
        self._leave()
        admitted, transport = self.admit(source), self.transport
        if admitted is None:
            transport.abortConnection()
            return
        transport.protocol = admitted
        admitted.makeConnection(transport)
        if rest:
            admitted.dataReceived(rest)
