"""Read from a socket into one shared place, and write to it at once.

The rule: no connection has a read buffer, because one is read at a time; what was read is worked off before the next
read. What the kernel does not take at once goes the transport's own way, behind everything that waits there. While
somebody types, others are read in small portions and step back for a key, so that it waits for little. What is read
at the beginning of a connection and not answered is acknowledged at once.
"""

from __future__ import annotations

import select
import socket
from collections import deque
from collections.abc import Callable, Collection
from typing import Final, Protocol

import attrs
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.main import CONNECTION_DONE, CONNECTION_LOST
from twisted.internet.tcp import Connection

from gateway.wire.link import Link
from gateway.wire.packets import LONGEST_LENT

LARGE_READ: Final = 256 * 1024
SMALL_READ: Final = 48 * 1024
SMALLEST_BULK: Final = 4096
"""Bytes of a packet from which on it is one of many."""
MORE_READS: Final = 3
"""How often more is read at once where there is much; each time saves a turn of the reactor."""
MUCH: Final = 64 * 1024
"""Bytes of one read behind which there is probably more."""
MOST_TYPISTS: Final = 4
"""How many of those who typed last go before others."""
CONSIDERATE_READS: Final = 512
"""How many reads stay small after a key; at full speed these are some 20 ms."""

EARLY_READS: Final = 24
"""Reads that are acknowledged at once where nothing is answered. OpenSSH switches Nagle's algorithm off only when a
command begins: before, its next message waits 40 ms for the acknowledgement of the one before."""

_QUICK: Final = getattr(socket, "TCP_QUICKACK", None)
_PLACE: Final = memoryview(bytearray(LONGEST_LENT + LARGE_READ))


class Typist(Protocol):
    """A connection on which somebody may be typing."""

    @property
    def descriptor(self) -> int:
        """Return its socket's number; -1 when it may not be read, or no more."""


@attrs.define(eq=False)
class Typing:
    """Remember that somebody types, for as many reads as that is worth, and where."""

    reading: Typist | None = attrs.field(default=None, init=False)
    """Whose bytes are being worked off."""
    _left: int = attrs.field(default=0, init=False)
    _typists: deque[Typist] = attrs.field(init=False, factory=lambda: deque(maxlen=MOST_TYPISTS))

    def noticed(self) -> None:
        """Read little at once for a while, and first of all where this key came from."""
        self._left = CONSIDERATE_READS
        typist = self.reading
        if typist is not None and typist not in self._typists:
            self._typists.append(typist)

    def has_sent(self, before: Typist) -> bool:
        """Say whether one of those who type has sent something, where another one is about to read."""
        asked = select.poll()
        for typist in tuple(self._typists):
            descriptor = typist.descriptor
            if descriptor < 0:
                self._typists.remove(typist)
            elif typist is not before:
                asked.register(descriptor, select.POLLIN)
        return bool(asked.poll(0))

    @property
    def noticed_lately(self) -> bool:
        """Say whether somebody types."""
        return self._left > 0

    def portion(self) -> int:
        """Return how many bytes to read at once now."""
        if not self._left:
            return LARGE_READ
        self._left -= 1
        return SMALL_READ


TYPING: Final = Typing()


@attrs.define(eq=False)
class DirectSocket:
    """Stand between a link and the socket of Twisted's TCP transport."""

    transport: Connection
    link: Link
    receive: Callable[[bytes], None]
    """Takes bytes that may be kept."""
    receive_lent: Callable[[memoryview], None]
    """Takes a view that is gone afterwards."""
    holds: Collection[str] = ()
    """Why nothing is read now."""
    _stepped: bool = attrs.field(default=False, init=False)
    _last: int = attrs.field(default=0, init=False)
    """Bytes of the last read."""
    _early: int = attrs.field(default=0, init=False)
    _wrote: bool = attrs.field(default=False, init=False)

    def attach(self) -> None:
        """Have the transport's reads come here."""
        # An attribute of the instance, as Twisted itself sets to stop reading: endpoints make the transport.
        self.transport.doRead = self.read  # type: ignore[method-assign]
        # Sockets of the file system are such transports too.
        if _QUICK is not None and self.transport.socket.family in (socket.AF_INET, socket.AF_INET6):
            self._early = EARLY_READS

    def read(self) -> ConnectionLost | ConnectionDone | None:
        """Read what is there; return what the reactor has to know."""
        if TYPING.noticed_lately and self._steps_back():
            return None
        if not self._early:
            gone, left = self._read(), MORE_READS
            while self._last >= MUCH and left and gone is None and self._goes_on():
                gone, left = self._read(), left - 1
            return gone
        self._early -= 1
        self._wrote = False
        gone = self._read()
        if gone is None and not self._wrote and self.transport.connected and not self.link.ended:
            self.transport.socket.setsockopt(socket.IPPROTO_TCP, int(_QUICK or 0), 1)
        return gone

    @property
    def descriptor(self) -> int:
        """Return the socket's number; -1 when it may not be read, or no more."""
        transport = self.transport
        readable = transport.connected and not transport.disconnecting and not self.link.ended and not self.holds
        return int(transport.socket.fileno()) if readable else -1

    def _steps_back(self) -> bool:
        """Let a key go first, once: the reactor comes here again at once, and has seen the other by then."""
        bulk = self.link.reader.whole > SMALLEST_BULK
        self._stepped = bulk and not self._stepped and TYPING.has_sent(self)
        return self._stepped

    def _goes_on(self) -> bool:
        transport = self.transport
        going_on = transport.connected and not transport.disconnecting and not self.link.ended
        return bool(going_on and not self.holds and not TYPING.noticed_lately)

    def _read(self) -> ConnectionLost | ConnectionDone | None:
        self._last = 0
        if not self.link.lendable:
            return self._read_apart()
        TYPING.reading = self
        try:
            return self._read_lent()
        finally:
            TYPING.reading = None

    def _read_lent(self) -> ConnectionLost | ConnectionDone | None:
        reader = self.link.reader
        leftover, whole = reader.leftover, reader.whole
        kept, end = len(leftover), len(leftover) + TYPING.portion()
        if SMALLEST_BULK < whole <= SMALL_READ:
            # Bulk data comes in packets of one size: reading whole ones leaves nothing to be copied. A portion is never
            # smaller than such a packet, so there is always something to read.
            end -= end % whole
        try:
            count = self.transport.socket.recv_into(_PLACE[kept:end])
        except BlockingIOError:
            return None
        except OSError:
            return CONNECTION_LOST
        if not count:
            return CONNECTION_DONE
        _PLACE[:kept] = leftover
        self._last = count
        self.receive_lent(_PLACE[: kept + count])
        return None

    def _read_apart(self) -> ConnectionLost | ConnectionDone | None:
        try:
            received = self.transport.socket.recv(self.transport.bufferSize)
        except BlockingIOError:
            return None
        except OSError:
            return CONNECTION_LOST
        if not received:
            return CONNECTION_DONE
        self.receive(received)
        return None

    def write(self, collected: memoryview | bytes) -> None:
        """Send what the kernel takes now; the rest waits in the transport."""
        transport = self.transport
        sent = 0
        self._wrote = True
        if transport.connected and not (transport.dataBuffer or transport._tempDataLen or transport.disconnecting):
            try:
                sent = transport.socket.send(collected)
            except OSError:
                # The transport's own attempt finds out whether it is full or gone.
                sent = 0
        if sent < len(collected):
            transport.write(bytes(collected[sent:]))
