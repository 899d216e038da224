"""Server-sent events (HTML Living Standard, section 9.2).

The rule: of each thing only its newest state waits for a slow reader, so nothing grows; whoever takes nothing is cut by
the server. A comment now and then keeps what stands between from thinking nobody is there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from gateway.admin.web.reply import FORGET, Pipe, Reply

KIND = "text/event-stream; charset=utf-8"
HEADERS = (FORGET, ("X-Accel-Buffering", "no"))
BEAT = 15.0
"""Seconds between two signs of life."""
RETRY = b"retry: 2000\n\n"


def event(name: str, value: Any, identity: str = "") -> bytes:
    """Return one event; ``value`` is JSON on one line."""
    known = f"id: {identity}\n" if identity else ""
    named = f"event: {name}\n" if name else ""
    return f"{known}{named}data: {json.dumps(value, ensure_ascii=True, allow_nan=False, default=str)}\n\n".encode()


@attrs.define(eq=False, repr=False)
class Newest:
    """An open stream that keeps, for a reader who is slow, the newest of each thing alone."""

    clock: IReactorTime
    drained: Callable[[], None] = lambda: None
    """Called whenever the reader has taken all that waited."""
    _sending: bool = attrs.field(init=False, default=False)
    _waiting: dict[str, bytes] = attrs.field(init=False, factory=dict)
    _bell: Deferred[None] | None = attrs.field(init=False, default=None)
    _over: bool = attrs.field(init=False, default=False)
    _beat: IDelayedCall | None = attrs.field(init=False, default=None)
    _pipe: Pipe | None = attrs.field(init=False, default=None)

    def put(self, thing: str, chunk: bytes) -> None:
        """Have an event sent, in the place of an older one of the same thing."""
        self._waiting.pop(thing, None)
        self._waiting[thing] = chunk
        self._ring()

    @property
    def is_behind(self) -> bool:
        """Say whether the reader has not taken what he was sent."""
        return bool(self._waiting) or self._sending

    def end(self) -> None:
        """Send what waits, then end."""
        self._over = True
        self._ring()

    async def flow(self, pipe: Pipe) -> None:
        """Send until the end."""
        self._pipe = pipe
        self._again()
        try:
            await pipe.send(RETRY)
            while self._waiting or not self._over:
                if not self._waiting:
                    self._bell = Deferred()
                    await self._bell
                    continue
                await self._send(pipe, self._waiting.pop(next(iter(self._waiting))))
        finally:
            if self._beat is not None and self._beat.active():
                self._beat.cancel()

    async def _send(self, pipe: Pipe, chunk: bytes) -> None:
        self._sending = True
        await pipe.send(chunk)
        self._sending = False
        if not self._waiting:
            self.drained()

    def reply(self, begun: Callable[[], None], ended: Callable[[], None]) -> Reply:
        """Return the answer that flows; ``begun`` and ``ended`` are called once each."""

        async def flowing(pipe: Pipe) -> None:
            begun()
            try:
                await self.flow(pipe)
            finally:
                ended()

        return Reply(200, b"", KIND, HEADERS, flowing)

    def _again(self) -> None:
        self._beat = self.clock.callLater(BEAT, self._live)

    def _live(self) -> None:
        if self._pipe is not None:
            self._pipe.offer(b": \n\n")
        self._again()

    def _ring(self) -> None:
        bell, self._bell = self._bell, None
        if bell is not None and not bell.called:
            bell.callback(None)


Told = Mapping[str, Any]
