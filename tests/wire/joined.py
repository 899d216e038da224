"""Two real Connections joined in memory, packet by packet, and listeners that keep what they hear."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

import attrs

from gateway.wire.channels import ChannelEnd
from gateway.wire.connection import Connection

NAMES = {
    80: "global", 81: "yes", 82: "no", 90: "open", 91: "confirmed", 92: "refused", 93: "adjust", 94: "data",
        95: "stderr",
    96: "eof", 97: "close", 98: "request", 99: "success", 100: "failure",
}  # fmt: skip


@attrs.define(eq=False)
class Calm:
    """A network that always takes everything."""

    on_change: Callable[[], None] | None = None
    writable: bool = True
    exchanging: bool = False
    ended: bool = False
    holds: set[str] = attrs.field(factory=set)
    waiting: int = 0

    def unsent(self) -> int:
        return self.waiting

    def pause_reading(self, why: str) -> None:
        self.holds.add(why)

    def resume_reading(self, why: str) -> None:
        self.holds.discard(why)


@attrs.define(eq=False)
class Side:
    """One connection's transport: what it sends waits until it is delivered."""

    connection: Connection
    peer: Side | None = None
    carrier: Calm = attrs.field(factory=Calm)
    sent: deque[tuple[int, bytes]] = attrs.field(factory=deque)
    said: list[str] = attrs.field(factory=list)
    """Names of all messages sent so far."""
    disconnected: str = ""
    unimplemented: int = 0
    closing: bool = False
    closed: bool = False

    def sendPacket(self, number: int, payload: bytes) -> None:
        if not (self.closing or self.closed):
            self.sent.append((number, bytes(payload)))
            self.said.append(NAMES[number])

    def sendUnimplemented(self) -> None:
        self.unimplemented += 1

    def sendDisconnect(self, code: int, text: bytes) -> None:
        self.disconnected = text.decode()
        self.closing = True

    def lose(self) -> None:
        self.closing = True

    def abort(self) -> None:
        self.sent.clear()
        self.closing = True

    def deliver(self) -> bool:
        """Hand one packet to the peer, or close behind the last one; say whether anything happened."""
        assert self.peer is not None
        if self.closed:
            return False
        if self.sent:
            number, payload = self.sent.popleft()
            if not self.peer.closing:
                self.peer.connection.packetReceived(number, payload)
            return True
        if self.closing:
            for side in (self, self.peer):
                side.closed = side.closing = True
                side.sent.clear()
                side.connection.serviceStopped()
            return True
        return False


def join(one: Connection, other: Connection) -> tuple[Side, Side]:
    """Start both connections, each the other's peer."""
    sides = Side(one), Side(other)
    sides[0].peer, sides[1].peer = sides[1], sides[0]
    for side in sides:
        side.connection.transport = side
    for side in sides:
        side.connection.serviceStarted()
    return sides


def settle(*sides: Side) -> None:
    """Deliver until nothing waits."""
    for _ in range(100_000):
        if not any([side.deliver() for side in sides]):
            return
    raise AssertionError("the two never stop talking")


@attrs.define(eq=False)
class Heard:
    """Listen to a channel end: keep all that is heard, in order."""

    events: list[Any] = attrs.field(factory=list)
    taken: list[bytes] = attrs.field(factory=lambda: [b"", b""])
    slots: list[int] = attrs.field(factory=list)
    on_request: Callable[[str, int | None], None] = lambda name, slot: None

    def opened(self) -> None:
        self.events.append("opened")

    def open_refused(self, code: int, text: str) -> None:
        self.events.append(("refused", code, text))

    def received(self, chunk: bytes, stderr: bool) -> None:
        self.events.append(("stderr" if stderr else "data", chunk))
        self.taken[stderr] += chunk

    def widened(self) -> None:
        pass

    def ended(self) -> None:
        self.events.append("eof")

    def requested(self, name: str, payload: bytes, slot: int | None) -> None:
        self.events.append(("request", name, payload))
        if slot is not None:
            self.slots.append(slot)
        self.on_request(name, slot)

    def replied(self, ok: bool) -> None:
        self.events.append(("replied", ok))

    def closed(self) -> None:
        self.events.append("closed")


@attrs.define(eq=False)
class Open:
    """Own a connection: keep the channels the peer opens, accept them with a window unless told otherwise."""

    window: int = 1 << 20
    packet: int = 32 * 1024
    accept: bool = True
    ends: list[ChannelEnd] = attrs.field(factory=list)
    heard: list[Heard] = attrs.field(factory=list)
    extras: list[bytes] = attrs.field(factory=list)
    asked: list[tuple[str, bytes]] = attrs.field(factory=list)
    answer: bool = False
    lost_count: int = 0

    def started(self, connection: Connection) -> None:
        pass

    def open_requested(self, end: ChannelEnd, extra: bytes) -> None:
        self.ends.append(end)
        self.heard.append(Heard())
        self.extras.append(extra)
        if self.accept:
            end.listener = self.heard[-1]
            end.confirm(self.window, self.packet)

    def global_requested(self, name: str, payload: bytes) -> bool:
        self.asked.append((name, payload))
        return self.answer

    def lost(self) -> None:
        self.lost_count += 1
