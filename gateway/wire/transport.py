"""The SSH transport to operators, whose server we are.

The rule: Conch's classes lend their shape (services, addresses, small senders); none of their parsing, key
exchange or dispatch is reached. What it shares with
:mod:`gateway.wire.target_transport` is in :mod:`gateway.wire.carrier`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from twisted.conch.ssh.transport import SSHServerTransport
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionClosed
from twisted.internet.interfaces import IAddress, IReactorTime
from twisted.internet.protocol import Factory
from twisted.python.failure import Failure

from gateway.wire.algorithms import EXCHANGES, Names
from gateway.wire.carrier import Carrier, Service
from gateway.wire.fields import Fields, MalformedField, string, uint32
from gateway.wire.hostkeys import HostKey
from gateway.wire.link import VERSION, Link
from gateway.wire.packets import PacketReader
from gateway.wire.phases import SERVICE_ACCEPT, UNIMPLEMENTED, Role
from gateway.wire.rekeying import RekeyLimits
from gateway.wire.violation import PROTOCOL_ERROR, SERVICE_NOT_AVAILABLE, Counts, Tally, Violation

MakeUserauth = Callable[["OperatorTransport"], Service]


class OperatorTransport(SSHServerTransport):
    """Speak SSH with an operator's client.

    *make_userauth* makes the login service when the client asks for it; *ciphers* fixes one list.
    Set *on_writable* and *on_closed* to be told.
    """

    def __init__(
        self,
        *,
        clock: IReactorTime,
        host_keys: tuple[HostKey, ...],
        make_userauth: MakeUserauth,
        tally: Tally | None = None,
        ciphers: Names | None = None,
        exchanges: Names = EXCHANGES,
        rekey: RekeyLimits | None = None,
        reader: PacketReader | None = None,
    ) -> None:
        self.tally = tally or Counts()
        self.on_writable: Callable[[bool], None] | None = None
        self.on_closed: Callable[[str], None] | None = None
        self.carrier = Carrier(clock, self, self.tally, rekey or RekeyLimits())
        self._host_keys = host_keys
        self._make_userauth = make_userauth
        offered = tuple(dict.fromkeys(name for key in host_keys for name in key.algorithms))
        link = Link(Role.OPERATOR, self.carrier, offered, ciphers, reader or PacketReader(), exchanges)
        self.carrier.carry(link)

    # -- Twisted calls these

    def connectionMade(self) -> None:
        """Start speaking."""
        assert self.transport is not None  # noqa: S101  Twisted's promise
        self.carrier.begin(self.transport)

    def dataReceived(self, data: bytes) -> None:
        """Take bytes from the network."""
        self.carrier.receive(data)

    def connectionLost(self, reason: Failure | None = None) -> None:
        """Learn that the connection is gone; what is no end of a connection was an exception in its own code."""
        if reason is not None and not reason.check(ConnectionClosed):
            self.tally.count("crash")
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

    # -- the server's side of the protocol

    def exchange_received(self, payload: bytes) -> None:
        """Answer the client's public value with ours, signed."""
        link = self.carrier.link
        if link.exchange is None or link.exchange.pending is not None:
            raise Violation("kex-order", PROTOCOL_ERROR, "a key exchange message out of order")
        reply, shared = link.exchange.answer(payload, self._host_keys, VERSION, link.peer_version)
        link.complete_exchange(shared, reply)

    def exchange_finished(self, *, first: bool) -> None:
        """Note the session's id."""
        self.sessionID = self.carrier.link.session_id

    def service_received(self, number: int, payload: bytes) -> None:
        """Start the login, the only service that may be asked for."""
        fields = Fields(payload)
        try:
            name = fields.string("service name", 64)
            fields.end("the service request")
        except MalformedField:
            raise Violation("service", PROTOCOL_ERROR, "a malformed service request") from None
        if name != b"ssh-userauth":
            raise Violation("service", SERVICE_NOT_AVAILABLE, "no such service before login")
        self.sendPacket(SERVICE_ACCEPT, string(name))
        self.setService(self._make_userauth(self))

    def ended(self, reason: str) -> None:
        """Learn that the connection is gone."""


class OperatorFactory(Factory):
    """Make a transport for each operator's connection."""

    def __init__(
        self,
        *,
        clock: IReactorTime,
        host_keys: tuple[HostKey, ...],
        make_userauth: MakeUserauth,
        tally: Tally | None = None,
        ciphers: Names | None = None,
        rekey: RekeyLimits | None = None,
    ) -> None:
        self._make = partial(
            OperatorTransport,
            clock=clock,
            host_keys=host_keys,
            make_userauth=make_userauth,
            tally=tally or Counts(),
            ciphers=ciphers,
            rekey=rekey,
        )

    def buildProtocol(self, addr: IAddress | None) -> OperatorTransport:
        """Make a transport; a subclass that refuses an address does it before this."""
        transport = self._make()
        transport.factory = self  # type: ignore[assignment]
        return transport
