"""Syslog over TCP and TLS.

The rule: messages are counted (RFC 6587, RFC 5425), so none can look like two. A stream's end never says what arrived:
what was handed over is counted as gone only when the other machine has acknowledged its bytes.
"""

from __future__ import annotations

import fcntl
import struct
import termios
from collections import deque
from collections.abc import Sequence
from typing import Any

import attrs
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IHandshakeListener, IProtocol, IPushProducer
from twisted.python.failure import Failure
from zope.interface import implementer

from gateway.siem.ways import IWay

RESEND_WINDOW = 30.0
"""Seconds an acknowledged message is still sent again where its stream breaks: the receiver may have died with it."""
SLACK = 256 * 1024
"""Bytes that may wait in this process while a stream is busy."""


def counted(messages: Sequence[bytes]) -> bytes:
    """Return messages with their octet counts."""
    return b"".join(b"%d %b" % (len(message), message) for message in messages)


@implementer(IProtocol, IHandshakeListener, IPushProducer, IWay)
@attrs.define(eq=False)
class Stream:
    """Write to one connection; ``ready`` fires when it can be written to, fails where it never could."""

    is_tls: bool = False
    window: float = RESEND_WINDOW
    transport: Any = None
    ready: Deferred[None] = attrs.field(factory=Deferred)
    _room: Deferred[None] | None = None
    _gone: Failure | None = None
    _waiting: list[Deferred[None]] = attrs.field(factory=list)
    _written: int = 0
    _before: int = 0
    _marks: deque[tuple[int, int]] = attrs.field(factory=deque)
    _count: int = 0
    _acknowledged: int = 0

    # Twisted calls these.

    def makeConnection(self, transport: Any) -> None:  # noqa: N802 - Twisted's
        """Begin."""
        self.transport = transport
        transport.registerProducer(self, True)
        if not self.is_tls:
            transport.setTcpKeepAlive(1)
            self.ready.callback(None)

    def connectionMade(self) -> None:  # noqa: N802 - Twisted's
        """Nothing is left to do: :meth:`makeConnection` did it."""

    def handshakeCompleted(self) -> None:  # noqa: N802 - Twisted's
        """Note that the peer is who it should be."""
        if not self.ready.called:
            self.ready.callback(None)

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 - Twisted's
        """Drop what a receiver says: syslog has no answers."""

    def connectionLost(self, reason: Failure) -> None:  # noqa: N802 - Twisted's
        """Tell whoever waits."""
        self._gone = reason
        waiting, self._waiting = self._waiting, []
        room, self._room = self._room, None
        if not self.ready.called:
            self.ready.errback(OSError(said(reason)))
        for waiter in waiting:
            waiter.callback(None)
        if room is not None:
            room.errback(OSError(said(reason)))

    def pauseProducing(self) -> None:  # noqa: N802 - Twisted's
        """Note that the connection is full."""
        if self._room is None:
            self._room = Deferred()

    def resumeProducing(self) -> None:  # noqa: N802 - Twisted's
        """Note that the connection has room again."""
        room, self._room = self._room, None
        if room is not None:
            room.callback(None)

    def stopProducing(self) -> None:  # noqa: N802 - Twisted's
        """Do nothing: :meth:`connectionLost` tells."""

    # The outlet calls these.

    def send(self, messages: Sequence[bytes]) -> Deferred[None]:
        """Write counted messages."""
        if self._gone is not None:
            return fail(OSError(said(self._gone)))
        raw = counted(messages)
        self._written += len(raw)
        self._count += len(messages)
        self._marks.append((self._written, self._count))
        self.transport.write(raw)
        return self._room if self._room is not None else succeed(None)

    def acknowledged(self) -> int:
        """Return how many messages the other machine's kernel has, at least; asked now and then."""
        if self._gone is None:
            unsent = self._outstanding()
            idle = not unsent and self._room is None
            gone = self._before if idle else self._written - unsent - SLACK
            self._before = self._written
            while self._marks and self._marks[0][0] <= gone:
                self._acknowledged = self._marks.popleft()[1]
        return self._acknowledged

    def lost(self) -> Deferred[None]:
        """Fire once the connection is gone."""
        if self._gone is not None:
            return succeed(None)
        waiter: Deferred[None] = Deferred()
        self._waiting.append(waiter)
        return waiter

    def close(self) -> Deferred[None]:
        """Close the connection when what was written has left."""
        gone = self.lost()
        if self._gone is None and self.transport is not None:
            self.transport.unregisterProducer()
            self.transport.loseConnection()
            return gone
        return succeed(None)

    def drop(self) -> None:
        """Cut the connection."""
        if self._gone is None and self.transport is not None:
            self.transport.abortConnection()

    def _outstanding(self) -> int:
        """Return the bytes the kernel keeps because the peer has not acknowledged them (TLS: enciphered, so more)."""
        under = getattr(self.transport, "transport", self.transport)
        try:
            raw = fcntl.ioctl(under.fileno(), termios.TIOCOUTQ, b"\0\0\0\0")
        except (OSError, AttributeError, ValueError):
            return SLACK
        return int(struct.unpack("i", raw)[0])


def said(reason: Failure) -> str:
    """Return the end of a connection in words."""
    if isinstance(reason.value, ConnectionDone):
        return "the receiver closed the connection"
    if isinstance(reason.value, ConnectionLost):
        return "the connection broke"
    words = reason.getErrorMessage().strip("[]() ")
    return f"{type(reason.value).__name__}: {words}" if words else type(reason.value).__name__
