"""Carry a link on a Twisted transport: when to write, when to wait, when to end.

The rule: what one reactor turn sends goes out in one write, and what is sent because of something read goes out as
soon as that is worked off; a violation becomes one DISCONNECT, one count and one closed connection, never a traceback;
a peer that does not read cannot keep a connection open.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, Protocol

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IPushProducer, IReactorTime, ITCPTransport, ITransport
from twisted.internet.tcp import Connection as TcpConnection
from zope.interface import implementer

from gateway.wire.direct import DirectSocket
from gateway.wire.link import Link
from gateway.wire.phases import Phase
from gateway.wire.rekeying import RekeyLimits
from gateway.wire.turn import TURN
from gateway.wire.violation import KEY_EXCHANGE_FAILED, Counts, Tally, Violation

FLUSH_AT: Final = 256 * 1024
"""Bytes collected in one turn that go out at once."""

LINGER: Final = 5.0
"""Seconds that a peer has for reading our last words."""

EXCHANGE_DEADLINE: Final = 300.0
"""Seconds after which a change of keys that the peer does not answer ends the connection."""

_STANDINGS: Final = {b"ssh-userauth": Phase.LOGIN, b"ssh-connection": Phase.CONNECTED}


class Service(Protocol):
    """What runs on a connection, shaped as Conch's services are."""

    name: bytes

    def serviceStarted(self) -> None:
        """Learn that the service runs."""

    def serviceStopped(self) -> None:
        """Learn that another service runs, or that the connection ended."""

    def packetReceived(self, number: int, payload: bytes) -> None:
        """Take a message."""


class Side(Protocol):
    """What an operator's and a target's connection do differently, and who wants to know of both."""

    on_writable: Callable[[bool], None] | None
    on_closed: Callable[[str], None] | None

    def exchange_received(self, payload: bytes) -> None:
        """Take the peer's public value."""

    def exchange_finished(self, *, first: bool) -> None:
        """Learn that both directions have their new keys."""

    def service_received(self, number: int, payload: bytes) -> None:
        """Take SERVICE_REQUEST or SERVICE_ACCEPT."""

    def ended(self, reason: str) -> None:
        """Learn that the connection is gone."""


@implementer(IPushProducer)
@attrs.define(eq=False)
class Carrier:
    """Join a link, a service and a Twisted transport."""

    clock: IReactorTime = attrs.field(repr=False)
    side: Side = attrs.field(repr=False)
    tally: Tally = attrs.field(factory=Counts)
    limits: RekeyLimits = attrs.field(factory=RekeyLimits)
    closed: Deferred[str] = attrs.field(factory=Deferred, init=False, repr=False)
    service: Service | None = attrs.field(default=None, init=False)
    on_change: Callable[[], None] | None = attrs.field(default=None, init=False, repr=False)
    """Called when :attr:`writable` or :attr:`exchanging` changed."""
    link: Link = attrs.field(init=False)
    """What is carried; it needs its owner first, so :meth:`carry` brings it before anything else runs."""
    _transport: ITransport | None = attrs.field(default=None, init=False)
    _reason: str = attrs.field(default="", init=False)
    _stalled: bool = attrs.field(default=False, init=False)
    _writable: bool = attrs.field(default=True, init=False)
    _exchanging: bool = attrs.field(default=False, init=False)
    _direct: DirectSocket | None = attrs.field(default=None, init=False, repr=False)
    _due: bool = attrs.field(default=False, init=False)
    holds: set[str] = attrs.field(factory=set, init=False)
    _flush: IDelayedCall | None = attrs.field(default=None, init=False)
    _timer: IDelayedCall | None = attrs.field(default=None, init=False)
    _keys_expire: float = attrs.field(default=math.inf, init=False)
    _deadline: IDelayedCall | None = attrs.field(default=None, init=False)
    _closing: IDelayedCall | None = attrs.field(default=None, init=False)
    _lose_afterwards: bool = attrs.field(default=False, init=False)
    _closed: bool = attrs.field(default=False, init=False)
    _gone: bool = attrs.field(default=False, init=False)

    def carry(self, link: Link) -> None:
        """Take the link."""
        self.link = link

    def begin(self, transport: ITransport) -> None:
        """Start speaking on a connected transport."""
        self._transport = transport
        if ITCPTransport.providedBy(transport):
            transport.setTcpNoDelay(True)
        if isinstance(transport, TcpConnection):
            self._direct = DirectSocket(transport, self.link, self.receive, self._receive_lent, self.holds)
            self._direct.attach()
        register = getattr(transport, "registerProducer", None)
        if register is not None:
            register(self, True)
        self.run(self.link.begin)

    def receive(self, received: bytes) -> None:
        """Take bytes from the network."""
        self.run(lambda: self.link.receive(received))

    def _receive_lent(self, received: memoryview) -> None:
        self.run(lambda: self.link.receive_lent(received))

    def run(self, step: Callable[[], object]) -> None:
        """Do one step of the link, end the connection if it was a violation, and send what came of it."""
        began = TURN.begin()
        try:
            step()
        except Violation as violation:
            self.refuse(violation)
        finally:
            if began:
                TURN.end()
        self.flush()

    def refuse(self, violation: Violation) -> None:
        """End the connection for what the peer did."""
        if self.link.ended:
            return
        self.tally.count(violation.name)
        self._reason = self._reason or violation.text
        self.link.disconnect(violation.code, violation.text)
        self._close()

    # -- sending

    def send(self, number: int, payload: bytes) -> None:
        """Send a message with the others of this turn."""
        try:
            self.link.send(number, payload)
        except Violation as violation:
            self.refuse(violation)
        self._flush_soon()

    def forward(self, frame: memoryview) -> None:
        """Send a frame that another connection opened, its channel number changed in place."""
        link = self.link
        if link.holding or link.ended:
            try:
                link.forward(frame)
            except Violation as violation:
                self.refuse(violation)
        else:
            link.writer.forward(frame)
        if not self._due or link.writer.waiting >= FLUSH_AT:
            self._flush_soon()

    def _flush_soon(self) -> None:
        if self.link.writer.waiting >= FLUSH_AT:
            self.flush()
        elif TURN.reading:
            if not self._due:
                self._due = True
                TURN.due.append(self)
        elif self._flush is None and not self._gone and self.link.writer.waiting:
            self._flush = self.clock.callLater(0, self.flush)

    def flush(self) -> None:
        """Give the network what was collected, and change keys when they have served long enough."""
        if self._flush is not None:
            if self._flush.active():
                self._flush.cancel()
            self._flush = None
        self._due = False
        self._rekey_when_due()
        if self.link.writer.waiting:
            self._write()
        self._tell_writable()

    def _write(self) -> None:
        if self._transport is None or self._gone:
            self.link.take()
        elif self._direct is not None:
            self._direct.write(self.link.writer.take_view())
        else:
            self._transport.write(self.link.take())

    def _rekey_when_due(self) -> None:
        reader, writer, limits = self.link.reader, self.link.writer, self.limits
        octets, packets = limits.octets, limits.packets
        if (
            reader.opened_bytes >= octets
            or writer.sealed_bytes >= octets
            or reader.opened_packets >= packets
            or writer.sealed_packets >= packets
            or self.clock.seconds() >= self._keys_expire
        ):
            self._start_rekey()

    def _start_rekey(self) -> None:
        if self.link.rekey():
            self._deadline = self.clock.callLater(EXCHANGE_DEADLINE, self._exchange_overdue)

    def _exchange_overdue(self) -> None:
        self.refuse(Violation("kex-overdue", KEY_EXCHANGE_FAILED, "the key exchange was not answered"))

    def exchange_finished(self, *, first: bool) -> None:
        """Begin to count the age of the new keys."""
        for call in (self._timer, self._deadline):
            if call is not None and call.active():
                call.cancel()
        self._keys_expire = self.clock.seconds() + self.limits.seconds
        # Before the login nothing happens then, and the first flush after it sees that the time has passed.
        self._timer = self.clock.callLater(self.limits.seconds, self.flush)
        self.side.exchange_finished(first=first)
        if self._lose_afterwards:
            self._close()

    def rekey(self) -> None:
        """Change the keys now, unless that is going on or nobody is logged in."""
        self.run(self._start_rekey)

    def unsent(self) -> int:
        """Return how many bytes the transport has not given to the network yet."""
        transport = self._transport
        return (
            len(getattr(transport, "dataBuffer", b""))
            - getattr(transport, "offset", 0)
            + getattr(transport, "_tempDataLen", 0)
        )

    # -- waiting

    def pauseProducing(self) -> None:
        """Learn from the transport that the network does not take more."""
        self._stalled = True
        self._tell_writable()

    def resumeProducing(self) -> None:
        """Learn from the transport that the network takes more."""
        self._stalled = False
        self._tell_writable()

    def stopProducing(self) -> None:
        """Learn from the transport that it is gone; connectionLost says so too."""

    @property
    def writable(self) -> bool:
        """Say whether what is sent now leaves now."""
        return self._writable

    @property
    def ended(self) -> bool:
        """Say whether nothing is sent or heard any more."""
        return self.link.ended

    @property
    def exchanging(self) -> bool:
        """Say whether keys are being changed, for which the peer has to be read."""
        return self._exchanging

    def _tell_writable(self) -> None:
        writable = not self._stalled and not self.link.holding
        exchanging = self.link.exchange is not None
        told, self._writable = self._writable, writable
        changed, self._exchanging = writable is not told or exchanging is not self._exchanging, exchanging
        if writable is not told and self.side.on_writable is not None:
            self.side.on_writable(writable)
        if changed and self.on_change is not None:
            self.on_change()

    def pause_reading(self, why: str) -> None:
        """Read nothing from the network until every *why* was released."""
        self.holds.add(why)
        pause = getattr(self._transport, "pauseProducing", None)
        if pause is not None and not self._gone:
            pause()

    def resume_reading(self, why: str) -> None:
        """Release one reason for not reading."""
        if why not in self.holds:
            return
        self.holds.discard(why)
        resume = getattr(self._transport, "resumeProducing", None)
        if resume is not None and not self.holds and not self._gone and not self._closed:
            resume()

    # -- services

    def message_received(self, number: int, payload: bytes) -> None:
        """Give a message to the running service."""
        if self.service is not None:
            self.service.packetReceived(number, payload)

    def start_service(self, service: Service, transport: object) -> None:
        """Run *service* instead of the present one; on a connection that ended, nothing runs any more."""
        if self.link.ended:
            return
        if self.service is not None:
            self.service.serviceStopped()
        self.service = service
        self.link.plane = getattr(service, "plane", None)
        service.transport = transport  # type: ignore[attr-defined]
        self.link.advance(_STANDINGS[service.name])
        service.serviceStarted()

    def exchange_received(self, payload: bytes) -> None:
        """Give the peer's public value to the side."""
        self.side.exchange_received(payload)

    def service_received(self, number: int, payload: bytes) -> None:
        """Give a service message to the side."""
        self.side.service_received(number, payload)

    def peer_disconnected(self, code: int) -> None:
        """Close after the peer's goodbye."""
        self._reason = self._reason or f"the peer disconnected (reason {code})"
        self._close()

    # -- ending

    def say_goodbye(self, code: int, text: str) -> None:
        """Send DISCONNECT and close."""
        self._reason = self._reason or text
        self.link.disconnect(code, text)
        self._close()

    def lose(self) -> None:
        """Send what is collected or waits for new keys, then close, :data:`LINGER` later at most."""
        if self.link.queued and not self.link.ended:
            self._lose_afterwards = True
            self._start_lingering()
        else:
            self._close()

    def _start_lingering(self) -> None:
        if self._closing is None:
            self._closing = self.clock.callLater(LINGER, self.abort)

    def _close(self) -> None:
        if self._gone or self._closed:
            return
        self._closed = True
        self.flush()
        self.link.ended = True
        self._start_lingering()
        unregister = getattr(self._transport, "unregisterProducer", None)
        if unregister is not None:
            # With a producer registered Twisted waits for it instead of closing.
            unregister()
        if self._transport is not None:
            self._transport.loseConnection()

    def abort(self) -> None:
        """Cut the connection without a word."""
        self._reason = self._reason or "cut off by the gateway"
        self.link.ended = True
        if self._gone or self._transport is None:
            return
        cut = getattr(self._transport, "abortConnection", None)
        if cut is None:
            self._transport.loseConnection()
        else:
            cut()

    def lost(self, reason: str) -> None:
        """Learn that the transport is gone; stops the service and tells *closed* once."""
        if self._gone:
            return
        self._gone = self.link.ended = True
        for call in (self._flush, self._timer, self._deadline, self._closing):
            if call is not None and call.active():
                call.cancel()
        told = self._reason or reason
        service, self.service = self.service, None
        if service is not None:
            service.serviceStopped()
        self.side.ended(told)
        if self.side.on_closed is not None:
            self.side.on_closed(told)
        self.closed.callback(told)
