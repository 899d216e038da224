"""The forward gate: a forward must not become an unseen way to another server.

The rule: a forward whose far side greets with ``SSH-`` is cut before the operator sees a byte of it; registered
targets are reached by name. The first bytes wait until the greeting can be told from others, at most four bytes.
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from gateway.domain.facts import Fact
from gateway.domain.lane import Bytes, Close, Credit, Effect, End, Event, Hold, Lane, Order, Refuse, Tell, Tick

GREETING = b"SSH-"
DENIED = 77


@attrs.define(eq=False)
class GreetingGate:
    """Hold the first bytes of a forward's far side until they are known not to be an SSH server's greeting."""

    where: str
    _first: bytes = attrs.field(default=b"", init=False)
    _decided: bool = attrs.field(default=False, init=False)
    _cut: bool = attrs.field(default=False, init=False)

    @property
    def decided(self) -> bool:
        """Say whether the far side is known not to be an SSH server, so that nothing has to be read any more."""
        return self._decided

    def weigh(self, event: Event, at: float) -> Iterator[Event | Effect]:
        """Pass everything but an SSH greeting towards the operator."""
        match event:
            case _ if self._cut:
                return
            case Bytes(lane=Lane.TO_OPERATOR) if not self._decided:
                yield from self._listen(event.chunk)
            case End(lane=Lane.TO_OPERATOR) | Close(lane=Lane.TO_OPERATOR) if not self._decided:
                self._decided = True
                if self._first:
                    yield Credit(Lane.TO_OPERATOR, len(self._first))
                    yield Bytes(Lane.TO_OPERATOR, self._first)
                yield event
            case Tick() | Order():
                pass
            case _:
                yield event

    def _listen(self, chunk: bytes) -> Iterator[Event | Effect]:
        before = len(self._first)
        self._first += chunk
        if self._first.startswith(GREETING):
            self._cut = True
            yield Tell(Fact("channel.refused", {"reason": "ssh_in_forward", "what": self.where}))
            yield Refuse(DENIED, f"{self.where} is an SSH server; reach it by its name through the gateway")
        elif GREETING.startswith(self._first):
            yield Hold(Lane.TO_OPERATOR, len(chunk))
        else:
            self._decided = True
            if before:
                yield Credit(Lane.TO_OPERATOR, before)
            yield Bytes(Lane.TO_OPERATOR, self._first)
