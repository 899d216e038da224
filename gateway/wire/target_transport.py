"""The SSH transport to targets, whose client we are.

The rule: nothing is sent under a key before the host was recognised: while that is asked for, no packet is
parsed. Conch's class lends its shape; none of its parsing, key exchange or dispatch is reached. What it
shares with :mod:`gateway.wire.transport` is in :mod:`gateway.wire.carrier`.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.conch.ssh.transport import SSHClientTransport
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from gateway.wire.algorithms import EXCHANGES, GCM_FIRST, HOST_KEYS, MACS_OFFERED, Names
from gateway.wire.carrier import Carrier, Service
from gateway.wire.exchange import Reply
from gateway.wire.fields import string, uint32
from gateway.wire.link import VERSION, Link
from gateway.wire.packets import PacketReader
from gateway.wire.phases import SERVICE_REQUEST, UNIMPLEMENTED, Role
from gateway.wire.rekeying import RekeyLimits
from gateway.wire.violation import (
    HOST_KEY_NOT_VERIFIABLE,
    PROTOCOL_ERROR,
    ConnectionEnded,
    Counts,
    Tally,
    Violation,
)

VerifyHostKey = Callable[[bytes, bytes], "Deferred[None]"]

_HOST_KEY: str = "host key"


class TargetTransport(SSHClientTransport):
    """Speak SSH with a target.

    *verify_host_key* is called once with the agreed algorithm and the key's blob, after the target proved to
    hold the key; its failure ends the connection. *host_key_algorithms* are offered in order: what is pinned
    decides. *secured* fires when both directions are encrypted, and fails with the failure of
    *verify_host_key* or with :exc:`~gateway.wire.violation.ConnectionEnded`. Set *on_writable* and
    *on_closed* to be told.
    """

    def __init__(
        self,
        *,
        clock: IReactorTime,
        verify_host_key: VerifyHostKey,
        host_key_algorithms: Names = HOST_KEYS,
        tally: Tally | None = None,
        ciphers: Names = GCM_FIRST,
        exchanges: Names = EXCHANGES,
        macs: Names = MACS_OFFERED,
        rekey: RekeyLimits | None = None,
        reader: PacketReader | None = None,
    ) -> None:
        self.tally = tally or Counts()
        self.on_writable: Callable[[bool], None] | None = None
        self.on_closed: Callable[[str], None] | None = None
        self.carrier = Carrier(clock, self, self.tally, rekey or RekeyLimits())
        self.secured: Deferred[None] = Deferred()
        self.host_key = b""
        self._verify_host_key = verify_host_key
        self._asking: Deferred[None] | None = None
        self._requested: tuple[bytes, Deferred[None]] | None = None
        self.carrier.carry(
            Link(Role.TARGET, self.carrier, host_key_algorithms, ciphers, reader or PacketReader(), exchanges, macs)
        )

    # -- Twisted calls these

    def connectionMade(self) -> None:
        """Start speaking."""
        assert self.transport is not None  # noqa: S101  Twisted's promise
        self.carrier.begin(self.transport)

    def dataReceived(self, data: bytes) -> None:
        """Take bytes from the network."""
        self.carrier.receive(data)

    def connectionLost(self, reason: Failure | None = None) -> None:
        """Learn that the connection is gone."""
        self.carrier.lost(reason.getErrorMessage() if reason else "the connection was lost")

    # -- services call these

    def sendPacket(self, messageType: int, payload: bytes) -> None:
        """Send a message; it goes out with the others of this reactor turn."""
        self.carrier.send(messageType, payload)

    def forward(self, frame: memoryview) -> None:
        """Send a frame that another connection opened, its channel number changed in place."""
        self.carrier.forward(frame)

    def setService(self, service: Service) -> None:
        """Run *service* instead of the present one."""
        self.service = service  # type: ignore[assignment]
        self.carrier.start_service(service, self)

    def sendUnimplemented(self) -> None:
        """Say that the last message was not understood."""
        self.sendPacket(UNIMPLEMENTED, uint32((self.carrier.link.reader.sequence - 1) & 0xFFFFFFFF))

    def sendDisconnect(self, reason: int, desc: bytes | str) -> None:
        """Say why, then close."""
        self.carrier.say_goodbye(reason, desc if isinstance(desc, str) else desc.decode("utf-8", "replace"))

    def lose(self) -> None:
        """Send what is collected, then close."""
        self.carrier.lose()

    def abort(self) -> None:
        """Cut the connection without a word."""
        self.carrier.abort()

    def rekey(self) -> None:
        """Change the keys now, unless that is going on or nobody is logged in."""
        self.carrier.rekey()

    def pause_reading(self, why: str) -> None:
        """Read nothing from the network until every *why* was released."""
        self.carrier.pause_reading(why)

    def resume_reading(self, why: str) -> None:
        """Release one reason for not reading."""
        self.carrier.resume_reading(why)

    @property
    def closed(self) -> Deferred[str]:
        """Return what fires with the reason when the connection is gone; hand the reason on."""
        return self.carrier.closed

    @property
    def peer_version(self) -> bytes:
        """Return the peer's version line."""
        return self.carrier.link.peer_version

    @property
    def peer_sig_algs(self) -> Names:
        """Return the signature algorithms that the peer said it verifies."""
        return self.carrier.link.peer_sig_algs

    @property
    def buffered(self) -> int:
        """Return how many bytes the network has not taken yet."""
        return self.carrier.unsent() + self.carrier.link.writer.waiting + self.carrier.link.queued

    @property
    def blocked(self) -> bool:
        """Say whether a key exchange holds back what services send."""
        return self.carrier.link.holding

    def request_service(self, name: bytes) -> Deferred[None]:
        """Ask for a service; fires when the target accepts, fails when the connection ends first."""
        if self._requested is not None:
            raise RuntimeError("one service request at a time")
        accepted: Deferred[None] = Deferred()
        self._requested = (name, accepted)
        self.sendPacket(SERVICE_REQUEST, string(name))
        return accepted

    # -- the client's side of the protocol

    def exchange_received(self, payload: bytes) -> None:
        """Check the target's answer, and ask whether it is the right host the first time."""
        link = self.carrier.link
        if link.exchange is None or link.exchange.agreement is None:
            raise Violation("kex-order", PROTOCOL_ERROR, "a key exchange message out of order")
        reply = link.exchange.check(payload, VERSION, link.peer_version)
        if not self.host_key:
            self._ask(link.exchange.agreement.host_key, reply)
        elif reply.host_key != self.host_key:
            raise Violation("host-key", HOST_KEY_NOT_VERIFIABLE, "the host key changed within a connection")
        else:
            link.complete_exchange(reply.shared)

    def _ask(self, algorithm: bytes, reply: Reply) -> None:
        self.carrier.link.reader.pause()
        self.carrier.pause_reading(_HOST_KEY)
        self._asking = self._verify_host_key(algorithm, reply.host_key)
        self._asking.addCallbacks(lambda _: self._recognised(reply), self._refused)

    def _recognised(self, reply: Reply) -> None:
        self._asking = None
        if self.carrier.link.ended:
            return
        self.host_key = reply.host_key
        self.carrier.link.reader.resume()
        self.carrier.run(lambda: self.carrier.link.complete_exchange(reply.shared))
        self.carrier.run(self.carrier.link.parse)
        self.carrier.resume_reading(_HOST_KEY)

    def _refused(self, failure: Failure) -> None:
        self._asking = None
        if not self.secured.called:
            self.secured.errback(failure)
        self.carrier.refuse(Violation("host-key", HOST_KEY_NOT_VERIFIABLE, "the host key was refused"))

    def exchange_finished(self, *, first: bool) -> None:
        """Note the session's id, and tell who waits for encryption."""
        self.sessionID = self.carrier.link.session_id
        if first and not self.secured.called:
            self.secured.callback(None)

    def service_received(self, number: int, payload: bytes) -> None:
        """Tell who asked for a service that it was accepted."""
        requested = self._requested
        # Some servers leave the name out (RFC 4253 §10 asks for it).
        if requested is None or payload not in (b"", string(requested[0])):
            raise Violation("service", PROTOCOL_ERROR, "a service was accepted that nobody asked for")
        self._requested = None
        requested[1].callback(None)

    def ended(self, reason: str) -> None:
        """Tell everybody who still waits."""
        if self._asking is not None:
            self._asking.cancel()
        if not self.secured.called:
            self.secured.errback(ConnectionEnded(reason))
        requested, self._requested = self._requested, None
        if requested is not None:
            requested[1].errback(ConnectionEnded(reason))
