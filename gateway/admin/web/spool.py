"""What a verb writes, until it is known how its answer begins, and from then on as it comes.

The rule: no more than :data:`MOST` waits here; who writes faster than the reader takes waits himself.
"""

from __future__ import annotations

import attrs
from twisted.internet.defer import Deferred

from gateway.admin.streams import Stdin, Streams, Valve

MOST = 256 * 1024


@attrs.define(eq=False, repr=False)
class Spool:
    """Stdout and stderr of one verb; ``eager`` answers begin with the first byte."""

    stdin: bytes = b""
    eager: bool = False
    begun: Deferred[None] = attrs.field(init=False, factory=Deferred)
    """Fires when the answer has begun, or the verb is done."""
    err: bytearray = attrs.field(init=False, factory=bytearray)
    _out: bytearray = attrs.field(init=False, factory=bytearray)
    _valve: Valve = attrs.field(init=False)
    _bell: Deferred[None] | None = attrs.field(init=False, default=None)
    _done: bool = attrs.field(init=False, default=False)

    def __attrs_post_init__(self) -> None:
        """Make the valve."""
        self._valve = Valve(lambda: len(self._out) >= MOST)

    def streams(self) -> Streams:
        """Return what the verb reads and writes."""
        source = Stdin()
        source.received(self.stdin)
        source.eof()
        return Streams(source, self._write, self._write_error, self._valve)

    def done(self) -> None:
        """Take note that the verb writes no more."""
        self._done = True
        self._begin()
        self._ring()

    def take(self) -> bytes:
        """Return what waits, and let the verb go on."""
        chunk = bytes(self._out)
        self._out.clear()
        self._valve.drained()
        return chunk

    async def more(self) -> bytes:
        """Return what comes next; nothing at the end."""
        while not self._out and not self._done:
            self._bell = Deferred()
            await self._bell
        return self.take()

    def _write(self, chunk: bytes) -> None:
        self._out += chunk
        if self.eager or len(self._out) >= MOST:
            self._begin()
        self._ring()

    def _write_error(self, chunk: bytes) -> None:
        self.err += chunk[: MOST - len(self.err)]

    def _begin(self) -> None:
        if not self.begun.called:
            self.begun.callback(None)

    def _ring(self) -> None:
        bell, self._bell = self._bell, None
        if bell is not None and not bell.called:
            bell.callback(None)
