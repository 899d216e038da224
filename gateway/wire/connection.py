"""The ssh-connection service (RFC 4254), the same for both roles: channels by number, messages by one table.

The rule: a message that is not in the table is not understood, and is refused; a message for a channel that is gone
is ignored, because it may have crossed our CLOSE; a malformed one ends the connection. What channels and global
requests mean is the owner's.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

import attrs

from gateway.wire.channels import LARGEST_PACKET, SMALLEST_PACKET, ChannelEnd, ChannelFault, Listener
from gateway.wire.coupling import Coupled
from gateway.wire.direct import TYPING
from gateway.wire.fields import Fields, MalformedField, string
from gateway.wire.hostkeys import HostKey
from gateway.wire.hostproof import ANNOUNCE, PROVE, announcement, prove, understands

PROTOCOL_ERROR = 2
BY_APPLICATION = 11
LONGEST_TEXT = 32 * 1024
LONGEST_CHUNK = 256 * 1024
MOST_UNREAD = 4 * 1024 * 1024
"""Bytes that wait for a peer beyond which it may ask for nothing more. What targets send is held back long before."""
PROVOKING = frozenset((80, 90, 98))
"""Messages that are answered, so that whoever sends them without reading makes the answers pile up."""
_UINT32 = struct.Struct(">L")
_ADDRESSED = 6
"""The least of a frame with a channel's number: padding length, message number, number."""
_CHUNK = 10
"""Where the bytes of a data message begin in its frame."""
LONGEST_KEY = 64
"""Bytes in one message up to which somebody may be typing."""
ADMINISTRATIVELY_PROHIBITED, CONNECT_FAILED, UNKNOWN_TYPE, RESOURCE_SHORTAGE = 1, 2, 3, 4


Answered = Callable[[bool, bytes], None]
"""Told whether a global request was granted, and what the answer holds."""


class Carrying(Protocol):
    """What a connection needs of its transport."""

    sessionID: bytes

    @property
    def peer_version(self) -> bytes:
        """Return the peer's version line."""

    @property
    def carrier(self) -> Coupled:
        """Return what decides whether another connection is read."""

    def forward(self, frame: memoryview) -> None:
        """Send a frame that another connection opened."""

    def pause_reading(self, why: str) -> None:
        """Read nothing from the network until every *why* was released."""

    def resume_reading(self, why: str) -> None:
        """Release one reason for not reading."""

    def sendPacket(self, number: int, payload: bytes) -> None:
        """Send one message."""

    def sendUnimplemented(self) -> None:
        """Say that the last message was not understood."""

    def sendDisconnect(self, code: int, text: bytes) -> None:
        """Say why, then close."""

    def lose(self) -> None:
        """Send what is collected, then close."""

    def abort(self) -> None:
        """Cut the connection without a word."""


class Owner(Protocol):
    """What an owner of a connection is told."""

    def started(self, connection: Connection) -> None:
        """Hear that the service runs."""

    def open_requested(self, end: ChannelEnd, extra: bytes) -> None:
        """Hear that the peer wants a channel of ``end.kind``; answer by ``confirm`` or ``refuse``, now or later."""

    def global_requested(self, name: str, payload: bytes) -> bool:
        """Answer a global request of the peer."""

    def lost(self) -> None:
        """Hear that the connection is over."""


@attrs.frozen
class Limits:
    """How much one connection may hold."""

    channels: int = 64


class Connection:
    """Carry channels over one SSH transport, which sets ``transport`` before the service starts.

    *known_by* are the keys of a host that tells its clients which it has.
    """

    name = b"ssh-connection"
    transport: Carrying

    def __init__(self, owner: Owner, limits: Limits = Limits(), known_by: tuple[HostKey, ...] = ()) -> None:
        self.owner = owner
        self.known_by = known_by
        self.limits = limits
        self.channels: dict[int, ChannelEnd] = {}
        self.running = False
        self.heard = 0
        """A number that changes with every message of the peer."""
        self._next = 0
        self._asked: deque[Answered] = deque()

    # What Conch calls.

    def serviceStarted(self) -> None:
        """Begin: tell the owner."""
        self.running = True
        if self.known_by and understands(self.transport.peer_version):
            self.request(ANNOUNCE, announcement(self.known_by))
        self.owner.started(self)

    def serviceStopped(self) -> None:
        """End: the owner is told, so that he can say why elsewhere; then every channel is lost."""
        if self.running:
            self.running = False
            self.owner.lost()
            for end in tuple(self.channels.values()):
                end.lost()
            self.channels.clear()
            self._asked.clear()

    def packetReceived(self, number: int, payload: bytes) -> None:
        """Read one message by the table; end the connection when it is malformed or not permitted."""
        self.heard += 1
        known = MESSAGES.get(number)
        if known is None:
            self.transport.sendUnimplemented()
            return
        if number in PROVOKING and self._reads_nothing():
            self.transport.sendDisconnect(PROTOCOL_ERROR, b"more was asked than answers were read")
            return
        try:
            known(self, Fields(payload))
        except (MalformedField, ChannelFault) as fault:
            self._refuse(fault)

    def plane(self, number: int, frame: memoryview) -> bool:
        """Have a channel's faster way take a message, where it has one; say whether it did."""
        self.heard += 1
        end = self.channels.get(_UINT32.unpack_from(frame, 2)[0]) if len(frame) - frame[0] >= _ADDRESSED else None
        if end is None:
            return False
        if number == 94 or number == 95:
            if end.onward is not None:
                return end.onward.take_bytes(number, frame)
            return number == 94 and self._take(end, frame)
        inward = end.inward
        return number == 93 and inward is not None and inward.take_adjust(frame)

    def _take(self, end: ChannelEnd, frame: memoryview) -> bool:
        """Give a channel bytes by the shorter way of what is well-formed and permitted; the rest is :meth:`_bytes`'."""
        stop = len(frame) - frame[0]
        count = stop - _CHUNK
        if count < 0 or _UINT32.unpack_from(frame, _CHUNK - 4)[0] != count or end.remote < 0:
            return False
        if count > LONGEST_CHUNK or not end.may_take(count):
            return False
        if count <= LONGEST_KEY:
            TYPING.noticed()
        try:
            end.take_bytes(bytes(frame[_CHUNK:stop]), stderr=False)
        except ChannelFault as fault:
            self._refuse(fault)
        return True

    def _refuse(self, fault: Exception) -> None:
        self.transport.sendDisconnect(PROTOCOL_ERROR, str(fault).encode("ascii", "replace"))

    # What owners do.

    def open(
        self, kind: str, listener: Listener, window: int, packet: int = LARGEST_PACKET, extra: bytes = b""
    ) -> ChannelEnd:
        """Ask the peer for a channel, granting it ``window`` bytes."""
        end = ChannelEnd(self, kind, self._number(), listener, granted=window)
        self.channels[end.local] = end
        numbers = struct.pack(">LLL", end.local, window, packet)
        self.send(90, string(kind.encode("ascii")) + numbers + extra)
        return end

    def request(self, name: str, payload: bytes = b"") -> None:
        """Make a global request that wants no answer."""
        self.send(80, string(name.encode("ascii")) + b"\x00" + payload)

    def ask(self, name: str, answered: Answered, payload: bytes = b"") -> None:
        """Make a global request that wants an answer; they come in the order of the questions."""
        if self.running:
            self._asked.append(answered)
            self.send(80, string(name.encode("ascii")) + b"\x01" + payload)

    @property
    def is_held(self) -> bool:
        """Say whether the peer is not read now, so that nothing can be heard of it."""
        return bool(self.transport.carrier.holds)

    def send(self, number: int, payload: bytes) -> None:
        """Send one message; nothing once the service has stopped."""
        if self.running:
            self.transport.sendPacket(number, payload)

    def forward(self, frame: memoryview) -> None:
        """Send one message that another connection opened."""
        if self.running:
            self.transport.forward(frame)

    def pause_reading(self, why: str) -> None:
        """Read nothing from the peer until every *why* was released."""
        if self.running:
            self.transport.pause_reading(why)

    def resume_reading(self, why: str) -> None:
        """Release one reason for not reading."""
        if self.running:
            self.transport.resume_reading(why)

    def forget(self, local: int) -> None:
        """Free a channel number."""
        self.channels.pop(local, None)

    def _reads_nothing(self) -> bool:
        carrier = self.transport.carrier
        return not carrier.writable and carrier.unsent() > MOST_UNREAD

    def _number(self) -> int:
        while self._next in self.channels:
            self._next = (self._next + 1) & 0xFFFFFFFF
        number, self._next = self._next, (self._next + 1) & 0xFFFFFFFF
        return number

    # The messages.

    def _global(self, fields: Fields) -> None:
        name, wants_reply = _name(fields), fields.boolean("want reply")
        answer: bytes | None
        if name == PROVE and self.known_by:
            answer = prove(self.known_by, self.transport.sessionID, fields.rest())
        else:
            answer = b"" if self.owner.global_requested(name, fields.rest()) else None
        if wants_reply:
            self.send(82 if answer is None else 81, answer or b"")

    def _granted(self, fields: Fields) -> None:
        self._answered(True, fields.rest())

    def _denied(self, fields: Fields) -> None:
        fields.end("the message")
        self._answered(False, b"")

    def _answered(self, granted: bool, payload: bytes) -> None:
        """Take an answer to the oldest question; one to no question is of no use to anybody."""
        if self._asked:
            self._asked.popleft()(granted, payload)

    def _open(self, fields: Fields) -> None:
        kind, remote, window, packet = (
            _name(fields),
            fields.uint32("number"),
            fields.uint32("number"),
            fields.uint32("number"),
        )
        end = ChannelEnd(self, kind, self._number(), remote=remote, room=window)
        end.packet = min(packet, LARGEST_PACKET)
        if len(self.channels) >= self.limits.channels:
            end.refuse(RESOURCE_SHORTAGE, "too many channels on this connection")
        elif packet < SMALLEST_PACKET:
            end.refuse(RESOURCE_SHORTAGE, "the channel's packets are too small")
        else:
            self.channels[end.local] = end
            self.owner.open_requested(end, fields.rest())

    def _confirmed(self, fields: Fields) -> None:
        end = self._of(fields, confirmed=False)
        remote, window, packet = fields.uint32("number"), fields.uint32("number"), fields.uint32("number")
        if end:
            end.take_confirmation(remote, window, packet)

    def _refused(self, fields: Fields) -> None:
        end = self._of(fields, confirmed=False)
        code, text = fields.uint32("number"), fields.string("reason", LONGEST_TEXT).decode("utf-8", "replace")
        if end and end.listener:
            self.forget(end.local)
            end.sent_close = end.got_close = True
            end.listener.open_refused(code, text)

    def _adjust(self, fields: Fields) -> None:
        end, count = self._of(fields), fields.uint32("number")
        fields.end("the message")
        if end:
            end.take_adjust(count)

    def _bytes(self, fields: Fields) -> None:
        end, chunk = self._of(fields), fields.string("channel data", LONGEST_CHUNK)
        fields.end("the message")
        if len(chunk) <= LONGEST_KEY:
            TYPING.noticed()
        if end:
            end.take_bytes(chunk, stderr=False)

    def _extended(self, fields: Fields) -> None:
        end, code, chunk = self._of(fields), fields.uint32("number"), fields.string("channel data", LONGEST_CHUNK)
        fields.end("the message")
        if end and code == 1:
            end.take_bytes(chunk, stderr=True)
        elif end:
            raise ChannelFault("the peer sent extended data of an unknown type")

    def _eof(self, fields: Fields) -> None:
        end = self._of(fields)
        fields.end("the message")
        if end:
            end.take_eof()

    def _close(self, fields: Fields) -> None:
        end = self._of(fields)
        fields.end("the message")
        if end:
            end.take_close()

    def _request(self, fields: Fields) -> None:
        end, name, wants_reply = self._of(fields), _name(fields), fields.boolean("want reply")
        if end:
            end.take_request(name, wants_reply, fields.rest())

    def _success(self, fields: Fields) -> None:
        self._replied(fields, True)

    def _failure(self, fields: Fields) -> None:
        self._replied(fields, False)

    def _replied(self, fields: Fields, ok: bool) -> None:
        end = self._of(fields)
        fields.end("the message")
        if end:
            end.take_reply(ok)

    def _of(self, fields: Fields, confirmed: bool = True) -> ChannelEnd | None:
        end = self.channels.get(fields.uint32("number"))
        return end if end is not None and (end.remote >= 0) is confirmed else None


def _name(fields: Fields) -> str:
    raw = fields.string("name", 64)
    if not raw or any(byte <= 32 or byte >= 127 for byte in raw):
        raise MalformedField("a name in the message is malformed")
    return raw.decode("ascii")


MESSAGES: dict[int, Callable[[Any, Fields], None]] = {
    80: Connection._global,
    81: Connection._granted,
    82: Connection._denied,
    90: Connection._open,
    91: Connection._confirmed,
    92: Connection._refused,
    93: Connection._adjust,
    94: Connection._bytes,
    95: Connection._extended,
    96: Connection._eof,
    97: Connection._close,
    98: Connection._request,
    99: Connection._success,
    100: Connection._failure,
}
