"""Where a command of the demo target reads and writes: a terminal with its line discipline, or plain pipes.

The rule: what is not read yet is bounded and then not refunded; who writes waits while the operator takes
nothing; Ctrl-C reaches a command that reads as :exc:`Interrupted` and one that does not through
``on_interrupt``.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs
from twisted.internet.defer import Deferred

from gateway.ssh.demo_line import Key, LineDiscipline
from gateway.ssh.program import Output

MOST_UNSENT = 256 * 1024
MOST_UNREAD = 64 * 1024


class Interrupted(Exception):
    """The operator typed Ctrl-C."""


@attrs.define(eq=False)
class Console:
    """Carry bytes between an operator and a command; ``size`` None where there is no terminal."""

    output: Output
    size: tuple[int, int] | None
    on_interrupt: Callable[[], None]
    on_resize: Callable[[], None] | None = None
    keys: LineDiscipline = attrs.field(init=False)
    over: bool = attrs.field(init=False, default=False)
    """Whether EOF came."""
    _unread: bytearray = attrs.field(init=False, factory=bytearray, repr=False)
    _input: Deferred[None] | None = attrs.field(init=False, default=None)
    _room: Deferred[None] | None = attrs.field(init=False, default=None)
    _paused: bool = attrs.field(init=False, default=False)

    def __attrs_post_init__(self) -> None:
        """Make the line discipline."""
        self.keys = LineDiscipline(self.output.write)

    # What the channel brings.

    def received(self, chunk: bytes) -> None:
        """Take input."""
        if self.size is None:
            self._unread += chunk
        else:
            self.keys.push(chunk)
        if self._input is not None:
            self._arrived()
        elif self.size is not None and self.keys.interrupted():
            self.on_interrupt()
        self._pace()

    def ended(self) -> None:
        """Hear EOF."""
        self.over = True
        self._arrived()

    def resized(self, columns: int, rows: int) -> None:
        """Hear of a new size."""
        self.size = (columns, rows)
        if self.on_resize is not None:
            self.on_resize()

    def drained(self) -> None:
        """Hear that the operator takes more."""
        room = self._room
        if room is not None and self.output.unsent() <= MOST_UNSENT:
            self._room = None
            room.callback(None)
        self._pace()

    def _arrived(self) -> None:
        waiting, self._input = self._input, None
        if waiting is not None:
            waiting.callback(None)

    def _pace(self) -> None:
        full = len(self._unread) > MOST_UNREAD or self.output.unsent() > MOST_UNSENT
        if full is not self._paused:
            self._paused = full
            if full:
                self.output.pause()
            else:
                self.output.resume()

    # What commands do.

    async def write(self, chunk: bytes) -> None:
        """Write to stdout; return when there is room for more."""
        self.output.write(self._shown(chunk))
        await self._until_room()

    async def write_error(self, chunk: bytes) -> None:
        """Write to stderr; return when there is room for more."""
        self.output.write_error(self._shown(chunk))
        await self._until_room()

    def _shown(self, chunk: bytes) -> bytes:
        return chunk if self.size is None else chunk.replace(b"\n", b"\r\n")

    async def _until_room(self) -> None:
        while self.output.unsent() > MOST_UNSENT:
            self._room = Deferred(self._forget_room)
            await self._room

    def _forget_room(self, _: Deferred[None]) -> None:
        self._room = None

    async def read_line(self, hidden: bool = False) -> bytes | None:
        """Return a line without its end, None at EOF; raise :exc:`Interrupted`."""
        self.keys.hidden = hidden
        try:
            return await (self._piped_line() if self.size is None else self._typed_line())
        finally:
            self.keys.hidden = False

    async def _typed_line(self) -> bytes | None:
        while True:
            match self.keys.take():
                case Key.INTERRUPT:
                    raise Interrupted
                case Key.END:
                    return None
                case None:
                    if self.over:
                        return None
                    await self._more()
                case bytes() as line:
                    return line

    async def _piped_line(self) -> bytes | None:
        while True:
            line, end, rest = bytes(self._unread).partition(b"\n")
            if end or self.over or len(line) > MOST_UNREAD:
                self._unread[:] = rest
                self._pace()
                return line if end or line else None
            await self._more()

    async def read(self) -> bytes:
        """Return what is there (a whole line of a terminal), empty at EOF; raise :exc:`Interrupted`."""
        if self.size is not None:
            line = await self._typed_line()
            return b"" if line is None else line + b"\n"
        while not self._unread and not self.over:
            await self._more()
        chunk = bytes(self._unread)
        self._unread.clear()
        self._pace()
        return chunk

    async def read_key(self) -> int | None:
        """Return one byte as it was typed, None at EOF."""
        while (key := self.keys.take_key()) is None:
            if self.over:
                return None
            await self._more()
        return key

    async def _more(self) -> None:
        self._input = Deferred(self._forget_input)
        await self._input

    def _forget_input(self, _: Deferred[None]) -> None:
        self._input = None
