"""One end of a channel (RFC 4254 §5): ordered output with EOF and CLOSE inside it, windows, answers in order.

The rules:

* what is written leaves in order: bytes, EOF, requests and CLOSE stand in one queue; EOF never overtakes a byte;
* never more is sent than the peer's window and packet size permit; never more is accepted than was granted;
* every request that wants a reply gets exactly one, in the order of the requests;
* nothing is sent after CLOSE, nothing is heard after the peer's CLOSE.

A channel end knows nothing of sessions: whoever owns it is its listener.
"""

from __future__ import annotations

import struct
from collections import deque
from typing import Protocol

import attrs

EXTENDED_STDERR = 1
SMALLEST_PACKET = 1024
"""A peer that takes less than this in one packet is refused."""
LARGEST_PACKET = 32 * 1024
MOST_UNANSWERED = 64
"""So many requests of a peer may wait for an answer on one channel."""
MOST_WAITING = 1024
"""So many requests may wait behind bytes that a peer does not take."""
SMALL_CHUNK = 512
"""Chunks up to this size are joined while they wait: memory is bounded by bytes, not by their number."""


class ChannelFault(Exception):
    """A peer broke RFC 4254; the connection is over."""


class Listener(Protocol):
    """What an owner of a channel end is told; every method returns at once."""

    def opened(self) -> None:
        """Hear that the peer confirmed the channel we asked for."""

    def open_refused(self, code: int, text: str) -> None:
        """Hear that the peer refused the channel we asked for."""

    def received(self, chunk: bytes, stderr: bool) -> None:
        """Take bytes that arrived, within what was granted."""

    def widened(self) -> None:
        """Hear that the peer takes more."""

    def ended(self) -> None:
        """Hear that the peer sends no more bytes."""

    def requested(self, name: str, payload: bytes, slot: int | None) -> None:
        """Take a request; answer by ``reply(slot, ok)`` where slot is not None."""

    def replied(self, ok: bool) -> None:
        """Hear the answer to our oldest open request."""

    def closed(self) -> None:
        """Hear that the channel is over on both sides (a patient end: that the peer closed), or its connection lost."""


class Sender(Protocol):
    """What a channel end needs of its connection."""

    def send(self, number: int, payload: bytes) -> None:
        """Send one message."""

    def forward(self, frame: memoryview) -> None:
        """Send a frame that another connection opened, re-addressed in place."""

    def forget(self, local: int) -> None:
        """Free a channel number."""

    def pause_reading(self, why: str) -> None:
        """Read nothing from the peer until every *why* was released."""

    def resume_reading(self, why: str) -> None:
        """Release one reason for not reading."""


class Onward(Protocol):
    """A faster way for one direction, in place of the listener; see :mod:`gateway.wire.splice`."""

    def take_bytes(self, number: int, frame: memoryview) -> bool:
        """Pass a message with bytes on; return False where the ordinary way has to be gone."""

    def take_adjust(self, frame: memoryview) -> bool:
        """Pass a window adjustment back; return False where the ordinary way has to be gone."""


OPEN_CONFIRMATION, OPEN_FAILURE = 91, 92
WINDOW_ADJUST, DATA, EXTENDED_DATA, EOF, CLOSE = 93, 94, 95, 96, 97
REQUEST, SUCCESS, FAILURE = 98, 99, 100


@attrs.frozen
class _Chunk:
    view: memoryview
    stderr: bool


@attrs.define(eq=False)
class ChannelEnd:
    """Hold one end of a channel; ``granted`` and ``room`` in bytes."""

    sender: Sender
    kind: str
    local: int
    listener: Listener | None = None
    granted: int = 0
    """What the peer may still send."""
    remote: int = -1
    room: int = 0
    """What the peer still takes."""
    packet: int = LARGEST_PACKET
    patient: bool = False
    """Whether the owner answers the peer's CLOSE, when the other side of what it joins has said its last word."""
    queued: int = attrs.field(default=0, init=False)
    """Bytes written that have not been sent."""
    confirmed: bool = attrs.field(default=False, init=False)
    """Whether we accepted the channel the peer asked for."""
    sent_close: bool = attrs.field(default=False, init=False)
    got_close: bool = attrs.field(default=False, init=False)
    got_eof: bool = attrs.field(default=False, init=False)
    onward: Onward | None = attrs.field(default=None, init=False, repr=False)
    """Takes the bytes that arrive here."""
    inward: Onward | None = attrs.field(default=None, init=False, repr=False)
    """Takes the adjustments of the window for what another end sends here."""
    _closing: bool = attrs.field(default=False, init=False)
    _ending: bool = attrs.field(default=False, init=False)
    _told: bool = attrs.field(default=False, init=False)
    _queue: deque[_Chunk | tuple[int, bytes]] = attrs.field(init=False, factory=deque)
    _requests: int = attrs.field(default=0, init=False)
    _slots: deque[list[int | bool | None]] = attrs.field(init=False, factory=deque)
    _next_slot: int = attrs.field(default=0, init=False)

    # What the owner does.

    def confirm(self, window: int, packet: int) -> None:
        """Accept the channel the peer asked for, granting it ``window`` bytes."""
        self.granted, self.confirmed = window, True
        self.sender.send(OPEN_CONFIRMATION, struct.pack(">LLLL", self.remote, self.local, window, packet))

    def refuse(self, code: int, text: str) -> None:
        """Refuse the channel the peer asked for, with a reason code of RFC 4254 §5.1."""
        words = text.encode("utf-8", "replace")
        payload = struct.pack(">LLL", self.remote, code, len(words)) + words + struct.pack(">L", 0)
        self.sent_close = self.got_close = self._closing = True
        self.sender.send(OPEN_FAILURE, payload)
        self.sender.forget(self.local)

    def write(self, chunk: bytes, stderr: bool = False) -> None:
        """Queue bytes behind everything queued before; dropped after :meth:`end`, :meth:`close` or the peer's CLOSE."""
        if chunk and not (self._closing or self._ending or self.got_close):
            self.queued += len(chunk)
            last = self._queue[-1] if self._queue else None
            if isinstance(last, _Chunk) and last.stderr is stderr and len(last.view) + len(chunk) <= SMALL_CHUNK:
                self._queue[-1] = _Chunk(memoryview(bytes(last.view) + chunk), stderr)
            else:
                self._queue.append(_Chunk(memoryview(chunk), stderr))
            self._pump()

    def end(self) -> None:
        """Send EOF behind everything queued before; once."""
        if not (self._closing or self._ending):
            self._ending = True
            self._enqueue(EOF, struct.pack(">L", self.remote))

    def request(self, name: str, payload: bytes, wants_reply: bool) -> None:
        """Queue a channel request behind everything queued before; raise ChannelFault when too many wait."""
        if not self._closing:
            if self._requests >= MOST_WAITING:
                raise ChannelFault("too many channel requests wait to be sent")
            self._requests += 1
            encoded = name.encode("ascii")
            head = struct.pack(">LL", self.remote, len(encoded)) + encoded + bytes((wants_reply,))
            self._enqueue(REQUEST, head + payload)

    def close(self) -> None:
        """Send CLOSE behind everything queued before; once."""
        if not self._closing:
            self._closing = True
            self._enqueue(CLOSE, struct.pack(">L", self.remote))

    def drop(self) -> None:
        """Drop what is queued and has not been sent."""
        self._queue.clear()
        self.queued = 0

    def reply(self, slot: int | None, ok: bool) -> None:
        """Answer a request; the answer leaves when all earlier ones have left."""
        for waiting in self._slots:
            if slot is not None and waiting[0] == slot:
                waiting[1] = ok
        while self._slots and self._slots[0][1] is not None:
            number = SUCCESS if self._slots.popleft()[1] else FAILURE
            if not self.sent_close:
                self.sender.send(number, struct.pack(">L", self.remote))

    def grant(self, count: int) -> None:
        """Let the peer send ``count`` bytes more."""
        if count > 0 and self.remote >= 0 and not self.sent_close and not self.got_eof:
            self.granted += count
            self.sender.send(WINDOW_ADJUST, struct.pack(">LL", self.remote, count))

    # What a faster way asks and does.

    def may_take(self, count: int) -> bool:
        """Say whether the peer may send ``count`` bytes now."""
        return count <= self.granted and not (self.got_eof or self.got_close)

    def may_send(self, count: int) -> bool:
        """Say whether ``count`` bytes can leave in one packet now, because nothing waits before them."""
        if self._queue or self._closing or self._ending or self.remote < 0:
            return False
        return count <= self.room and count <= self.packet

    # What the connection tells it.

    def take_confirmation(self, remote: int, window: int, packet: int) -> None:
        """Hear that the peer opened the channel."""
        if packet < SMALLEST_PACKET:
            raise ChannelFault("the peer takes too small packets")
        self.remote, self.room, self.packet = remote, window, min(packet, LARGEST_PACKET)
        if self.listener:
            self.listener.opened()

    def take_bytes(self, chunk: bytes, stderr: bool) -> None:
        """Hear bytes; raise ChannelFault when they exceed the window or follow EOF."""
        if self.got_close:
            return
        if not self.may_take(len(chunk)):
            raise ChannelFault("the peer sent more than its window permits")
        self.granted -= len(chunk)
        if self.listener:
            self.listener.received(chunk, stderr)

    def take_adjust(self, count: int) -> None:
        """Hear that the peer takes more."""
        if self.room + count >= 2**32:
            raise ChannelFault("the peer widened its window beyond 2^32-1")
        self.room += count
        self._pump()
        if self.listener and not self.got_close:
            self.listener.widened()

    def take_eof(self) -> None:
        """Hear EOF; a second one is ignored."""
        if self.listener and not (self.got_eof or self.got_close):
            self.got_eof = True
            self.listener.ended()

    def take_request(self, name: str, wants_reply: bool, payload: bytes) -> None:
        """Hear a request."""
        if self.got_close or self.listener is None:
            return
        slot: int | None = None
        if wants_reply:
            if len(self._slots) >= MOST_UNANSWERED:
                raise ChannelFault("too many unanswered channel requests")
            slot = self._next_slot = self._next_slot + 1
            self._slots.append([slot, None])
        self.listener.requested(name, payload, slot)

    def take_reply(self, ok: bool) -> None:
        """Hear the answer to our oldest open request."""
        if self.listener and not self.got_close:
            self.listener.replied(ok)

    def take_close(self) -> None:
        """Hear CLOSE: bytes still queued are dropped, as the peer will not read them; CLOSE is answered.

        A patient end leaves the answer to its owner: an exit status that is still to come must go before it.
        """
        if self.got_close:
            return
        self.got_close = True
        self._queue = deque(item for item in self._queue if not isinstance(item, _Chunk))
        self.queued = 0
        self._pump()
        if self.sent_close:
            return
        if self.patient:
            self._tell_closed()
        else:
            self.close()

    def lost(self) -> None:
        """Hear that the connection is gone."""
        if not (self.got_close and self.sent_close):
            self.got_close = self.sent_close = self._closing = True
            self._queue.clear()
            self.queued = 0
            self._tell_closed()

    # What is inside.

    def _enqueue(self, number: int, payload: bytes) -> None:
        self._queue.append((number, payload))
        self._pump()

    def _pump(self) -> None:
        while self._queue and not self.sent_close:
            item = self._queue[0]
            if isinstance(item, _Chunk):
                if not self._send_some(item):
                    return
                continue
            self._queue.popleft()
            self._requests -= item[0] == REQUEST
            self.sent_close = item[0] == CLOSE
            self.sender.send(*item)
        if self.sent_close and self.got_close:
            self._over()

    def _send_some(self, chunk: _Chunk) -> bool:
        count = min(len(chunk.view), self.room, self.packet)
        if count <= 0:
            return False
        piece = chunk.view[:count]
        if count == len(chunk.view):
            self._queue.popleft()
        else:
            self._queue[0] = _Chunk(chunk.view[count:], chunk.stderr)
        self.room -= count
        self.queued -= count
        if chunk.stderr:
            head = struct.pack(">LLL", self.remote, EXTENDED_STDERR, count)
            self.sender.send(EXTENDED_DATA, head + piece)
        else:
            self.sender.send(DATA, struct.pack(">LL", self.remote, count) + piece)
        return True

    def _over(self) -> None:
        self.sender.forget(self.local)
        self._tell_closed()

    def _tell_closed(self) -> None:
        if self.listener and not self._told:
            self._told = True
            self.listener.closed()
