"""The smallest services that let a real client finish: everybody may log in, every exec is answered."""

from __future__ import annotations

from typing import Any

from gateway.wire.fields import Fields, string, uint32


class OpenDoor:
    """Let everybody in, whatever method was tried first."""

    name = b"ssh-userauth"

    def __init__(self, transport: Any, connection: Any) -> None:
        self.transport = transport
        self.connection = connection

    def serviceStarted(self) -> None: ...

    def serviceStopped(self) -> None: ...

    def packetReceived(self, number: int, payload: bytes) -> None:
        self.transport.sendPacket(52, b"")
        self.transport.setService(self.connection)


class Answering:
    """Answer every exec with its command, from a channel that is then closed with status 7."""

    name = b"ssh-connection"
    transport: Any

    def __init__(self, size: int = 0) -> None:
        self.size = size
        self.received: list[tuple[int, bytes]] = []
        self.stopped = 0
        self.taken = 0
        self.left: list[tuple[int, bytes]] = []
        self.writable = True

    def serviceStarted(self) -> None:
        self.transport.on_writable = self.go_on

    def serviceStopped(self) -> None:
        self.stopped += 1

    def packetReceived(self, number: int, payload: bytes) -> None:
        if number not in (93, 94):
            self.received.append((number, payload))
        match number:
            case 80:
                self.global_request(Fields(payload))
            case 90:
                self.open(Fields(payload))
            case 93:
                self.window += int.from_bytes(payload[4:], "big")
                self.go_on(self.writable)
            case 94:
                self.taken += len(payload) - 8
            case 98:
                self.request(Fields(payload))

    def global_request(self, fields: Fields) -> None:
        fields.string("request", 64)
        if fields.boolean("want reply"):
            self.transport.sendPacket(82, b"")

    def open(self, fields: Fields) -> None:
        fields.string("type", 64)
        self.peer = uint32(fields.uint32("peer's number"))
        self.window = fields.uint32("window")
        self.transport.sendPacket(91, self.peer + uint32(0) + uint32(1 << 31) + uint32(32768))

    def request(self, fields: Fields) -> None:
        fields.uint32("channel")
        kind = fields.string("request", 64)
        if fields.boolean("want reply"):
            self.transport.sendPacket(99, self.peer)
        if kind == b"exec":
            self.answer(fields.string("command", 1 << 16))

    def answer(self, command: bytes) -> None:
        block = (94, self.peer + string(bytes(32000)))
        self.left = [
            (94, self.peer + string(b"you said " + command + b"\n")),
            *(block for _ in range(self.size // 32000)),
            (98, self.peer + string(b"exit-status") + b"\0" + uint32(7)),
            (96, self.peer),
            (97, self.peer),
        ]
        self.left.reverse()
        self.go_on(self.writable)

    def go_on(self, writable: bool) -> None:
        self.writable = writable
        while self.left and self.writable:
            number, payload = self.left[-1]
            size = len(payload) - 8 if number == 94 else 0
            if size > self.window:
                break
            self.window -= size
            self.left.pop()
            self.transport.sendPacket(number, payload)
