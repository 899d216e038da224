"""Pass a channel's bytes on inside the scratch they were opened in, where nobody has to read them.

The rule: a message goes this way only when it is well-formed, within the window that was granted, and nothing waits
before it at the other end; everything else goes the ordinary way, which refuses, queues or weighs it. The ledger of
:mod:`gateway.wire.windows` is the same one: a byte taken from ``granted`` is a byte taken from ``room``. EOF, CLOSE
and requests always go the ordinary way, behind what was passed here, because both end in the same packet writer.
A frame is ``padding length, number, channel, [type,] length, bytes, padding`` and keeps its size.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final

import attrs

from gateway.wire.channels import DATA, EXTENDED_STDERR, ChannelEnd
from gateway.wire.windows import credit_due

_UINT32: Final = struct.Struct(">L")
_TWO: Final = struct.Struct(">LL")
_CHANNEL, _FIELD = 2, 6
_ADJUST_SIZE: Final = 10

Seen = Callable[[int, memoryview], None]
"""Takes the count of bytes that passed and a view of them, which is gone afterwards."""


Sieve = Callable[[memoryview], bool]
"""Says whether bytes may pass whole, and has noted them if so."""


@attrs.define(eq=False)
class Splice:
    """Join the bytes that arrive at *source* to what *sink* sends; the sink's adjustments go back to the source."""

    source: ChannelEnd
    sink: ChannelEnd
    seen: Seen
    sieve: Sieve | None = None
    """Asked last, for it notes what passes; extended data is not its affair."""

    def open(self) -> None:
        """Let bytes pass here from now on."""
        self.source.onward = self.sink.inward = self

    def shut(self) -> None:
        """Send everything the ordinary way again from now on."""
        if self.source.onward is self:
            self.source.onward = None
        if self.sink.inward is self:
            self.sink.inward = None

    def take_bytes(self, number: int, frame: memoryview) -> bool:
        """Pass a message with bytes on; return False where the ordinary way has to be gone."""
        start = _FIELD + 4
        if number != DATA:
            if _UINT32.unpack_from(frame, _FIELD)[0] != EXTENDED_STDERR:
                return False
            start += 4
        end = len(frame) - frame[0]
        count = end - start
        if count <= 0 or _UINT32.unpack_from(frame, start - 4)[0] != count:
            return False
        source, sink = self.source, self.sink
        if count > source.granted or source.got_eof or source.got_close or not sink.may_send(count):
            return False
        if self.sieve is not None and number == DATA and not self.sieve(frame[start:end]):
            return False
        source.granted -= count
        sink.room -= count
        self.seen(count, frame[start:end])
        _UINT32.pack_into(frame, _CHANNEL, sink.remote)
        sink.sender.forward(frame)
        return True

    def take_adjust(self, frame: memoryview) -> bool:
        """Pass a window adjustment back; return False where the ordinary way has to be gone."""
        source, sink = self.source, self.sink
        if len(frame) - frame[0] != _ADJUST_SIZE or not sink.may_send(0) or sink.got_close:
            return False
        count = _UINT32.unpack_from(frame, _FIELD)[0]
        if sink.room + count >= 1 << 32 or source.got_eof or source.sent_close:
            return False
        sink.room += count
        due = credit_due(sink.room, 0, source.granted)
        if due:
            source.granted += due
            _TWO.pack_into(frame, _CHANNEL, source.remote, due)
            source.sender.forward(frame)
        return True
