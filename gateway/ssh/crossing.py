"""Cross a host on the way to a target: a connection within a connection.

The rule: the host that is crossed sees ciphertext only; the target is recognised by its own keys as if it were reached
directly. Each connection lives for the one it carries: when the inner one is over, the outer one is cut.
"""

from __future__ import annotations

import attrs
from twisted.internet.defer import Deferred

from gateway.ssh.tunnel import WINDOW, Tunnel
from gateway.wire.channels import LARGEST_PACKET, ChannelEnd
from gateway.wire.connection import ADMINISTRATIVELY_PROHIBITED, Connection
from gateway.wire.fields import string, uint32
from gateway.wire.target_transport import TargetTransport


class NotCrossed(Exception):
    """The host did not open the way; the words are its own."""


@attrs.define(eq=False)
class Passage:
    """Wait for the way through a host to open; from then on the tunnel is listening."""

    hop: Connection
    transport: TargetTransport
    arrived: Deferred[None] = attrs.field(factory=Deferred)
    end: ChannelEnd = attrs.field(init=False)

    def begin(self, host: str, port: int) -> Deferred[None]:
        """Ask the host to connect; fires when the transport speaks with the target."""
        extra = string(host.encode("idna" if not host.isascii() else "ascii")) + uint32(port)
        extra += string(b"127.0.0.1") + uint32(0)
        self.end = self.hop.open("direct-tcpip", self, WINDOW, LARGEST_PACKET, extra)
        return self.arrived

    def opened(self) -> None:
        """Speak with the target."""
        tunnel = Tunnel(self.end, self.transport, "", carrying=self.hop.transport.abort)
        self.end.listener = tunnel
        self.transport.makeConnection(tunnel)
        self._fire(None)

    def open_refused(self, code: int, text: str) -> None:
        """Say why there is no way."""
        why = "it permits no forwarding" if code == ADMINISTRATIVELY_PROHIBITED else text
        self._fire(NotCrossed(why[:200]))

    def closed(self) -> None:
        """Say that the connection to the host is gone."""
        self._fire(NotCrossed("the connection was lost"))

    def received(self, chunk: bytes, stderr: bool) -> None:
        """Never called: nothing arrives before the channel is open."""

    def widened(self) -> None:
        """Never called: nothing is written before the channel is open."""

    def ended(self) -> None:
        """Never called before the channel is open."""

    def requested(self, name: str, payload: bytes, slot: int | None) -> None:
        """Refuse: such a channel has no requests."""
        self.end.reply(slot, False)

    def replied(self, ok: bool) -> None:
        """Ignore: nothing was asked."""

    def _fire(self, failed: Exception | None) -> None:
        if self.arrived.called:
            return
        if failed is None:
            self.arrived.callback(None)
        else:
            self.arrived.errback(failed)


@attrs.define(eq=False)
class HopOwner:
    """Own the connection to a host on the way: it may ask for nothing."""

    def started(self, connection: Connection) -> None:
        """Nothing waits for it but the one who logged in."""

    def open_requested(self, end: ChannelEnd, extra: bytes) -> None:
        """Refuse."""
        end.refuse(ADMINISTRATIVELY_PROHIBITED, f"{end.kind} channels are not allowed")

    def global_requested(self, name: str, payload: bytes) -> bool:
        """Refuse."""
        return False

    def lost(self) -> None:
        """Do nothing: the channels it carried are told by themselves."""
