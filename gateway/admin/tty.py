"""The terminal that pamctl runs in: its size, and its raw mode while a verb has it whole.

The rule: whatever ends pamctl, the terminal is given back in the mode it had.
"""

from __future__ import annotations

import os
import select
import socket
import termios
import tty
from collections.abc import Iterator
from typing import Any, BinaryIO

import attrs

from gateway.admin.frames import Frame, Kind, pack_size

LOOK = 0.25
"""Seconds after which one looks again whether the terminal has another size."""


@attrs.define(eq=False)
class Tty:
    """Stdin and stdout of a person, where both are terminals."""

    stdin: BinaryIO
    stdout: BinaryIO
    _mode: list[Any] | None = attrs.field(init=False, default=None)
    _size: tuple[int, int] | None = attrs.field(init=False, default=None)

    @property
    def raw(self) -> bool:
        """Say whether keys come as they are typed."""
        return self._mode is not None

    def size(self) -> tuple[int, int] | None:
        """Return columns and rows; None where this is no terminal."""
        if not (self.stdin.isatty() and self.stdout.isatty()):
            return None
        found = os.get_terminal_size(self.stdout.fileno())
        self._size = found.columns, found.lines
        return self._size

    def begin(self) -> None:
        """Take keys as they are typed."""
        if self._mode is None and self.size() is not None:
            self._mode = termios.tcgetattr(self.stdin)
            tty.setraw(self.stdin.fileno())

    def end(self) -> None:
        """Give the terminal back."""
        mode, self._mode = self._mode, None
        if mode is not None:
            termios.tcsetattr(self.stdin, termios.TCSADRAIN, mode)

    def waiting(self, connected: socket.socket) -> Iterator[Frame]:
        """Yield what the person did until the node says something: keys, and another size."""
        while self.raw:
            before = self._size
            after = self.size()
            if after is not None and after != before:
                yield Frame(Kind.SIZE, pack_size(after))
            ready, _, _ = select.select([connected.fileno(), self.stdin.fileno()], [], [], LOOK)
            if self.stdin.fileno() in ready:
                typed = os.read(self.stdin.fileno(), 4096)
                yield Frame(Kind.KEYS, typed)
                if not typed:
                    self.end()
            if connected.fileno() in ready:
                return
