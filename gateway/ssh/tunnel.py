"""A Twisted transport whose network is a channel: SSH within SSH.

The rule: bytes come and go within the channel's windows and are refunded as the inner transport takes them; what the
inner side writes waits in the channel's ordered queue, and its producer is paused while that is long. Closing and
aborting end the channel, and the connection that carries it only where that lives for this channel alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import attrs
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IConsumer, IProtocol, IPushProducer, ITransport
from twisted.python.failure import Failure
from zope.interface import implementer

from gateway.wire.channels import ChannelEnd

WINDOW = 2 * 1024 * 1024
HIGH, LOW = 1024 * 1024, 256 * 1024
"""Queued bytes at which the inner side is paused, and goes on."""
REFUND_AT = 64 * 1024


@implementer(ITransport, IConsumer, IPushProducer)
@attrs.define(eq=False)
class Tunnel:
    """Carry a protocol over one channel; listen to the channel."""

    end: ChannelEnd
    protocol: IProtocol
    source: str
    carrying: Callable[[], None] | None = None
    """Cuts the connection that carries the channel, where it lives for this one alone."""
    disconnecting: bool = attrs.field(init=False, default=False)
    _producer: IPushProducer | None = attrs.field(init=False, default=None)
    _producing: bool = attrs.field(init=False, default=True)
    _paused: bool = attrs.field(init=False, default=False)
    _owed: int = attrs.field(init=False, default=0)
    _lost: bool = attrs.field(init=False, default=False)

    # What the inner protocol calls.

    def write(self, data: bytes) -> None:
        """Queue bytes."""
        self.end.write(data)
        self._pace()

    def writeSequence(self, iovec: Iterable[bytes]) -> None:
        """Queue several pieces."""
        self.write(b"".join(iovec))

    def loseConnection(self) -> None:
        """Close the channel behind what is queued."""
        self.disconnecting = True
        self.end.end()
        self.end.close()

    def abortConnection(self) -> None:
        """Close the channel; what is queued is of no use any more."""
        self.disconnecting = True
        self.end.drop()
        self.end.close()
        self._leave()

    def getPeer(self) -> IPv4Address | IPv6Address:
        """Return where the outer connection comes from."""
        kind = IPv6Address if ":" in self.source else IPv4Address
        return kind("TCP", self.source, 0)

    def getHost(self) -> IPv4Address:
        """Return an address that says nothing: the inner side has none."""
        return IPv4Address("TCP", "0.0.0.0", 0)  # noqa: S104 - not a listener

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Pause and resume whoever writes."""
        self._producer = producer
        self._pace()

    def unregisterProducer(self) -> None:
        """Forget the writer."""
        self._producer = None

    def pauseProducing(self) -> None:
        """Refund nothing: the inner side reads no more for now."""
        self._paused = True

    def resumeProducing(self) -> None:
        """Refund what was held back, and refund again."""
        self._paused = False
        self._refund()

    def stopProducing(self) -> None:
        """Close the channel."""
        self.loseConnection()

    @property
    def _tempDataLen(self) -> int:
        """Say how much the channel has not taken yet, where the carrier looks for it."""
        return self.end.queued

    # What the channel tells.

    def opened(self) -> None:
        """Never called: the operator opens."""

    def open_refused(self, code: int, text: str) -> None:
        """Never called: the operator opens."""

    def received(self, chunk: bytes, stderr: bool) -> None:
        """Give bytes to the inner protocol."""
        self._owed += len(chunk)
        self.protocol.dataReceived(chunk)
        self._refund()

    def widened(self) -> None:
        """Let the writer go on."""
        self._pace()

    def ended(self) -> None:
        """Lose the connection: SSH knows no half-close."""
        self.loseConnection()

    def requested(self, name: str, payload: bytes, slot: int | None) -> None:
        """Refuse: such a channel has no requests."""
        self.end.reply(slot, False)

    def replied(self, ok: bool) -> None:
        """Ignore: nothing sent here wants a reply."""

    def closed(self) -> None:
        """Tell the inner protocol that its connection is gone."""
        if not self._lost:
            self._lost = True
            self.protocol.connectionLost(Failure(ConnectionDone()))
            self._leave()

    def _leave(self) -> None:
        carrying, self.carrying = self.carrying, None
        if carrying is not None:
            carrying()

    def _refund(self) -> None:
        if not self._paused and (self._owed >= REFUND_AT or self.end.granted < REFUND_AT):
            owed, self._owed = self._owed, 0
            self.end.grant(owed)

    def _pace(self) -> None:
        producer = self._producer
        if producer is None:
            return
        if self._producing and self.end.queued > HIGH:
            self._producing = False
            producer.pauseProducing()
        elif not self._producing and self.end.queued < LOW:
            self._producing = True
            producer.resumeProducing()
