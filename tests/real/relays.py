"""What stands between a client and the gateway, and passes on what it hears."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable

Begin = Callable[[socket.socket, socket.socket], None]
"""Does what is to be done between a new caller and the connection that was made for him, before all is passed on."""


Alter = Callable[[bytes, bool], bytes]
"""Returns what is passed on instead of some bytes; True is towards the gateway."""


def untouched(octets: bytes, up: bool) -> bytes:
    """Pass on what came."""
    return octets


class Relay:
    """Pass connections on to a port of this machine, from another address of it if need be."""

    def __init__(self, port: int, begin: Begin, source: str = "127.0.0.1", alter: Alter = untouched) -> None:
        self.there, self.begin, self.source, self.alter = port, begin, source, alter
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.listening.getsockname()[1])
        self.sockets = [self.listening]
        self.threads: list[threading.Thread] = []
        self._run(self._serve)

    def _run(self, what: Callable[..., None], *words: object) -> None:
        self.threads.append(threading.Thread(target=what, args=words, daemon=True))
        self.threads[-1].start()

    def _serve(self) -> None:
        while True:
            try:
                near, _ = self.listening.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self.there), source_address=(self.source, 0))
            self.sockets += [near, far]
            self.begin(near, far)
            for source, sink, up in ((near, far, True), (far, near, False)):
                self._run(self._pump, source, sink, up)

    def _pump(self, source: socket.socket, sink: socket.socket, up: bool) -> None:
        with contextlib.suppress(OSError):
            while received := source.recv(65536):
                sink.sendall(self.alter(received, up))
            sink.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """End everything."""
        for each in self.sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in self.threads:
            thread.join(10)
        for each in self.sockets:
            each.close()


def nothing(near: socket.socket, far: socket.socket) -> None:
    """Begin with nothing of one's own."""


class Flip:
    """Turn one bit round, at one place of one direction."""

    def __init__(self, up: bool, at: int, bit: int) -> None:
        self.up, self.at, self.mask = up, at, 1 << bit
        self.done = False
        self._passed = 0

    def __call__(self, octets: bytes, up: bool) -> bytes:
        """Count what passes, and change the one byte."""
        if up is not self.up:
            return octets
        where, self._passed = self.at - self._passed, self._passed + len(octets)
        if not 0 <= where < len(octets):
            return octets
        self.done = True
        return octets[:where] + bytes((octets[where] ^ self.mask,)) + octets[where + 1 :]


def named(version: bytes) -> Begin:
    """Have every client say that it is another program."""

    def begin(near: socket.socket, far: socket.socket) -> None:
        while near.recv(1) not in (b"\n", b""):
            pass
        far.sendall(version + b"\r\n")

    return begin
