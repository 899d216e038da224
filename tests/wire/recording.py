"""A transport that writes down what a login service does to it."""

from __future__ import annotations

import attrs

from gateway.wire.authority import IService


@attrs.define(slots=False)
class RecordingTransport:
    """Keep what was sent; behave as the real one where services can tell the difference."""

    sessionID: bytes = b"session id of this connection"
    peer_sig_algs: tuple[bytes, ...] = ()
    service: IService | None = None
    sent: list[tuple[int, bytes]] = attrs.field(factory=list)
    disconnects: list[tuple[int, bytes]] = attrs.field(factory=list)

    def sendPacket(self, number: int, payload: bytes) -> None:
        """Write down one message."""
        assert not self.disconnects, "nothing may be sent after a disconnect"
        self.sent.append((number, payload))

    def sendDisconnect(self, code: int, text: bytes) -> None:
        """Write down the reason and stop the service."""
        assert not self.disconnects, "one disconnect is enough"
        self.disconnects.append((code, text))
        self.lose()

    def setService(self, service: IService) -> None:
        """Stop one service and start the other."""
        if self.service is not None:
            self.service.serviceStopped()
        self.service = service
        service.transport = self  # type: ignore[attr-defined]
        service.serviceStarted()

    def lose(self) -> None:
        """Lose the connection."""
        if self.service is not None:
            self.service.serviceStopped()

    @property
    def numbers(self) -> list[int]:
        """Return the numbers of the messages sent, in order."""
        return [number for number, _ in self.sent]


@attrs.define(eq=False)
class RecordingService:
    """A service that writes down that it was started and stopped."""

    name: bytes = b"ssh-connection"
    transport: object = None
    started: int = 0
    stopped: int = 0

    def serviceStarted(self) -> None:
        """Count."""
        self.started += 1

    def serviceStopped(self) -> None:
        """Count."""
        self.stopped += 1

    def packetReceived(self, number: int, payload: bytes) -> None:
        """Take anything."""
