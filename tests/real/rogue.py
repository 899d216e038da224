"""A client that keeps to the protocol only as far as it wants to."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import Any

import attrs
from twisted.internet.defer import succeed
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from gateway.wire.fields import boolean, string, uint32
from gateway.wire.hostkeys import HostKey
from gateway.wire.packets import PacketWriter
from gateway.wire.target_transport import TargetTransport
from gateway.wire.userauth_client import KeyOffer, UserAuthClient
from tests.wire.pair import Wire

PATIENCE = 10.0
SOON = 0.05


def clear(number: int, payload: bytes) -> bytes:
    """Return one packet as it is before keys are agreed upon."""
    writer = PacketWriter()
    writer.write(number, payload)
    return writer.take()


@attrs.define(eq=False)
class Heard:
    """The service of a rogue: keep every message."""

    name: bytes
    messages: list[tuple[int, bytes]] = attrs.field(factory=list)
    transport: Any = None

    def serviceStarted(self) -> None: ...

    def serviceStopped(self) -> None: ...

    def packetReceived(self, number: int, payload: bytes) -> None:
        self.messages.append((number, payload))

    def count(self, number: int) -> int:
        """Return how many of a kind came."""
        return sum(each == number for each, _ in self.messages)


@attrs.define(eq=False)
class Rogue:
    """One connection to a port of this machine."""

    port: int
    clock: Clock = attrs.field(factory=Clock)
    wire: Wire = attrs.field(factory=Wire)
    heard: Heard = attrs.field(factory=lambda: Heard(b"ssh-userauth"))
    closed: bool = attrs.field(init=False, default=False)
    said: str = attrs.field(init=False, default="")
    """Why the connection ended, as its end was told to the client."""
    socket: socket.socket = attrs.field(init=False)
    client: TargetTransport = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.socket = socket.create_connection(("127.0.0.1", self.port), PATIENCE)
        self.client = TargetTransport(clock=self.clock, verify_host_key=lambda *_: succeed(None))
        self.client.secured.addErrback(lambda failure: None)
        self.client.on_closed = lambda reason: setattr(self, "said", reason)

    # What goes out.

    def raw(self, octets: bytes) -> Rogue:
        """Send bytes as they are; whoever is cut off meanwhile is closed."""
        try:
            self.socket.sendall(octets)
        except TimeoutError:
            raise AssertionError(f"the gateway did not take {len(octets)} bytes within {PATIENCE:.0f} s") from None
        except OSError:
            self.closed = True
        return self

    def pour(self, octets: bytes, times: int = 1) -> int:
        """Send and read nothing, until the gateway takes no more; return how many bytes it took."""
        self.socket.settimeout(1.0)
        taken = 0
        try:
            for _ in range(times):
                taken += self.socket.send(octets)
        except TimeoutError:
            return taken
        except OSError:
            self.closed = True
        return taken

    def sealed(self, number: int, payload: bytes, times: int) -> bytes:
        """Return so many messages under the present keys."""
        writer = self.client.carrier.link.writer
        for _ in range(times):
            writer.write(number, payload)
        return writer.take()

    def send(self, number: int, payload: bytes = b"", times: int = 1) -> Rogue:
        """Send a message under the present keys, whatever the phase."""
        writer = self.client.carrier.link.writer
        for _ in range(times):
            writer.write(number, payload)
            if writer.waiting > 60_000:
                self.flush()
        return self.flush()

    def flush(self) -> Rogue:
        """Send what was collected."""
        self.clock.advance(0)
        collected = self.wire.value() + self.client.carrier.link.take()
        self.wire.clear()
        return self.raw(collected) if collected and not self.closed else self

    # What comes in.

    def until(self, holds: Callable[[], Any], seconds: float = PATIENCE) -> Rogue:
        """Read until something is true or the connection is over; fail when that takes too long."""
        deadline = time.monotonic() + seconds
        while not (holds() or self.closed):
            if time.monotonic() > deadline:
                raise AssertionError(f"nothing came of it within {seconds:.0f} s; heard {self.heard.messages[-3:]!r}")
            self.read()
        return self

    def read(self, seconds: float = SOON) -> bytes:
        """Take what came, and answer it as the protocol asks."""
        self.socket.settimeout(seconds)
        try:
            received = self.socket.recv(1 << 18)
            self.closed = not received
        except TimeoutError:
            received = b""
        except OSError:
            received, self.closed = b"", True
        self.socket.settimeout(PATIENCE)
        if received and self.client.transport is not None:
            self.client.dataReceived(received)
        self.flush()
        return received

    def gone(self, seconds: float = PATIENCE) -> str:
        """Read to the end; return what was said last."""
        self.until(lambda: False, seconds)
        self.client.connectionLost(Failure(ConnectionDone()))
        self.leave()
        return self.said

    # How far it keeps to the protocol.

    def greet(self) -> Rogue:
        """Send a version line, and nothing of a key exchange."""
        return self.raw(b"SSH-2.0-rogue\r\n")

    def secure(self) -> Rogue:
        """Agree on keys."""
        self.client.makeConnection(self.wire)
        self.flush()
        self.until(lambda: self.client.secured.called)
        assert self.client.host_key, "no keys were agreed upon"
        return self

    def ask(self) -> Rogue:
        """Have the login service started."""
        self.secure()
        accepted: list[None] = []
        self.client.request_service(b"ssh-userauth").addCallbacks(accepted.append, lambda failure: None)
        self.flush()
        self.until(lambda: accepted)
        self.client.setService(self.heard)
        return self

    def log_in(self, user: str, key: HostKey) -> Rogue:
        """Log in by key."""
        self.ask()
        inside = Heard(b"ssh-connection")
        service = UserAuthClient(user.encode(), KeyOffer(key.blob, key.algorithms, key.sign), inside, self.clock)
        done: list[None] = []
        service.outcome.addCallbacks(done.append, lambda failure: None)
        self.client.setService(service)
        self.flush()
        self.until(lambda: done)
        assert done, "the login failed"
        self.heard = inside
        return self

    def open(self, window: int = 1 << 20, packet: int = 32768, number: int = 0) -> Rogue:
        """Ask for a session channel."""
        return self.send(90, string(b"session") + uint32(number) + uint32(window) + uint32(packet))

    def exec(self, command: bytes, channel: int = 0) -> Rogue:
        """Run a command in a channel."""
        return self.send(98, uint32(channel) + string(b"exec") + boolean(True) + string(command))

    def leave(self) -> None:
        """Close the connection."""
        self.closed = True
        self.socket.close()
