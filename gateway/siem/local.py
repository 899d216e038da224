"""Ways out that block: a file, and datagrams. Each call runs in a thread.

The rule: a file is appended to and synced, and opened anew when it was moved away; what is in it is delivered.
Datagrams are gone when they are sent; who needs every event takes TCP, TLS or a file.
"""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Callable, Sequence
from typing import Any

import attrs
from twisted.internet.defer import Deferred
from zope.interface import implementer

from gateway.siem.ways import IWay


@attrs.define(eq=False)
class AppendedFile:
    """Append lines to a regular file, mode 0600."""

    path: str
    _opened: int = -1

    def open(self) -> None:
        """Open or make the file; end a line that a crash left unfinished. Raises OSError."""
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW
        opened = os.open(self.path, flags, 0o600)
        found = os.fstat(opened)
        if not stat.S_ISREG(found.st_mode):
            os.close(opened)
            raise OSError(f"{self.path} is not a regular file")
        self._opened = opened
        if found.st_size and os.pread(opened, 1, found.st_size - 1) != b"\n":
            os.write(opened, b"\n")

    def write(self, messages: Sequence[bytes]) -> None:
        """Append messages, a line each, and sync them; raise OSError."""
        if self._is_moved():
            self.close()
            self.open()
        left = memoryview(b"".join(message + b"\n" for message in messages))
        while left:
            left = left[os.write(self._opened, left) :]
        os.fsync(self._opened)

    def close(self) -> None:
        """Close the file."""
        if self._opened >= 0:
            os.close(self._opened)
        self._opened = -1

    def _is_moved(self) -> bool:
        if self._opened < 0:
            return True
        here = os.fstat(self._opened)
        try:
            there = os.stat(self.path, follow_symlinks=False)
        except FileNotFoundError:
            return True
        return (here.st_dev, here.st_ino) != (there.st_dev, there.st_ino)


@attrs.define(eq=False)
class Datagrams:
    """Send messages by UDP, one each; the name is looked up when it is opened."""

    host: str
    port: int
    _socket: socket.socket | None = None

    def open(self) -> None:
        """Look the host up; raise OSError."""
        found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_DGRAM)
        family, kind, protocol, _, address = found[0]
        made = socket.socket(family, kind, protocol)
        made.connect(address)
        self._socket = made

    def write(self, messages: Sequence[bytes]) -> None:
        """Send messages; raise OSError where the other machine says that nobody listens."""
        if self._socket is None:
            raise OSError("the socket is closed")
        for message in messages:
            self._socket.send(message)

    def close(self) -> None:
        """Close the socket."""
        if self._socket is not None:
            self._socket.close()
        self._socket = None


@implementer(IWay)
@attrs.define(eq=False)
class Blocking:
    """Make a way out of something that blocks, in threads; what its ``write`` took is delivered."""

    inner: Any
    in_thread: Callable[..., Deferred[Any]]
    window: float = 0.0
    _count: int = 0

    def send(self, messages: Sequence[bytes]) -> Deferred[None]:
        """Write in a thread."""
        return self.in_thread(self.inner.write, messages).addCallback(self._sent, len(messages))

    def _sent(self, _: object, count: int) -> None:
        self._count += count

    def acknowledged(self) -> int:
        """Return how many were written."""
        return self._count

    def lost(self) -> Deferred[None]:
        """Never fire: what blocks fails when it is used."""
        return Deferred()

    def close(self) -> Deferred[None]:
        """Close in a thread."""
        return self.in_thread(self.inner.close)

    def drop(self) -> None:
        """Leave it to the thread that uses it."""
