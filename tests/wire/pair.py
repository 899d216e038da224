"""Both of our transports joined in memory."""

from __future__ import annotations

from typing import Any

from cryptography.hazmat.primitives.asymmetric import ed25519
from twisted.internet.defer import succeed
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from gateway.wire.ciphers import CIPHERS, MACS, NO_MAC, PacketCipher
from gateway.wire.hostkeys import from_private_key
from gateway.wire.target_transport import TargetTransport
from gateway.wire.transport import OperatorTransport
from tests.wire.minimal import Answering, OpenDoor

HOST_KEY = from_private_key(ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32))))

SUITES = [(name, mac) for name, kind in CIPHERS.items() for mac in (MACS if kind.mac else (b"",))]
"""Every cipher with every MAC that it can have."""


def twins(name: bytes, mac_name: bytes) -> tuple[PacketCipher, PacketCipher]:
    """Return two states of one key, to seal with and to open with."""
    kind, mac = CIPHERS[name], MACS.get(mac_name, NO_MAC)
    key, iv, mac_key = b"k" * kind.key, b"i" * kind.iv, b"m" * mac.key
    return kind.make(key, iv, mac_key, mac), kind.make(key, iv, mac_key, mac)


class Wire(StringTransport):
    """Keep what is written, close when asked to."""

    def __init__(self) -> None:
        super().__init__()
        self.writes = 0
        self.history = b""
        self.closing = self.aborted = False

    def write(self, data: bytes) -> None:
        self.writes += 1
        self.history += data
        super().write(data)

    def loseConnection(self) -> None:
        self.closing = True

    def abortConnection(self) -> None:
        self.closing = self.aborted = True


class Pair:
    """An operator's side and a target's side of one connection."""

    def __init__(self, operator: dict[str, Any] | None = None, target: dict[str, Any] | None = None) -> None:
        self.clock = Clock()
        self.service = Answering()
        self.operator = OperatorTransport(
            clock=self.clock,
            host_keys=(HOST_KEY,),
            make_userauth=lambda transport: OpenDoor(transport, self.service),
            **(operator or {}),
        )
        options: dict[str, Any] = {"verify_host_key": lambda *_: succeed(None), **(target or {})}
        self.target = TargetTransport(clock=self.clock, **options)
        self.wires = {self.operator: Wire(), self.target: Wire()}
        self.reasons: dict[Any, str] = {}

    def begin(self) -> Pair:
        """Connect both."""
        for transport, wire in self.wires.items():
            transport.on_closed = lambda reason, which=transport: self.reasons.__setitem__(which, reason)
            transport.makeConnection(wire)
        return self

    def turn(self) -> bool:
        """Let one turn pass and move bytes; say whether there were any."""
        self.clock.advance(0)
        moved = False
        for sender, receiver in ((self.operator, self.target), (self.target, self.operator)):
            wire = self.wires[sender]
            sent = wire.value()
            wire.clear()
            if sent and receiver not in self.reasons:
                receiver.dataReceived(sent)
                moved = True
        for wire in self.wires.values():
            if wire.closing and not wire.value():
                for lost in self.wires:
                    if lost not in self.reasons:
                        lost.connectionLost(Failure(ConnectionDone()))
        return moved

    def settle(self) -> Pair:
        """Move bytes until there are none."""
        for _ in range(100):
            if not self.turn():
                return self
        raise AssertionError("the two never stop talking")

    def login(self) -> Pair:
        """Log in; the target's side then runs a service that only remembers."""
        self.begin().settle()
        self.target.request_service(b"ssh-userauth")
        self.target.setService(Asking(self.target))
        return self.settle()


class Asking:
    """Ask to be let in, then remember what comes."""

    name = b"ssh-userauth"

    def __init__(self, transport: Any) -> None:
        self.transport = transport
        self.received: list[tuple[int, bytes]] = []

    def serviceStarted(self) -> None:
        if self.name == b"ssh-userauth":
            self.transport.sendPacket(50, b"let me in")

    def serviceStopped(self) -> None: ...

    def packetReceived(self, number: int, payload: bytes) -> None:
        if number == 52:
            self.name = b"ssh-connection"
            self.transport.setService(self)
        else:
            self.received.append((number, payload))
